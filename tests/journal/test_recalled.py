"""Recalls are rings: whom the platform may still try again stands in status, by what is known and no more."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.support.lab import START, Lab, settings
from tests.support.looking import campaign, opened, shown
from tests.support.records import deliver
from yeta_reconcile.emulator import Emulator, VirtualClock
from yeta_reconcile.render.reports import report_json, report_text
from yeta_reconcile.render.text import plan_text

ZONE = ZoneInfo("Asia/Shanghai")


def unreached(root: Path, *, recall: str = "{count: 1, wait: 20m}", **platform: object) -> Lab:
    """14 people whom nobody reaches, all called once."""
    lab = Lab(root, Emulator(settings(result_weights={"20": 1.0}, **platform), clock=VirtualClock(START)))
    lab.campaign(rows=range(14), recall=recall)
    lab.converge()
    lab.emulator.advance(300)
    assert len(lab.rung()) == 14
    return lab


def moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, ZONE)


def test_status_says_how_many_may_be_tried_again_and_not_later_than_the_first_of_them_is(
    tmp_path: Path,
) -> None:
    lab = unreached(tmp_path)
    deliver(lab)

    found = campaign(lab)

    assert found.again == 14
    assert found.again_from is not None
    text = report_text(shown(lab))
    assert f"14 may be tried again from {found.again_from:%H:%M}\n" in text
    (wave,) = report_json(shown(lab))["campaigns"][0]["waves"]
    assert (wave["again"], wave["again_unrecorded"]) == (14, 0)
    lab.emulator.advance(3600)
    first = moment(min(dialling.at for dialling in lab.emulator.recalled))
    assert 0 <= (first - found.again_from).total_seconds() < 120


def test_of_whom_no_record_tells_it_is_said_that_they_were_dialled_and_not_that_it_was_in_vain(
    tmp_path: Path,
) -> None:
    lab = unreached(tmp_path)
    lab.emulator.console_pause(next(iter(lab.emulator.tasks)))

    text = report_text(shown(lab))
    plan = plan_text(lab.plan().plan)

    assert "14 dialled, without a record yet; may be tried again from " in text
    assert ", once it goes on\n" in text
    assert "up to 14 numbers may be tried again: 14 dialled, without a record yet" in " ".join(plan.split())
    assert "14 of them were dialled before and may be tried again" in plan
    assert "in vain" not in text + plan


def test_records_of_some_say_that_it_was_in_vain_for_these_alone(tmp_path: Path) -> None:
    lab = unreached(tmp_path)
    deliver(lab, [push for push in lab.emulator.pushes if "task_id" in push.data][:10])
    lab.emulator.console_pause(next(iter(lab.emulator.tasks)))

    found = campaign(lab).waves[0]
    plan = " ".join(plan_text(lab.plan().plan).split())

    assert (found.again, found.again_unrecorded) == (14, 4)
    assert "14 may be tried again from" in report_text(shown(lab))
    assert "(4 dialled, without a record yet)" in report_text(shown(lab))
    assert "may be tried again: 10 called in vain, 4 dialled, without a record yet" in plan


@pytest.mark.sweep
@pytest.mark.parametrize("by", ["document", "hand", "halt"])
def test_of_a_wave_that_stands_still_status_says_it_too(tmp_path: Path, by: str) -> None:
    lab = unreached(tmp_path)
    deliver(lab)
    if by == "document":
        lab.campaign(rows=range(14), recall="{count: 1, wait: 20m}", state="paused")
        lab.converge()
    else:
        lab.emulator.console_pause(next(iter(lab.emulator.tasks)))
    if by == "halt":
        with opened(lab) as session:
            session.halt.set("somebody", session.clock.now(), (next(iter(lab.emulator.tasks)),))

    assert campaign(lab).again == 14
    assert ", once it goes on\n" in report_text(shown(lab))


def test_nobody_is_said_to_be_tried_again_who_was_reached_or_tried_often_enough(tmp_path: Path) -> None:
    lab = unreached(tmp_path)
    lab.emulator.advance(7200)
    deliver(lab)
    assert (campaign(lab).again, campaign(lab).again_from) == (0, None)


def test_without_recalls_nobody_is_tried_again(tmp_path: Path) -> None:
    lab = unreached(tmp_path, recall="{count: 0, wait: 20m}")
    deliver(lab)
    assert campaign(lab).again == 0


def test_nobody_is_tried_again_after_the_end(tmp_path: Path) -> None:
    lab = Lab(tmp_path, Emulator(settings(result_weights={"20": 1.0}), clock=VirtualClock(START)))
    lab.campaign(recall="{count: 1, wait: 20m}", schedule="{end: 2026-12-01T17:10:00}")
    lab.converge()
    lab.emulator.advance(300)
    deliver(lab)
    assert campaign(lab).again == 0


def test_nobody_is_tried_again_before_the_hours_are_open(tmp_path: Path) -> None:
    lab = Lab(tmp_path, Emulator(settings(result_weights={"20": 1.0}), clock=VirtualClock(START)))
    lab.campaign(recall="{count: 1, wait: 20m}", schedule='{windows: ["16:00-17:15", "19:00-20:00"]}')
    lab.converge()
    lab.emulator.advance(300)
    deliver(lab)
    assert campaign(lab).again_from == datetime(2026, 12, 1, 19, 0, tzinfo=ZONE)


def test_records_are_on_the_way_for_minutes_and_missing_only_afterwards(tmp_path: Path) -> None:
    lab = unreached(tmp_path, recall="{count: 0, wait: 20m}")
    assert campaign(lab).waves[0].on_the_way == 14
    assert "14 on the way" in report_text(shown(lab))

    lab.emulator.advance(600)

    wave = campaign(lab).waves[0]
    assert (wave.missing, wave.on_the_way) == (14, 0)
    assert "14 missing, backfill can fetch them" in report_text(shown(lab))


def test_what_a_campaign_waits_for_is_said_in_a_word(tmp_path: Path) -> None:
    lab = unreached(tmp_path)
    assert campaign(lab).held_up_by == "a recall"
    lab.emulator.console_pause(next(iter(lab.emulator.tasks)))
    assert campaign(lab).held_up_by == "resume"
    lab.campaign(rows=range(14), recall="{count: 1, wait: 20m}", state="paused")
    assert campaign(lab).held_up_by == ""
