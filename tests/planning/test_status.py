"""How a wave stands, in the words and days of whoever reads it."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from yeta_reconcile.planning.diff.subject import Wave
from yeta_reconcile.planning.status import campaign_status, wave_status
from yeta_reconcile.render.report import CampaignStatus, Status, WaveStatus
from yeta_reconcile.render.reports import report_text
from yeta_reconcile.waves.accounting import (
    Results,
)
from yeta_reconcile.waves.attributes import (
    Attributes,
)
from yeta_reconcile.waves.record import Phase, WaveRecord

SHANGHAI = ZoneInfo("Asia/Shanghai")
# Half past midnight there, and still the day before in London.
STARTED = datetime(2026, 12, 1, 0, 30, tzinfo=SHANGHAI)


def standing(now: datetime, results: Results | None = None) -> WaveStatus:
    attributes = Attributes("719", ("100",))
    started = int(STARTED.timestamp() * 1000)
    record = WaveRecord(1, "a", 1, 1, Phase.DELETED, "", attributes, tel_count=3, started_at=started)
    return wave_status(Wave(record, None), results or Results(), now)


def test_who_was_let_go_makes_nobody_else_one_who_was_called_before() -> None:
    """Of three for the first time and two for the second four were called, and one went on elsewhere."""
    record = WaveRecord(
        2, "a", 2, 1, Phase.DELETED, "", Attributes("719", ("100",)), dialled=4, released=1, called_again=2
    )
    found = campaign_status("a", None, [Wave(record, None)], {}, STARTED, numbers=9)
    assert found.dialled == 3


def records(now: datetime) -> str:
    campaign = CampaignStatus("a", "Campaign", "running", (standing(now),))
    return report_text(Status(now, (campaign,)))


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "UTC", "Pacific/Auckland"])
def test_the_days_of_backfill_are_those_of_the_platform_whatever_the_projects_clock_is(zone: str) -> None:
    now = datetime(2026, 12, 3, 9, tzinfo=ZoneInfo(zone))
    assert standing(now).fetchable_from == date(2026, 12, 1)
    assert "fetch them from tomorrow" in records(STARTED.replace(hour=23).astimezone(ZoneInfo(zone)))


def test_what_may_all_be_of_today_can_be_fetched_tomorrow() -> None:
    assert "3 missing, backfill can fetch them from tomorrow" in records(STARTED.replace(hour=20))
    assert "fetch them from 2026-12-01" in records(STARTED.replace(day=2))


def test_results_that_read_the_same_are_added_up_and_those_without_words_get_the_documents() -> None:
    results = Results(by_result=(("1", "无人接听", 2), ("9", "无人接听", 3), ("4", "", 1), ("x", "", 1)))

    assert standing(STARTED, results).results == {"无人接听": 5, "关机": 1, "x": 1}


def test_a_record_that_tells_no_result_has_a_label_all_the_same() -> None:
    results = Results(by_result=(("", "", 2), ("20", "", 1)))

    assert standing(STARTED, results).results == {"no result told": 2, "用户未接": 1}
