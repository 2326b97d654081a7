"""Nobody is called at hours or on days on which nobody may be, by no window, line or direct call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.lab import Lab, settings
from yeta_reconcile.emulator import Emulator, Line

HOURS = 'limits: {hours: ["08:30-20:30"]}\ntimezone: UTC\n'


def a_lab(path: Path, limits: str = HOURS, **given: Any) -> Lab:
    lab = Lab(path, **given)
    lab.declare_project(limits)
    return lab


def refused(lab: Lab) -> list[str]:
    return [found.summary for found in lab.plan().plan.diagnostics if found.code == "limit"]


def windows(lab: Lab) -> set[tuple[float, float]]:
    """The windows of every task that was ever made, in hours."""
    tasks = lab.emulator.tasks.values()
    return {(begin / 3600, end / 3600) for task in tasks for begin, end in task.windows}


@pytest.mark.parametrize(
    ("window", "allowed"),
    [("08:30-20:30", True), ("08:29-20:30", False), ("09:00-20:30:01", False), ("12:00-13:00", True)],
)
def test_a_declared_window_lies_within_the_hours_to_the_second(
    tmp_path: Path, window: str, allowed: bool
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(schedule=f'{{windows: ["{window}"]}}')

    assert lab.plan().exit_code == (0 if allowed else 4)
    assert bool(refused(lab)) is not allowed


def test_where_no_window_is_declared_the_hours_of_the_lines_are_cut(tmp_path: Path) -> None:
    lines = (Line("100", 5, ("07:00:00-12:00:00", "19:00:00-22:00:00")),)
    lab = a_lab(tmp_path, emulator=Emulator(settings(lines=lines), clock=Lab(tmp_path).emulator.clock))
    lab.campaign()

    lab.converge()

    assert windows(lab) == {(8.5, 12), (19, 20.5)}
    assert lab.actions() == []


def test_lines_without_an_allowed_hour_are_an_error(tmp_path: Path) -> None:
    lines = (Line("100", 5, ("21:00:00-22:00:00",)),)
    lab = a_lab(tmp_path, emulator=Emulator(settings(lines=lines), clock=Lab(tmp_path).emulator.clock))
    lab.campaign()

    assert lab.plan().exit_code == 3


def test_a_staged_wave_is_staged_anew_for_tighter_hours(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(state="staged")
    lab.converge()

    lab.declare_project('limits: {hours: ["10:00-11:00"]}\ntimezone: UTC\n')
    assert [(action, reason) for _, action, _, reason, _ in lab.actions()] == [
        ("replace", "attributes-changed")
    ]
    lab.converge()

    assert (10, 11) in windows(lab)
    assert lab.actions() == []


def test_a_wave_that_goes_on_beyond_tighter_hours_is_refused_until_it_is_declared(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, "timezone: UTC\n")
    lab.campaign(rows=range(40))
    lab.converge()

    lab.declare_project(HOURS)
    (words,) = refused(lab)
    assert words.startswith(
        "renewal would call beyond: wave 1 in 00:00:00-23:59:59; limits.hours is 08:30:00"
    )
    lab.campaign(rows=range(40), schedule='{windows: ["08:30-20:30"]}')
    assert refused(lab) == []


def test_what_is_paused_or_over_is_not_asked(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, "timezone: UTC\n")
    lab.campaign(rows=range(3))
    lab.campaign("other", range(10, 50), lines='["200"]')
    lab.converge()
    lab.emulator.advance(60)
    lab.declare_project(HOURS)
    lab.campaign("other", range(10, 50), lines='["200"]', state="paused")
    lab.emulator.advance(3600)

    assert refused(lab) == []


def test_a_direct_call_is_refused_at_other_hours_and_stops_when_they_end(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, max_in_flight=1)
    lab.direct(rows=range(120))
    lab.emulator.advance(3 * 3600 + 29 * 60)

    lab.after = lambda request: lab.clock.sleep(90) if request.url.path.endswith("callout") else None
    assert lab.apply().exit_code == 7
    assert lab.changes_sent().count("callout") == 1
    assert refused(lab) == [
        "otp would call beyond: direct calls at 20:30:30; limits.hours is 08:30:00-20:30:00"
    ]


@pytest.mark.parametrize(("end", "day"), [("05T00:00:00", None), ("05T00:00:01", "2026-12-05")])
def test_who_ends_at_midnight_calls_nobody_on_the_day_that_begins(
    tmp_path: Path, end: str, day: str | None
) -> None:
    lab = a_lab(tmp_path, "limits: {days: workdays}\n")
    lab.campaign(schedule=f"{{end: 2026-12-{end}}}")

    assert [words.split(" on ")[1].partition(";")[0] for words in refused(lab)] == ([day] if day else [])


@pytest.mark.parametrize(
    ("limit", "own", "day"),
    [
        ("workdays", "workdays", None),
        ("workdays", "[mon, tue]", None),
        ("workdays", "every-day", "2026-12-05"),
        ("[mon, tue]", "[tue, wed]", "2026-12-02"),
        ("[mon, tue, wed, thu, fri]", "workdays", None),
        ("[mon, tue]", "[sat]", "2026-12-05"),
    ],
)
def test_a_campaign_that_calls_on_other_days_is_refused(
    tmp_path: Path, limit: str, own: str, day: str | None
) -> None:
    lab = a_lab(tmp_path, f"limits: {{days: {limit}}}\ntimezone: UTC\ncalendar: days.csv\n")
    (tmp_path / "days.csv").write_text("date,kind\n2026-12-31,work\n", encoding="utf-8")
    lab.campaign(schedule=f"{{days: {own}, end: 2026-12-20T18:00:00}}")

    found = refused(lab)

    assert [words.split(" on ")[1].partition(";")[0] for words in found] == ([day] if day else [])


def test_a_campaign_that_begins_in_another_year_is_asked_about_the_days_of_that_year(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, "limits: {days: workdays}\n")
    lab.campaign(schedule="{days: [wed], begin: 2031-09-24T09:00:00}")

    assert [words.partition(";")[0] for words in refused(lab)] == ["renewal would call on 2031-10-01"]


def test_a_campaign_that_begins_after_its_calendar_ends_is_warned_of(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, "")
    lab.campaign(schedule="{days: workdays, begin: 2031-09-24T09:00:00}")

    (found,) = [one for one in lab.plan().plan.diagnostics if one.code == "calendar-reach"]

    assert found.summary.startswith("CN of the package holidays")
    assert str(found.position) == "renewal.yaml:6:18"


def test_a_day_that_is_worked_in_one_calendar_only_counts(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, "limits: {days: [mon, tue, wed, thu, fri]}\ntimezone: UTC\ncalendar: days.csv\n")
    (tmp_path / "days.csv").write_text("date,kind\n2026-12-12,work\n2026-12-31,work\n", encoding="utf-8")
    lab.campaign(schedule="{days: workdays, end: 2026-12-20T18:00:00}")

    assert [words.partition(";")[0] for words in refused(lab)] == ["renewal would call on 2026-12-12"]


def test_a_direct_call_is_refused_on_a_day_on_which_nobody_may_be_called(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, "limits: {days: [mon]}\ntimezone: UTC\n")
    lab.direct()

    assert refused(lab) == ["otp would call on 2026-12-01; limits.days is mon"]


@pytest.mark.sweep
def test_staged_first_wants_two_applies(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, "limits: {staged_first: true}\n")
    lab.campaign()
    assert lab.plan().exit_code == 4
    lab.campaign(state="staged")
    lab.converge()
    lab.campaign()
    lab.converge()
    lab.emulator.advance(600)
    assert len(lab.rung()) == 3
    # A started wave is paused before another is staged beside it.
    lab.campaign(rows=range(4))
    assert lab.plan().exit_code == 4
    lab.campaign(rows=range(4), state="paused")
    lab.converge()
    lab.campaign(rows=range(4))
    lab.converge()
    lab.emulator.advance(600)
    assert len(lab.rung()) == 4
