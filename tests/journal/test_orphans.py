"""A task of ours without a record is deleted only as itself, and only while nobody of it was called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.lab import Lab
from tests.support.records import deliver
from tests.support.scenes import DAY, lose_the_state, the_only_task
from tests.support.trouble import KILLED_BEFORE, Point, TroubledLab
from tests.support.twisted import TwistedLab, twisted
from yeta_reconcile.emulator import Fault
from yeta_reconcile.errors import Unresolved


def left_behind(lab: Lab) -> str:
    """A staged task, and a state that knows nothing of it."""
    lab.campaign(state="staged")
    lab.converge()
    lose_the_state(lab)
    lab.campaign()
    return the_only_task(lab)


def orphaned(tmp_path: Path) -> tuple[TwistedLab, str]:
    lab = twisted(tmp_path, line_lock="create")
    return lab, left_behind(lab)


def assert_held_back(lab: Lab, exit_code: int) -> None:
    """The campaign gets no task besides the one that was left behind."""
    report = lab.apply()
    assert report.exit_code == exit_code
    assert {(problem.campaign, bool(problem.hint)) for problem in report.problems} == {("renewal", True)}
    assert lab.changes_sent().count("create") == 1


def test_an_orphan_that_was_deleted_is_said_to_be(tmp_path: Path) -> None:
    lab, task_id = orphaned(tmp_path)
    assert lab.apply().exit_code == 0
    assert {"event": "orphan-deleted", "campaign": "renewal", "task": task_id} in lab.events


def test_an_orphan_whose_id_leads_to_anothers_task_is_not_deleted(tmp_path: Path) -> None:
    lab, task_id = orphaned(tmp_path)

    def renamed(request: httpx.Request) -> None:
        if json.loads(request.content or b"{}").get("task_id"):
            lab.emulator.tasks[task_id].name = "春季"

    lab.before = renamed
    with pytest.raises(Unresolved):
        lab.apply()
    assert "delete" not in lab.changes_sent()


def test_an_orphan_that_is_started_before_it_is_deleted_is_left_alone_and_said_to_be_settled(
    tmp_path: Path,
) -> None:
    lab, task_id = orphaned(tmp_path)

    def started(request: httpx.Request) -> None:
        if json.loads(request.content or b"{}").get("task_id"):
            lab.emulator.console_start(task_id)
            lab.before = None

    lab.before = started
    problem, _ = lab.apply().problems
    assert (int(problem.exit_code), problem.campaign) == (8, "renewal")
    assert problem.summary == f"orphan task {task_id} was started before it could be deleted"
    assert problem.hint.startswith("`yeta state rebuild`")
    assert "delete" not in lab.changes_sent()


def test_a_deletion_of_an_orphan_that_nobody_knows_of_is_in_the_journal(tmp_path: Path) -> None:
    lab = TroubledLab(tmp_path)
    left_behind(lab)

    def dies(request: httpx.Request) -> None:
        if request.url.path.endswith("task/delete"):
            lab.point = Point("request", len(lab.requests), KILLED_BEFORE)
            lab._spoil(request)

    lab.before = dies
    assert lab.try_apply() is None
    lab.before = lab.point = None
    with lab.store() as store:
        assert [(doubt.call, doubt.wave_id) for doubt in store.intents.open()] == [("discard", None)]
    lab.converge()
    assert sum(task.deleted for task in lab.emulator.tasks.values()) == 1


@pytest.mark.parametrize("seconds", [2, 4])
def test_an_orphan_that_shows_late_that_it_is_deleted_is_waited_for(tmp_path: Path, seconds: int) -> None:
    lab, task_id = orphaned(tmp_path)
    since: list[int] = []

    def late(row: dict[str, Any], task: Any) -> None:
        if task.deleted and row["task_id"] == task_id:
            since.append(lab.emulator.clock.now_ms)
            row["deleted"] = int(since[-1] - since[0] >= seconds * 1000)

    lab.twist = late
    assert lab.apply().exit_code == 0


def test_two_looks_at_a_deleted_orphan_are_a_settling_time_apart(tmp_path: Path) -> None:
    lab, task_id = orphaned(tmp_path)
    looks: list[int] = []

    def counted_late(row: dict[str, Any], task: Any) -> None:
        if task.deleted and row["task_id"] == task_id:
            looks.append(lab.emulator.clock.now_ms)
            row["process_tel_count"] = int(looks[-1] - looks[0] >= 5000)

    lab.twist = counted_late
    assert_held_back(lab, 8)


def test_a_clock_that_was_set_back_between_two_looks_proves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab, _ = orphaned(tmp_path)

    def deleting(request: httpx.Request) -> None:
        if request.url.path.endswith("task/delete"):
            monkeypatch.setattr(lab.clock, "sleep", lambda _seconds: None)

    lab.before = deleting
    assert_held_back(lab, 8)


def test_an_orphan_of_which_there_is_a_record_is_deleted_and_blocks_its_campaign(tmp_path: Path) -> None:
    lab, task_id = orphaned(tmp_path)
    lab.emulator.console_start(task_id)
    lab.emulator.advance(DAY)

    def never_started(row: dict[str, Any], _task: Any) -> None:
        row.update(status=0, process_count=0, process_tel_count=0, time_task_start=0)

    lab.twist = never_started
    deliver(lab)
    with lab.store() as store:
        assert store.calls.without_row(task_id)
    assert lab.plan().exit_code in {0, 8}
    assert lab.apply().exit_code == 8
    assert lab.changes_sent().count("create") == 1


def test_a_late_twin_is_taken_away_and_its_line_taken_in_the_same_run(tmp_path: Path) -> None:
    lab = twisted(tmp_path, line_lock="create")
    lab.campaign()
    lab.emulator.faults.add(Fault("late", "task/create", seconds=60))

    def late(request: httpx.Request) -> None:
        if request.url.path.endswith("task/create"):
            lab.before = None
            lab.clock.sleep(60)

    assert lab.apply().exit_code == 7
    lab.before = late
    assert lab.apply().exit_code == 0
    assert lab.changes_sent().count("delete") == 1
