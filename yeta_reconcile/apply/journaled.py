"""One mutating call: its intent on disk, the call, its outcome on disk. Nothing else calls to change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Generic, TypeVar

from yeta_reconcile.apply.run import Run
from yeta_reconcile.errors import (
    StateLocked,
    Unresolved,
    YetaError,
)
from yeta_reconcile.exits import Exit
from yeta_reconcile.platform.codes import Meaning, stops
from yeta_reconcile.platform.errors import (
    Busy,
    NotSent,
    OutcomeUnknown,
    PlatformError,
    StopEverything,
)
from yeta_reconcile.platform.resources import Address
from yeta_reconcile.waves.record import SINGLE_CALLS, Outcome, RowState, WaveRecord
from yeta_reconcile.wording import UNSAID, Text, phrase

Value = TypeVar("Value")
Failure = NotSent | OutcomeUnknown | PlatformError
# A busy platform is asked again for about a minute; then the rest is for the next run.
BUSY_TRIES = 9
FIRST_WAIT, LONGEST_WAIT = 0.25, 16.0
# A pause that people are told of.
SAID_FROM = 2.0


@dataclass(frozen=True, slots=True)
class Answer(Generic[Value]):
    """The outcome of a call. `value` is there if it was done; `words` say why not."""

    outcome: Outcome
    meaning: Meaning
    value: Value | None = None
    words: Text = UNSAID
    hint: Text = UNSAID

    @property
    def done(self) -> bool:
        """Whether it was carried out."""
        return self.outcome is Outcome.DONE

    @property
    def exit_code(self) -> Exit:
        """What a run comes to by a call that was not done: the same at every call."""
        return Exit.INCOMPLETE if self.meaning.passes else Exit.FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A call as the journal knows it, and what it does to its wave.

    `before` are the wave's fields from the intent on, `undo` those it gets back if the call is refused;
    `unknown` rows count as called out from the intent on. An orphan has no wave, only an `address`. `early`:
    the intent is written before there is a place for the call.
    """

    call: str
    wave: WaveRecord | None
    batch: int | None = None
    rows: int = 0
    before: dict[str, Any] | None = None
    undo: dict[str, Any] | None = None
    unknown: Sequence[bytes] = ()
    rings: bool = False
    early: bool = False
    address: Address | None = None

    @property
    def task(self) -> Address | None:
        """The task that is to be changed; None where there is none yet."""
        if self.address is None and self.wave is not None and self.wave.task_id is not None:
            return self.wave.address
        return self.address

    @property
    def wave_id(self) -> int | None:
        """The wave's id in the state."""
        return self.wave.wave_id if self.wave else None


def change(
    run: Run,
    step: Step,
    send: Callable[[], Value],
    done: Callable[[Value], dict[str, Any]] = lambda _value: {},
) -> Answer[Value]:
    """Carry out a step; `done` turns the answer into what `Intents.end` records with the outcome.

    A busy answer is asked again more slowly, a token that is no longer valid is renewed once; each sending
    has an intent of its own. Raises what stops everything: StopEverything, StateLocked, StateError,
    Incomplete (halted, or its task does not show), Unresolved (its task is another's), Stopped.
    """
    renewed = False
    for tried in count(1):
        answer = _once(run, step, send, done)
        if answer.meaning is Meaning.RENEW_TOKEN and not renewed:
            renewed = True
            continue
        if answer.outcome is not Outcome.REFUSED or answer.meaning is not Meaning.BUSY:
            run.pace.fine()
            return answer
        run.pace.busy()
        if tried == BUSY_TRIES:
            return answer
        pause = min(FIRST_WAIT * 2 ** (tried - 1), LONGEST_WAIT)
        if step.wave is not None and pause >= SAID_FROM:
            run.say("busy", step.wave.campaign, wave=step.wave.number, call=step.call, seconds=pause)
        run.wait(pause)
    raise AssertionError("count never ends")


def _once(
    run: Run, step: Step, send: Callable[[], Value], done: Callable[[Value], dict[str, Any]]
) -> Answer[Value]:
    """Once, in a place among the calls under way; its outcome is written when the place is another's.

    An `early` intent costs the place no time; any other is written as late as can be, so that a death leaves
    few calls in doubt that were never sent.
    """
    run.check()
    intent = _begin(run, step) if step.early else None
    with run.pace.slot():
        try:
            failure: Failure | None = _unready(run, step)
            if failure is None:
                intent = _begin(run, step) if intent is None else intent
                _last_look(run, step, intent)
        except YetaError:
            _end(run, step, intent, Outcome.REFUSED, why=phrase("not sent: it may not go on"))
            raise
        if failure is None:
            try:
                value = send()
            except (NotSent, OutcomeUnknown, PlatformError) as error:
                failure = error
        if failure is not None:
            # Before the place is another's: no further call begins after this answer.
            _stop_all(run, step, failure)
    if failure is not None:
        return _failed(run, step, intent, failure)
    assert intent is not None
    _conclude(run, step, intent, Outcome.DONE, **done(value))
    return Answer(Outcome.DONE, Meaning.DONE, value)


