"""Waves that go on: steered as declared, or replaced where what is declared changed (carry-over)."""

from __future__ import annotations

from collections.abc import Mapping

from yeta_reconcile.amounts import count
from yeta_reconcile.documents.models import Campaign
from yeta_reconcile.exits import Exit
from yeta_reconcile.plan.plan import Action, ChangeKind, Reason
from yeta_reconcile.planning.diff.carried import carry, pause_as_declared
from yeta_reconcile.planning.diff.case import Case, Decision
from yeta_reconcile.planning.diff.subject import Subject, Wave
from yeta_reconcile.platform.resources import LivePhase
from yeta_reconcile.waves.recalls import NONE, recalls_words
from yeta_reconcile.waves.record import Phase
from yeta_reconcile.wording import Text, phrase, plural


def decide_live(case: Case, wave: Wave) -> None:
    """Carry over, resume from a drain, or steer."""
    if _unknown_status(case, wave):
        return
    _name_absent(case, wave)
    _name_called_before(case, wave)
    if _day_over(case, wave):
        return
    attributes = case.changes_of(wave)
    edited = case.delta.edited.get(wave.record.wave_id, 0)
    removed = case.delta.removed.get(wave.record.wave_id, 0)
    recalled = case.delta.recalled.get(wave.record.wave_id, 0)
    if (attributes or edited) and case.declared.on_change == "forbid":
        _forbid(case, wave, _what(attributes, edited))
        return
    carried = _carried(case, wave)
    if carried and _contradicts(case, wave):
        return
    if case.delta.renumbered.get(wave.record.wave_id) and not (carried and wave.undialled):
        _name_renumbered(case, wave, left=not carried)
    if carried and wave.undialled:
        reason = (
            Reason.ATTRIBUTES_CHANGED
            if attributes
            else Reason.ROWS_CHANGED
            if edited
            else Reason.ROWS_REMOVED
        )
        carry(case, wave, reason, attributes, removed, recalled)
    elif not case.keeps_days(wave):
        # Nobody is left to call for the first time, and nobody is tried again on a day off either.
        case.stop(wave)
    elif wave.record.phase is Phase.DRAINING:
        if case.running:
            reason = Reason.NOTHING_LEFT if carried else Reason.EDIT_REVERTED
            _resume(case, wave, reason, ChangeKind.CARRY_LAPSED)
    else:
        _name_recalled(case, wave, recalled)
        _name_barred(case, wave)
        _steer(case, wave)


def _forbid(case: Case, wave: Wave, what: str) -> None:
    case.find(
        "change-forbidden",
        Exit.REFUSED,
        phrase(
            "{what} of {name} changed while wave {number} is going on, and on_change is forbid",
            what=what,
            name=case.declared.name,
            number=wave.record.number,
        ),
        phrase("take the change back, or say `on_change: carry-over` or `next-wave`"),
        "on_change",
    )


def taken_apart(subject: Subject, declared: Campaign, wave: Wave) -> bool:
    """Whether a wave that goes on is to be replaced by one with the rows that are declared now."""
    return wave.record.live and wave.undialled > 0 and _carried(Case(Decision(subject), declared), wave)


def _carried(case: Case, wave: Wave) -> bool:
    """Whether what changed is such that a started wave does not go on with what it has."""
    declared, delta, key = case.declared, case.delta, wave.record.wave_id
    attributes = case.changes_of(wave)
    # A day off is kept whatever else may go on unchanged.
    changed = bool(attributes or delta.edited.get(key)) and declared.on_change == "carry-over"
    removed = delta.removed.get(key, 0) + delta.recalled.get(key, 0)
    leaves = removed > 0 and declared.on_removed_rows == "carry-over"
    return changed or "days" in attributes or leaves or key in delta.called_before


