"""Doubts are settled once what is doubted must show: not a moment before, by as many looks as it takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.lab import Lab
from tests.support.records import deliver
from tests.support.scenes import DAY, a_lab, declare, lose_the_state, the_only_task
from tests.support.subjects import wave_record
from tests.support.trouble import KILLED_AFTER, KILLED_BEFORE, Point, TroubledLab
from tests.support.twisted import twisted
from yeta_reconcile.apply.holding import holding
from yeta_reconcile.apply.settling import absent, find_answer, journalled, look, settle_wave, told, twins
from yeta_reconcile.emulator import Fault
from yeta_reconcile.store.row_states import set_state
from yeta_reconcile.waves.record import Outcome, Phase, RowState

pytestmark = pytest.mark.sweep

LATER = "schedule: {begin: 2026-12-01T20:00:00}"


def dies_at(lab: TroubledLab, call: str, kind: str) -> int:
    """The moment at which a run died, between an intent and its outcome."""
    died: list[int] = []

    def strike(request: httpx.Request) -> None:
        if request.url.path.endswith(f"task/{call}"):
            died.append(lab.emulator.clock.now_ms)
            lab.point = Point("request", len(lab.requests), kind)
            if kind == KILLED_BEFORE:
                lab._spoil(request)

    lab.before = strike
    assert lab.try_apply() is None
    lab.before = lab.point = None
    return died[0]


def first_change_after(lab: Lab, moment: int) -> int:
    """How many seconds later the platform was asked to change something again."""
    questions = {"token", "query", "failed"}
    return min(
        (call.at - moment) // 1000
        for call in lab.emulator.calls_log
        if call.at > moment and call.path.rsplit("/", 1)[-1] not in questions
    )


@pytest.mark.parametrize("call", ["create", "insert", "start", "delete"])
def test_nothing_is_sent_before_what_a_dead_run_sent_must_show(tmp_path: Path, call: str) -> None:
    lab = a_lab(tmp_path)
    assert isinstance(lab, TroubledLab)
    lab.campaign(extra=LATER)
    if call == "delete":
        lab.converge()
        lab.remove("renewal")
    died = dies_at(lab, call, KILLED_BEFORE)
    lab.converge()
    assert first_change_after(lab, died) >= 35
    assert all(task.deleted for task in lab.emulator.tasks.values()) is (call == "delete")


def test_an_answer_that_came_too_late_is_told_once(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    assert isinstance(lab, TroubledLab)
    lab.campaign(extra=LATER)
    dies_at(lab, "create", KILLED_AFTER)
    with lab.store() as store:
        (intent,) = store.intents.open()
        store.intents.note_late(intent.intent_id, Outcome.REFUSED, 1, code=10004, task_id="")
    lab.converge()
    lab.apply()
    assert [event for event in lab.events if event["event"] == "late-answer"] == [
        {"event": "late-answer", "campaign": "", "call": "create", "outcome": "refused", "code": 10004}
    ]


@pytest.mark.parametrize(("lag", "phase"), [(30.0, Phase.VERIFIED), (36.0, Phase.LOST)])
def test_a_task_that_was_just_created_may_take_as_long_to_show_as_a_call_and_to_settle(
    tmp_path: Path, lag: float, phase: Phase
) -> None:
    lab = a_lab(tmp_path, lag_seconds=lag)
    lab.campaign(state="staged")
    lab.apply()
    with lab.store() as store:
        (wave,) = store.waves.recorded().campaigns["renewal"].waves
    assert wave.phase is phase


def test_a_task_that_is_no_longer_young_is_gone_at_the_first_look(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(state="staged")
    lab.converge()
    lab.emulator.console_purge(the_only_task(lab))
    with lab.store() as store, lab.client() as client:
        run = lab.run(store, client)
        (wave,) = store.waves.recorded().campaigns["renewal"].waves
        before = lab.clock.seconds()
        assert look(run, wave) is None
        assert lab.clock.seconds() == before


@pytest.mark.parametrize(("age", "seconds"), [(-(10**6), 35.0), (0, 35.0), (20, 15.0), (35, 0.0)])
def test_a_task_that_does_not_show_is_looked_for_until_it_must_and_no_longer_by_a_clock_ahead(
    tmp_path: Path, age: int, seconds: float
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(state="staged")
    lab.converge()
    lab.emulator.console_purge(the_only_task(lab))
    with lab.store() as store, lab.client() as client:
        run = lab.run(store, client)
        (wave,) = store.waves.recorded().campaigns["renewal"].waves
        store.waves.change_wave(wave.wave_id, phase=Phase.FILLING, created_at=run.now_ms() - age * 1000)
        before = lab.clock.seconds()
        assert look(run, store.waves.wave(wave.wave_id)) is None
        assert lab.clock.seconds() - before == seconds


@pytest.mark.parametrize("shown", [0.0, 4.0])
def test_a_create_that_shows_within_the_settling_time_is_adopted(tmp_path: Path, shown: float) -> None:
    lab = a_lab(tmp_path, lag_seconds=shown)
    lab.campaign(extra=LATER)
    lab.emulator.faults.add(Fault("closed_after", "task/create"))
    assert lab.apply().exit_code == 0
    assert lab.changes_sent().count("create") == 1


def test_an_unanswered_create_adopts_no_task_that_another_wave_has(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(extra=LATER)
    lab.converge()
    with lab.store() as store, lab.client() as client:
        run = lab.run(store, client)
        (wave,) = store.waves.recorded().campaigns["renewal"].waves
        assert twins(run, wave) == []
        assert find_answer(run, wave) is None


def test_a_doubt_that_no_status_settles_needs_a_person(tmp_path: Path) -> None:
    lab = twisted(tmp_path)
    lab.campaign(extra=LATER)
    lab.converge()
    lab.remove("renewal")
    lab.emulator.faults.add(Fault("closed_before", "task/delete"))
    lab.twist = lambda row, _task: row.update(status=8)
    lab.apply()
    report = lab.apply()
    assert report.exit_code == 8
    (problem,) = (problem for problem in report.problems if "cannot be told" in problem.summary)
    assert (problem.exit_code, problem.campaign) == (8, "renewal")
    assert "pause or delete it there" in problem.hint


def test_what_the_journal_knows_of_a_wave_is_what_happened_to_it(tmp_path: Path) -> None:
    lab = twisted(tmp_path)
    lab.campaign(rows=range(20))
    lab.converge()
    lab.emulator.advance(30)
    deliver(lab)
    with lab.store() as store, lab.client() as client:
        run = lab.run(store, client)
        (wave,) = store.waves.recorded().campaigns["renewal"].waves
        known = journalled(run, wave)
        assert wave.dialled
        assert (known.wave_id, known.phase, known.direct, known.has_task) == (
            wave.wave_id, Phase.STARTED, False, True,
        )  # fmt: skip
        assert (known.called, known.in_doubt, known.partial, known.inside) == (wave.dialled, 0, False, 0)
        assert not known.accounted
        assert journalled(run, replace(wave, tel_count=wave.dialled)).accounted
        with lab.beating(run), holding(run):
            store.intents.begin(
                run.holder, run.instant(), wave_id=wave.wave_id, call="pause", timeout=1, batch=None, rows=0,
                unknown=(),
            )  # fmt: skip
            store.waves.change_wave(wave.wave_id, to_discard=True)
        known = journalled(run, store.waves.wave(wave.wave_id), 7)
        assert (known.in_doubt, known.partial, known.inside) == (1, True, 7)
        known = journalled(run, replace(wave, unknown=4))
        assert (known.called, known.in_doubt) == (wave.dialled, 5)


def test_whoever_was_called_as_any_record_or_an_import_tells_is_called_to_a_proof(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign()
    lab.converge()
    lab.emulator.advance(DAY)
    deliver(lab)
    with lab.store() as store, lab.client() as client:
        run = lab.run(store, client)
        (wave,) = store.waves.recorded().campaigns["renewal"].waves
        with store.database.write() as transaction:
            # A record of its task whose number is none of its rows'.
            transaction.execute("UPDATE calls SET row_key = NULL")
        assert store.calls.without_row(wave.task_id) == 3
        assert journalled(run, replace(wave, dialled=20, held=10)).called == 33


def test_a_task_whose_count_proves_neither_is_given_no_further_row(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=range(60), state="staged")
    lab.emulator.faults.add(Fault("closed_before", "task/insert", nth=2))

    def a_stranger_inserts(request: httpx.Request) -> None:
        if request.url.path.endswith("task/query"):
            for task in lab.emulator.tasks.values():
                if task.submitted == 50 and not task.deleted:
                    lab.before = None
                    task.batches.append((0, 0, 3))

    lab.before = a_stranger_inserts
    assert lab.apply().exit_code == 0
    assert lab.changes_sent() == ["create", "insert", "insert", "delete", "create", "insert", "insert"]


@pytest.mark.parametrize(("code", "marked", "done"), [(200203, True, set()), (10005, False, {1})])
def test_rows_that_a_refused_batch_may_have_left_behind_prove_no_other_batch(
    tmp_path: Path, code: int, marked: bool, done: set[int]
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=range(5), state="staged")
    lab.emulator.faults.add(Fault("code", "task/insert", code=10005))
    lab.apply()
    with lab.store() as store, lab.client() as client:
        run = lab.run(store, client)
        with lab.beating(run), holding(run):
            (wave,) = store.waves.recorded().campaigns["renewal"].waves

            def inserted(batch: int, rows: int, outcome: Outcome, code: int | None) -> None:
                intent = store.intents.begin(
                    run.holder, run.instant(), wave_id=wave.wave_id, call="insert", timeout=1,
                    batch=batch, rows=rows,
                )  # fmt: skip
                store.intents.end(intent, outcome, run.instant(), wave_id=wave.wave_id, code=code)

            inserted(0, 3, Outcome.REFUSED, code)
            inserted(1, 2, Outcome.UNKNOWN, None)
            lab.emulator.tasks[the_only_task(lab)].batches.append((0, 0, 2))
            settle_wave(run, wave.wave_id)
            assert store.waves.wave(wave.wave_id).to_discard is marked
            assert store.intents.done_batches(wave.wave_id) == done


def test_rows_are_proven_absent_by_two_looks_with_the_settling_time_between_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=range(5), state="staged")
    lab.emulator.faults.add(Fault("code", "task/insert", code=10005))
    lab.apply()
    task = lab.emulator.tasks[the_only_task(lab)]
    with lab.store() as store, lab.client() as client:
        run = lab.run(store, client)
        (wave,) = store.waves.recorded().campaigns["renewal"].waves
        before = lab.clock.seconds()
        assert absent(run, wave, look(run, wave))
        assert lab.clock.seconds() - before == 5

        with monkeypatch.context() as patch:
            # A clock that was set back while one waited.
            patch.setattr(lab.clock, "sleep", lambda _seconds: None)
            assert absent(run, wave, look(run, wave)) is None

        # Somebody else's row is in it: no look is worth waiting for.
        task.batches.append((0, 0, 1))
        before = lab.clock.seconds()
        assert absent(run, wave, look(run, wave)) is None
        assert lab.clock.seconds() == before


def test_of_a_direct_call_that_was_refused_no_task_is_known(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.direct()
    lab.emulator.faults.add(Fault("code", "task/callout", code=10005))
    lab.apply()
    with lab.store() as store, lab.client() as client:
        (wave,) = store.waves.recorded().campaigns["otp"].waves
        known = journalled(lab.run(store, client), wave)
    assert (known.direct, known.has_task, known.called, known.in_doubt) == (True, False, 0, 0)


@pytest.mark.parametrize(
    ("fields", "is_told"),
    [
        ({"phase": "deleted", "dialled": 3, "released": 2}, True),
        ({"phase": "lost", "dialled": 3}, True),
        ({"phase": "started", "dialled": 3}, False),
        ({"phase": "deleted", "pending": 1}, False),
        ({"phase": "deleted", "held": 1}, False),
        ({"phase": "deleted", "unknown": 1}, False),
        ({"phase": "deleted", "pending": 1, "held": 1}, False),
        ({"phase": "deleted", "held": 1, "unknown": 1}, False),
        ({"phase": "deleted", "pending": 1, "unknown": 1}, False),
    ],
)
def test_no_call_matters_any_more_once_of_each_row_of_what_is_over_its_outcome_is_known(
    fields: dict[str, Any], is_told: bool
) -> None:
    assert told(wave_record(**fields)) is is_told


def test_a_create_that_does_not_show_is_looked_for_twice_and_then_was_none(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign()
    lab.emulator.faults.add(Fault("code", "task/create", code=10005))
    lab.apply()
    with lab.store() as store, lab.client() as client:
        run = lab.run(store, client)
        with lab.beating(run), holding(run):
            (wave,) = store.waves.recorded().campaigns["renewal"].waves
            store.intents.begin(
                run.holder,
                run.instant(),
                wave_id=wave.wave_id,
                call="create",
                timeout=0,
                phase=Phase.CREATING,
            )
            before = lab.clock.seconds()
            settle_wave(run, wave.wave_id)
            # Once it must show, and a settling time later.
            assert lab.clock.seconds() - before == 10
            assert store.waves.wave(wave.wave_id).phase is Phase.PLANNED
            assert store.intents.open(wave.wave_id) == []


def test_the_deletion_of_an_orphan_of_which_nobody_knows_is_waited_for_and_then_nobodys_doubt(
    tmp_path: Path,
) -> None:
    lab = a_lab(tmp_path)
    assert isinstance(lab, TroubledLab)
    lab.campaign(state="staged")
    lab.converge()
    lose_the_state(lab)
    lab.campaign()
    died = dies_at(lab, "delete", KILLED_BEFORE)
    lab.converge()
    assert first_change_after(lab, died) >= 35
    with lab.store() as store:
        assert store.intents.open() == []


def test_a_wave_is_settled_by_its_own_calls_and_by_no_others(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign()
    declare(lab, "autumn", [7])
    lab.converge()
    with lab.store() as store, lab.client() as client:
        run = lab.run(store, client)
        with lab.beating(run), holding(run):
            campaigns = store.waves.recorded().campaigns
            one, other = (campaigns[name].waves[0].wave_id for name in ("renewal", "autumn"))
            for wave_id in (one, other):
                store.intents.begin(run.holder, run.instant(), wave_id=wave_id, call="pause", timeout=0)
            settle_wave(run, one)
            assert [intent.wave_id for intent in store.intents.open()] == [other]


def test_of_a_call_out_that_nobody_answered_its_rows_are_named_and_it_is_never_sent_again(
    tmp_path: Path,
) -> None:
    lab = a_lab(tmp_path)
    lab.direct()
    lab.emulator.faults.add(Fault("closed_before", "task/callout"))
    lab.apply()
    (problem,) = lab.apply().problems
    assert problem.exit_code == 8
    assert "3 rows of wave 1 were called out without an answer" in problem.summary
    assert lab.changes_sent() == ["callout"]
    with lab.store() as store:
        assert store.intents.open() == []


def test_a_call_by_a_clock_that_was_ahead_is_waited_for_as_long_as_any_call_and_no_longer(
    tmp_path: Path,
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign()
    lab.converge()
    with lab.store() as store, lab.client() as client:
        run = lab.run(store, client)
        with lab.beating(run), holding(run):
            (wave,) = store.waves.recorded().campaigns["renewal"].waves
            store.intents.begin(run.holder, run.instant(), wave_id=wave.wave_id, call="pause", timeout=30_000)
            with store.database.write() as transaction:
                transaction.execute(
                    "UPDATE intents SET begun = begun + ?, deadline = deadline + ?", (60_000, 60_000)
                )
            before = lab.clock.seconds()
            settle_wave(run, wave.wave_id)
            assert lab.clock.seconds() - before == 35


@pytest.mark.parametrize(
    ("phase", "state", "hints"),
    [
        (Phase.STARTED, RowState.PENDING, ["if it does not come back, `yeta state resolve renewal`"]),
        (Phase.LOST, RowState.PENDING, ["if it does not come back, `yeta state resolve renewal`"]),
        (Phase.LOST, RowState.DIALLED, []),
    ],
)
def test_of_a_task_that_is_gone_a_person_is_asked_unless_the_outcome_of_each_row_is_known(
    tmp_path: Path, phase: Phase, state: RowState, hints: list[str]
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign()
    lab.converge()
    lab.emulator.console_purge(the_only_task(lab))
    with lab.store() as store, lab.client() as client:
        run = lab.run(store, client)
        with lab.beating(run), holding(run):
            (wave,) = store.waves.recorded().campaigns["renewal"].waves
            store.intents.begin(run.holder, run.instant(), wave_id=wave.wave_id, call="pause", timeout=0)
            store.waves.change_wave(wave.wave_id, phase=phase)
            keys = [row.key for row in store.waves.rows(wave.wave_id)]
            with store.database.write() as transaction:
                set_state(transaction, wave.wave_id, keys, state)
            settle_wave(run, wave.wave_id)
            assert [str(problem.hint).partition(" settles")[0] for problem in run.problems] == hints
            assert len(store.intents.open()) == len(hints)
