"""One call that changes something: its intent before it, its outcome after it, and what either does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.support.lab import Lab
from tests.support.patience import until
from tests.support.scenes import a_lab
from yeta_reconcile.apply import journaled
from yeta_reconcile.apply.holding import holding
from yeta_reconcile.apply.journaled import Answer, Step, change
from yeta_reconcile.apply.run import Pace, Run, Stopped
from yeta_reconcile.errors import Incomplete, NotYet, StateLocked, Unresolved
from yeta_reconcile.platform.codes import Meaning
from yeta_reconcile.platform.errors import Busy, NotSent, OutcomeUnknown, PlatformError, StopEverything
from yeta_reconcile.store.intents import Intents
from yeta_reconcile.store.lock import Holder
from yeta_reconcile.waves.record import Intent, Outcome, Phase, RowState, WaveRecord
from yeta_reconcile.wording import Text


def said(kind: type[PlatformError], code: int, meaning: Meaning) -> PlatformError:
    return kind(
        Text("in our words"), code=code, words="in theirs", call="start", meaning=meaning, hint=Text("do so")
    )


REFUSED = said(PlatformError, 10005, Meaning.NOT_DONE)
RENEW = said(PlatformError, 10001, Meaning.RENEW_TOKEN)
BUSY = said(Busy, 10004, Meaning.UNKNOWN)
BALANCE = said(StopEverything, 200209, Meaning.STOP)


@contextmanager
def a_run(tmp_path: Path) -> Iterator[tuple[Lab, Run, WaveRecord]]:
    """A run that holds the lock, and a wave that was verified."""
    lab = a_lab(tmp_path)
    lab.campaign(state="staged")
    lab.converge()
    with lab.store() as store, lab.client() as client:
        run = lab.run(store, client)
        with lab.beating(run), holding(run):
            (wave,) = store.waves.recorded().campaigns["renewal"].waves
            yield lab, run, wave


def starting(wave: WaveRecord, **override: Any) -> Step:
    given: dict[str, Any] = {
        "before": {"phase": Phase.STARTED, "started_at": 7},
        "undo": {"phase": wave.phase, "started_at": None},
        "rings": True,
    }
    return Step(call="start", wave=wave, **(given | override))


def answering(*answers: Any) -> Callable[[], str]:
    """What is sent comes to these, one after the other."""
    rest = list(answers)

    def send() -> str:
        answer = rest.pop(0) if len(rest) > 1 else rest[0]
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    return send


def written(run: Run) -> list[tuple[Any, ...]]:
    """The outcomes of all starts, in order."""
    return run.store.database.read(
        "SELECT outcome, code, why, settled FROM intents WHERE called = 'start' ORDER BY intent_id"
    )


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("answers", "answer", "outcomes", "phase"),
    [
        (("7",), Answer(Outcome.DONE, Meaning.DONE, "7"), [("done", None, "", 1)], Phase.STARTED),
        (
            (REFUSED,),
            Answer(Outcome.REFUSED, Meaning.NOT_DONE, words=Text("in our words"), hint=Text("do so")),
            [("refused", 10005, "", 1)],
            Phase.VERIFIED,
        ),
        (
            (OutcomeUnknown("start", Text("no answer")),),
            Answer(Outcome.UNKNOWN, Meaning.UNKNOWN, words=Text("no answer")),
            [("unknown", None, "no answer", 0)],
            Phase.STARTED,
        ),
        (
            (OutcomeUnknown("start", Text("odd"), code=99999),),
            Answer(Outcome.UNKNOWN, Meaning.UNKNOWN, words=Text("odd")),
            [("unknown", 99999, "odd", 0)],
            Phase.STARTED,
        ),
        (
            (RENEW, "7"),
            Answer(Outcome.DONE, Meaning.DONE, "7"),
            [("refused", 10001, "", 1), ("done", None, "", 1)],
            Phase.STARTED,
        ),
        (
            (RENEW,),
            Answer(Outcome.REFUSED, Meaning.RENEW_TOKEN, words=Text("in our words"), hint=Text("do so")),
            [("refused", 10001, "", 1)] * 2,
            Phase.VERIFIED,
        ),
        (
            (BUSY,),
            Answer(Outcome.REFUSED, Meaning.BUSY, words=Text("in our words"), hint=Text("do so")),
            [("refused", 10004, "", 1)] * 9,
            Phase.VERIFIED,
        ),
        (
            (BUSY, NotSent("start", Text("no way")), "7"),
            Answer(Outcome.DONE, Meaning.DONE, "7"),
            [("refused", 10004, "", 1), ("refused", None, "no way", 1), ("done", None, "", 1)],
            Phase.STARTED,
        ),
        (
            (NotSent("start", Text("no way")),),
            Answer(Outcome.REFUSED, Meaning.BUSY, words=Text("start was not sent: no way")),
            [("refused", None, "no way", 1)] * 9,
            Phase.VERIFIED,
        ),
    ],
)
def test_each_sending_has_an_intent_and_its_outcome_is_what_the_wave_shows(
    tmp_path: Path, answers: Any, answer: Answer[str], outcomes: Any, phase: Phase
) -> None:
    with a_run(tmp_path) as (_, run, wave):
        assert change(run, starting(wave), answering(*answers), lambda _: {"halted": None}) == answer
        assert written(run) == outcomes
        now = run.store.waves.wave(wave.wave_id)
        assert (now.phase, now.started_at) == (phase, 7 if phase is Phase.STARTED else None)


def test_what_is_answered_is_written_with_the_outcome(tmp_path: Path) -> None:
    with a_run(tmp_path) as (_, run, wave):
        change(run, starting(wave), lambda: 42, lambda value: {"tel_count": value})
        assert run.store.waves.wave(wave.wave_id).tel_count == 42


def test_a_busy_platform_is_asked_more_slowly_each_time(tmp_path: Path) -> None:
    with a_run(tmp_path) as (lab, run, wave):
        sent: list[float] = []

        def send() -> str:
            sent.append(lab.clock.seconds())
            raise BUSY

        change(run, starting(wave), send)
        between = [later - former for former, later in pairwise(sent)]
        assert between == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 16.0]


@pytest.mark.parametrize("failure", [BALANCE, OutcomeUnknown("start", Text("maintenance"), code=10020)])
def test_what_no_other_call_would_survive_stops_all(tmp_path: Path, failure: Exception) -> None:
    with a_run(tmp_path) as (_, run, wave):
        if isinstance(failure, StopEverything):
            with pytest.raises(StopEverything):
                change(run, starting(wave), answering(failure))
            assert written(run) == [("refused", 200209, "", 1)]
        else:
            assert change(run, starting(wave), answering(failure)).outcome is Outcome.UNKNOWN
        with pytest.raises(Stopped):
            change(run, starting(wave), answering("7"))
        assert len(written(run)) == 1


def test_rows_of_a_call_out_are_unknown_while_it_is_under_way_and_after_it_unless_it_was_not_done(
    tmp_path: Path,
) -> None:
    def states() -> list[RowState]:
        return [row.state for row in run.store.waves.rows(wave.wave_id)]

    with a_run(tmp_path) as (_, run, wave):
        keys = [row.key for row in run.store.waves.rows(wave.wave_id)][:2]
        step = starting(wave, unknown=keys)
        seen: list[list[RowState]] = []

        def refused() -> str:
            seen.append(states())
            raise REFUSED

        change(run, step, refused)
        assert seen == [[RowState.UNKNOWN, RowState.UNKNOWN, RowState.PENDING]]
        assert states() == [RowState.PENDING] * 3
        change(run, step, answering(OutcomeUnknown("start", Text("no answer"))))
        assert states() == seen[0]


@pytest.mark.parametrize(("rings", "sent"), [(True, 0), (False, 1)])
def test_a_halt_stops_what_rings_and_nothing_else(tmp_path: Path, rings: bool, sent: int) -> None:
    with a_run(tmp_path) as (_, run, wave):
        calls: list[int] = []
        run.halted = lambda: "halted by somebody"

        def call() -> None:
            change(run, starting(wave, rings=rings), lambda: calls.append(1))

        if rings:
            with pytest.raises(Incomplete, match="halted by somebody"):
                call()
            assert [row[0] for row in written(run)] == ["refused"]
            assert run.store.waves.wave(wave.wave_id).phase is Phase.VERIFIED
        else:
            call()
        assert len(calls) == sent


def test_no_create_leaves_for_a_campaign_whose_document_changed(tmp_path: Path) -> None:
    with a_run(tmp_path) as (_, run, wave):
        run.stale = lambda name: f"{name} was changed"
        with pytest.raises(Incomplete, match="renewal was changed"):
            change(run, Step(call="create", wave=replace(wave, task_id=None)), answering(AssertionError()))


def test_a_token_that_cannot_be_had_sends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with a_run(tmp_path) as (_, run, wave):

        def none(*failures: Exception) -> None:
            fetch = answering(*failures)
            monkeypatch.setattr(run.client, "prepare", lambda _call: fetch())

        send = answering(AssertionError("it was sent"))
        none(NotSent("token", Text("no way")))
        words = Text("start was not sent: no way")
        assert change(run, starting(wave), send) == Answer(Outcome.REFUSED, Meaning.BUSY, words=words)
        none(REFUSED)
        expected: Answer[str] = Answer(
            Outcome.REFUSED, Meaning.NOT_DONE, words=Text("in our words"), hint=Text("do so")
        )
        assert change(run, starting(wave), send) == expected
        none(BALANCE)
        with pytest.raises(StopEverything):
            change(run, starting(wave), send)
        with pytest.raises(Stopped):
            run.check()
        assert written(run) == []


def test_a_task_of_another_name_is_sent_nothing(tmp_path: Path) -> None:
    with a_run(tmp_path) as (_, run, wave):
        with pytest.raises(Unresolved):
            change(run, starting(replace(wave, task_name="another")), answering(AssertionError()))
        assert written(run) == []


@pytest.mark.sweep
@pytest.mark.parametrize("when", ["before", "refused meanwhile", "done meanwhile"])
def test_a_run_that_lost_its_lock_sends_nothing_and_what_comes_too_late_is_noted_alone(
    tmp_path: Path, when: str
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(state="staged")
    lab.converge()
    with lab.store() as store, lab.client() as client:
        run = lab.run(store, client)
        (wave,) = store.waves.recorded().campaigns["renewal"].waves
        store.lock.acquire(run.holder, run.instant())
        sent: list[int] = []

        def taken() -> None:
            lab.emulator.advance(31)
            with lab.store() as theirs:
                theirs.lock.acquire(Holder("them", "host", 8, "apply"), run.instant())

        def send() -> str:
            sent.append(1)
            taken()
            if when == "done meanwhile":
                return "77"
            raise REFUSED

        if when == "before":
            taken()
        with pytest.raises(StateLocked):
            change(run, starting(wave), send, lambda task_id: {"task_id": task_id})
        late = store.database.read("SELECT outcome, code, task_id FROM late_answers")
        assert (
            late
            == {
                "before": [],
                "refused meanwhile": [("refused", 10005, "")],
                "done meanwhile": [("done", None, "77")],
            }[when]
        )
        assert len(sent) == len(late)
        now = store.waves.wave(wave.wave_id)
        assert (now.phase, now.task_id) == (Phase.STARTED if sent else Phase.VERIFIED, wave.task_id)


def test_an_intent_says_what_is_sent_and_until_when_it_may_be_under_way(tmp_path: Path) -> None:
    with a_run(tmp_path) as (_, run, wave):
        step = Step(call="insert", wave=wave, batch=4, rows=2)
        change(run, step, answering(OutcomeUnknown("insert", Text("no answer"))))
        (intent,) = run.store.intents.open(wave.wave_id)
        assert (intent.call, intent.batch, intent.rows) == ("insert", 4, 2)
        now = run.now_ms()
        # 30 s for the call, and 3 s in which it may wait for its place.
        assert (intent.begun, intent.deadline, intent.ended) == (now, now + 33_000, now)


class Waiting:
    """An insert whose only place is another's until `go`, and a wait for its intent."""

    def __init__(self, lab: Lab, run: Run, wave: WaveRecord, pool: ThreadPoolExecutor) -> None:
        self.lab = lab
        self.run = run
        self.sent: list[Intent] = []
        self._step = Step(call="insert", wave=wave, batch=0, rows=2, early=True)
        self._pool = pool

    @contextmanager
    def while_it_waits(self) -> Iterator[Future[Answer[str]]]:
        """Nothing is sent inside the block, though its intent is on disk."""
        self.run.pace = Pace(1)
        with self.run.pace.slot():
            answer = self._pool.submit(change, self.run, self._step, self._send)
            until(lambda: self.intents() != [])
            yield answer
            assert self.sent == []

    def intents(self) -> list[Intent]:
        return self.run.store.intents.open()

    def _send(self) -> str:
        self.sent += self.intents()
        return "done"


