"""How often a number may be called, at its exact edges: by count, and by the moment of its calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.lab import OPEN, START, Lab, number, settings
from tests.support.records import deliver
from yeta_reconcile.emulator import Emulator, Line, VirtualClock

WEEK = 7 * 24 * 3600


def refused(lab: Lab, **options: Any) -> list[str]:
    return [found.summary for found in lab.plan(**options).plan.diagnostics if found.code == "limit"]


def test_the_last_call_allowed_is_made_and_the_next_once_the_first_is_a_week_ago(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.declare_project("limits: {frequency: {times: 2, within: 7d}}\n")
    for name, after in (("one", 3600), ("two", WEEK - 3600 - 60)):
        lab.campaign(name, range(3))
        assert refused(lab) == []
        lab.converge()
        lab.emulator.advance(after)
        lab.converge()
    assert len(lab.rung()) == 6

    lab.campaign("three", [2, 9])
    assert refused(lab) == [
        "1 number of three would be called more than 2 times within 7 days: three.csv, line 2"
    ]
    lab.emulator.advance(120)
    assert refused(lab) == []


def test_who_is_proven_uncalled_by_a_wave_that_is_over_counts_as_called_by_nobody(tmp_path: Path) -> None:
    """Yesterday's wave was over before everybody was called, and the others are for today."""
    lab = Lab(tmp_path, Emulator(settings(lines=(Line("100", 1, (OPEN,)),)), clock=VirtualClock(START)))
    lab.declare_project("limits: {frequency: {times: 1, within: 7d}}\n")
    lab.campaign(rows=range(5), extra="schedule: {end: 2026-12-01T17:01:00}\n")
    lab.converge()
    lab.emulator.advance(3600)
    lab.campaign(rows=range(5))
    called = len(lab.rung())
    assert 0 < called < 5
    for _ in range(2):
        deliver(lab)
        lab.apply()
        lab.emulator.advance(60)
    lab.emulator.advance(3600)
    assert sorted(lab.rung()) == [number(index) for index in range(5)]


def test_nor_does_it_for_another_campaign_that_is_planned_alone(tmp_path: Path) -> None:
    lab = Lab(tmp_path, Emulator(settings(lines=(Line("100", 1, (OPEN,)),)), clock=VirtualClock(START)))
    lab.declare_project("limits: {frequency: {times: 1, within: 7d}}\n")
    lab.campaign(rows=range(5), extra="schedule: {end: 2026-12-01T17:01:00}\n")
    lab.converge()
    lab.emulator.advance(3600)
    deliver(lab)
    for _ in range(2):  # a count is believed once it stands
        lab.apply()
        lab.emulator.advance(60)

    lab.campaign("other", [index for index in range(5) if number(index) not in lab.rung()])
    assert refused(lab, only=["other"]) == []
    lab.campaign("other", range(5))
    assert len(refused(lab, only=["other"])) == 1
