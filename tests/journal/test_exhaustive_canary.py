"""A canary that passes and one that is aborted, whatever goes wrong: the judge is the platform's own log.

The rest of the one is rung once, that of the other never; and a runner that slept over it changes neither.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.lab import START, Lab, number, settings
from tests.support.postgres import PostgresServer
from tests.support.records import deliver
from tests.support.sweeping import SHARES, a_share, every_point, go_through
from tests.support.trouble import (
    FROZEN_KINDS,
    FROZEN_SENT,
    KILLED_AFTER,
    REQUEST_KINDS,
    Killed,
    Point,
    TroubledLab,
)
from yeta_reconcile.emulator import Emulator, VirtualClock
from yeta_reconcile.errors import StateError
from yeta_reconcile.store.lock import LIFETIME_MS

pytestmark = pytest.mark.sweep

GOOD, BAD, SMALL = range(20), range(100, 120), 4
ROLLOUT = f"rollout: {{canary: {SMALL}, wait: 10m, abort_if: {{connected_below: 50%}}}}"
SCRIPTED = {number(index): ("20" if index in BAD else "0",) for index in (*GOOD, *BAD)}
SHARDS = 2


def a_lab(root: Path, point: Point | None = None, server: PostgresServer | None = None) -> TroubledLab:
    root.mkdir(exist_ok=True)
    lab = TroubledLab(root, Emulator(settings(scripted=SCRIPTED), clock=VirtualClock(START)), point=point)
    if server:
        lab.state = server.schema()
        lab.declare_project()
    return lab


def until_it_waits(lab: TroubledLab) -> None:
    """Apply until nothing is left but what waits for records, or for a person."""
    said: list[str] = []
    for _ in range(8):
        report = lab.try_apply()
        words = [str(problem) for problem in report.problems] if report else ["it died"]
        if all("as planned" in problem or "aborted by its canary" in problem for problem in words):
            return
        said += words
        lab.emulator.advance(40)
    raise AssertionError(f"not settled: {said}")


def wait(lab: TroubledLab, seconds: float) -> None:
    """Let time pass and have the records, also if the receiver dies over them."""
    lab.emulator.advance(seconds)
    try:
        deliver(lab)
    except (Killed, StateError):
        lab.dead = False
        deliver(lab)


def live_through(lab: TroubledLab) -> TroubledLab:
    """Two canaries are called and judged; rows are added meanwhile."""
    lab.campaign("good", GOOD[:-1], extra=ROLLOUT)
    lab.campaign("poor", BAD[:-1], lines='["200"]', extra=ROLLOUT)
    until_it_waits(lab)
    lab.rows("good", GOOD)
    lab.rows("poor", BAD)
    for seconds in (300, 900, 900, 900):
        until_it_waits(lab)
        wait(lab, seconds)
    until_it_waits(lab)
    return lab


def assert_as_judged(lab: TroubledLab) -> None:
    """Everybody of the one was rung once, of the other a canary once and nobody else."""
    lab.emulator.advance(24 * 3600)
    rung = Counter(lab.rung())
    assert max(rung.values()) == 1
    poor = {number(index) for index in BAD} & set(rung)
    assert set(rung) - poor == {number(index) for index in GOOD}
    assert len(poor) == SMALL
    assert [(c.campaign, c.action, c.reason) for c in lab.plan().plan.changes] == [
        ("poor", "wait", "aborted")
    ]


def goes_wrong_at(root: Path, point: Point, server: PostgresServer | None = None) -> bool:
    """Live through it with trouble at one point. Whether the trouble struck at all."""
    lab = live_through(a_lab(root, point, server))
    assert_as_judged(lab)
    return lab.struck


def freezes_at(root: Path, point: Point, server: PostgresServer | None = None) -> bool:
    """The same with a runner that stops at one point while another does all there is to do."""
    lab = a_lab(root, point, server)

    def meanwhile() -> None:
        lab.emulator.advance(LIFETIME_MS / 1000 + 1)
        other = Lab(lab.root, lab.emulator, state=lab.state, max_in_flight=1)
        for _ in range(4):
            other.apply()
            other.emulator.advance(900)
            deliver(other)
        other.apply()

    lab.meanwhile = meanwhile
    assert_as_judged(live_through(lab))
    return lab.struck


def second_start(lab: TroubledLab) -> int:
    """Which of the requests starts the second task that is started."""
    return [nth for nth, call in enumerate(lab.requests, 1) if call == "start"][1]


def test_a_canary_that_passes_and_one_that_does_not(tmp_path: Path) -> None:
    assert_as_judged(live_through(a_lab(tmp_path)))


@pytest.mark.sweep
def test_a_canary_is_judged_the_same_with_the_state_on_postgresql(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    nth = second_start(live_through(a_lab(tmp_path)))
    assert goes_wrong_at(tmp_path / "killed", Point("request", nth, KILLED_AFTER), postgres)
    assert freezes_at(tmp_path / "frozen", Point("request", nth, FROZEN_SENT), postgres)


@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_canary_is_judged_as_if_nothing_had_gone_wrong(
    shard: int, tmp_path: Path, record_property: Any
) -> None:
    calm = live_through(a_lab(tmp_path / "calm"))
    points = a_share(SHARES["canary"], calm.requests, calm.writes)[shard::SHARDS]
    go_through(points, tmp_path, goes_wrong_at, record_property, shard)


def test_a_runner_that_slept_over_a_canary_changes_nothing(tmp_path: Path, record_property: Any) -> None:
    calm = live_through(a_lab(tmp_path / "calm"))
    points = a_share(SHARES["frozen"], calm.requests, 0, FROZEN_KINDS[:3])[::4]
    go_through(points, tmp_path, freezes_at, record_property)


@pytest.mark.torture
@pytest.mark.parametrize("on", ["sqlite", "postgresql"])
@pytest.mark.parametrize("shard", range(48))
def test_every_trouble_at_every_call_of_a_canary_ends_as_if_nothing_had_gone_wrong(
    shard: int, on: str, postgres: PostgresServer, tmp_path: Path, record_property: Any
) -> None:
    server = postgres if on == "postgresql" else None
    calm = live_through(a_lab(tmp_path / "calm", server=server))
    wrong, frozen = partial(goes_wrong_at, server=server), partial(freezes_at, server=server)
    points = every_point(calm.requests, calm.writes, REQUEST_KINDS)[shard::48]
    go_through(points, tmp_path, wrong, record_property, shard)
    points = every_point(calm.requests, 0, FROZEN_KINDS)[shard::48]
    (tmp_path / "frozen").mkdir()
    go_through(points, tmp_path / "frozen", frozen, record_property, shard)
