"""Forecasts: arithmetic that a planner could do by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from yeta_reconcile.planning.forecast import Workload, after_work, forecast

ZONE = ZoneInfo("Asia/Shanghai")
MORNING = datetime(2026, 12, 1, 9, 0, tzinfo=ZONE)
HOURS = ("09:00:00-12:00:00", "13:00:00-17:00:00")


def a_workload(**fields: Any) -> Workload:
    given: dict[str, Any] = {"campaign": "renewal", "rows": 600, "channels": 10} | fields
    return Workload(**given)


def test_numbers_over_channels_times_a_minute_is_when_it_is_through() -> None:
    found = forecast(a_workload(), MORNING)

    assert found.finish == MORNING + timedelta(hours=1)
    assert found.fits
    assert found.detail == "600 numbers, 10 at once, 60 s a call, assumed"


def test_work_goes_on_in_the_next_window_and_the_next_day() -> None:
    assert forecast(a_workload(rows=2400, windows=HOURS), MORNING).finish == MORNING.replace(hour=14)
    assert forecast(a_workload(rows=4800, windows=HOURS), MORNING).finish == MORNING.replace(day=2, hour=10)


def test_a_campaign_that_begins_later_is_through_later() -> None:
    begin = MORNING + timedelta(days=2)

    assert forecast(a_workload(begin=begin), MORNING).finish == begin + timedelta(hours=1)


def test_recalls_add_their_wait_and_half_of_the_calls_each_time() -> None:
    found = forecast(a_workload(recall_count=2, recall_wait=600), MORNING)

    assert found.finish == MORNING + timedelta(minutes=60 + 10 + 30 + 10 + 15)


def test_what_records_tell_of_calls_replaces_the_assumption() -> None:
    found = forecast(a_workload(call_seconds=30.0), MORNING)

    assert found.finish == MORNING + timedelta(minutes=30)
    assert "assumed" not in found.detail


def test_a_campaign_that_cannot_be_through_by_its_end_does_not_fit() -> None:
    assert not forecast(a_workload(end=MORNING + timedelta(minutes=59)), MORNING).fits
    assert forecast(a_workload(end=MORNING + timedelta(minutes=60)), MORNING).fits


def test_without_known_channels_there_is_no_forecast() -> None:
    found = forecast(a_workload(channels=None, end=MORNING), MORNING)

    assert found.finish is None
    assert found.fits


def test_work_that_never_ends_has_no_finish_and_does_not_fit() -> None:
    found = forecast(a_workload(rows=10**12, channels=1, end=MORNING), MORNING)

    assert found.finish is None
    assert not found.fits


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_more_work_is_never_through_sooner(one: int, other: int) -> None:
    few, many = sorted((one, other))
    sooner, later = after_work(MORNING, few, HOURS), after_work(MORNING, many, HOURS)

    assert sooner is not None
    assert later is not None
    assert sooner <= later


def test_a_day_of_a_line_that_ends_at_midnight_is_worked_to_its_end() -> None:
    assert after_work(MORNING, 15 * 3600, ["00:00:00-24:00:00"]) == MORNING.replace(day=2, hour=0)


def test_instants_are_compared_and_not_what_clocks_show() -> None:
    london = ZoneInfo("Europe/London")
    second = datetime(2026, 10, 25, 1, 30, fold=1, tzinfo=london)

    assert not forecast(a_workload(end=second.replace(minute=10)), second).fits