@contextmanager
def an_insert_that_waits(tmp_path: Path) -> Iterator[Waiting]:
    with a_run(tmp_path) as (lab, run, wave), ThreadPoolExecutor(1) as pool:
        yield Waiting(lab, run, wave, pool)


@pytest.mark.parametrize(("seconds", "deadline"), [(3, 33), (4, 37), (29, 62)])
def test_a_call_that_waited_for_its_place_is_over_by_what_its_intent_says(
    tmp_path: Path, seconds: int, deadline: int
) -> None:
    with an_insert_that_waits(tmp_path) as it:
        before = it.run.now_ms()
        with it.while_it_waits() as answer:
            it.lab.emulator.advance(seconds)
        assert answer.result(60).done
        (intent,) = it.sent
        assert intent.deadline >= it.run.now_ms() + 30_000
        assert (intent.begun, intent.deadline) == (before, before + deadline * 1000)
        assert it.intents() == []


def slow_looks(lab: Lab, run: Run, *seconds: int) -> list[int]:
    """The last looks at whether anybody may be called take so long; what is left of them."""
    rest = list(seconds)

    def halted() -> None:
        lab.emulator.advance(rest.pop(0) if rest else 0)

    run.halted = halted
    return rest


@pytest.mark.parametrize(("looks", "deadline"), [((3,), 33), ((4,), 37), ((4, 4), 44), ((7, 7, 7), 63)])
def test_a_start_whose_last_look_takes_long_is_dated_anew_until_it_may_be_sent(
    tmp_path: Path, looks: tuple[int, ...], deadline: int
) -> None:
    with a_run(tmp_path) as (lab, run, wave):
        began, rest = run.now_ms(), slow_looks(lab, run, *looks)
        sent: list[Intent] = []
        assert change(run, starting(wave), lambda: sent.extend(run.store.intents.open())).done
        (intent,) = sent
        assert (intent.begun, intent.deadline) == (began, began + deadline * 1000)
        assert intent.deadline >= run.now_ms() + 30_000
        assert rest == []


