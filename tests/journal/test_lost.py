"""A state that was lost, or is an older copy: what rebuild proves, and that nobody is called twice by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.copies import copy_state, put_copy_back
from tests.support.lab import Lab, number
from tests.support.records import deliver
from tests.support.scenes import (
    DAY,
    EVENING,
    a_lab,
    assert_each_rang_once,
    assert_nobody_rang_twice,
    lose_the_state,
    rebuilt,
    the_only_task,
)
from tests.support.trouble import KILLED_AFTER, Point, TroubledLab
from tests.support.twisted import twisted
from yeta_reconcile.apply.recovery.adopt import DeclaredList, adoption, record_adoption
from yeta_reconcile.apply.recovery.resolve import Ruling, Settlement, settle
from yeta_reconcile.emulator import Fault
from yeta_reconcile.emulator.task import Status
from yeta_reconcile.planning.diff.subject import with_observed
from yeta_reconcile.waves.record import RowState

COLUMNS = "{客户手机号码: phone, 姓名: name}"


def by_id(lab: Lab, key: str = "id", **numbers: int) -> None:
    """A campaign whose rows are known by an id and not by their number, or by what `key` says."""
    lab.campaign(contacts=f"{{csv: renewal.csv, columns: {COLUMNS}, key: {key}}}", extra=EVENING)
    rows = "".join(f"{row},{number(index)},客户\n" for row, index in numbers.items())
    (lab.root / "renewal.csv").write_text(f"id,phone,name\n{rows}", encoding="utf-8")


def test_where_the_key_is_not_the_number_a_mark_does_not_prove_which_numbers_are_in_the_task(
    tmp_path: Path,
) -> None:
    lab = Lab(tmp_path)
    by_id(lab, a=0, b=1, c=2)
    lab.converge()
    lose_the_state(lab)
    by_id(lab, a=0, b=1, c=9)  # c's number is mended: the task calls 2, which no list contains

    recovery = rebuilt(lab)

    ((_, taken),) = recovery.adoptions
    assert taken.held == 3
    assert ["numbers that are not in the list any more" in words for words in recovery.unproven] == [True]
    lab.converge()
    lab.emulator.advance(DAY)
    deliver(lab)
    lab.converge()
    with lab.store() as store:
        (wave,) = store.waves.recorded().campaigns["renewal"].waves
    assert (wave.dialled, wave.held) == (2, 1)


@pytest.mark.parametrize("over", ["completed", "deleted"])
def test_a_number_that_a_mended_key_had_is_not_free_since_a_person_frees_the_one_it_has_now(
    tmp_path: Path, over: str
) -> None:
    lab = Lab(tmp_path)
    by_id(lab, a=0, b=1, c=2)
    lab.converge()
    if over == "completed":
        lab.emulator.advance(DAY)
    else:
        while len(lab.rung()) < 3:
            lab.emulator.advance(60)
        lab.emulator.console_delete(the_only_task(lab))
    lose_the_state(lab)
    by_id(lab, a=0, b=1, c=9)
    rebuilt(lab)
    with lab.store() as store:
        (wave,) = store.waves.recorded().campaigns["renewal"].waves
        for row in [*store.waves.rows(wave.wave_id)]:
            state = RowState.DIALLED if row.line < 4 else RowState.RELEASED
            store.waves.settle_rows(wave.wave_id, [RowState.HELD], state, keys=[row.key])

    by_id(lab, a=0, b=1, c=9, d=2)

    assert lab.actions() == [("renewal", "wait", 1, "records-missing", 2)]
    lab.emulator.advance(300)
    deliver(lab)
    lab.converge()
    lab.emulator.advance(DAY)
    assert Counter(lab.rung()) == Counter(map(number, (0, 1, 2, 9)))


@pytest.mark.parametrize("verdict", Ruling)
def test_once_a_person_settled_a_lost_wave_no_call_of_it_is_in_doubt_any_more(
    tmp_path: Path, verdict: Ruling
) -> None:
    lab = TroubledLab(tmp_path)
    lab.campaign()
    lab.emulator.faults.add(Fault("timeout_before", "task/start"))
    lab.point = Point("request", 9, KILLED_AFTER)
    lab.try_apply()
    lab.emulator.world.tasks.clear()
    report = lab.apply()
    assert report.exit_code == 8
    assert all("`yeta state resolve renewal`" in problem.hint for problem in report.problems)

    with lab.store() as store:
        (wave,) = with_observed(store.waves.recorded().campaigns["renewal"], {})
        settle(store, Settlement(wave, verdict))
    lab.converge()

    assert lab.actions() == []
    assert_each_rang_once(lab, range(3 if verdict is Ruling.UNDIALLED else 0))


@pytest.mark.sweep
@pytest.mark.parametrize("key", ["id", "phone"])
def test_whom_a_rebuilt_task_called_is_not_called_again_although_no_row_of_it_has_the_number(
    tmp_path: Path, key: str
) -> None:
    lab = Lab(tmp_path)
    by_id(lab, key, a=0, b=1, c=2)
    lab.converge()
    lose_the_state(lab)
    by_id(lab, key, a=0, b=1)
    rebuilt(lab)
    lab.converge()
    lab.emulator.advance(DAY)
    deliver(lab)
    lab.converge()

    by_id(lab, key, a=0, b=1, d=2, e=3)

    lab.converge()
    lab.emulator.advance(DAY)
    assert Counter(lab.rung()) == Counter(map(number, range(4)))


def test_direct_calls_that_an_older_copy_of_the_state_does_not_know_are_not_made_again(
    tmp_path: Path,
) -> None:
    lab = a_lab(tmp_path)
    lab.direct("otp", range(200, 203))
    lab.converge()
    copy_state(lab)
    lab.rows("otp", range(200, 210))
    lab.converge()
    lab.emulator.advance(DAY)
    put_copy_back(lab)
    with lab.store() as store:
        store.history.append({"command": "apply"}, 1)

    ((_, taken),) = rebuilt(lab).adoptions

    assert taken.held == 7
    (found,) = [found for found in lab.plan().plan.diagnostics if found.code == "possibly-dialled"]
    assert "7 rows are held as possibly called" in found.summary
    assert "yeta state resolve otp" in found.hint
    lab.apply()
    lab.emulator.advance(DAY)
    assert_nobody_rang_twice(lab)
    assert rebuilt(lab).adoptions == []


ASKED = """schedule: {begin: 2026-12-01T20:00:00, end: 2026-12-05T18:00:00, windows: ["08:00-22:00"]}
recall: {count: 2, wait: 10m}
"""


@pytest.mark.parametrize(
    ("asked", "live", "named"),
    [
        ("", {"voice_code": "60030"}, ""),
        ('voice: "60020"\n', {"voice_code": "60030"}, "voice is 60030 at the platform and declared as 60020"),
        (ASKED, {"count_max_recall": 0, "time_recall_wait": 0}, "recall_count is 0 at the platform"),
        (ASKED, {"time_task_estimate_begin": 0, "time_task_estimate_end": 0, "time_range": "by day"}, ""),
        (ASKED, {"count_max_recall": None, "time_task_estimate_end": None, "time_range": None}, ""),
    ],
)
def test_a_default_or_nothing_that_the_platform_tells_replaces_no_rebuilt_wave(
    tmp_path: Path, asked: str, live: dict[str, Any], named: str
) -> None:
    lab = twisted(tmp_path)
    lab.campaign(extra=asked)
    lab.converge()
    lose_the_state(lab)
    lab.twist = lambda row, _task: row.update(live)

    recovery = rebuilt(lab)

    assert lab.actions() == []
    assert bool(recovery.differing) == bool(named)
    assert named in "".join(recovery.differing)


# What a rebuilt state does not know


@pytest.mark.sweep
@pytest.mark.parametrize("meanwhile", [range(15), [*range(15), *range(50, 55)]])
def test_rows_put_back_after_a_rebuild_wait_while_a_task_holds_numbers_that_nobody_knows(
    tmp_path: Path, meanwhile: Sequence[int]
) -> None:
    lab = Lab(tmp_path)
    lab.campaign(rows=range(20))
    lab.converge()
    lab.emulator.advance(DAY)
    lab.rows("renewal", meanwhile)
    lose_the_state(lab)
    rebuilt(lab)
    lab.rows("renewal", range(20))

    assert ("renewal", "wait", 1, "records-missing", 5) in lab.actions()
    assert lab.apply().exit_code == 7
    lab.emulator.advance(8 * DAY)
    assert lab.plan().exit_code == 8
    assert lab.apply().exit_code == 8
    assert_nobody_rang_twice(lab)

    deliver(lab)
    assert lab.converge().exit_code == 0
    lab.emulator.advance(DAY)
    assert Counter(lab.rung()) == Counter(map(number, range(20)))
    lab.rows("renewal", range(23))
    lab.converge()
    lab.emulator.advance(DAY)
    assert Counter(lab.rung()) == Counter(map(number, range(23)))


def test_people_added_before_a_rebuild_are_held_and_named(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.campaign(rows=range(20))
    lab.converge()
    lab.emulator.advance(DAY)
    lose_the_state(lab)
    lab.rows("renewal", [0, 98, 99, *range(1, 20)])
    rebuilt(lab)

    (found,) = [d for d in lab.plan().plan.diagnostics if d.code == "possibly-dialled"]

    assert "22 rows are held" in found.summary
    assert "at least 2 of these are in no task" in found.summary
    assert "state resolve" in found.hint


def test_a_healthy_task_goes_on_although_an_older_one_that_is_not_proven_may_have_called_its_rows(
    tmp_path: Path,
) -> None:
    lab = a_lab(tmp_path, line_lock="off")
    lab.campaign(rows=range(5), lines='["200"]')
    lab.converge()
    lab.emulator.advance(DAY)
    deliver(lab)
    lab.rows("renewal", range(100, 160))
    lab.campaign(rows=range(100, 160), extra=EVENING)
    lab.converge()
    lose_the_state(lab)

    recovery = rebuilt(lab)

    held = {taken.wave.number: taken.held for _, taken in recovery.adoptions}
    assert held == {1: 0, 2: 0}
    assert lab.actions() == []
    lab.converge()
    lab.emulator.advance(DAY)
    assert Counter(lab.rung()) == Counter(map(number, [*range(5), *range(100, 160)]))


def test_a_task_taken_in_without_a_mark_stops_no_wave_that_goes_on(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, line_lock="off")
    lab.campaign(rows=range(10), extra=EVENING)
    lab.converge()
    called = [number(row) for row in range(5, 8)]
    task_id = lab.emulator.add_foreign_task("by hand", numbers=called, status=Status.COMPLETED, line="200")
    with lab.store() as store, lab.client() as client:
        repository = lab.repository()
        located = repository.campaigns["renewal"]
        config = client.config()
        columns = config.robots[located.model.robot].columns
        listed = DeclaredList.read(repository.list_spec(located), columns, store.key)
        (task,) = [task for task in client.query() if task.task_id == task_id]
        now = lab.emulator.clock.now_ms
        taken = adoption(located.model, task, None, listed, number=2, config=config, now=now)
        wave_id = record_adoption(store, located.model, store.waves.campaign("renewal"), taken)
        store.waves.seal_wave(wave_id)
        assert taken.held == 10

    assert not {action for _, action, *_ in lab.actions()} & {"delete", "pause", "replace"}
    assert "called-before" not in {found.code for found in lab.plan().plan.diagnostics}
