"""A campaign that comes after others begins when they are over, and goes on whatever becomes of them then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support.lab import Lab, number
from tests.support.records import deliver
from tests.support.scenes import DAY, a_lab
from yeta_reconcile.plan.plan import Change

AFTER = "after: [one]"


def changes_of(lab: Lab, name: str = "two", **options: object) -> list[Change]:
    return [change for change in lab.plan(**options).plan.changes if change.campaign == name]


def a_pair(tmp_path: Path, state: str = "running") -> Lab:
    lab = a_lab(tmp_path)
    lab.campaign("one", range(10))
    lab.campaign("two", range(10, 20), lines='["200"]', state=state, extra=AFTER)
    return lab


def assert_each_rang_once(lab: Lab, rows: Iterable[int]) -> None:
    lab.emulator.advance(DAY)
    deliver(lab)
    assert Counter(lab.rung()) == Counter(number(index) for index in rows)


@pytest.mark.sweep
def test_it_waits_named_and_counted_until_the_other_is_over(tmp_path: Path) -> None:
    lab = a_pair(tmp_path)
    planned = lab.plan().plan
    assert (planned.summary.ringing_numbers, planned.summary.waiting_numbers) == (10, 10)
    (wait,) = changes_of(lab)
    assert (wait.action, wait.reason, wait.rows, wait.waiting_rows) == ("wait", "after-another", 10, 10)
    assert wait.detail == "until one is over (10 numbers of it to be called)"
    report = lab.apply()
    assert report.exit_code == 7
    assert "10 rows wait, as planned: until one is over" in str(report.problems[0])
    assert changes_of(lab)[0].detail == "until one is over (its wave 1 is started)"
    lab.emulator.advance(DAY)
    assert {*lab.rung()} == {number(index) for index in range(10)}
    lab.converge()
    assert_each_rang_once(lab, range(20))
    assert lab.actions() == []


@pytest.mark.sweep
def test_what_is_staged_is_staged_and_begins_no_sooner(tmp_path: Path) -> None:
    lab = a_pair(tmp_path, "staged")
    lab.converge()
    lab.campaign("two", range(10, 20), lines='["200"]', extra=AFTER)
    (wait,) = changes_of(lab)
    assert (wait.action, wait.wave_id is not None, wait.waiting_rows) == ("wait", True, 10)
    assert lab.apply().exit_code == 7
    lab.emulator.advance(DAY)
    assert len(lab.rung()) == 10
    lab.converge()
    assert_each_rang_once(lab, range(20))


@pytest.mark.sweep
def test_what_has_begun_does_not_wait_for_what_is_added_to_the_other(tmp_path: Path) -> None:
    lab = a_pair(tmp_path)
    lab.apply()
    lab.emulator.advance(DAY)
    lab.converge()
    lab.campaign("one", [*range(10), 30], lines='["300"]')
    lab.campaign("two", range(10, 21), lines='["200"]', extra=AFTER)
    lab.emulator.advance(DAY)
    lab.converge()
    assert_each_rang_once(lab, [*range(21), 30])


def test_one_that_was_taken_away_is_over_if_its_ledger_says_so(tmp_path: Path) -> None:
    lab = a_pair(tmp_path)
    lab.apply()
    lab.emulator.advance(DAY)
    lab.remove("one")
    assert [change.action for change in changes_of(lab)] == ["create", "start"]
    lab.converge()
    assert_each_rang_once(lab, range(20))


@pytest.mark.sweep
def test_one_that_was_taken_away_half_way_is_over_once_it_is_accounted(tmp_path: Path) -> None:
    lab = a_pair(tmp_path)
    lab.rows("one", [*range(10), *range(100, 400)])
    lab.apply()
    lab.emulator.advance(90)
    lab.remove("one")
    lab.apply()
    assert [change.reason for change in changes_of(lab)] == ["after-another"]
    lab.emulator.advance(3600)
    deliver(lab)
    lab.apply()
    lab.emulator.advance(60)
    lab.converge()
    lab.emulator.advance(DAY)
    assert {number(index) for index in range(10, 20)} <= {*lab.rung()}
    assert max(Counter(lab.rung()).values()) == 1


def test_an_unknown_one_is_an_error_at_its_place(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign("two", extra="after: [onne]")
    planned = lab.plan()
    (found,) = planned.plan.diagnostics
    assert planned.exit_code == 3
    assert (found.code, str(found.position)) == ("unknown-campaign", "two.yaml:7:9")


def test_one_that_is_not_looked_at_is_not_over(tmp_path: Path) -> None:
    lab = a_pair(tmp_path)
    (wait,) = changes_of(lab, only=["two"])
    assert wait.detail == "until one is over (it was not looked at)"


def test_one_whose_end_is_past_is_over_with_whom_it_did_not_call(tmp_path: Path) -> None:
    lab = a_pair(tmp_path)
    lab.campaign("one", range(10), extra="schedule: {end: 2026-12-01T08:00:00}")
    assert [change.action for change in changes_of(lab)] == ["create", "start"]


def test_one_of_which_nobody_knows_whom_it_called_is_not_over(tmp_path: Path) -> None:
    lab = a_pair(tmp_path)
    lab.apply()
    (task_id,) = lab.emulator.tasks
    lab.emulator.console_purge(task_id)
    lab.apply()
    (wait,) = changes_of(lab)
    assert "whom it called is not accounted" in wait.detail
