"""A robot or a line that the platform has withdrawn keeps its own campaign from calling, and nobody else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.lab import ROBOT, Lab, number

WITHDRAWN = {"status": 3}, {"deleted": 1}


def withdraw(lab: Lab, **how: Any) -> None:
    """Somebody takes the robot of the first campaign back, at the console."""
    first, *others = lab.emulator.settings.robots
    assert first.robot_id == ROBOT
    lab.emulator.change(robots=(replace(first, **how), *others))


def two_begun(root: Path, **fields: str) -> Lab:
    lab = Lab(root)
    lab.campaign(rows=range(30), **fields)
    lab.campaign("other", range(100, 130), robot='"720"', lines='["200"]')
    lab.converge()
    return lab


@pytest.mark.parametrize("how", WITHDRAWN)
def test_it_is_a_warning_while_its_campaign_wants_nothing(tmp_path: Path, how: dict[str, int]) -> None:
    lab = two_begun(tmp_path)
    withdraw(lab, **how)
    planned = lab.plan()
    assert (planned.exit_code, planned.plan.changes) == (0, ())
    assert [(d.severity, d.campaign) for d in planned.plan.diagnostics] == [("warning", "renewal")]


@pytest.mark.parametrize("how", WITHDRAWN)
def test_it_keeps_its_own_campaign_from_calling_and_nobody_else(tmp_path: Path, how: dict[str, int]) -> None:
    lab = two_begun(tmp_path)
    withdraw(lab, **how)
    lab.rows("renewal", range(33))
    lab.campaign("other", range(100, 130), robot='"720"', lines='["200"]', state="paused")

    planned = lab.plan()

    assert [(c.campaign, c.action) for c in planned.plan.changes] == [("other", "pause")]
    assert (planned.exit_code, planned.forbidden, planned.plan.blocked) == (8, False, ("renewal",))
    assert lab.apply().exit_code == 8
    assert lab.changes_sent()[-1] == "pause"
    withdraw(lab, status=4, deleted=0)
    lab.emulator.advance(3600)
    lab.converge()
    lab.emulator.advance(3600)
    assert sum(rung in {number(index) for index in range(33)} for rung in lab.rung()) == 33


def test_what_stops_its_own_calls_is_carried_out(tmp_path: Path) -> None:
    lab = two_begun(tmp_path)
    withdraw(lab, status=3)
    lab.campaign(rows=range(30), state="paused")
    assert lab.actions() == [("renewal", "pause", 1, "declared-paused", lab.plan().plan.changes[0].rows)]
    assert lab.plan().exit_code == 0


def test_a_campaign_that_never_began_names_what_it_cannot_have(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    withdraw(lab, status=3)
    lab.campaign()
    assert lab.plan().exit_code == 3