def test_nothing_rings_that_was_halted_while_it_was_dated_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_run(tmp_path) as (lab, run, wave):
        slow_looks(lab, run, 4)
        postpone = Intents.postpone

        def halted_then(*arguments: Any) -> None:
            postpone(*arguments)
            run.halted = lambda: "halted by somebody"

        monkeypatch.setattr(Intents, "postpone", halted_then)
        with pytest.raises(NotYet, match="halted by somebody"):
            change(run, starting(wave), answering(AssertionError("it was sent")))
        assert [row[0] for row in written(run)] == ["refused"]
        assert run.store.waves.wave(wave.wave_id).phase is Phase.VERIFIED


def test_nothing_that_is_too_late_is_dated_anew_once_all_is_stopped(tmp_path: Path) -> None:
    with a_run(tmp_path) as (lab, run, wave):
        slow_looks(lab, run, 4)
        run.stale = lambda _campaign: run.stop()
        with pytest.raises(Stopped):
            change(run, starting(wave), answering(AssertionError("it was sent")))
        assert [row[0] for row in written(run)] == ["refused"]


def test_a_call_whose_lock_went_while_it_waited_for_its_place_is_not_sent(tmp_path: Path) -> None:
    with an_insert_that_waits(tmp_path) as it:
        with it.while_it_waits() as answer, it.lab.store() as second:
            second.lock.take_away()
        with pytest.raises(StateLocked):
            answer.result(60)
        assert it.sent == []
        # Whoever takes the lock settles it.
        assert [intent.call for intent in it.intents()] == ["insert"]


