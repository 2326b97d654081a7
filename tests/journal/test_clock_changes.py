"""Times inside a change of the clocks, and a comparison that never agrees: apply ends all the same."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.support.lab import Lab
from yeta_reconcile.apply import Apply
from yeta_reconcile.apply.holding import holding
from yeta_reconcile.documents.models import (
    Schedule,
)
from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.planning.planner import Planner
from yeta_reconcile.waves.attributes import (
    Attributes,
)

# What clocks show twice, never, and as the midnight that is passed over.
TWICE, NEVER = "2031-10-26T01:30:00", "2031-03-30T01:30:00"
LONDON, CAIRO = "Europe/London", "Africa/Cairo"


def said(lab: Lab) -> str:
    with pytest.raises(InvalidInput) as refused:
        lab.repository()
    (found,) = refused.value.diagnostics
    return str(found)


@pytest.mark.sweep
@pytest.mark.parametrize("offset", ["+00:00", "+01:00"])
def test_an_end_that_clocks_show_twice_is_applied_once_its_offset_says_which(
    tmp_path: Path, offset: str
) -> None:
    lab = Lab(tmp_path)
    lab.declare_project(f"timezone: {LONDON}\n")
    lab.campaign(extra=f"schedule: {{end: '{TWICE}{offset}'}}\n")

    assert lab.apply().exit_code == 0
    assert lab.actions() == []
    assert lab.changes_sent().count("create") == 1
    (task,) = lab.emulator.tasks.values()
    assert task.end == datetime.fromisoformat(TWICE + offset).timestamp() * 1000


@pytest.mark.parametrize(
    ("zone", "end", "words"),
    [
        (LONDON, TWICE, ("twice", f"{TWICE}+01:00", f"{TWICE}+00:00")),
        (LONDON, NEVER, ("pass over", "2031-03-30T00:30:00+00:00", "2031-03-30T02:30:00+01:00")),
        (
            CAIRO,
            "2031-04-25T00:00:00",
            ("pass over", "2031-04-24T23:00:00+02:00", "2031-04-25T01:00:00+03:00"),
        ),
        (LONDON, "2031-10-26T03:30:00.5", ("whole seconds", "2031-10-26T03:30:00")),
        (LONDON, "9999-12-31T23:59:59", ("2000 to 2099",)),
        (LONDON, "0001-01-01T00:00:00+23:59", ("2000 to 2099",)),
    ],
)
def test_a_time_that_is_none_or_two_is_an_error_at_its_place_that_says_what_is_right(
    tmp_path: Path, zone: str, end: str, words: tuple[str, ...]
) -> None:
    lab = Lab(tmp_path)
    lab.declare_project(f"timezone: {zone}\n")
    lab.campaign(extra=f"schedule:\n  end: {end}\n")

    found = said(lab)

    assert found.startswith("renewal.yaml:8:8: error: schedule.end: ")
    assert all(word in found for word in words)


HOURS = st.datetimes(datetime.fromisoformat("2000-01-02"), datetime.fromisoformat("2099-12-30"))


@pytest.mark.sweep
@given(HOURS, st.timezones())
@example(datetime.fromisoformat(TWICE), ZoneInfo(LONDON))
def test_a_time_of_any_zone_equals_its_own_instant_whatever_its_offset_is_written_as(
    local: datetime, zone: Any
) -> None:
    local = local.replace(microsecond=0)
    try:
        declared = Schedule.model_validate({"end": local.isoformat()}, context={"timezone": zone})
    except ValueError:
        assume(False)
    assert declared.end is not None
    asked = Attributes("719", ("100",), end=declared.end)
    assert not asked.changes_from(Attributes.restore(asked.shown()))
    elsewhere = declared.end.astimezone(zone)
    assert elsewhere.replace(tzinfo=None) == local
    assert (elsewhere + timedelta(0)).timestamp() == declared.end.timestamp()


def test_a_wave_that_never_reads_as_declared_is_planned_anew_a_few_times_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = Lab(tmp_path)
    lab.campaign()
    monkeypatch.setattr(Attributes, "changes_from", lambda self, former: {"end": (former, self)})

    report = lab.apply()

    assert report.exit_code == 8
    assert "never came back as it was asked" in report.problems[0].summary
    assert lab.rung() == []
    with lab.store() as store:
        record = store.waves.campaign("renewal")
        assert record is not None
        assert len(record.waves) < 12


def test_ctrl_c_ends_even_what_would_go_on_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(tmp_path)
    lab.campaign()
    monkeypatch.setattr(Attributes, "changes_from", lambda self, former: {"end": (former, self)})
    monkeypatch.setattr("yeta_reconcile.apply.campaign.RESTAGES", 10**9)
    with lab.store() as store, lab.client() as client:
        run = lab.run(store, client)
        run.emit = lambda event: run.stop() if event["event"] == "planned" else None
        with holding(run):
            planner = Planner(lab.repository(), store, client)
            report = Apply(run, planner, planner.plan(lab.clock.now())).carry_out()

    assert (report.exit_code, report.interrupted) == (130, True)
