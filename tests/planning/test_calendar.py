"""Which days a campaign may call on: documents, public calendars, and the stretches that follow from them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.support.repositories import CAMPAIGN, PROJECT, repository, said
from yeta_reconcile.diagnostics import Position
from yeta_reconcile.documents.calendars import CalendarSource, PublicDays
from yeta_reconcile.documents.models import Schedule
from yeta_reconcile.documents.reach import Reach
from yeta_reconcile.planning.calendar import Days

SHANGHAI = ZoneInfo("Asia/Shanghai")
WINDOWS = ("09:00:00-12:00:00", "13:00:00-17:30:00")
GOLDEN_WEEK = PublicDays(
    rest=frozenset(date(2026, 10, day) for day in range(1, 8)), work=frozenset({date(2026, 10, 10)})
)
WORKDAYS = CAMPAIGN + "schedule: {days: workdays, end: 2026-12-20T18:00:00}\n"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def workdays(public: PublicDays = GOLDEN_WEEK) -> Days:
    return Days("workdays", SHANGHAI, public, WINDOWS)


def source(name: str, root: Path) -> CalendarSource:
    return CalendarSource.of(
        name, root, Position("yeta.yaml", 3), Reach.of(root, (), ("s/s.db",), "yeta.yaml")
    )


# Documents


def test_weekdays_come_in_their_order_and_every_day_is_the_default() -> None:
    assert Schedule.model_validate({"days": ["fri", "mon"]}).days == ("mon", "fri")
    assert Schedule.model_validate({}).days == "every-day"


@pytest.mark.parametrize(
    ("days", "place", "words"),
    [
        ("weekends", "spring.yaml:7:18", "every-day, workdays or a list of weekdays is expected"),
        ("[mon, noday]", "spring.yaml:7:24", "a weekday is one of mon, tue"),
        ("[mon, mon]", "spring.yaml:7:24", "named twice"),
        ("[]", "spring.yaml:7:18", "every-day, workdays or a list of weekdays is expected"),
    ],
)
def test_days_that_cannot_be_are_named_at_their_place(
    tmp_path: Path, days: str, place: str, words: str
) -> None:
    (found,) = said(tmp_path, {"spring.yaml": f"{CAMPAIGN}schedule: {{days: {days}}}\n"})

    assert found.startswith(place)
    assert words in found


def test_who_comes_after_whom_cannot_go_in_a_circle(tmp_path: Path) -> None:
    after = {"spring": "autumn", "autumn": "summer", "summer": "spring"}
    files = {f"{n}.yaml": CAMPAIGN.replace("spring", n) + f"after: [{other}]\n" for n, other in after.items()}

    found = said(tmp_path, files)

    assert "spring comes after autumn, which comes after summer, which comes after spring" in found[1]
    assert [words.partition(": error")[0] for words in found] == [
        "autumn.yaml:7:9",
        "spring.yaml:7:9",
        "summer.yaml:7:9",
    ]


def test_a_campaign_does_not_come_after_itself(tmp_path: Path) -> None:
    (found,) = said(tmp_path, {"spring.yaml": CAMPAIGN + "after: [spring]\n"})

    assert found.startswith("spring.yaml:7:9")


@pytest.mark.parametrize(
    ("calendar", "code"),
    [("XY", "no country XY"), ("../cal.csv", "outside"), ("cal.csv", "there is no file cal.csv")],
)
def test_a_calendar_that_is_not_there_is_an_error_at_its_place(
    tmp_path: Path, calendar: str, code: str
) -> None:
    (tmp_path / "cal.csv").write_text("date,kind\n", encoding="utf-8")
    files = {"yeta.yaml": f"{PROJECT}calendar: {calendar}\n", "spring.yaml": WORKDAYS}

    found = said(tmp_path / "in", files)

    assert len(found) == 1
    assert found[0].startswith("yeta.yaml:3:11")
    assert code in found[0]


def test_a_calendar_beside_the_state_is_not_read(tmp_path: Path) -> None:
    files = {"yeta.yaml": f"{PROJECT}calendar: state/cal.csv\n", "state/cal.csv": "date,kind\n"}

    (found,) = said(tmp_path, files | {"spring.yaml": WORKDAYS})

    assert "beside the state" in found


def test_a_calendar_that_does_not_reach_the_end_of_a_campaign_is_a_warning(tmp_path: Path) -> None:
    files = {"yeta.yaml": f"{PROJECT}calendar: cal.csv\n", "cal.csv": "date,kind\n2025-10-01,rest\n"}

    (found,) = repository(tmp_path, files | {"spring.yaml": WORKDAYS}).warnings

    assert found.code == "calendar-reach"
    assert "2025-12-31" in found.summary
    assert "cal.csv" in found.hint


# Calendars


def test_every_error_of_a_calendar_comes_at_its_line_and_shows_no_cell(tmp_path: Path) -> None:
    text = "date,kind\n2026-10-01,rest\n19900001111,work\n2026-10-02,feast\n2026-10-01,work\n"
    (tmp_path / "cal.csv").write_text(text, encoding="utf-8")

    found = [str(one) for one in source("cal.csv", tmp_path).findings()]

    assert [words.partition(" ")[0] for words in found] == ["cal.csv:3:1:", "cal.csv:4:12:", "cal.csv:5:1:"]
    assert not any("19900001111" in words or "feast" in words for words in found)


def test_a_calendar_needs_its_headers(tmp_path: Path) -> None:
    (tmp_path / "cal.csv").write_text("day,kind\n2026-10-01,rest\n", encoding="utf-8")

    (found,) = source("cal.csv", tmp_path).findings()

    assert "no header date" in found.summary


def test_china_has_its_working_weekends(tmp_path: Path) -> None:
    days = source("CN", tmp_path).days(2026, 2026)

    assert days.works(date(2026, 10, 10))
    assert not days.works(date(2026, 10, 7))
    assert not days.works(date(2026, 10, 11))
    assert days.reach >= date(2026, 12, 31)


def test_where_nothing_is_decreed_the_calendar_reaches_far(tmp_path: Path) -> None:
    assert source("US", tmp_path).days(2026, 2026).reach > date(2050, 1, 1)


# Stretches


@pytest.mark.parametrize(
    ("moment", "begin", "end"),
    [
        ("2026-09-30T10:00", "2026-09-28T09:00", "2026-09-30T17:30"),
        ("2026-09-30T17:30", "2026-10-08T09:00", "2026-10-10T17:30"),
        ("2026-10-03T10:00", "2026-10-08T09:00", "2026-10-10T17:30"),
        ("2026-10-09T20:00", "2026-10-08T09:00", "2026-10-10T17:30"),
        ("2026-10-11T10:00", "2026-10-12T09:00", "2026-10-16T17:30"),
    ],
)
def test_a_stretch_is_allowed_days_in_a_row(moment: str, begin: str, end: str) -> None:
    found = workdays().stretch(at(moment).astimezone(UTC))

    assert found is not None
    assert (found.begin, found.end) == (at(begin), at(end))


def test_weekdays_need_no_calendar_and_days_without_windows_end_at_midnight() -> None:
    found = Days(("sat",), SHANGHAI).stretch(at("2026-12-02T10:00"))

    assert found is not None
    assert (found.begin, found.end) == (at("2026-12-05T00:00"), at("2026-12-06T00:00"))


@pytest.mark.parametrize("rule", ["every-day", ("mon", "tue", "wed", "thu", "fri", "sat", "sun")])
def test_where_every_day_is_allowed_there_is_no_stretch(rule: str | tuple[str, ...]) -> None:
    days = Days(rule, SHANGHAI)

    assert days.stretch(at("2026-12-02T10:00")) is None
    assert days.keeps(at("2026-12-02T10:00"), None)


def test_no_day_within_a_year_is_none() -> None:
    never = PublicDays(weekend=frozenset(range(7)))

    assert workdays(never).stretch(at("2026-12-02T10:00")) is None


@pytest.mark.parametrize(
    ("begin", "end", "keeps"),
    [
        ("2026-09-28T09:00", "2026-09-30T17:30", True),
        ("2026-09-28T09:00", "2026-10-01T08:00", True),
        ("2026-09-28T09:00", "2026-10-01T09:01", False),
        ("2026-10-10T09:00", "2026-10-10T17:30", True),
        ("2026-10-11T17:30", "2026-10-12T09:00", True),
        ("2026-10-11T17:00", "2026-10-12T09:00", False),
    ],
)
def test_what_calls_on_a_day_off_does_not_keep_the_days(begin: str, end: str, *, keeps: bool) -> None:
    assert workdays().keeps(at(begin), at(end)) is keeps


def test_what_never_ends_does_not_keep_the_days() -> None:
    assert not workdays().keeps(at("2026-09-28T09:00"), None)


def test_a_calendar_says_how_far_it_reaches() -> None:
    days = workdays(PublicDays(reach=date(2026, 12, 31)))

    assert days.reaches(at("2026-12-31T17:30"))
    assert not days.reaches(at("2026-12-31T17:30") + timedelta(days=1))
