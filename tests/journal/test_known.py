"""What is said of people is what is known of them: counted once, and called only if something says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.lab import START, Lab, number, settings
from tests.support.looking import campaign, opened
from tests.support.records import deliver
from tests.support.scenes import lose_the_state, rebuilt
from yeta_reconcile.cli.commands.state.listing import listing
from yeta_reconcile.cli.commands.why import why_of
from yeta_reconcile.emulator import Emulator, VirtualClock
from yeta_reconcile.render.reports import report_text


def a_lab(root: Path) -> Lab:
    return Lab(root, Emulator(settings(), clock=VirtualClock(START)))


def why(lab: Lab, index: int) -> str:
    with opened(lab) as session:
        return report_text(why_of(session.store, session.repository, number(index)))


def deleted_and_replaced(root: Path) -> Lab:
    """30 people: of the first wave half were dialled when somebody deleted it, the others are in a second."""
    lab = a_lab(root)
    lab.campaign(rows=range(30))
    lab.converge()
    lab.emulator.advance(60)
    lab.emulator.console_delete(next(iter(lab.emulator.tasks)))
    lab.emulator.advance(300)
    deliver(lab)
    lab.apply()
    assert len(lab.rung()) < 30
    return lab


@pytest.mark.sweep
def test_whoever_went_from_a_deleted_wave_into_a_further_one_is_counted_once(tmp_path: Path) -> None:
    lab = deleted_and_replaced(tmp_path)

    found = campaign(lab)
    with opened(lab) as session:
        (row,) = listing(session.store, session.repository).rows

    assert (found.numbers, row.rows) == (30, 30)


@pytest.mark.sweep
def test_that_holds_after_a_rebuild_too(tmp_path: Path) -> None:
    lab = deleted_and_replaced(tmp_path)
    lose_the_state(lab)
    rebuilt(lab)

    found = campaign(lab)

    assert sum(wave.rows for wave in found.waves) > 30
    assert found.numbers == 30


def test_of_a_completed_task_nobody_without_a_record_is_to_be_called(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign()
    lab.converge()
    assert "no record yet: to be called, or dialled already" in why(lab, 0)
    lab.emulator.advance(3600)
    lab.apply()

    with opened(lab) as session:
        (row,) = listing(session.store, session.repository).rows

    assert "(completed): dialled, no record" in why(lab, 0)
    assert (row.pending, row.unrecorded) == (3, 3)
    assert why(lab, 99) == "199****0099 is in no wave of this state.\n"


def test_of_people_who_are_only_submitted_it_is_not_said_that_they_were_called(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign("a", range(5), lines='["200"]')
    lab.converge()
    lab.campaign("b", range(3))

    (said,) = [found.summary for found in lab.plan().plan.diagnostics if found.code == "called-lately"]

    assert said == (
        "3 of the people whom b would call are in a started wave of a, and no record tells yet whether it "
        "called them"
    )
    lab.emulator.advance(3600)
    deliver(lab)
    (said,) = [found.summary for found in lab.plan().plan.diagnostics if found.code == "called-lately"]
    assert said == "3 of the people whom b would call were called by a in the last 30 days"