def _unready(run: Run, step: Step) -> NotSent | PlatformError | None:
    """See to all that takes time before a call: its task bears its name, there is a token; or why not.

    Raises what stops it.
    """
    run.check()
    if step.task is not None:
        run.client.prove(step.task)
    try:
        run.client.prepare(step.call)
    except (NotSent, PlatformError) as error:
        return error
    run.check()
    if step.unknown:
        _refuse_unknown_callouts(run, step)
    return None


def _last_look(run: Run, step: Step, intent: int) -> None:
    """Raise what keeps a call from being sent in this moment.

    Its intent says by when it is over: one that is too late is dated anew, with more room each time, and all
    is asked again, since that takes time as well.
    """
    if step.unknown:
        run.store.callouts.keep(intent)
    elif step.rings and step.task is not None:
        run.store.callouts.keep_task(step.task)
    timeout, intents = run.pauses.timeout_ms, run.store.intents
    room = run.pauses.most_ms - timeout
    while True:
        if step.rings or step.call == "create":
            run.may_go_on(step.wave, rings=step.rings)
        if intents.in_time(intent, run.holder, timeout, run.instant()):
            return
        run.check()
        intents.postpone(intent, run.holder, timeout + room, run.instant())
        room *= 2


def _refuse_unknown_callouts(run: Run, step: Step) -> None:
    """Raise Unresolved where the state is an older copy by now, unless one number is called on purpose."""
    if step.wave is not None and step.wave.campaign != SINGLE_CALLS and run.store.callouts.missing():
        raise Unresolved(
            phrase("call-outs were sent that this state does not know: it is an older copy, or a new one"),
            hint=phrase("`yeta state rebuild` holds its rows as possibly called"),
        )


def _stop_all(run: Run, step: Step, failure: Failure) -> None:
    """Stop the whole apply if no other call would fare better."""
    if isinstance(failure, StopEverything):
        run.fail(failure)
    elif isinstance(failure, OutcomeUnknown) and failure.code is not None and stops(failure.code):
        run.stop_with(step.call, failure)


def meaning_of(failure: Failure) -> Meaning:
    """What it says of a call that was not answered as asked; one that never left may be made again."""
    if isinstance(failure, NotSent | Busy):
        return Meaning.BUSY
    return Meaning.UNKNOWN if isinstance(failure, OutcomeUnknown) else failure.meaning


def _failed(run: Run, step: Step, intent: int | None, failure: Failure) -> Answer[Any]:
    meaning = meaning_of(failure)
    if isinstance(failure, NotSent):
        _end(run, step, intent, Outcome.REFUSED, why=failure.why)
        return Answer(
            Outcome.REFUSED,
            meaning,
            words=phrase("{call} was not sent: {why}", call=step.call, why=failure.why),
        )
    if isinstance(failure, OutcomeUnknown):
        _end(run, step, intent, Outcome.UNKNOWN, code=failure.code, why=failure.why)
        return Answer(Outcome.UNKNOWN, meaning, words=failure.why)
    _end(run, step, intent, Outcome.REFUSED, code=failure.code)
    if isinstance(failure, StopEverything):
        raise failure
    return Answer(Outcome.REFUSED, meaning, words=failure.message, hint=failure.hint)


def _begin(run: Run, step: Step) -> int:
    return run.store.intents.begin(
        run.holder,
        run.instant(),
        wave_id=step.wave_id,
        call=step.call,
        timeout=run.pauses.most_ms,
        batch=step.batch,
        rows=step.rows,
        unknown=step.unknown,
        **(step.before or {}),
    )


def _end(
    run: Run, step: Step, intent: int | None, outcome: Outcome, *, code: int | None = None, why: str = ""
) -> None:
    """The outcome of a call that was not done; nothing of one that has no intent yet."""
    if intent is None:
        return
    refused = outcome is Outcome.REFUSED
    _conclude(
        run,
        step,
        intent,
        outcome,
        code=code,
        why=why,
        states=(step.unknown, RowState.PENDING) if refused and step.unknown else None,
        **((step.undo or {}) if refused else {}),
    )


def _conclude(run: Run, step: Step, intent: int, outcome: Outcome, **said: Any) -> None:
    """Write the outcome of a call. If the lock is another's by now, it decides nothing, and is noted alone.

    Whoever holds the lock has settled the call by looking, or will. Raises StateLocked.
    """
    try:
        run.store.intents.end(intent, outcome, run.instant(), wave_id=step.wave_id, **said)
    except StateLocked:
        task_id = str(said.get("task_id") or "")
        run.store.intents.note_late(intent, outcome, run.now_ms(), code=said.get("code"), task_id=task_id)
        raise
