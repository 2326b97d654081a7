"""Whom a campaign called whose ledger was dropped, or of whom no row is left: they were called."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.forgetting import forget
from tests.support.lab import Lab, number
from tests.support.records import deliver
from tests.support.scenes import DAY, codes, declare, lose_the_state, rebuilt

OFTEN = "limits: {frequency: {times: 1, within: 7d}}\n"


def drop(lab: Lab, name: str) -> None:
    with lab.store() as store:
        forget(store, name, lab.emulator.clock.now_ms)


def called(tmp_path: Path, *, records: bool = True, state: str = "running") -> Lab:
    lab = Lab(tmp_path)
    lab.campaign("a", range(3), state=state)
    lab.converge()
    lab.emulator.advance(DAY)
    if records:
        deliver(lab)
    lab.converge()
    return lab


def repeats(lab: Lab) -> int:
    return lab.plan().plan.summary.repeat_numbers


@pytest.mark.parametrize("told", ["before", "after", "never"])
@pytest.mark.parametrize("again", ["a", "b"])
def test_whom_a_forgotten_campaign_called_is_counted_when_called_again(
    tmp_path: Path, told: str, again: str
) -> None:
    lab = called(tmp_path, records=told == "before")
    drop(lab, "a")
    lab.remove("a")
    if told == "after":
        deliver(lab)
    declare(lab, again, [*range(3), 9])

    assert repeats(lab) == 3
    assert "called-lately" in codes(lab)
    lab.declare_project(OFTEN)
    assert lab.plan().exit_code == 4
    lab.emulator.advance(31 * DAY)
    assert (lab.plan().exit_code, repeats(lab)) == (0, 0)


def test_whom_a_forgotten_campaign_did_not_call_is_nobody_who_is_called_again(tmp_path: Path) -> None:
    lab = called(tmp_path, state="staged")
    lab.campaign("a", range(3), state="paused", lines='["200"]')
    lab.remove("a")
    lab.converge()
    drop(lab, "a")
    declare(lab, "b", range(3))
    lab.declare_project(OFTEN)

    assert (lab.plan().exit_code, repeats(lab)) == (0, 0)


def test_forgetting_that_breaks_off_counts_nobody_twice(tmp_path: Path) -> None:
    lab = called(tmp_path)
    with lab.store() as store:
        store.campaigns.remember_people("a")
        since = store.waves.called_since(0)

    assert {*since.values()} == {1}


@pytest.mark.parametrize("forgotten", [False, True])
def test_a_record_with_a_time_before_its_waves_start_lets_nobody_be_called_again(
    tmp_path: Path, forgotten: bool
) -> None:
    lab = called(tmp_path, records=False)
    for push in lab.emulator.pushes:
        push.data.update({name: 1_000_000_000_000 for name in push.data if name.startswith("time_")})
    deliver(lab)
    if forgotten:
        lab.remove("a")
        lab.converge()
        drop(lab, "a")
    declare(lab, "b", [*range(2), 9])

    assert repeats(lab) == 2
    lab.declare_project(OFTEN)
    assert lab.plan().exit_code == 4


@pytest.mark.parametrize("limits", ["", OFTEN])
def test_a_limit_on_frequency_counts_whom_a_task_called_and_no_row_stands_for(
    tmp_path: Path, limits: str
) -> None:
    lab = called(tmp_path, records=False)
    lose_the_state(lab)
    lab.rows("a", range(2))
    rebuilt(lab)
    deliver(lab)
    lab.declare_project(limits)
    declare(lab, "b", [2], "repeats: [a]\n")

    assert lab.plan().exit_code == (4 if limits else 0)
    with lab.store() as store:
        assert store.waves.called_since(0)[store.key.row_digest(number(2))] == 1
