"""Two rounds of a campaign as a story, and how often who was rung, by the platform's own log."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from tests.journal.story import until_done
from tests.support.lab import START, Lab, number, settings
from tests.support.postgres import PostgresServer
from tests.support.records import deliver
from tests.support.trouble import Point, TroubledLab
from yeta_reconcile.emulator import Emulator, VirtualClock

HOUR, DAY = 3600, 24 * 3600
ONCE = "{again: {on: [not-reached], wait: 1d}}"
# What the platform's document calls not reached (外呼结果说明), by its own numbers.
IN_VAIN = {"-1", "2", "3", "4", "5", "9", "20", "22", "23", "25"}
FAULTS = {"26", "27", "28"}


def results_of(lab: Lab) -> dict[str, dict[str, list[str]]]:
    """By number and task what the calls came to, by the platform's own records."""
    came_to: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    records = [push.data for push in lab.emulator.pushes if "task_id" in push.data]
    for record in sorted(records, key=lambda one: one["time_dial"]):
        came_to[record["callee"]][record["task_id"]].append(record["task_result"])
    return came_to


def in_vain(calls: list[str]) -> bool:
    """Whether somebody whose calls in a task came to this is called again."""
    return calls[-1] in IN_VAIN and {*calls} <= IN_VAIN | FAULTS


def times(lab: Lab) -> dict[int, int]:
    """How often each person was rung by a task, recalls of the platform aside."""
    return {int(rung[-4:]): often for rung, often in sorted(Counter(lab.rung()).items())}


def after_the_first(lab: Lab, **fields: Any) -> None:
    """The first calls are over and recorded, and the wait for the next round has passed."""
    lab.campaign(**({"recall": ONCE} | fields))
    lab.converge()
    lab.emulator.advance(HOUR)
    deliver(lab)
    lab.emulator.advance(DAY)


def two_rounds(root: Path, point: Point | None = None, server: PostgresServer | None = None) -> TroubledLab:
    """Two rounds; trouble strikes in the second, whatever it is."""
    root.mkdir()
    platform = settings(scripted={number(0): ("0",)}, result_weights={"20": 1.0})
    lab = TroubledLab(root, Emulator(platform, clock=VirtualClock(START)))
    if server:
        lab.state = server.schema()
        lab.declare_project()
    after_the_first(lab)
    lab.requests.clear()
    lab.writes = 0
    lab.point = point
    until_done(lab)
    lab.point = None
    lab.emulator.advance(DAY)
    deliver(lab)
    until_done(lab)
    return lab
