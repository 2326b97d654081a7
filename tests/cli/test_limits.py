"""Limits: what goes beyond one is refused before the first call, whatever else there is to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.served import Served


def limit(here: Served, text: str) -> None:
    here.project(f"limits: {text}\n")


def test_an_apply_beyond_a_limit_exits_4_and_does_nothing_at_all(here: Served) -> None:
    limit(here, "{new_numbers: 4}")
    here.campaign("one", range(3))
    here.campaign("two", range(10, 12), lines='["200"]')

    done = here.main("apply", "--yes")

    assert done.code == 4
    assert "yeta.yaml:4:23: error: 5 rows would enter waves at once; limits.new_numbers is 4" in done.out
    assert here.changes_sent() == []
    assert here.main("apply", "--yes", "--only", "one").code == 0


def test_a_guard_forbids_everything_also_where_something_else_needs_a_person(here: Served) -> None:
    here.campaign("one", range(3))
    assert here.main("apply", "--yes").code == 0
    here.emulator.console_purge(*here.emulator.tasks)
    limit(here, "{new_numbers: 1}")
    here.campaign("two", range(10, 12), lines='["200"]')
    before = here.changes_sent()

    assert here.main("apply", "--yes").code == 8

    assert here.changes_sent() == before


def test_an_exempt_campaign_may(here: Served) -> None:
    limit(here, "{ringing_numbers: 1}")
    exempt = "exempt: [{limit: ringing_numbers, reason: agreed, until: 2999-12-31}]\n"
    here.campaign("one", range(3), extra=exempt)

    assert here.main("apply", "--yes").code == 0


@pytest.mark.sweep
def test_a_number_is_not_called_more_often_than_all_campaigns_together_may(here: Served) -> None:
    limit(here, "{frequency: {times: 1, within: 7d}}")
    here.campaign("one", range(3))
    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(600)
    assert here.main("apply", "--yes").code == 0

    here.campaign("two", [2, 3, 4, 5], lines='["200"]')
    done = here.main("apply", "--yes")

    assert done.code == 4
    assert "1 number of two would be called more than 1 time within 7 days: two.csv, line 2 " in done.out
    here.campaign("two", [3, 4, 5], lines='["200"]')
    assert here.main("apply", "--yes").code == 0


def test_two_campaigns_of_one_plan_count_together(here: Served) -> None:
    limit(here, "{frequency: {times: 1, within: 7d}}")
    here.campaign("one", range(4))
    here.campaign("two", range(3, 6), lines='["200"]')

    done = here.main("apply", "--yes")

    assert done.code == 4
    assert "1 number of two" in done.out
    assert here.changes_sent() == []


def test_a_staged_wave_counts_when_it_is_started(here: Served) -> None:
    limit(here, "{frequency: {times: 1, within: 7d}}")
    here.campaign("one", range(3))
    here.campaign("two", [3, 4, 2, 1], lines='["200"]', state="staged")
    assert here.main("apply", "--yes").code == 0

    here.campaign("two", [3, 4, 2, 1], lines='["200"]')
    done = here.main("apply", "--yes")

    assert done.code == 4
    assert "2 numbers of two would be called more than 1 time within 7 days: two.csv, lines 4-5 " in done.out


def test_deletes_are_limited(here: Served) -> None:
    here.campaign("one", range(3))
    assert here.main("apply", "--yes").code == 0
    limit(here, "{deletes: 0}")
    (here.root / "one.yaml").unlink()

    assert here.main("apply", "--yes").code == 4


def test_what_does_not_fit_before_its_end_is_a_warning_and_an_error_where_all_must_fit(here: Served) -> None:
    end = (datetime.now(UTC) + timedelta(minutes=10)).isoformat(timespec="seconds")
    here.campaign("one", range(1000), extra=f"schedule: {{end: {end}}}\n")

    done = here.main("plan", "--format", "json")

    (found,) = [found for found in done.json["diagnostics"] if found["code"] == "does-not-fit"]
    assert (done.code, found["severity"], found["file"]) == (0, "warning", "one.yaml")
    assert "of 1,000 numbers are called by then" in found["summary"]
    assert "channels instead of 5" in found["hint"]
    assert not done.json["forecast"][0]["fits"]

    here.project("forecast: {must_fit: true}\n")
    assert here.main("plan").code == 4
    assert here.main("apply", "--yes").code == 4
    assert here.emulator.tasks == {}


def test_a_plan_carries_a_forecast_for_what_will_ring(here: Served) -> None:
    here.campaign("one", range(10))
    here.campaign("two", range(10, 20), lines='["200"]', state="staged")

    (found,) = here.main("plan", "--format", "json").json["forecast"]

    assert found["campaign"] == "one"
    assert found["finish"]
    assert found["fits"]
