"""People whom two campaigns call by one plan, or whom a task called of which nobody knows whom it holds."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.support.dials import Dials
from tests.support.lab import Lab, number
from tests.support.records import deliver
from tests.support.scenes import DAY, a_lab, codes, declare, lose_the_state, rebuilt


def assert_no_repeat_is_unsaid(lab: Lab) -> None:
    """Everybody was called, and the plans counted whoever was called twice."""
    lab.emulator.advance(DAY)
    assert not Dials(lab.emulator, applied=lab.applied).again_unsaid()


@pytest.mark.sweep
@pytest.mark.parametrize("staged", [False, True])
def test_people_whom_two_campaigns_call_by_one_plan_are_counted_and_named(
    tmp_path: Path, *, staged: bool
) -> None:
    lab = a_lab(tmp_path)
    for state in ("staged", "running") if staged else ("running",):
        lab.campaign("a", range(5), state=state)
        declare(lab, "b", range(3, 9), state=state)
        planned = lab.plan()
        lab.apply()

    assert planned.plan.summary.repeat_numbers == 2
    (said,) = [found for found in planned.plan.diagnostics if found.code == "called-by-two"]
    assert "2 of the people whom b would call are called by a as well" in said.summary
    assert_no_repeat_is_unsaid(lab)


def test_a_limit_on_repeats_keeps_two_campaigns_from_calling_the_same_people_at_once(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.declare_project("limits: {repeat_numbers: 0}\n")
    lab.direct("a", range(5))
    declare(lab, "b", range(3, 9))

    assert lab.plan().exit_code == 4


def test_whoever_is_called_by_one_of_two_campaigns_alone_is_no_repeat(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign("a", range(5))
    declare(lab, "b", range(3, 9), state="paused")
    declare(lab, "c", range(3, 9), extra="after: [a]\n")
    declare(lab, "d", range(3, 9), extra="schedule: {end: 2026-11-30T18:00:00}\n")

    assert lab.plan().plan.summary.repeat_numbers == 0


# A task that holds numbers of which nobody knows whose


def with_a_task_that_nobody_knows(root: Path, lab: Lab | None = None) -> Lab:
    """Campaign a called three people; one of them was taken off its list before its state was lost."""
    lab = lab or a_lab(root)
    lab.campaign("a", [1, 2, 3])
    lab.converge()
    lab.emulator.advance(3600)
    lose_the_state(lab)
    lab.rows("a", [1, 2])
    rebuilt(lab)
    return lab


@pytest.mark.parametrize("direct", [False, True])
def test_whom_a_continued_campaign_called_unknown_to_a_rebuild_is_not_called_again(
    tmp_path: Path, *, direct: bool
) -> None:
    lab = with_a_task_that_nobody_knows(tmp_path)
    if direct:
        lab.direct("b", [3, 4], extra="continues: [a]\n")
    else:
        declare(lab, "b", [3, 4], "continues: [a]\n")

    assert ("b", "wait", 1, "records-missing", 2) in lab.actions()
    assert lab.apply().exit_code == 7
    lab.emulator.advance(8 * DAY)
    assert "unknown-numbers" in codes(lab)
    assert lab.apply().exit_code == 8

    deliver(lab)
    lab.converge()
    lab.emulator.advance(DAY)
    assert Counter(lab.rung()) == Counter(map(number, range(1, 5)))


def test_a_wave_is_not_carried_over_with_people_whom_a_continued_campaign_may_have_called(
    tmp_path: Path,
) -> None:
    lab = a_lab(tmp_path)
    evening = 'schedule: {windows: ["20:00-21:00"]}\n'
    declare(lab, "b", [5, 6, 7], evening)
    with_a_task_that_nobody_knows(tmp_path, lab)
    declare(lab, "b", [5, 6, 3], f"{evening}continues: [a]\n")

    assert ("b", "wait", 1, "records-missing", 3) in lab.actions()
    assert {action for name, action, *_ in lab.actions() if name == "b"} == {"wait"}


@pytest.mark.sweep
def test_people_who_may_be_the_unknown_ones_of_another_campaign_are_counted_and_named(
    tmp_path: Path,
) -> None:
    lab = with_a_task_that_nobody_knows(tmp_path)
    declare(lab, "b", [3, 4])

    planned = lab.plan()

    assert planned.plan.summary.repeat_numbers == 2
    assert "called-perhaps" in codes(lab)
    lab.apply()
    assert_no_repeat_is_unsaid(lab)


def test_what_another_campaign_called_long_ago_and_nobody_knows_is_no_repeat(tmp_path: Path) -> None:
    lab = with_a_task_that_nobody_knows(tmp_path)
    lab.emulator.advance(31 * DAY)
    declare(lab, "b", [3, 4])

    assert lab.plan().plan.summary.repeat_numbers == 0


def test_people_of_a_task_that_the_state_does_not_know_are_counted_where_others_would_call_them(
    tmp_path: Path,
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign("a", [1, 2, 3])
    declare(lab, "b", [5])
    lab.converge()
    lab.emulator.advance(DAY)
    lose_the_state(lab)
    lab.remove("a")
    lab.rows("b", [5, 1])
    rebuilt(lab)

    planned = lab.plan()

    assert (planned.exit_code, planned.plan.summary.repeat_numbers) == (8, 1)
    assert "called-perhaps" in codes(lab)
    lab.emulator.advance(31 * DAY)
    assert lab.plan().plan.summary.repeat_numbers == 0
