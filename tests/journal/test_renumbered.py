"""Whoever gets into a wave by another number under its key is a new person: named, counted, asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.dials import Dials
from tests.support.lab import Lab, number
from tests.support.records import deliver
from tests.support.scenes import DAY, EVENING, a_lab, codes

pytestmark = pytest.mark.sweep


def by_id(lab: Lab, state: str = "running", extra: str = "", **numbers: int) -> None:
    """Campaign b, whose rows are known by an id."""
    columns = "{客户手机号码: phone, 姓名: name}"
    contacts = f"{{csv: b.csv, columns: {columns}, key: id}}"
    lab.campaign("b", contacts=contacts, extra=f"{EVENING}\n{extra}", state=state, lines='["200"]')
    rows = "".join(f"{row},{number(index)},客户\n" for row, index in numbers.items())
    (lab.root / "b.csv").write_text(f"id,phone,name\n{rows}", encoding="utf-8")


def beside_one_that_called(root: Path, state: str = "running") -> Lab:
    """Campaign a called 1 and 2; b has a wave with three others, started or not, and dialled none of them."""
    lab = a_lab(root)
    lab.campaign("a", [1, 2])
    by_id(lab, state, k=5, l=6, m=7)
    lab.converge()
    lab.emulator.advance(3600)
    deliver(lab)
    lab.converge()
    return lab


@pytest.mark.parametrize("state", ["staged", "running"])
def test_a_number_that_another_campaign_called_is_counted_as_it_takes_the_place_of_one_in_a_wave(
    tmp_path: Path, state: str
) -> None:
    lab = beside_one_that_called(tmp_path, state)
    by_id(lab, k=5, l=1, m=7)

    assert lab.plan().plan.summary.repeat_numbers == 1
    assert "called-lately" in codes(lab)
    lab.converge()
    lab.emulator.advance(DAY)
    assert not Dials(lab.emulator, applied=lab.applied).again_unsaid()


@pytest.mark.parametrize("state", ["staged", "running"])
def test_limits_hold_for_it(tmp_path: Path, state: str) -> None:
    lab = beside_one_that_called(tmp_path, state)
    by_id(lab, k=5, l=1, m=7)

    for limits in ("repeat_numbers: 0", "frequency: {times: 1, within: 7d}"):
        lab.declare_project(f"limits: {{{limits}}}\n")
        assert lab.plan().exit_code == 4, limits


@pytest.mark.parametrize("state", ["staged", "running"])
def test_people_who_change_places_between_two_campaigns_are_refused(tmp_path: Path, state: str) -> None:
    lab = beside_one_that_called(tmp_path, state)
    lab.rows("a", [6, 2])
    by_id(lab, k=5, l=1, m=7)

    assert lab.plan().exit_code == 4
    assert "people-moved" in codes(lab)


@pytest.mark.parametrize("state", ["staged", "running"])
def test_whom_a_continued_campaign_called_takes_nobodys_place(tmp_path: Path, state: str) -> None:
    lab = beside_one_that_called(tmp_path, state)
    by_id(lab, extra="continues: [a]\n", k=5, l=1, m=7)

    planned = lab.plan().plan

    assert (planned.summary.ringing_numbers, planned.summary.repeat_numbers) == (2, 0)
    lab.converge()
    lab.emulator.advance(DAY)
    assert sorted(lab.rung()) == [number(index) for index in (1, 2, 5, 7)]


def test_a_number_that_nobody_calls_in_the_place_of_another_is_no_repeat(tmp_path: Path) -> None:
    lab = beside_one_that_called(tmp_path)
    by_id(lab, extra="on_change: next-wave\n", k=5, l=1, m=7)
    lab.declare_project("limits: {repeat_numbers: 0}\n")

    assert lab.plan().exit_code == 0
    assert "called-lately" not in codes(lab)


def test_who_was_taken_off_a_staged_wave_and_called_elsewhere_is_no_repeat_of_its_start(
    tmp_path: Path,
) -> None:
    lab = a_lab(tmp_path)
    by_id(lab, "staged", k=5, l=6, m=7)
    lab.converge()
    lab.campaign("a", [6])
    by_id(lab, "staged", k=5, m=7)
    lab.apply(only=("a",))
    by_id(lab, k=5, m=7)

    assert lab.plan().plan.summary.repeat_numbers == 0
