"""Waves that are over: rows proven undialled are free, others wait for their records or a person."""

from __future__ import annotations

from yeta_reconcile.amounts import count
from yeta_reconcile.exits import Exit
from yeta_reconcile.plan.plan import Reason
from yeta_reconcile.planning.delta import Hold, hold
from yeta_reconcile.planning.diff.case import Case, Decision
from yeta_reconcile.planning.diff.subject import Wave
from yeta_reconcile.waves.lifecycle import WEEK_MS, missing_records, unread
from yeta_reconcile.wording import CLAUSES, UNSAID, Text, listed, phrase


def say_lost(case: Case, wave: Wave) -> None:
    """A task that is gone: never replaced by guess."""
    rows = count(wave.rows_left, "row without a record was", "rows without a record were")
    hint = phrase("`yeta state resolve {name}` says how to settle it", name=case.declared.name)
    if case.subject.near:
        hint = phrase(
            "{hint}; a `yeta emulator` that was started again without --data has none of its tasks any more: "
            "only then may the state be deleted, to begin anew",
            hint=hint,
        )
    case.find(
        "task-lost",
        Exit.UNRESOLVED,
        phrase(
            "task {task_id} of wave {number} is gone from the platform; whether its {rows} called is "
            "not known",
            task_id=wave.record.task_id,
            number=wave.record.number,
            rows=rows,
        ),
        hint,
    )


def name_left_over(case: Case, wave: Wave) -> None:
    """A task that is completed is history, also where it was completed outside yeta before its time."""
    record = wave.record
    taken = record.pending + record.dialled + record.held
    if record.held and (holds := _holds(wave)):
        # Of those who are held some may be in no task: that is said of them.
        taken = min(taken, holds)
    if record.tel_count is not None and record.tel_count < taken:
        case.find(
            "completed-undialled",
            Exit.DONE,
            phrase(
                "wave {number} is completed, and the platform dialled {tel_count} of its {numbers}; the "
                "others are not called any more",
                number=record.number,
                tel_count=record.tel_count,
                numbers=count(taken, "number"),
            ),
            phrase("`yeta state resolve {name}` settles them", name=case.declared.name),
        )


def name_held(case: Case, wave: Wave) -> None:
    """Declared rows that may have been called, for all that is known, and so are not called: never silent."""
    record = wave.record
    if not record.held:
        return
    rows, holds = count(record.held, "row is", "rows are"), _holds(wave)
    words = (
        phrase(
            "{rows} held as possibly dialled by wave {number} and called by no other; its task holds "
            "{numbers}{at_least}",
            rows=rows,
            number=record.number,
            numbers=count(holds, "number"),
            at_least=_in_no_task(wave, holds),
        )
        if holds
        else phrase(
            "{rows} held as possibly dialled by wave {number} and called by no other; how many numbers its "
            "task holds is not known",
            rows=rows,
            number=record.number,
        )
    )
    hint = phrase(
        "call records settle them as they come in, or `yeta state resolve {name}`", name=case.declared.name
    )
    case.find("possibly-dialled", Exit.DONE, words, hint, "contacts")


def _in_no_task(wave: Wave, holds: int) -> Text:
    record = wave.record
    outside = record.rows + record.strays - holds
    if not 0 < outside <= record.held:
        return UNSAID
    return phrase(", so that at least {outside} of these are in no task", outside=outside)


def _holds(wave: Wave) -> int:
    """How many numbers its task holds, as far as it was ever told; 0: it was not."""
    return max(wave.record.holds or 0, wave.task.count_tel or 0 if wave.task else 0)


