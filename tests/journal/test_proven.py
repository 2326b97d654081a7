"""Nobody is free by one look, and whom a task of ours called is called, whatever the outcome of its wave."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.lab import Lab, number
from tests.support.records import deliver
from tests.support.scenes import DAY, a_lab, assert_nobody_rang_twice, codes, the_only_task
from tests.support.twisted import twisted
from yeta_reconcile.emulator import Fault
from yeta_reconcile.exits import Exit

LATER = "schedule: {begin: 2026-12-01T20:00:00}"


def run_on(lab: Lab, most: int = 6) -> set[Exit]:
    """Apply again and again, records and all, and let everything ring; the exit codes."""
    found = set()
    for _ in range(most):
        if lab.plan().exit_code in {0, 8}:
            found.add(lab.apply().exit_code)
        lab.emulator.advance(120)
        deliver(lab)
    lab.emulator.advance(DAY)
    return found


# One count


@pytest.mark.parametrize("mode", ["before", "around"])
def test_rows_that_a_refused_batch_left_in_a_task_are_not_freed_by_a_count_that_lags(
    tmp_path: Path, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = Lab(tmp_path, a_lab(tmp_path, lag_seconds=2.5, line_lock="off").emulator)
    lab.emulator.change(bad_batch=mode, sensitive_numbers=(number(45),))
    lab.campaign(rows=range(50))

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    def created(request: httpx.Request) -> None:
        if request.url.path.endswith("task/insert"):
            lab.emulator.advance(3)

    def refused(request: httpx.Request) -> None:
        if request.url.path.endswith("task/insert"):
            monkeypatch.setattr(lab.clock, "sleep", interrupt)

    lab.before, lab.after = created, refused
    with pytest.raises(KeyboardInterrupt):
        lab.apply()
    monkeypatch.undo()
    lab.before = lab.after = None
    lab.emulator.console_start(the_only_task(lab))
    for _ in range(4):
        lab.apply()
    lab.emulator.advance(DAY)

    assert_nobody_rang_twice(lab)
    missing = {number(row) for row in range(50) if row != 45} - {*lab.rung()}
    assert not missing or codes(lab) & {"count-differs", "completed-undialled"}


def without_counts(row: dict[str, Any], task: Any) -> None:
    """Of a deleted task nothing is told but that it is deleted."""
    if task.deleted:
        for name in ("process_count", "process_tel_count", "count_tel", "time_task_start", "remaining"):
            row.pop(name, None)
        row["status"] = 0


@pytest.mark.sweep
@pytest.mark.parametrize("hand", ["theirs", "ours"])
def test_a_deleted_task_that_shows_no_counts_frees_nobody_and_needs_a_person(
    tmp_path: Path, hand: str
) -> None:
    lab = twisted(tmp_path)
    lab.campaign(rows=range(12), state="staged")
    lab.converge()
    task_id = the_only_task(lab)
    lab.twist = without_counts

    def start(request: httpx.Request | None = None) -> None:
        if request is None or request.url.path.endswith("task/delete"):
            lab.before = None
            lab.emulator.console_start(task_id)
            lab.emulator.advance(20)

    if hand == "theirs":
        start()
        lab.emulator.console_delete(task_id)
    else:
        lab.before = start
    lab.campaign(rows=range(1, 13))

    assert run_on(lab) <= {7, 8}

    assert lab.plan().exit_code == 8
    assert_nobody_rang_twice(lab)


@pytest.mark.parametrize("state", ["staged", "running"])
@pytest.mark.parametrize("times", [1, 0])
def test_a_task_said_to_be_deleted_already_that_goes_on_being_shown_is_not_deleted(
    tmp_path: Path, state: str, times: int
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=range(3), state=state, extra=LATER)
    lab.converge()
    lab.remove("renewal")
    lab.emulator.faults.add(Fault("code_before", "task/delete", code=3010102, times=times))

    assert lab.apply().exit_code == 7

    assert [action for _, action, *_ in lab.actions()] == ["delete"]
    if times:
        lab.converge()
        assert all(task.deleted for task in lab.emulator.tasks.values())
        lab.emulator.advance(DAY)
        assert lab.rung() == []


# Records of a task that was discarded


def shown_as_never_started(lab: Any) -> int:
    """A staged task, started outside yeta, called some; it was deleted, and says that it never rang."""
    lab.campaign(rows=range(40), state="staged")
    lab.converge()
    task_id = the_only_task(lab)
    lab.emulator.console_start(task_id)
    lab.emulator.advance(20)
    lab.emulator.console_delete(task_id)
    lab.emulator.advance(120)

    def nothing(row: dict[str, Any], task: Any) -> None:
        if task.deleted and row["task_id"] == task_id:
            row.update(status=0, process_count=0, process_tel_count=0, time_task_start=0)

    lab.twist = nothing
    lab.apply()
    return len(lab.rung())


def test_whom_a_discarded_task_called_as_records_tell_is_not_called_by_the_next(tmp_path: Path) -> None:
    lab = twisted(tmp_path)
    called = shown_as_never_started(lab)
    lab.campaign(rows=range(40), state="staged")
    lab.converge()
    deliver(lab)

    assert "called-by-discarded" in codes(lab)
    lab.campaign(rows=range(40))
    lab.converge()

    lab.emulator.advance(DAY)
    assert 0 < called < 40
    assert Counter(lab.rung()) == Counter(map(number, range(40)))
    assert lab.plan().exit_code == 0


@pytest.mark.sweep
def test_records_of_a_discarded_task_take_their_rows_out_of_a_wave_that_is_live(tmp_path: Path) -> None:
    lab = twisted(tmp_path)
    called = shown_as_never_started(lab)
    lab.campaign(rows=range(40), extra=LATER)
    lab.converge()
    deliver(lab)

    assert "called-before" in codes(lab)
    assert ("renewal", "replace", 2, "rows-removed", 40 - called) in lab.actions()
    lab.converge()
    lab.emulator.advance(DAY)
    assert Counter(lab.rung()) == Counter(map(number, range(40)))


@pytest.mark.sweep
def test_whom_a_discarded_task_called_before_the_next_is_planned_enters_no_wave(tmp_path: Path) -> None:
    lab = twisted(tmp_path)
    called = shown_as_never_started(lab)
    lab.campaign(rows=range(40), state="paused")
    deliver(lab)
    lab.campaign(rows=range(40))
    assert lab.plan().plan.summary.new_numbers in {0, 40 - called}
    run_on(lab)
    assert_nobody_rang_twice(lab)
