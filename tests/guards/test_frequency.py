"""How often a number may be called, at its exact edges: by count, and by the moment of its calls."""

from __future__ import annotations

from pathlib import Path

from tests.support.lab import Lab

WEEK = 7 * 24 * 3600


def refused(lab: Lab) -> list[str]:
    return [found.summary for found in lab.plan().plan.diagnostics if found.code == "limit"]


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