def _name_renumbered(case: Case, wave: Wave, *, left: bool) -> None:
    """A wave calls the numbers that it was given: where it is `left` as it is, and those it has dialled."""
    rows = case.delta.renumbered[wave.record.wave_id]
    values = {"line": case.delta.edited_lines[wave.record.wave_id], "wave": wave.record.number}
    if case.declared.contacts.changed_number == "call" and case.running and not case.ended:
        case.wait(wave, Reason.RECORDS_MISSING, rows, _called_later(rows, values))
        return
    if left:
        words = plural(
            rows,
            "from line {line} of the list on, {number} row of wave {wave} has another number now: "
            "the wave goes on with what it has, and nobody calls what is new",
            "from line {line} of the list on, {number} rows of wave {wave} have another number now: "
            "the wave goes on with what it has, and nobody calls what is new",
            **values,
        )
        hint, place = phrase("`on_change: carry-over` replaces them"), "on_change"
    else:
        words = plural(
            rows,
            "from line {line} of the list on, {number} row of wave {wave} has another number now: "
            "everybody in the wave was dialled, and nobody calls what is new",
            "from line {line} of the list on, {number} rows of wave {wave} have another number now: "
            "everybody in the wave was dialled, and nobody calls what is new",
            **values,
        )
        hint, place = phrase("`changed_number: call` under `contacts:` calls it"), "contacts"
    case.find("changed-number", Exit.DONE, words, hint, place)


def _called_later(rows: int, values: dict[str, int]) -> Text:
    return plural(
        rows,
        "from line {line} of the list on, {number} row of wave {wave} has another number now: "
        "it is called once the record of the former is there",
        "from line {line} of the list on, {number} rows of wave {wave} have another number now: "
        "they are called once the records of the former are there",
        **values,
    )


def _name_recalled(case: Case, wave: Wave, recalled: int) -> None:
    """With nobody left to call for the first time a wave is left to finish, and with it its recalls."""
    if recalled and case.running:
        case.find(
            "may-be-recalled",
            Exit.DONE,
            plural(
                recalled,
                "{number} removed number of wave {wave} was called in vain and may be tried again",
                "{number} removed numbers of wave {wave} were called in vain and may be tried again",
                wave=wave.record.number,
            ),
            phrase("`state: paused` stops it"),
            "contacts",
        )


def _name_barred(case: Case, wave: Wave) -> None:
    """What a wave is let keep although nobody may call it."""
    barred = case.delta.still_barred.get(wave.record.wave_id, 0)
    if barred and case.declared.on_removed_rows == "ignore":
        case.find(
            "do-not-call-ignored",
            Exit.DONE,
            phrase(
                "{numbers} of wave {number} that nobody may call (limits.do_not_call) may ring: "
                "on_removed_rows is ignore",
                numbers=count(barred, "number"),
                number=wave.record.number,
            ),
            phrase("`on_removed_rows: carry-over` takes them out, `state: paused` stops the wave"),
            "on_removed_rows",
        )


def _unknown_status(case: Case, wave: Wave) -> bool:
    """A status that is not known is shown, and nothing rings by it; what is declared paused is paused."""
    record, task = wave.record, wave.task
    if task is None or task.phase is not LivePhase.UNKNOWN:
        return False
    case.find(
        "unknown-status", Exit.DONE,
        phrase("task {task_id} of wave {number} is {status_words}, which is not known: it is left as it "
"is", task_id=record.task_id, number=record.number, status_words=task.status_words),
        phrase("look at it in the platform's console"),
    )  # fmt: skip
    pause_as_declared(case, wave)
    return True


def _day_over(case: Case, wave: Wave) -> bool:
    """A task that stands still when its last day is over, if the platform does not end it: it is deleted.

    What it did not dial goes on in a further wave once it is accounted.
    """
    task, still = wave.task, {LivePhase.NEW, LivePhase.PAUSED}
    if not case.day_over(wave) or task is None or task.phase not in still or not case.running or case.ended:
        return False
    case.change(
        wave, Action.DELETE, Reason.NEXT_DAY, detail=phrase("its last day is over, and nothing of it rings")
    )
    return True


