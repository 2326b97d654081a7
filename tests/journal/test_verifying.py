"""A wave is verified by a count that is right within the settling time, and stays so where it may move."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.lab import number
from tests.support.scenes import assert_each_rang_once, the_only_task
from tests.support.twisted import TwistedLab, twisted
from yeta_reconcile.emulator import Fault
from yeta_reconcile.waves.record import Phase


def said(lab: TwistedLab) -> list[str]:
    return [event["event"] for event in lab.events if event.get("wave") == 1]


def from_the_first_look_on(lab: TwistedLab, seconds: float, before: int, after: int) -> None:
    """The first task, once filled, is said to hold `before` numbers, and `after` so many seconds later."""
    first: list[int] = []

    def twist(row: dict[str, Any], task: Any) -> None:
        if task.submitted and task is next(iter(lab.emulator.tasks.values())):
            first.append(lab.emulator.clock.now_ms)
            row["count_tel"] = after if first[-1] - first[0] >= seconds * 1000 else before

    lab.twist = twist


@pytest.mark.parametrize(("seconds", "doubted"), [(4.8, False), (5.2, True)])
def test_a_count_is_waited_for_as_long_as_it_may_lag_and_no_longer(
    tmp_path: Path, seconds: float, doubted: bool
) -> None:
    lab = twisted(tmp_path)
    lab.campaign()
    from_the_first_look_on(lab, seconds, 0, 3)
    assert lab.apply().exit_code == 0
    assert ("doubted" in said(lab)) is doubted
    assert_each_rang_once(lab, range(3))


def untold(row: dict[str, Any], _task: Any) -> None:
    row.pop("count_tel")


def test_a_count_that_the_platform_does_not_tell_is_a_warning(tmp_path: Path) -> None:
    lab = twisted(tmp_path)
    lab.campaign()
    lab.twist = untold

    assert lab.apply().exit_code == 0

    warned = [str(event["summary"]) for event in lab.events if event["event"] == "warning"]
    assert warned == ["how many numbers it holds cannot be read back"]
    assert lab.actions() == []
    assert_each_rang_once(lab, range(3))


def test_a_task_of_which_only_an_untold_count_could_say_who_is_in_it_is_discarded(tmp_path: Path) -> None:
    lab = twisted(tmp_path)
    lab.campaign()
    lab.twist = untold
    lab.emulator.faults.add(Fault("closed_after", "task/insert"))

    assert lab.apply().exit_code == 0

    assert [task.deleted for task in lab.emulator.tasks.values()] == [True, False]
    assert_each_rang_once(lab, range(3))


@pytest.mark.sweep
@pytest.mark.parametrize("why", ["an answer that did not come", "a number that was refused"])
def test_a_count_that_may_still_move_is_believed_only_after_the_settling_time(
    tmp_path: Path, why: str
) -> None:
    lab = twisted(tmp_path, sensitive_numbers=(number(3),))
    lab.campaign(rows=range(4) if "refused" in why else range(3))
    if "refused" not in why:
        lab.emulator.faults.add(Fault("closed_before", "task/insert"))
    filled: list[int] = []

    def inserted(request: httpx.Request) -> None:
        if request.url.path.endswith("task/insert"):
            filled.append(lab.emulator.clock.now_ms)

    def one_more(row: dict[str, Any], task: Any) -> None:
        if task.submitted == 3 and task is next(iter(lab.emulator.tasks.values())):
            row["count_tel"] = 4 if lab.emulator.clock.now_ms - filled[-1] >= 4000 else 3

    lab.after = inserted
    lab.twist = one_more
    assert lab.apply().exit_code == 0
    assert said(lab).count("doubted") == 1
    assert_each_rang_once(lab, range(3))


def test_a_task_that_is_started_outside_yeta_before_it_is_verified_is_left_unchanged(tmp_path: Path) -> None:
    lab = twisted(tmp_path)
    lab.campaign()

    def filled(request: httpx.Request) -> None:
        if request.url.path.endswith("task/query") and "inserted" in said(lab):
            lab.before = None
            lab.emulator.console_start(the_only_task(lab))

    lab.before = filled
    assert lab.apply().exit_code == 7
    assert "verified" not in said(lab)
    with lab.store() as store:
        (wave,) = store.waves.recorded().campaigns["renewal"].waves
    assert (wave.phase, wave.outside_yeta, wave.pending) == (Phase.STARTED, True, 3)
    assert_each_rang_once(lab, range(3))


def test_a_wave_that_is_verified_was_halted_by_nobody(tmp_path: Path) -> None:
    lab = twisted(tmp_path)
    lab.campaign(state="staged")
    lab.emulator.faults.add(Fault("code", "task/insert", code=10005))
    lab.apply()
    with lab.store() as store:
        (wave,) = store.waves.recorded().campaigns["renewal"].waves
        store.waves.change_wave(wave.wave_id, halted=5)
        lab.converge()
        verified = store.waves.wave(wave.wave_id)
    assert (verified.phase, verified.halted) == (Phase.VERIFIED, None)
