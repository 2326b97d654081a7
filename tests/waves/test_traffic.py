"""What is said where calls are made and no record comes, or records come of somebody else's tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.lab import START, Lab, settings
from tests.support.looking import shown
from tests.support.subjects import wave_record
from yeta_reconcile.emulator import Emulator, VirtualClock
from yeta_reconcile.planning.silence import alerts, overdue, unheard
from yeta_reconcile.platform.resources import Line, Task
from yeta_reconcile.render.reports import report_json, report_text
from yeta_reconcile.waves.traffic import HOUR_MS, Traffic

NOW = 1_796_115_600_000


def said(traffic: Traffic, *, began: float = 3, called: int = 5, **task: Any) -> tuple[str, ...]:
    wave = wave_record(phase="started", pending=10, dialled=1)
    begun = NOW - int(began * HOUR_MS)
    recorded = type(wave)(**{name: getattr(wave, name) for name in wave.__slots__} | {"started_at": begun})
    shown = Task("t1", "n", 2, process_tel_count=called, count_tel=10, **task)
    return alerts(traffic, [(recorded, shown)], NOW)


def test_no_push_for_hours_while_calls_are_made_is_an_alert() -> None:
    silence = "no push for 3 hours while calls are made: 4 dialled numbers have no record"
    assert said(Traffic(NOW - 3 * HOUR_MS)) == (silence,)
    assert said(Traffic(None)) == (
        "no push has ever come, and calls are made: 4 dialled numbers have no record",
    )


def test_pushes_that_come_records_that_are_all_there_and_calls_just_begun_are_none() -> None:
    assert said(Traffic(NOW - HOUR_MS)) == ()
    assert said(Traffic(None), called=1) == ()
    assert said(Traffic(None), began=1) == ()


def test_records_of_others_are_named_and_that_ours_come_from_nowhere() -> None:
    others = (
        "2 records of the last day are of tasks that are not ours: another project pushes to this receiver"
    )
    assert said(Traffic(NOW, 2), called=1) == (others,)
    ours = "records of ours come from nowhere: 4 dialled numbers have none"
    nowhere = f"{ours}, another receiver may have them"
    assert said(Traffic(NOW, 2)) == (others, nowhere)


def test_calls_in_progress_are_not_overdue() -> None:
    wave = wave_record(phase="started", pending=10, dialled=1)
    now = (wave.started_at or 0) + 3 * HOUR_MS
    running, over = (Task("t1", "n", status, process_tel_count=5) for status in (2, 4))
    for task, channels, late in ((running, 4, 0), (running, 3, 4), (over, 4, 4)):
        assert overdue(wave, task, now, {"100": Line("100", channels)}) == late


@pytest.mark.parametrize(("hours", "alert"), [(1, False), (3, True)])
def test_a_receiver_is_silent_by_the_open_hours_of_what_was_started(hours: int, alert: bool) -> None:
    wave = wave_record(phase="started", pending=10, asked={"schedule": {"windows": ["00:00-23:59"]}})
    at = wave.started_at or 0
    now = at + hours * HOUR_MS
    assert [*unheard([(wave, None)], None, now)] == [wave] * alert
    assert not [*unheard([(wave, None)], now, now)]
    assert not [*unheard([(wave_record(phase="paused", pending=10), None)], None, at + 99 * HOUR_MS)]


def test_where_the_platform_counts_calls_its_counts_tell_whether_it_is_silent() -> None:
    wave = wave_record(phase="started", pending=10, asked={"schedule": {"windows": ["00:00-23:59"]}})
    now = (wave.started_at or 0) + 3 * HOUR_MS
    for called, silent in ((0, False), (1, True)):
        task = Task("t1", "n", 2, process_tel_count=called, count_tel=10)
        assert bool([*unheard([(wave, task)], None, now)]) is silent
        assert not [*unheard([(wave, task)], now - HOUR_MS, now)]


def test_status_says_it_in_text_and_json(tmp_path: Path) -> None:
    lab = Lab(tmp_path, Emulator(settings(), clock=VirtualClock(START)))
    lab.campaign()
    lab.converge()
    assert shown(lab).alerts == ()
    lab.emulator.advance(3 * 3600)

    report = shown(lab)

    alert = "no push has ever come, and calls are made: 3 dialled numbers have no record"
    assert report_json(report)["alerts"] == [alert]
    assert report_text(report).startswith(f"ALERT: {alert}\n")
