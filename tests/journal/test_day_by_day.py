"""Campaigns that call on some days only: the platform itself stops them, and nobody rings on a day off."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.lab import Lab, number
from tests.support.records import deliver
from tests.support.scenes import lose_the_state, rebuilt
from tests.support.workdays import (
    DAYS_OFF,
    MONDAY,
    SATURDAY,
    TUESDAY,
    WORKDAYS,
    a_lab,
    days_rung,
    moment,
    to,
)
from yeta_reconcile.planning.planned import Planned

ROWS = range(60)


def said(planned: Planned) -> list[tuple[str, str, int, bool]]:
    return [(c.action.value, c.reason.value, c.rows, c.rings) for c in planned.plan.changes]


def summary(lab: Lab) -> tuple[int, int]:
    found = lab.plan().plan.summary
    return found.ringing_numbers, found.waiting_numbers


def assert_each_rang_once(lab: Lab, rows: range = ROWS) -> None:
    assert Counter(lab.rung()) == Counter(number(index) for index in rows)


@pytest.mark.sweep
@pytest.mark.parametrize("lock", ["create", "start"])
def test_what_a_day_leaves_goes_on_the_next_allowed_day_and_nobody_rings_between(
    tmp_path: Path, lock: str
) -> None:
    lab = a_lab(tmp_path, line_lock=lock)
    lab.campaign(rows=ROWS, extra=WORKDAYS)
    lab.converge()
    assert lab.actions() == []
    to(lab, SATURDAY)
    dialled = len(lab.rung())
    assert 0 < dialled < len(ROWS)
    for at in (SATURDAY, MONDAY):
        to(lab, at)
        lab.apply()
        to(lab, at.replace("10:00", "10:01"))
        assert said(lab.plan()) == [("wait", "day-off", len(ROWS) - dialled, False)]
        assert summary(lab) == (0, len(ROWS) - dialled)
        report = lab.apply()
        assert report.exit_code == 7
        assert "as planned: until 2026-12-08 09:00+08:00" in str(report.problems[0])
    to(lab, TUESDAY)
    changes = [change[:2] for change in said(lab.plan())]
    assert changes == [("create", "next-day"), ("start", "declared-running")]
    lab.converge()
    to(lab, "2026-12-08T17:00")
    assert_each_rang_once(lab)
    assert [*days_rung(lab)] == ["2026-12-04", "2026-12-08"]
    assert lab.actions() == []


def test_with_every_program_dead_nobody_rings_on_a_day_off(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=ROWS, extra=WORKDAYS, recall="{count: 3, wait: 10m}")
    lab.converge()
    lab.emulator.advance(40 * 86400)
    assert [*days_rung(lab)] == ["2026-12-04"]


def test_a_week_is_called_on_its_days_and_a_working_weekend_is_one_of_them(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, "2026-12-11T17:57")
    lab.campaign(rows=ROWS, extra=WORKDAYS)
    lab.converge()
    to(lab, "2026-12-14T08:00")
    assert_each_rang_once(lab)
    assert [*days_rung(lab)] == ["2026-12-11", "2026-12-12"]
    assert lab.actions() == []


@pytest.mark.parametrize("hours", [-72, -24, 24, 72])
def test_whatever_the_runners_clock_says_nobody_rings_on_a_day_off(
    tmp_path: Path, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = a_lab(tmp_path, "2026-12-05T10:00")
    lab.campaign(rows=ROWS, extra="schedule: {begin: 2026-11-30T09:00:00, days: workdays}")
    right = lab.clock.now
    monkeypatch.setattr(lab.clock, "now", lambda: right() + timedelta(hours=hours))
    for _ in range(3):
        lab.apply()
    monkeypatch.undo()
    lab.emulator.advance(40 * 86400)
    assert not {*days_rung(lab)} & {f"2026-12-{day:02}" for day in (5, 6, 7, 13, 19, 20, 26, 27)}
    assert max(Counter(lab.rung()).values(), default=0) <= 1


@pytest.mark.sweep
def test_a_day_that_becomes_one_off_is_kept_by_carrying_the_wave_over(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, "2026-12-08T17:50")
    lab.campaign(rows=range(300), extra=WORKDAYS)
    lab.converge()
    to(lab, "2026-12-08T17:52")
    (tmp_path / "cal.csv").write_text(DAYS_OFF + "2026-12-09,rest\n", encoding="utf-8")
    (change,) = lab.plan().plan.changes
    assert (change.action, change.reason) == ("replace", "attributes-changed")
    assert change.attributes["days"] == (
        "workdays until 2026-12-12T18:00:00+08:00", "workdays until 2026-12-08T18:00:00+08:00"
    )  # fmt: skip
    for _ in range(4):
        lab.apply()
        lab.emulator.advance(60)
        deliver(lab)
    for at in ("2026-12-09T12:00", "2026-12-10T10:00", "2026-12-10T12:00"):
        to(lab, at)
        lab.apply()
    lab.converge()
    to(lab, "2026-12-12T12:00")
    assert_each_rang_once(lab, range(300))
    assert "2026-12-09" not in days_rung(lab)


def test_recalls_of_a_wave_are_kept_off_a_day_that_becomes_one_off(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, "2026-12-08T17:00", result_weights={"2": 1.0})
    lab.campaign(rows=range(3), extra=WORKDAYS, recall="{count: 3, wait: 16h}")
    lab.converge()
    to(lab, "2026-12-08T17:30")
    (tmp_path / "cal.csv").write_text(DAYS_OFF + "2026-12-09,rest\n", encoding="utf-8")
    assert said(lab.plan()) == [("pause", "day-off", 0, False)]
    lab.converge()
    assert lab.actions() == []
    to(lab, "2026-12-09T12:00")
    assert lab.actions() == []
    to(lab, "2026-12-10T10:00")
    assert [change[:2] for change in said(lab.plan())] == [("resume", "declared-running")]
    lab.converge()
    to(lab, "2026-12-12T12:00")
    assert "2026-12-09" not in days_rung(lab)
    assert len(lab.emulator.recalled) > 0


@pytest.mark.sweep
def test_days_that_are_taken_off_the_document_carry_nobody_over(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=ROWS, extra=WORKDAYS)
    lab.converge()
    lab.campaign(rows=ROWS, extra='schedule: {windows: ["09:00-18:00"]}')
    assert lab.actions() == []
    to(lab, SATURDAY)
    lab.converge()
    to(lab, "2026-12-05T17:00")
    assert_each_rang_once(lab)
    assert [*days_rung(lab)] == ["2026-12-04", "2026-12-05"]


def test_what_was_staged_on_a_day_that_is_over_is_staged_anew_for_the_next(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, staged_tasks_expire=False)
    lab.campaign(rows=range(3), state="staged", extra=WORKDAYS)
    lab.converge()
    to(lab, SATURDAY)
    lab.campaign(rows=range(3), extra=WORKDAYS)
    assert said(lab.plan()) == [("wait", "day-off", 3, False)]
    to(lab, TUESDAY)
    lab.converge()
    to(lab, "2026-12-08T12:00")
    assert_each_rang_once(lab, range(3))
    assert [*days_rung(lab)] == ["2026-12-08"]


@pytest.mark.sweep
def test_a_wave_that_was_paused_over_its_last_day_goes_on_in_a_further_one(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=ROWS, extra=WORKDAYS)
    lab.converge()
    to(lab, "2026-12-04T17:58")
    lab.campaign(rows=ROWS, state="paused", extra=WORKDAYS)
    lab.converge()
    to(lab, "2026-12-08T09:30")
    lab.campaign(rows=ROWS, extra=WORKDAYS)
    lab.converge()
    to(lab, "2026-12-08T17:00")
    assert_each_rang_once(lab)
    assert [*days_rung(lab)] == ["2026-12-04", "2026-12-08"]


def test_an_end_before_the_last_day_is_the_end(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=ROWS, extra="schedule: {end: 2026-12-04T17:58:00, days: workdays}")
    lab.converge()
    to(lab, SATURDAY)
    lab.converge()
    assert "end-past" in {found.code for found in lab.plan().plan.diagnostics}


def test_without_a_day_before_its_end_nothing_is_created_and_it_is_named(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, SATURDAY)
    lab.campaign(extra="schedule: {end: 2026-12-07T18:00:00, days: workdays}")
    planned = lab.plan()
    assert said(planned) == [("wait", "day-off", 3, False)]
    assert "no-day" in {found.code for found in planned.plan.diagnostics}
    assert lab.apply().exit_code == 7
    assert lab.changes_sent() == []


def test_the_days_are_asked_again_right_before_each_call_that_rings(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, "2026-12-04T17:59:00", staged_tasks_expire=False)
    lab.campaign(rows=range(3), extra=WORKDAYS)

    def linger(request: object) -> None:
        if lab.changes_sent()[-1:] == ["insert"]:
            lab.emulator.advance(max((moment("2026-12-04T18:00") - lab.clock.now()).total_seconds(), 0))

    lab.before = linger
    report = lab.apply()
    assert report.exit_code == 7
    assert "the last day of wave 1 of renewal is over" in str(report.problems[0])
    assert "start" not in lab.changes_sent()


def test_a_calendar_that_changes_while_an_apply_goes_on_stops_it(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, TUESDAY)
    lab.campaign(rows=range(3), extra=WORKDAYS)

    def change(request: object) -> None:
        if lab.changes_sent()[-1:] == ["insert"]:
            (tmp_path / "cal.csv").write_text(DAYS_OFF + "2026-12-08,rest\n", encoding="utf-8")

    lab.before = change
    report = lab.apply()
    assert "the calendar of workdays changed meanwhile" in str(report.problems[0])
    assert "start" not in lab.changes_sent()
    assert lab.rung() == []


@pytest.mark.sweep
def test_a_state_that_is_rebuilt_takes_the_end_of_a_day_for_no_change(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=ROWS, extra=WORKDAYS.replace("}", ", end: 2026-12-20T18:00:00}"))
    lab.converge()
    lose_the_state(lab)
    rebuilt(lab)
    assert lab.actions() == []
    assert not {"live-differs", "no-day"} & {found.code for found in lab.plan().plan.diagnostics}
    to(lab, SATURDAY)
    lab.apply()
    to(lab, TUESDAY)
    lab.converge()
    to(lab, "2026-12-08T17:00")
    assert_each_rang_once(lab)
    assert [*days_rung(lab)] == ["2026-12-04", "2026-12-08"]
