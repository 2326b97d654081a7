"""Tasks that a state does not know and the platform does not list: whom they called is called no more.

The state is an older copy, or lost. What tells of such a task is the note beside the state, a call record
that names it, or the number of a later wave.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.support.copies import copy_state, put_copy_back
from tests.support.lab import Lab, number
from tests.support.records import deliver
from tests.support.scenes import DAY, a_lab, codes, lose_the_state, rebuilt, resolve
from yeta_reconcile.apply.recovery.resolve import Ruling
from yeta_reconcile.emulator import Fault
from yeta_reconcile.emulator.task import Status, Task
from yeta_reconcile.platform.resources import Address
from yeta_reconcile.records.projector import Projector

FIRST, ALL = range(10), range(20)


def note_of(lab: Lab) -> Path:
    return lab.root / "state" / "yeta.called"


def newest(lab: Lab) -> Task:
    return max(lab.emulator.tasks.values(), key=lambda task: task.task_id)


def delete_newest(lab: Lab) -> None:
    lab.emulator.console_delete(str(newest(lab).task_id))


def begun(tmp_path: Path, listed: str) -> Lab:
    """A campaign whose second wave was dialled and deleted, and an older copy that does not know it."""
    lab = a_lab(tmp_path, line_lock="off", deleted_listed=listed)
    lab.campaign(rows=FIRST)
    lab.converge()
    lab.emulator.advance(DAY)
    deliver(lab)
    copy_state(lab)
    lab.rows("renewal", ALL)
    lab.converge()
    lab.emulator.advance(DAY)
    assert len(lab.rung()) == 20
    delete_newest(lab)
    put_copy_back(lab)
    return lab


def assert_all_rang_once(lab: Lab) -> None:
    for _ in range(3):
        lab.apply()
        lab.emulator.advance(DAY)
    assert Counter(lab.rung()) == Counter(map(number, ALL))


@pytest.mark.parametrize("listed", ["by_id", "never"])
def test_a_task_that_the_note_beside_the_state_names_is_asked_for_by_its_id(
    tmp_path: Path, listed: str
) -> None:
    lab = begun(tmp_path, listed)

    assert lab.plan().exit_code == 8
    assert "orphan-started" in codes(lab)
    assert_all_rang_once(lab)
    ((_, taken),) = rebuilt(lab).adoptions
    assert (taken.wave.number, len(taken.rows)) == (2, 10)
    assert_all_rang_once(lab)


def test_a_task_that_call_records_name_is_asked_for_by_its_id(tmp_path: Path) -> None:
    lab = begun(tmp_path, "by_id")
    note_of(lab).unlink()

    deliver(lab)

    assert "orphan-started" in codes(lab)
    assert_all_rang_once(lab)
    ((_, taken),) = rebuilt(lab).adoptions
    assert taken.held == 0
    with lab.store() as store:
        assert Projector(store).relink() == 10
    assert lab.apply().exit_code == 0
    assert_all_rang_once(lab)


def test_whom_a_task_called_that_nobody_knows_any_more_is_named_and_counted(tmp_path: Path) -> None:
    lab = begun(tmp_path, "never")
    note_of(lab).unlink()

    deliver(lab)

    plan = lab.plan().plan
    assert plan.summary.repeat_numbers == 10
    (found,) = [found for found in plan.diagnostics if found.code == "called-lately"]
    assert "10 of the people whom renewal would call" in found.summary
    assert "a task that the platform shows no more" in found.summary


@pytest.mark.parametrize("code", [10002, 999999])
def test_a_record_that_names_a_task_for_which_the_platform_answers_nothing_else_keeps_no_plan_away(
    code: int, tmp_path: Path
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=FIRST)
    lab.converge()
    lab.emulator.advance(DAY)
    pushed = lab.emulator.pushes[0]
    of_another = {"call_uuid": "another's", "task_id": "of another application", "task_data_id": "1"}
    deliver(lab, [*lab.emulator.pushes, replace(pushed, data=pushed.data | of_another)])
    lab.rows("renewal", ALL)

    def refuse(request: httpx.Request) -> None:
        if b"of another application" in request.content:
            lab.emulator.faults.add(Fault("code", code=code))

    lab.before = refuse

    assert_all_rang_once(lab)


def test_whoever_may_have_been_in_a_wave_between_those_that_are_known_waits(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, line_lock="off", deleted_listed="never")
    lab.campaign(rows=range(5))
    lab.converge()
    copy_state(lab)
    later = [*range(5), *range(10, 15)]
    for rows in (range(10), later):
        lab.rows("renewal", rows)
        lab.converge()
        lab.emulator.advance(DAY)
    lab.emulator.console_delete(sorted(lab.emulator.tasks)[1])
    put_copy_back(lab)
    note_of(lab).unlink()

    recovery = rebuilt(lab)

    assert sorted((taken.wave.number, len(taken.rows)) for _, taken in recovery.adoptions) == [(2, 0), (3, 5)]
    lab.rows("renewal", range(15))
    assert [(action, reason) for _, action, _, reason, _ in lab.actions()] == [("wait", "records-missing")]
    (change,) = lab.plan().plan.changes
    assert "whom wave 2 called nobody knows" in change.detail
    for _ in range(2):
        lab.apply()
        lab.emulator.advance(DAY)
    assert Counter(lab.rung()) == Counter(map(number, range(15)))
    # Who is added and was in no wave, a person says.
    resolve(lab, Ruling.UNDIALLED, 2)
    assert [(action, wave, rows) for _, action, wave, _, rows in lab.actions()] == [
        ("create", 4, 5),
        ("start", 4, 5),
    ]


def test_a_deleted_first_wave_that_a_lost_state_knew_calls_nobody_again(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, line_lock="off", deleted_listed="never")
    lab.campaign(rows=FIRST)
    lab.converge()
    lab.emulator.advance(DAY)
    deliver(lab)
    lab.rows("renewal", ALL)
    lab.converge()
    lab.emulator.advance(DAY)
    first = min(lab.emulator.tasks.values(), key=lambda task: task.task_id)
    lab.emulator.console_delete(str(first.task_id))
    lose_the_state(lab)

    recovery = rebuilt(lab)

    assert sorted((taken.wave.number, taken.held) for _, taken in recovery.adoptions) == [(1, 10), (2, 0)]
    assert any("wave 1" in words for words in recovery.unproven)
    assert_all_rang_once(lab)


def test_a_task_of_somebody_else_whose_records_come_here_is_asked_for_once_and_changes_nothing(
    tmp_path: Path,
) -> None:
    lab = a_lab(tmp_path, line_lock="off", deleted_listed="by_id")
    theirs = lab.emulator.add_foreign_task(
        "theirs", numbers=[number(index) for index in FIRST], line="200", status=Status.STARTED
    )
    lab.emulator.advance(DAY)
    assert len(lab.rung()) == 10
    lab.emulator.console_delete(theirs)
    deliver(lab)
    lab.campaign(rows=FIRST)

    assert lab.plan().plan.summary.repeat_numbers == 0
    lab.converge()
    before = len(lab.emulator.calls_log)
    lab.plan()

    assert [call for call in lab.emulator.calls_log[before:] if call.body.get("task_id") == theirs] == []
    lab.emulator.advance(DAY)
    assert len(lab.rung()) == 20


def test_the_note_keeps_a_task_that_an_older_copy_lacks_until_it_is_taken_in(tmp_path: Path) -> None:
    lab = begun(tmp_path, "never")
    unknown = str(newest(lab).task_id)
    lab.campaign("other", rows=range(100, 103), lines='["200"]')

    lab.apply()

    with lab.store() as store:
        noted = [task.task_id for task in store.callouts.tasks()]
        assert (len(noted), unknown in noted) == (2, True)
    rebuilt(lab)
    lab.rows("other", range(100, 106))
    lab.converge()
    lab.emulator.advance(DAY)
    assert max(Counter(lab.rung()).values()) == 1


def test_a_rebuild_leaves_in_the_note_what_it_could_not_take_in(tmp_path: Path) -> None:
    lab = begun(tmp_path, "never")
    with lab.store() as store:
        note_of(lab).write_text(json.dumps(json.loads(note_of(lab).read_text()) | {"call": 99, "at": 1}))
        store.callouts.settle()
        assert [task.task_id for task in store.callouts.tasks()] == [str(newest(lab).task_id)]
        assert not store.callouts.missing()


def test_a_task_that_the_note_names_and_nobody_declares_blocks_until_it_is_forgotten(tmp_path: Path) -> None:
    lab = begun(tmp_path, "never")
    lab.remove("renewal")
    lab.campaign("renamed", rows=range(5, 25))

    assert lab.apply().exit_code == 8
    rebuilt(lab)
    assert lab.apply().exit_code == 8

    with lab.store() as store:
        store.campaigns.forget_task(str(newest(lab).task_id), "renewal", 3, 1)
    assert "orphan-started" not in codes(lab)


def test_a_note_that_cannot_be_read_names_no_task_and_stays(tmp_path: Path) -> None:
    lab = begun(tmp_path, "by_id")
    note_of(lab).write_text("{", encoding="utf-8")
    with lab.store() as store:
        assert store.callouts.tasks() == ()
        assert store.callouts.missing()
        store.callouts.keep_task(Address("1", "renewal~w9~x"))
    assert note_of(lab).read_text(encoding="utf-8") == "{"