def unknown_block(decision: Decision) -> bool:
    """Whether new rows wait since a task holds more numbers than are known: they may be the unknown ones.

    A task of a campaign that is continued is one: whom that called counts as called here.
    """
    subject, entering = decision.subject, _entering(decision)
    blocking = subject.holding_unknown if entering else ()
    for wave in blocking:
        record = wave.record
        that = count(entering, "row that is", "rows that are")
        if record.task_id is None:
            words = phrase(
                "whom wave {number} called nobody knows, since its task is not known: {that} to be called "
                "may be among them",
                number=record.number,
                that=that,
            )
        else:
            words = phrase(
                "task {task_id} holds {numbers} of which nobody knows whose: {that} to be called may be "
                "among them",
                task_id=record.task_id,
                numbers=count(wave.unknown_numbers, "number", "numbers"),
                that=that,
            )
        said = UNSAID if record.held else phrase(" --wave {number} --as undialled", number=record.number)
        hint = phrase(
            "`yeta state resolve {campaign}{said}` if none of them is; else take them off the list",
            campaign=record.campaign,
            said=said,
        )
        if not record.live and subject.now_ms - (record.started_at or record.created_at) > WEEK_MS:
            words = phrase("{words}; no record can come any more", words=words)
            decision.find("unknown-numbers", Exit.UNRESOLVED, words, hint, "contacts")
            continue
        detail = phrase("{words}; their call records tell, or {hint}", words=words, hint=hint)
        own = record if wave in subject.waves else None
        decision.wait(Reason.RECORDS_MISSING, entering, detail, subject.at(), own, counted=False)
    return bool(blocking)


def doubt_block(decision: Decision) -> bool:
    """Whether new rows wait since a wave went on after rows of it were freed: it may have called them."""
    subject, entering = decision.subject, _entering(decision)
    doubted = [wave for wave in subject.waves if wave.record.doubts_free] if entering else []
    for wave in doubted:
        reason, words = unaccounted(wave, subject.now_ms)
        # Without one `name_reactivated` asks for a person.
        if reason is not None:
            words = phrase(
                "task {task_id} went on after {freed} freed: {that} to be called may be among them; {words}",
                task_id=wave.record.task_id,
                freed=count(wave.record.released, "row of it was", "rows of it were"),
                that=count(entering, "row that is", "rows that are"),
                words=words,
            )
            decision.wait(reason, entering, words, subject.at(), wave.record, counted=False)
    return bool(doubted)


def _entering(decision: Decision) -> int:
    """How many rows would be called by a new wave, or by one that is staged."""
    delta = decision.subject.delta
    return delta.new + sum(staged.rows for staged in delta.staged.values())


def decide_over(case: Case, wave: Wave) -> None:
    """Rows of an expired or deleted wave are free once accounted; until then they wait."""
    record = wave.record
    held = case.delta.held.get(record.wave_id, 0)
    if hold(record) is Hold.FREEING or not held or not record.pending or case.ended:
        return
    if wave.goes_on:
        # Said already: it is not over after all.
        return
    reason, words = unaccounted(wave, case.subject.now_ms)
    if reason is None:
        case.find(
            "cannot-account",
            Exit.UNRESOLVED,
            phrase(
                "wave {number} is over, and {rows} of it cannot be accounted: {words}",
                number=record.number,
                rows=count(held, "declared row"),
                words=words,
            ),
            phrase("`yeta state resolve {name}` settles it by hand", name=case.declared.name),
        )
        return
    case.wait(wave, reason, held, words)


def unaccounted(wave: Wave, now_ms: int) -> tuple[Reason | None, Text]:
    """What the rows of a wave that is over wait for; without a reason only a person settles them."""
    record = wave.record
    if wave.goes_on:
        return Reason.DRAINING, phrase("its task goes on after its end")
    if wave.task is not None and unread(record, wave.task):
        missing = (wave.task.process_tel_count or 0) - record.dialled
        if missing > 0:
            return Reason.RECORDS_MISSING, missing_records(missing)
        return Reason.DRAINING, phrase("calls in progress are let finish")
    hopeless = record.tel_count is None or record.held or record.dialled > record.tel_count
    if hopeless or (record.started_at is not None and now_ms - record.started_at > WEEK_MS):
        return None, listed([count(record.dialled, "call record"), _dialled(record.tel_count)], by=CLAUSES)
    return Reason.RECORDS_MISSING, missing_records(record.missing_records)


def _dialled(counted: int | None) -> Text:
    return (
        phrase("an unknown number dialled")
        if counted is None
        else phrase("{numbers} dialled", numbers=count(counted, "number"))
    )
