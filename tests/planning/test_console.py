"""What the platform's console has set, and what is said of it in a plan, in status and at apply."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.lab import COLUMNS, ROBOT, Lab
from tests.support.looking import shown
from tests.support.records import deliver
from tests.support.subjects import wave_record
from yeta_reconcile.emulator import Robot
from yeta_reconcile.planning.console import changed_meanwhile, tries_nobody
from yeta_reconcile.platform.answers import read_task
from yeta_reconcile.platform.resources import Task

MINUTE = 60


def warned(lab: Lab) -> list[tuple[str, str]]:
    return [(d.code, str(d.summary)) for d in lab.plan().plan.diagnostics if d.severity == "warning"]


def republish(lab: Lab) -> None:
    """Somebody changes the script of the robot at the console, now."""
    robot = Robot(ROBOT, "测试话术", COLUMNS, time_update=lab.emulator.clock.now_ms)
    lab.emulator.change(robots=(robot, *lab.emulator.settings.robots[1:]))


@pytest.mark.parametrize("state", ["staged", "running"])
def test_a_script_that_was_changed_after_its_wave_was_made_is_a_warning(tmp_path: Path, state: str) -> None:
    lab = Lab(tmp_path)
    lab.campaign(state=state, rows=range(40))
    lab.converge()
    lab.emulator.advance(MINUTE)
    assert warned(lab) == []
    assert shown(lab).alerts == ()

    republish(lab)

    ((code, words),) = warned(lab)
    assert code == "robot-changed"
    assert words.startswith("robot 719 (测试话术) was changed at 2026-12-01 09:01")
    assert "after wave 1 of renewal was made" in words
    assert "after waves of renewal were made" in shown(lab).alerts[0]


def test_of_a_wave_that_is_over_a_changed_script_says_nothing(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.campaign()
    lab.converge()
    lab.emulator.advance(3600)
    deliver(lab)
    republish(lab)
    assert warned(lab) == []


def test_a_script_that_was_changed_after_the_review_is_said_where_its_plan_is_applied(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.campaign()
    reviewed = lab.clock.now()
    assert [*changed_meanwhile(lab.plan(), reviewed)] == []
    lab.emulator.advance(MINUTE)
    republish(lab)
    (words,) = changed_meanwhile(lab.plan(), reviewed)
    assert "was changed at 2026-12-01 09:01" in words


def test_records_that_a_task_may_keep_back_are_named_once_others_came(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.campaign(rows=range(6))
    lab.converge()
    lab.emulator.advance(3 * 3600)
    assert warned(lab) == []
    records = [push for push in lab.emulator.pushes if push.module == "receiveCallRecord"]
    first = records[0].data["call_uuid"]

    deliver(lab, [push for push in records if push.data["call_uuid"] == first])

    words = "5 records of wave 1 may never come: its task pushes those of A, B alone (intention_push)"
    assert warned(lab) == [("records-kept-back", words)]
    assert f"renewal: {words}" in shown(lab).alerts
    deliver(lab)
    assert warned(lab) == []


@pytest.mark.parametrize(
    ("told", "nobody"),
    [
        (None, False),
        ("", False),
        ("[1,1]", False),
        ([0, 1], False),
        ("[0,0]", True),
        ("0,0", True),
        ([], True),
    ],
)
def test_a_task_that_tries_nobody_again_is_told_from_one_that_does(told: object, nobody: bool) -> None:
    task = read_task({"task_id": "1", "status_recall": told})
    wave = wave_record(phase="started", pending=3, asked={"recall": {"count": 1, "wait": "10m"}})
    assert tries_nobody(wave, task) is nobody
    never = wave_record(phase="started", pending=3)
    assert not tries_nobody(never, replace(task, status_recall=("0",)))


def test_what_was_set_is_read_in_every_form() -> None:
    forms = (["A", "B"], '["A","B"]', "A;B", "A,B")
    assert {read_task({"task_id": "1", "intention_push": form}).intention_push for form in forms} == {
        ("A", "B")
    }
    assert Task("1").intention_push is None
