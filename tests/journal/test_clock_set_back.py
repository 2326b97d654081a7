"""A clock that was wrong and is put right: what was noted by it lies far ahead, and nobody waits for that."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.lab import Lab
from tests.support.scenes import assert_each_rang_once
from tests.support.trouble import KILLED_AFTER, Point, TroubledLab
from yeta_reconcile.apply.halt import Known

AHEAD_MS = 7_200_000
MINUTE_MS = 60_000


def set_back(lab: Lab) -> None:
    """What is in doubt was noted by a clock that was hours ahead of what it says today."""
    with lab.store() as store, store.database.write() as transaction:
        columns = ("begun", "deadline", "ended")
        moved = ", ".join(f"{name} = {name} + {AHEAD_MS}" for name in columns)
        transaction.execute(f"UPDATE intents SET {moved} WHERE settled = 0")


def killed(tmp_path: Path, call: str) -> TroubledLab:
    (tmp_path / "probe").mkdir()
    (tmp_path / "lab").mkdir()
    probe, lab = TroubledLab(tmp_path / "probe"), TroubledLab(tmp_path / "lab")
    for one in (probe, lab):
        one.campaign()
    probe.apply()
    lab.point = Point("request", probe.requests.index(call) + 1, KILLED_AFTER)
    lab.try_apply()
    set_back(lab)
    return lab


@pytest.mark.parametrize("call", ["create", "insert", "start"])
def test_a_call_in_doubt_is_waited_for_no_longer_than_it_may_take(tmp_path: Path, call: str) -> None:
    lab = killed(tmp_path, call)
    began = lab.emulator.clock.now_ms

    lab.converge()

    assert lab.emulator.clock.now_ms - began < 3 * MINUTE_MS
    assert_each_rang_once(lab, range(3))


def test_a_halt_waits_for_a_start_under_way_no_longer_than_it_may_take(tmp_path: Path) -> None:
    lab = killed(tmp_path, "start")

    with lab.store() as store:
        assert 0 < Known.of(store, lab.emulator.clock.now_ms).under_way <= 33
