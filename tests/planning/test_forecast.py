"""What lies ahead: waves on lines one after the other, over hours, days and tries; when, at what price."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from math import inf
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from yeta_reconcile.documents.models import Price
from yeta_reconcile.plan.foresight import Forecast, LineUse
from yeta_reconcile.planning.course import Tries
from yeta_reconcile.planning.forecast import Foreseen, foresee
from yeta_reconcile.planning.foreign import foreign_tasks
from yeta_reconcile.planning.habits import ASSUMED, Habits, Length, Whose, habits
from yeta_reconcile.planning.openings import Opening
from yeta_reconcile.planning.queue import LineHolder
from yeta_reconcile.planning.simulation import Trunk, Work
from yeta_reconcile.platform.resources import Task
from yeta_reconcile.store.lengths import Timed
from yeta_reconcile.wording import Text

ZONE = ZoneInfo("Asia/Shanghai")
MORNING = datetime(2026, 12, 1, 9, 0, tzinfo=ZONE)
HOURS = ("09:00:00-12:00:00", "13:00:00-17:00:00")
MINUTE = timedelta(minutes=1)
# Every call takes a minute, and half of the people are reached: arithmetic that a planner could do by hand.
EVEN = Habits(answered=Length(60.0, 0.0), missed=Length(60.0, 0.0), talk=30.0, doubt=0.1, source=Whose.OWN)
TRUNKS = {"100": Trunk("100", 10), "200": Trunk("200", 10)}


def a_work(campaign: str = "renewal", rows: int = 600, **fields: Any) -> Work:
    windows = fields.pop("windows", ())
    allowed = fields.pop("allowed", None)
    given: dict[str, Any] = {
        "campaign": campaign, "wave": 1, "lines": ("100",), "tries": Tries(rows), "habits": EVEN,
        "opening": Opening.of(windows, ZONE, allowed),
    }  # fmt: skip
    return Work(**(given | fields))


def seen(*works: Work, now: datetime = MORNING, line: Trunk = TRUNKS["100"]) -> Foreseen:
    return foresee(works, TRUNKS | {line.number: line}, now)


def one(work: Work, now: datetime = MORNING) -> Forecast:
    (found,) = seen(work, now=now).forecasts
    return found


def about(found: datetime | None, expected: datetime, within: timedelta = 2 * MINUTE) -> bool:
    """Calls in progress at the end may take a moment longer."""
    return found is not None and abs(found - expected) <= within


def at(moment: datetime) -> float:
    return moment.timestamp()


def test_numbers_over_channels_times_a_call_is_when_it_is_through() -> None:
    found = one(a_work())

    assert about(found.finish, MORNING + timedelta(hours=1))
    assert found.start == MORNING
    assert found.fits
    assert found.detail == "600 numbers, 10 at once, 60 s a call, 50% reached, by 0 calls of its own"
    assert (found.calls, found.minutes, found.cost) == (600, 150.0, None)


def test_work_goes_on_in_the_next_window_and_the_next_day() -> None:
    assert about(one(a_work(rows=2400, windows=HOURS)).finish, MORNING.replace(hour=14))
    assert about(one(a_work(rows=4800, windows=HOURS)).finish, MORNING.replace(day=2, hour=10))


def test_a_campaign_that_begins_later_is_through_later() -> None:
    begin = MORNING + timedelta(days=2)

    found = one(a_work(begin=at(begin)))

    assert found.start == begin
    assert about(found.finish, begin + timedelta(hours=1))


def test_recalls_add_their_wait_and_half_of_the_calls_each_time() -> None:
    found = one(a_work(tries=Tries(600, most=2, wait=600)))

    assert about(found.finish, MORNING + timedelta(minutes=60 + 10 + 30 + 10 + 15), 5 * MINUTE)
    assert found.calls == 600 + 300 + 150


def test_once_all_are_dialled_it_goes_on_saying_when_the_recalls_will_be_through() -> None:
    found = one(a_work(tries=Tries(0, missed=100, most=1, wait=3600, waited=1800), holding=True))

    assert about(found.finish, MORNING + timedelta(minutes=30 + 10))
    assert found.detail.startswith("every number was dialled, 100 may be called again")


def test_nine_times_in_ten_it_is_through_by_a_later_moment_and_more_so_where_less_is_known() -> None:
    known, assumed = one(a_work()), one(a_work(habits=replace(EVEN, doubt=0.3)))
    assert known.finish_late is not None
    assert assumed.finish_late is not None
    assert known.finish is not None

    assert known.finish < known.finish_late < assumed.finish_late


def test_what_is_not_known_of_people_adds_up_over_many_short_campaigns_of_a_line() -> None:
    works = [a_work(f"c{number:03}", rows=40, habits=ASSUMED) for number in range(100)]
    found = seen(*works, line=Trunk("100", 20)).forecasts

    spreads = [one.finish_late - one.finish for one in found if one.finish and one.finish_late]
    assert len(spreads) == 100
    assert timedelta() <= min(spreads)
    assert spreads[-1] > 20 * MINUTE


def test_what_it_costs_is_of_talked_minutes_and_of_calls() -> None:
    price = Price(per_minute=0.1, per_call=0.01, currency="CNY")

    (found,) = foresee([a_work()], TRUNKS, MORNING, price).forecasts

    assert (found.minutes, found.cost, found.currency) == (150.0, 21.0, "CNY")


# Lines


def names(timetable: tuple[LineUse, ...], line: str = "100") -> list[str | None]:
    return [held.campaign or held.holder for held in timetable if held.line == line]


def test_campaigns_of_one_line_come_one_after_the_other_by_priority_end_and_name() -> None:
    late, early = at(MORNING + timedelta(days=9)), at(MORNING + timedelta(days=8))

    found = seen(
        a_work("d"), a_work("b", end=late), a_work("a", end=early), a_work("c"),
        a_work("urgent", priority=1), a_work("here", holding=True),
    )  # fmt: skip

    assert names(found.timetable) == ["here", "urgent", "a", "b", "c", "d"]
    for former, later in zip(found.timetable, found.timetable[1:5], strict=False):
        assert former.until is not None
        assert former.until <= later.since
    last = next(forecast for forecast in found.forecasts if forecast.campaign == "d")
    assert about(last.finish, MORNING + timedelta(hours=6), 15 * MINUTE)
    assert last.waits_for == ("c wave 1",)


def test_a_campaign_of_two_lines_waits_for_both_and_calls_over_both() -> None:
    found = seen(
        a_work("both", lines=("100", "200")),
        a_work("one", holding=True, rows=300), a_work("two", lines=("200",), holding=True),
    )  # fmt: skip

    both = found.forecasts[0]
    assert about(both.start, MORNING + timedelta(minutes=61), 3 * MINUTE)
    assert about(both.finish, MORNING + timedelta(minutes=91), 3 * MINUTE)
    assert names(found.timetable, "200") == ["two", "both"]


def test_who_comes_after_another_begins_when_that_is_over() -> None:
    found = seen(a_work("next", lines=("200",), after=("first",)), a_work("first"))

    assert about(found.forecasts[0].start, MORNING + timedelta(hours=1))
    assert found.forecasts[0].waits_for == ("first",)


def test_who_comes_after_one_that_is_over_already_begins_at_once() -> None:
    assert one(a_work(after=("gone",))).start == MORNING


def test_in_a_circle_nothing_is_foreseen_and_nothing_hangs() -> None:
    found = seen(a_work("a", after=("b",)), a_work("b", lines=("200",), after=("a",)))

    assert [forecast.finish for forecast in found.forecasts] == [None, None]


def test_a_line_that_somebody_else_holds_is_his_until_nobody_knows_when() -> None:
    found = seen(a_work(), line=Trunk("100", 10, Text("task 129 (not ours)")))

    (forecast,) = found.forecasts
    assert forecast.finish is None
    assert forecast.fits
    assert "line 100 is held by task 129 (not ours)" in forecast.detail
    assert names(found.timetable) == ["task 129 (not ours)"]
    assert [held.until for held in found.timetable if held.line == "100"] == [None]


def stranger(**fields: Any) -> list[Work]:
    told: dict[str, Any] = {
        "task_id": "9",
        "status": 1,
        "count_tel": 100,
        "process_tel_count": 40,
        "lines": ("100",),
    }
    return [*foreign_tasks([LineHolder(Text("task 9"), task=Task(**(told | fields)))], {}, lambda _: EVEN)]


def test_a_foreign_task_has_left_to_call_what_its_counts_tell() -> None:
    (work,) = stranger(process_through_count=10, recall_count=2, recall_wait=600)
    assert work.tries == Tries(60, 30, 0, 2, 600.0)
    (ours,) = seen(work, a_work()).forecasts
    assert ours.waits_for == ("task 9",)


def test_of_one_that_is_paused_or_tells_no_counts_nobody_knows_when_it_is_over() -> None:
    (paused,) = stranger(status=3)
    (ours,) = seen(paused, a_work()).forecasts
    assert ours.detail.endswith("held by task 9, which is paused, and until when is not known")
    assert stranger(process_tel_count=None) == []


def test_of_a_stranger_whose_end_is_known_the_line_is_had_then() -> None:
    until = MORNING + timedelta(hours=2)

    found = seen(a_work(), line=Trunk("100", 10, Text("task 129"), at(until)))

    assert about(found.forecasts[0].start, until)


def test_who_waits_for_a_paused_campaign_is_told_so() -> None:
    found = seen(a_work("other"), a_work("calm", holding=True, paused=True))

    assert [forecast.campaign for forecast in found.forecasts] == ["other"]
    assert "held by calm, which is paused" in found.forecasts[0].detail


def test_an_idle_line_is_in_the_timetable_as_idle() -> None:
    assert [held.idle for held in seen(a_work()).timetable] == [False, True]


def test_without_known_channels_there_is_no_forecast() -> None:
    found = seen(a_work(), line=Trunk("100", None)).forecasts[0]

    assert found.finish is None
    assert found.fits
    assert "channels are not known" in found.detail


# Days and ends


def a_workday(day: date) -> bool:
    """The first of December 2026 is a Tuesday; the Thursday is off, and the Saturday is worked."""
    return day == date(2026, 12, 5) or (day.weekday() < 5 and day != date(2026, 12, 3))


def test_on_days_that_are_not_allowed_nothing_is_called_and_the_rest_goes_on_after_them() -> None:
    found = one(a_work(rows=600 * 7 * 2 + 300, windows=HOURS, allowed=a_workday))

    assert about(found.finish, datetime(2026, 12, 4, 9, 30, tzinfo=ZONE), 3 * MINUTE)


def test_a_wave_that_ends_before_a_day_off_gives_its_line_to_whom_it_belongs_then() -> None:
    found = seen(
        a_work("some", rows=600 * 7 * 3, windows=HOURS, allowed=a_workday),
        a_work("more", windows=HOURS),
    )

    assert [(held.campaign, held.since.day) for held in found.timetable if held.line == "100"] == [
        ("more", 1), ("some", 1), ("some", 4),
    ]  # fmt: skip


def test_recalls_that_a_day_off_cuts_off_are_not_made() -> None:
    tries = Tries(600 * 14, most=1, wait=36000)

    cut = one(a_work(tries=tries, windows=HOURS, allowed=a_workday))
    whole = one(a_work(tries=tries, windows=HOURS))

    assert cut.calls == 600 * 14
    assert whole.calls == 900 * 14


def test_a_campaign_that_cannot_be_through_by_its_end_does_not_fit() -> None:
    late = one(a_work(end=at(MORNING + timedelta(minutes=45))))

    assert not late.fits
    assert about(late.finish, MORNING + timedelta(hours=1))
    assert about(late.start, MORNING)
    assert 400 < late.calls < 500
    assert one(a_work(end=at(MORNING + timedelta(minutes=70)))).fits


def test_a_line_is_free_again_at_the_end_of_whoever_does_not_fit() -> None:
    end = MORNING + timedelta(minutes=30)

    found = seen(a_work("a", end=at(end)), a_work("b"))

    assert about(found.forecasts[1].start, end)


def test_who_gets_a_line_after_its_end_never_calls_and_does_not_fit() -> None:
    found = seen(a_work("a", priority=1), a_work("b", end=at(MORNING + timedelta(minutes=30))))

    assert not found.forecasts[1].fits
    assert (found.forecasts[1].finish, found.forecasts[1].calls) == (None, 0)
    assert found.forecasts[1].detail.startswith("its lines are not free before its end")
    assert names(found.timetable) == ["a"]


def test_work_that_never_ends_has_no_finish_and_does_not_fit() -> None:
    found = one(a_work(rows=10**12, end=at(MORNING + timedelta(days=9000))))

    assert found.finish is None
    assert not found.fits


def test_a_round_calls_a_share_of_those_who_were_missed_and_none_begins_after_the_end() -> None:
    found = one(a_work(rounds=2, pause=86400.0, share=0.5, end=at(MORNING + timedelta(days=2))))

    assert found.calls == 600 + 150
    assert found.fits


def test_by_when_how_many_will_have_been_called_for_the_first_time_is_known_stretch_by_stretch() -> None:
    work = a_work(rows=600 * 14 + 300, windows=HOURS, allowed=a_workday)
    called = seen(work).called()["renewal"]

    told = [(f"{moment.astimezone(ZONE):%d %H}", round(people, -2)) for moment, people in called]
    assert told == [
        ("01 09", 0), ("01 12", 1800), ("01 13", 1800), ("01 17", 4200),
        ("02 09", 4200), ("02 12", 6000), ("02 13", 6000), ("02 17", 8400),
        ("04 09", 8400), ("04 09", 8700),
    ]  # fmt: skip
    rounds = replace(work, rounds=2, pause=3600.0)
    assert seen(rounds).called()["renewal"][-1][1] == 8700


def test_whoever_was_missed_by_the_end_of_a_day_is_called_again_and_whoever_was_left_goes_on() -> None:
    found = one(a_work(rows=9_000, rounds=1, pause=86400.0, windows=HOURS, allowed=a_workday))

    assert abs(found.calls - 9_000 * 1.5) < 90


def test_two_waves_of_a_campaign_that_are_to_come_may_have_the_same_number() -> None:
    (found,) = seen(a_work(wave=2), a_work(wave=2, rows=60), a_work(wave=1, rounds=1)).forecasts

    assert found.calls == 600 + 60 + 600 + 300


def test_further_rounds_are_waves_of_those_who_were_missed() -> None:
    found = one(a_work(rounds=2, pause=86400.0))

    assert about(found.finish, MORNING + timedelta(days=2, minutes=60 + 30 + 15), 5 * MINUTE)
    assert found.calls == 600 + 300 + 150


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_more_work_is_never_through_sooner(one_: int, other: int) -> None:
    few, many = sorted((one_, other))
    sooner, later = (one(a_work(rows=rows, windows=HOURS)).finish for rows in (few, many))

    assert later is None or (sooner is not None and sooner <= later + MINUTE)


def test_a_day_of_a_line_that_ends_at_midnight_is_worked_to_its_end() -> None:
    found = one(a_work(rows=600 * 16, windows=["00:00:00-24:00:00"]))

    assert about(found.finish, MORNING.replace(day=2, hour=1))


def test_instants_are_compared_and_not_what_clocks_show() -> None:
    london = ZoneInfo("Europe/London")
    second = datetime(2026, 10, 25, 1, 30, fold=1, tzinfo=london)
    opening = Opening.of((), london)

    assert not one(a_work(end=at(second.replace(minute=10)), opening=opening), second).fits


def steps(do: Callable[[], object]) -> int:
    """How many functions are called: how long that takes is the machine's affair."""
    count = 0

    def called(_frame: object, event: str, _arg: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(called)
    try:
        do()
    finally:
        sys.setprofile(None)
    return count


def test_two_hundred_campaigns_of_a_million_rows_are_foreseen_in_few_steps_for_each() -> None:
    works = [
        a_work(f"c{index:03}", 5000, windows=HOURS, tries=Tries(5000, most=3, wait=600))
        for index in range(200)
    ]
    assert steps(lambda: seen(*works)) < 500 * len(works)


# Habits


def some(reached: int, of: int, seconds: float = 40.0, tried: int = 0) -> list[Timed]:
    return [Timed(index < reached, tried, seconds, seconds / 2) for index in range(of)]


def test_people_answer_as_the_nearest_records_tell_where_there_are_enough() -> None:
    told = {
        Whose.OWN: some(3, 10),
        Whose.ROBOT: some(30, 100),
        Whose.PROJECT: some(90, 100),
    }

    assert habits(lambda source: told[source]).source is Whose.ROBOT
    assert habits(lambda source: told[source] * 4).source is Whose.OWN
    assert abs(habits(lambda source: told[source]).reach - 0.3) < 0.01
    assert habits(lambda source: told[source][:5]) is ASSUMED


def test_recalls_have_a_reach_of_their_own_where_enough_of_them_are_known() -> None:
    found = habits(lambda _: some(60, 100) + some(10, 100, tried=1))

    assert abs(found.reach - 0.6) < 0.01
    assert abs(found.again - 0.1) < 0.01


def test_whose_records_they_are_not_is_doubted_more() -> None:
    def by(wanted: Whose) -> Habits:
        return habits(lambda source: some(50, 100) if source is wanted else [])

    assert by(Whose.OWN).doubt < by(Whose.ROBOT).doubt == by(Whose.PROJECT).doubt < ASSUMED.doubt < inf