def _contradicts(case: Case, wave: Wave) -> bool:
    """Counts that cannot both be right prove nothing: neither who is left nor that nobody is."""
    task = wave.task
    if task is None or task.count_tel is None or (task.process_tel_count or 0) <= task.count_tel:
        return False
    case.find(
        "cannot-account",
        Exit.UNRESOLVED,
        phrase(
            "the platform says that {process_tel_count} of the {numbers} of wave {number} were "
            "dialled, which cannot be: nothing is carried over",
            process_tel_count=task.process_tel_count,
            numbers=count(task.count_tel, "number"),
            number=wave.record.number,
        ),
        phrase(
            "`yeta state resolve {name}` settles it by hand; `state: paused` stops its calls",
            name=case.declared.name,
        ),
    )
    pause_as_declared(case, wave)
    return True


def _name_called_before(case: Case, wave: Wave) -> None:
    """A record that came late tells that a wave before called whom this one has yet to call."""
    numbers = case.delta.called_before.get(wave.record.wave_id, 0)
    if not numbers:
        return
    if wave.record.round > 1:
        words = phrase(
            "records that came late say of {numbers} of wave {number} that {which} not to be called again: "
            "{which} taken out of it",
            numbers=count(numbers, "number"),
            number=wave.record.number,
            which=phrase("it is") if numbers == 1 else phrase("they are"),
        )
    else:
        words = plural(
            numbers,
            "{number} number of wave {wave} was called by a wave before it, as records that came late tell: "
            "it is taken out of it",
            "{number} numbers of wave {wave} were called by a wave before it, as records that came late "
            "tell: they are taken out of it",
            wave=wave.record.number,
        )
    case.find("called-before", Exit.DONE, words)


def _name_absent(case: Case, wave: Wave) -> None:
    """A wave started outside yeta while its task was not what we asked: whom it calls is not known."""
    record, task = wave.record, wave.task
    asked = record.pending + record.dialled + record.held
    if record.imported or task is None or task.count_tel is None or task.count_tel == asked:
        return
    case.find(
        "count-differs",
        Exit.DONE,
        phrase(
            "wave {number} was started with {numbers} where {asked} belong; those that are not in it "
            "are not called",
            number=record.number,
            numbers=count(task.count_tel, "number"),
            asked=asked,
        ),
        phrase("`yeta state resolve {name}` settles them once it is over", name=case.declared.name),
    )


def _what(attributes: Mapping[str, object], edited: int) -> str:
    names = ", ".join(attributes)
    rows = count(edited, "undialled row") if edited else ""
    return " and ".join(part for part in (names, rows) if part)


def _steer(case: Case, wave: Wave) -> None:
    """Pause, resume or start again as declared."""
    record, task = wave.record, wave.task
    if task is None:
        return
    if task.phase is LivePhase.NEW and record.phase is Phase.STARTED:
        if case.running and not case.ended:
            case.change(wave, Action.START, Reason.START_UNCONFIRMED, rings=True, kind=ChangeKind.START_AGAIN)
    elif record.phase is Phase.STARTED and not case.running:
        case.change(wave, Action.PAUSE, Reason.DECLARED_PAUSED)
    elif record.phase is Phase.PAUSED and case.running and not case.ended:
        if record.halted is not None:
            _resume(case, wave, Reason.HALTED, ChangeKind.AFTER_HALT)
        elif record.outside_yeta:
            _resume(case, wave, Reason.PAUSED_OUTSIDE, ChangeKind.AFTER_OUTSIDE)
        else:
            _resume(case, wave, Reason.DECLARED_RUNNING)


def _resume(case: Case, wave: Wave, reason: Reason, kind: ChangeKind = ChangeKind.PLAIN) -> None:
    if not case.ended:
        again = wave.recalls or NONE
        words = recalls_words(again)
        case.change(wave, Action.RESUME, reason, rings=True, recall_rows=again.rows, detail=words, kind=kind)
