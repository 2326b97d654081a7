"""Tasks that end while calls are in progress, or are live again after their end: nobody rings twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.support.forgetting import forget
from tests.support.lab import OPEN, Lab, number
from tests.support.records import deliver
from tests.support.scenes import DAY, a_lab, codes, lose_the_state, resolve, the_only_task
from tests.support.twisted import TwistedLab, twisted
from yeta_reconcile.apply.recovery.resolve import Ruling
from yeta_reconcile.emulator import Line
from yeta_reconcile.emulator import task as emulated
from yeta_reconcile.plan.plan import Action
from yeta_reconcile.platform.resources import Task
from yeta_reconcile.waves.attributes import (
    Attributes,
)
from yeta_reconcile.waves.lifecycle import seen, stands
from yeta_reconcile.waves.record import Phase, WaveRecord

pytestmark = pytest.mark.sweep

ROWS = range(60)
RECALL = "{count: 1, wait: 10m}"
LATER = "schedule: {begin: 2026-12-01T20:00:00}"
SECONDS, MINUTES = 1000, 60_000


def assert_nobody_rang_twice(lab: Lab) -> None:
    lab.emulator.run_until_idle()
    assert max(Counter(lab.rung()).values()) == 1


# Calls in progress


def ended(phase: Phase, **fields: Any) -> WaveRecord:
    attributes = Attributes("719", ("100",))
    return WaveRecord(1, "renewal", 1, 1, phase, "", attributes, dialled=5, **fields)


@pytest.mark.parametrize("phase", [Phase.DELETED, Phase.EXPIRED])
def test_the_count_of_a_wave_cut_short_can_do_only_with_nothing_in_process(phase: Phase) -> None:
    def counted(remaining: int | None) -> int | None:
        task = Task("1", "", 7, deleted=True, process_tel_count=5, remaining=remaining)
        return seen(ended(phase), task).tel_count

    assert [counted(remaining) for remaining in (0, 1, None)] == [5, None, None]
    assert seen(ended(phase, tel_count=5), Task("1", "", 7, process_tel_count=6)).tel_count == 6


@pytest.mark.parametrize(
    ("remaining", "since", "facts", "certain"),
    [
        (0, 5 * SECONDS, "5/5/0/5", True),
        (0, 4 * SECONDS, "5/5/0/5", False),
        (0, 5 * SECONDS, "5/4/0/5", False),
        (1, 10 * MINUTES, "5/5/1/5", True),
        (1, 9 * MINUTES, "5/5/1/5", False),
        (None, 10 * MINUTES, "5/5/None/5", True),
        (None, 5 * SECONDS, "5/5/None/5", False),
    ],
)
def test_a_count_stands_after_the_settling_time_or_where_the_platform_does_not_say_after_the_quiet_time(
    remaining: int | None, since: int, facts: str, certain: bool
) -> None:
    task = Task("1", "", 7, process_count=5, process_tel_count=5, remaining=remaining)
    wave = ended(Phase.EXPIRED, quiet_since=0, quiet_facts=facts)
    assert stands(wave, task, since, 5 * SECONDS, 10 * MINUTES) is certain


@pytest.mark.parametrize("how", ["console", "document", "expired"])
def test_whoever_is_being_called_when_a_task_ends_is_not_called_by_another_wave(
    tmp_path: Path, how: str
) -> None:
    lab = twisted(tmp_path)
    lab.counts_at_the_end()
    lab.campaign(rows=ROWS, extra="schedule: {end: 2026-12-01T09:02:00Z}" if how == "expired" else "")
    lab.converge()
    lab.emulator.advance(120)
    deliver(lab)
    assert lab.emulator.world.calls, "calls are in progress"
    if how == "console":
        lab.emulator.console_delete(the_only_task(lab))
    elif how == "document":
        lab.remove("renewal")
        assert lab.apply().exit_code == 0
        assert lab.actions() == []
    lab.campaign(rows=ROWS)
    assert [(action, reason) for _, action, _, reason, _ in lab.actions()] == [("wait", "draining")]
    assert lab.apply().exit_code == 7
    assert_nobody_rang_twice(lab)


def test_where_the_platform_does_not_say_what_is_in_process_counts_must_stand_still_for_the_quiet_time(
    tmp_path: Path,
) -> None:
    lab = twisted(tmp_path)
    lab.counts_at_the_end()
    lab.campaign(rows=ROWS)
    lab.converge()
    lab.emulator.advance(120)
    lab.emulator.console_delete(the_only_task(lab))
    lab.emulator.advance(120)
    deliver(lab)
    for _ in range(2):
        assert lab.apply().exit_code == 7
        lab.emulator.advance(590)
    lab.emulator.advance(20)
    assert lab.apply().exit_code == 7
    assert [action for _, action, *_ in lab.actions()] == ["replace"]
    lab.converge()
    assert_nobody_rang_twice(lab)
    assert set(lab.rung()) == {number(row) for row in ROWS}


def called_and_told_but_for_one(lab: TwistedLab, rows: range) -> None:
    """All but one who was called have their records, and who is being called was dialled moments ago."""
    lab.campaign(rows=rows)
    lab.converge()
    told = dialled = 0
    while True:
        lab.emulator.advance(0.25)
        if new := lab.emulator.pushes[told:]:
            told += deliver(lab, new)
            with lab.store() as store:
                dialled = store.waves.wave(1).dialled
        calls = list(lab.emulator.world.calls.values())
        if dialled >= 4 and len(calls) == 1 and dialled + 1 == len(lab.rung()):
            assert lab.emulator.clock.now_ms - calls[0].time_dial < 2500
            return


@pytest.mark.sweep
@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("how", ["console", "document"])
def test_a_count_that_lags_within_the_settling_time_frees_nobody_who_is_being_called(
    tmp_path: Path, how: str, told: bool
) -> None:
    lines = (Line("100", 1, ("00:00:00-23:59:59",)),)
    lab = twisted(tmp_path, lines=lines)

    def late(row: dict[str, Any], task: emulated.Task) -> None:
        until = lab.emulator.clock.now_ms - 3 * SECONDS
        dialled = [
            call for call in lab.emulator.dialled if call.task_id == row["task_id"] and call.at <= until
        ]
        row["process_tel_count"] = len(dialled)
        # What is in process may lag as well.
        row["remaining"] = row.get("remaining") if told else 0

    lab.twist = late
    called_and_told_but_for_one(lab, range(20))
    if how == "console":
        lab.emulator.console_delete(the_only_task(lab))
    else:
        lab.remove("renewal")
        lab.apply()
        lab.campaign(rows=range(20))
    assert lab.apply().exit_code == 7
    assert_nobody_rang_twice(lab)


def test_how_long_an_earlier_drain_was_quiet_does_not_count_for_a_later_one(tmp_path: Path) -> None:
    lab = twisted(tmp_path)
    lab.counts_at_the_end()
    lab.campaign(rows=ROWS)
    lab.converge()
    for recall in (RECALL, RECALL):
        lab.emulator.advance(120)
        deliver(lab)
        lab.campaign(rows=ROWS, recall=recall)
        lab.apply()
    lab.campaign(rows=ROWS)
    lab.emulator.advance(595)
    assert [action for _, action, *_ in lab.actions()] == ["resume"]
    lab.apply()
    lab.emulator.advance(1)
    assert lab.emulator.world.calls, "calls are in progress"
    lab.campaign(rows=ROWS, recall=RECALL)
    lab.apply()
    lab.emulator.advance(60)
    deliver(lab)
    lab.apply()
    assert_nobody_rang_twice(lab)


# Live again


def test_a_task_that_had_expired_and_is_live_again_keeps_its_rows(tmp_path: Path) -> None:
    lab = twisted(tmp_path, line_lock="off")
    lab.campaign(rows=ROWS)
    lab.converge()
    lab.emulator.advance(60)
    first = the_only_task(lab)
    lab.emulator.console_pause(first)
    lab.emulator.advance(300)
    deliver(lab)
    lab.twist = lambda row, _task: row.update(status=7 if row["task_id"] == first else row["status"])
    lab.campaign(rows=ROWS, state="paused")
    lab.apply()
    # At the console its end is extended and it is started again, before anything else was done.
    lab.twist = None
    lab.emulator.console_start(first)
    lab.campaign(rows=ROWS)
    assert "task-reactivated" in codes(lab)
    assert lab.apply().exit_code == 8
    assert_nobody_rang_twice(lab)
    # Who was called after the rows were freed, the records tell.
    assert "task-reactivated" in codes(lab)
    assert lab.apply().exit_code == 7
    deliver(lab)
    lab.converge()
    assert_nobody_rang_twice(lab)


def test_a_lost_task_that_a_person_gave_up_and_that_is_live_after_all_keeps_its_rows(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, line_lock="off")
    lab.campaign(rows=range(20), extra=LATER)
    lab.converge()
    lab.emulator.change(lag_seconds=10**6)
    assert lab.apply().exit_code == 8
    resolve(lab, Ruling.UNDIALLED)
    lab.emulator.change(lag_seconds=0.0)
    assert "task-reactivated" in codes(lab)
    assert lab.apply().exit_code == 8
    assert_nobody_rang_twice(lab)


def test_a_forgotten_task_that_is_live_blocks_its_campaign(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, line_lock="off")
    lab.campaign(rows=range(20), extra=LATER)
    lab.converge()
    with lab.store() as store:
        forget(store, "renewal", lab.emulator.clock.now_ms)
    assert codes(lab) == {"orphan-started"}
    assert lab.apply().exit_code == 8
    assert_nobody_rang_twice(lab)


def test_a_deletion_that_shows_within_the_settling_time_is_waited_for(tmp_path: Path) -> None:
    lab = twisted(tmp_path)
    lab.campaign(rows=ROWS)
    lab.converge()
    lab.emulator.advance(20)
    shown: list[int] = []

    def late(row: dict[str, Any], task: emulated.Task) -> None:
        if task.deleted:
            shown.append(lab.emulator.clock.now_ms)
            row["deleted"] = int(shown[-1] - shown[0] >= 2 * SECONDS)

    lab.twist = late
    lab.remove("renewal")
    assert lab.apply().exit_code == 0
    assert codes(lab) == set()


SAYS_NOTHING, CONTINUES = "", "continues: [renewal]\n"
ONCE = "limits: {frequency: {times: 1, within: 7d}}\n"


def one_let_go(lab: TwistedLab, limits: str) -> tuple[str, int]:
    """Four of five are called when their task is deleted, and the list holds the fifth no more."""
    lab.declare_project(limits)
    lab.campaign(rows=range(5))
    lab.converge()
    while len(lab.rung()) < 4:
        lab.emulator.advance(5)
    called = [int(rung[-4:]) for rung in lab.rung()]
    lab.rows("renewal", called)
    first = the_only_task(lab)
    lab.emulator.console_delete(first)
    for _ in range(2):
        lab.emulator.advance(300)
        deliver(lab)
        lab.apply()
    with lab.store() as store:
        assert [wave.released for wave in store.waves.recorded().campaigns["renewal"].waves] == [1]
    return first, ({*range(5)} - {*called}).pop()


def two_lines(root: Path) -> TwistedLab:
    return twisted(root, lines=(Line("100", 1, (OPEN,)), Line("200", 1, (OPEN,))))


@pytest.mark.parametrize(
    ("extra", "limits", "said"),
    [(CONTINUES, "", "continued"), (SAYS_NOTHING, "", "called-lately"), (SAYS_NOTHING, ONCE, "limit")],
)
@pytest.mark.parametrize("gone", [False, True])
@pytest.mark.parametrize("only", [(), ("other",)])
def test_whom_a_wave_let_go_before_its_count_rose_nobody_else_takes_for_uncalled(
    tmp_path: Path, extra: str, limits: str, said: str, gone: bool, only: tuple[str, ...]
) -> None:
    lab = two_lines(tmp_path)
    first, left = one_let_go(lab, limits)
    if gone:
        lab.remove("renewal")
        lab.apply()
    # He was being called as the task was deleted, which the platform counts late; his record is on its way.
    lab.twist = lambda row, _task: row.update(process_tel_count=5) if row["task_id"] == first else None
    lab.campaign("other", [left, *range(10, 20)], lines='["200"]', extra=extra)

    found = lab.plan(only=only)

    assert said in {one.code for one in found.plan.diagnostics}
    rings = [change for change in found.plan.changes if change.rings]
    assert sum(change.rows for change in rings) == 10 + (extra == SAYS_NOTHING)


def extended(lab: TwistedLab, how: str) -> int:
    """Four of five are called when their task expires; accounted, it is extended and goes on. Who is left."""
    lab.campaign(rows=range(5))
    lab.converge()
    while len(lab.rung()) < 4:
        lab.emulator.advance(5)
    called = [int(rung[-4:]) for rung in lab.rung()]
    first = the_only_task(lab)
    lab.emulator.console_pause(first)
    lab.emulator.advance(300)
    deliver(lab)
    lab.twist = lambda row, _task: row.update(status=7) if row["task_id"] == first else None
    if how == "gone":
        lab.remove("renewal")
    else:
        lab.rows("renewal", called)
    for _ in range(2):
        lab.apply()
        lab.emulator.advance(5)
    with lab.store() as store:
        (wave,) = store.waves.recorded().campaigns["renewal"].waves
    assert (wave.frees, wave.pending, wave.released) == (True, how != "let go", how == "let go")
    lab.twist = None
    lab.emulator.console_start(first)
    (left,) = (row for row in range(5) if row not in called)
    return left


HOW = pytest.mark.parametrize("how", ["let go", "gone"])


@HOW
@pytest.mark.parametrize(
    ("extra", "limits", "said"),
    [(CONTINUES, "", "continued"), (SAYS_NOTHING, "", "called-lately"), (SAYS_NOTHING, ONCE, "limit")],
)
def test_whom_an_extended_task_may_call_nobody_else_takes_for_uncalled_though_nothing_is_counted_yet(
    tmp_path: Path, how: str, extra: str, limits: str, said: str
) -> None:
    lab = two_lines(tmp_path)
    lab.declare_project(limits)
    left = extended(lab, how)
    lab.campaign("other", [left, *range(10, 20)], lines='["200"]', extra=extra)

    found = lab.plan()

    waits = {change.reason.value for change in found.plan.changes if change.action is Action.WAIT}
    assert said in {one.code for one in found.plan.diagnostics} | waits
    rings = [change for change in found.plan.changes if change.rings]
    assert sum(change.rows for change in rings) == 10 + (extra == SAYS_NOTHING)
    if extra == CONTINUES:
        lab.apply()
        assert_nobody_rang_twice(lab)
        for _ in range(4):
            lab.apply()
            deliver(lab)
            lab.emulator.advance(DAY)
        assert_nobody_rang_twice(lab)
        assert "task-reactivated" not in codes(lab)


@HOW
def test_what_an_extended_task_counts_at_its_second_end_is_believed_only_once_it_stands(
    tmp_path: Path, how: str
) -> None:
    lab = two_lines(tmp_path)
    left = extended(lab, how)
    lab.campaign("other", [left, *range(10, 20)], lines='["200"]', extra=CONTINUES)
    first = the_only_task(lab)
    lab.apply()
    lab.emulator.advance(5)
    assert number(left) in lab.rung()
    lab.emulator.finish(first)
    shows = lab.emulator.clock.now_ms + 3 * SECONDS

    def late(row: dict[str, Any], _task: emulated.Task) -> None:
        if row["task_id"] == first and lab.emulator.clock.now_ms < shows:
            row.update(process_tel_count=4, process_count=4, remaining=0)

    lab.twist = late
    lab.apply()
    with lab.store() as store:
        (wave,) = store.waves.recorded().campaigns["renewal"].waves
    assert wave.tel_count in {None, 5}
    lab.emulator.advance(60)
    lab.apply()
    assert_nobody_rang_twice(lab)


@HOW
def test_a_campaign_is_not_over_while_its_task_was_extended_or_its_count_rose(
    tmp_path: Path, how: str
) -> None:
    lab = two_lines(tmp_path)
    extended(lab, how)
    lab.campaign("other", range(10, 20), lines='["200"]', extra="after: [renewal]\n")
    for _ in range(3):
        assert ("other", "wait", "after-another") in {found[:2] + found[3:4] for found in lab.actions()}
        assert lab.apply().exit_code in {7, 8}
        lab.emulator.advance(300)
    deliver(lab)
    lab.apply()
    lab.emulator.advance(DAY)
    assert {number(row) for row in range(10, 20)} < {*lab.rung()}


def test_a_count_that_rises_late_needs_nobody_and_its_own_campaign_waits_for_the_record(
    tmp_path: Path,
) -> None:
    lab = two_lines(tmp_path)
    left = extended(lab, "let go")
    lab.apply()
    while number(left) not in lab.rung():
        lab.emulator.advance(5)
    lab.emulator.finish(the_only_task(lab))
    lab.emulator.advance(60)
    # Nobody is to be called: that is named, and nothing waits.
    for _ in range(3):
        assert (codes(lab), lab.actions()) == ({"task-reactivated"}, [])
        assert lab.apply().exit_code == 0
        lab.emulator.advance(5)
    lab.rows("renewal", [*range(5), 7])

    ((_, action, wave, reason, rows),) = lab.actions()

    assert (action, wave, reason, rows) == ("wait", 1, "records-missing", 2)
    assert lab.apply().exit_code == 7
    deliver(lab)
    lab.converge()
    assert_nobody_rang_twice(lab)
    assert {*lab.rung()} == {number(row) for row in [*range(5), 7]}
    assert codes(lab) == set()


def test_a_count_that_rose_and_whose_record_can_come_no_more_needs_a_person(tmp_path: Path) -> None:
    lab = two_lines(tmp_path)
    first, _ = one_let_go(lab, "")
    lab.twist = lambda row, _task: row.update(process_tel_count=5) if row["task_id"] == first else None
    assert lab.apply().exit_code == 0
    lab.emulator.advance(8 * DAY)
    assert lab.apply().exit_code == 8
    lab.rows("renewal", [*range(5), 7])
    assert (codes(lab), lab.actions()) == ({"task-reactivated"}, [])
    resolve(lab, Ruling.UNDIALLED)
    lab.converge()
    assert_nobody_rang_twice(lab)
    assert {*lab.rung()} == {number(row) for row in [*range(5), 7]}


def test_of_a_campaign_that_is_forgotten_he_stays_one_who_may_have_been_called(tmp_path: Path) -> None:
    lab = two_lines(tmp_path)
    first, left = one_let_go(lab, "")
    lab.twist = lambda row, _task: row.update(process_tel_count=5) if row["task_id"] == first else None
    lab.apply()
    with lab.store() as store:
        forget(store, "renewal", lab.emulator.clock.now_ms)
    lab.remove("renewal")
    lab.campaign("other", [left, *range(10, 20)], lines='["200"]')

    assert [change.repeat_rows for change in lab.plan().plan.changes if change.new_rows] == [1]


@pytest.mark.parametrize("extra", [CONTINUES, SAYS_NOTHING])
def test_an_answer_that_lagged_behind_the_end_makes_nobody_one_who_may_have_been_called(
    tmp_path: Path, extra: str
) -> None:
    lab = two_lines(tmp_path)
    first, left = one_let_go(lab, ONCE)
    lab.twist = lambda row, _task: row.update(status=1, deleted=0) if row["task_id"] == first else None
    lab.apply()
    with lab.store() as store:
        assert [wave.reactivated for wave in store.waves.recorded().campaigns["renewal"].waves] == [True]
    lab.twist = None
    lab.campaign("other", [left, *range(10, 20)], lines='["200"]', extra=extra)

    found = lab.plan()

    assert (found.exit_code, found.plan.diagnostics) == (0, ())
    assert sum(change.rows for change in found.plan.changes if change.rings) == 11


# A lost key


def test_a_task_that_the_key_cannot_prove_blocks_the_campaign_it_names_and_no_other(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, line_lock="off")
    lab.campaign("old", range(3))
    lab.converge()
    lose_the_state(lab)
    lab.key = "another key"
    lab.remove("old")
    lab.campaign("fresh", range(10, 13))
    assert codes(lab) == {"unproven-task", "called-perhaps"}
    (perhaps,) = [found for found in lab.plan().plan.diagnostics if found.code == "called-perhaps"]
    assert the_only_task(lab) in perhaps.hint
    assert [(name, action) for name, action, *_ in lab.actions()] == [("fresh", "create"), ("fresh", "start")]
