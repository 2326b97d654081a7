"""A wave ends for the day and goes on, and another campaign comes after it, whatever goes wrong."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.support.lab import number
from tests.support.records import deliver
from tests.support.sweeping import SHARES, a_share, every_point, go_through
from tests.support.trouble import REQUEST_KINDS, Killed, Point, TroubledLab
from tests.support.workdays import (
    FRIDAY_EVENING,
    SATURDAY,
    SHANGHAI,
    TUESDAY,
    WORKDAYS,
    a_lab,
    days_rung,
    to,
)
from yeta_reconcile.errors import StateError

BIG, NEXT = range(60), range(100, 103)
MOMENTS = (SATURDAY, "2026-12-05T10:05", TUESDAY, "2026-12-09T10:00", "2026-12-10T10:00")
SHARDS = 2


def until_it_waits(lab: TroubledLab) -> None:
    """Apply until nothing is left but what the plan says waits."""
    said: list[str] = []
    for _ in range(8):
        report = lab.try_apply()
        if report is not None and all("as planned" in str(problem) for problem in report.problems):
            return
        said.append(str(report and [str(problem) for problem in report.problems]))
        lab.emulator.advance(20)
    raise AssertionError(f"not settled: {said}")


def wait_for(lab: TroubledLab, at: str) -> None:
    """Let time pass, and have the records, also if the receiver dies over them."""
    try:
        to(lab, max(at, lab.clock.now().astimezone(SHANGHAI).replace(tzinfo=None).isoformat()))
    except (Killed, StateError):
        lab.dead = False
        deliver(lab)


def live_through(root: Path, point: Point | None = None) -> TroubledLab:
    """A Friday evening, a day off, the next day of calls, and the one on which the other campaign rings."""
    root.mkdir()
    lab = a_lab(root, FRIDAY_EVENING)
    assert isinstance(lab, TroubledLab)
    lab.point = point
    lab.campaign("big", BIG, extra=WORKDAYS)
    lab.campaign("next", NEXT, lines='["200"]', extra=f"{WORKDAYS}\nafter: [big]")
    until_it_waits(lab)
    for at in MOMENTS:
        wait_for(lab, at)
        until_it_waits(lab)
    return lab


def goes_wrong_at(root: Path, point: Point) -> bool:
    """Live through it with trouble at one point. Whether the trouble struck at all."""
    lab = live_through(root, point)
    lab.emulator.advance(8 * 3600)
    assert Counter(lab.rung()) == Counter(number(index) for index in (*BIG, *NEXT))
    assert {*days_rung(lab)} <= {"2026-12-04", "2026-12-08", "2026-12-09", "2026-12-10"}
    order = [ring.task_name.partition("~")[0] for ring in lab.emulator.dialled]
    assert order == ["big"] * len(BIG) + ["next"] * len(NEXT)
    assert lab.actions() == []
    return lab.struck


@pytest.mark.sweep
@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_wave_that_ends_for_the_day_goes_on_as_if_nothing_had_gone_wrong(
    shard: int, tmp_path: Path, record_property: Any
) -> None:
    calm = live_through(tmp_path / "calm")
    points = a_share(SHARES["days"], calm.requests, calm.writes)[shard::SHARDS]
    go_through(points, tmp_path, goes_wrong_at, record_property, shard)


@pytest.mark.torture
@pytest.mark.parametrize("shard", range(16 * SHARDS))
def test_every_trouble_at_every_call_of_such_days_ends_as_if_nothing_had_gone_wrong(
    shard: int, tmp_path: Path, record_property: Any
) -> None:
    calm = live_through(tmp_path / "calm")
    points = every_point(calm.requests, calm.writes, REQUEST_KINDS)[shard :: 16 * SHARDS]
    go_through(points, tmp_path, goes_wrong_at, record_property, shard)