def test_a_call_that_waited_for_its_place_while_all_was_stopped_is_not_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with an_insert_that_waits(tmp_path) as it:
        # Nor is a token waited for: there may be none for long.
        monkeypatch.setattr(it.run.client, "prepare", lambda _call: pytest.fail("a token was asked for"))
        with it.while_it_waits() as answer:
            it.run.stop()
        with pytest.raises(Stopped):
            answer.result(60)
        assert (it.sent, it.intents()) == ([], [])


@pytest.mark.parametrize("call", ["start", "insert"])
def test_only_an_early_intent_is_written_before_its_place(tmp_path: Path, call: str) -> None:
    with a_run(tmp_path) as (_, run, wave), ThreadPoolExecutor(1) as pool:
        asked = threading.Event()

        class Listening(Pace):
            @contextmanager
            def slot(self) -> Iterator[None]:
                asked.set()
                with super().slot():
                    yield

        run.pace = Listening(1)
        with Pace.slot(run.pace):
            step = starting(wave) if call == "start" else Step(call="insert", wave=wave, batch=0, rows=2)
            answer = pool.submit(change, run, step, answering("done"))
            assert asked.wait(60)
            assert run.store.intents.open() == []
        assert answer.result(60).done


def test_an_insert_for_which_there_is_no_token_leaves_no_doubt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_run(tmp_path) as (_, run, wave):
        failure = NotSent("insert", Text("no way there"))

        def prepare(what: str) -> None:
            raise failure

        monkeypatch.setattr(run.client, "prepare", prepare)
        monkeypatch.setattr(journaled, "BUSY_TRIES", 1)
        sent: list[int] = []
        step = Step(call="insert", wave=wave, batch=0, rows=2, early=True)
        answer = change(run, step, lambda: sent.append(1))
        assert (answer.outcome, answer.meaning, sent) == (Outcome.REFUSED, Meaning.BUSY, [])
        found = run.store.database.read(
            "SELECT outcome, why, settled FROM intents WHERE batch = 0 AND outcome = 'refused'"
        )
        assert found == [("refused", "no way there", 1)]
