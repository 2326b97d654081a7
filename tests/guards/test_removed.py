"""A list that was cut short takes nobody out of a wave by mistake; what the plan counts is what leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.lab import Lab


def removed(lab: Lab) -> tuple[int, int]:
    """What a plan counts as leaving, and what it exits with."""
    planned = lab.plan()
    return planned.plan.summary.removed_numbers, planned.exit_code


@pytest.mark.sweep
@pytest.mark.parametrize("state", ["staged", "running"])
def test_a_list_that_lost_more_than_half_is_refused_while_a_wave_of_it_stands(
    tmp_path: Path, state: str
) -> None:
    lab = Lab(tmp_path)
    lab.campaign(rows=range(40), state=state)
    lab.converge()

    lab.rows("renewal", range(20))
    assert removed(lab) == (20, 0)
    lab.rows("renewal", range(19))
    assert removed(lab) == (21, 4)
    lab.rows("renewal", range(100, 140))
    assert removed(lab) == (40, 4)


def test_who_was_called_leaves_nothing_when_the_list_holds_him_no_more(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.campaign(rows=range(40))
    lab.converge()
    lab.emulator.advance(3600)
    lab.converge()

    lab.rows("renewal", range(5))

    assert removed(lab) == (0, 0)


def test_a_list_whose_rows_say_something_else_lost_nobody(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.campaign(rows=range(40), state="staged")
    lab.converge()

    lab.rows("renewal", [(index, "another name") for index in range(40)])

    assert removed(lab) == (0, 0)


def test_what_a_wave_is_replaced_without_is_counted_once(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.declare_project("limits: {removed_numbers: 9}\n")
    lab.campaign(rows=range(30), state="staged")
    lab.converge()

    lab.campaign(rows=range(20))
    assert removed(lab) == (10, 4)
    lab.campaign(rows=range(21))
    assert removed(lab) == (9, 0)


def test_rows_that_are_ignored_leave_no_started_wave(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.campaign(rows=range(40), on_removed_rows="ignore")
    lab.converge()

    lab.rows("renewal", range(5))

    assert removed(lab) == (0, 0)
