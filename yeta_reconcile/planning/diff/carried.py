"""Started waves are carried over: when that can succeed, and what it does to their people.

Pure. The numbers it says are upper bounds where calls are in progress, and are said to be such.
"""

from __future__ import annotations

from yeta_reconcile.amounts import count
from yeta_reconcile.exits import Exit
from yeta_reconcile.plan.plan import Action, Reason
from yeta_reconcile.planning.diff.case import Case
from yeta_reconcile.planning.diff.subject import Wave
from yeta_reconcile.platform.hours import time_of_day, within
from yeta_reconcile.platform.resources import AWAITING_RECALL, OUTSIDE_HOURS, Task
from yeta_reconcile.waves.lifecycle import Readiness, carry_readiness, missing_records, silent_for_a_week
from yeta_reconcile.waves.recalls import tries
from yeta_reconcile.waves.record import Phase
from yeta_reconcile.wording import CLAUSES, PARTS, UNSAID, Text, listed, phrase


def carried_words(case: Case, wave: Wave, carried: int, entering: int) -> Text:
    """How many go on, who of them is edited, who is added and removed, and whose recalls are lost."""
    delta, key = case.delta, wave.record.wave_id
    removed = delta.removed.get(key, 0) + delta.recalled.get(key, 0)
    edited, rows = delta.edited.get(key, 0), count(carried, "undialled row is", "undialled rows are")
    changed = [phrase("{rows} edited", rows=count(edited, "row"))] if edited else []
    changed += [phrase("{rows} added", rows=count(entering, "row"))] if entering else []
    changed += [phrase("{rows} removed", rows=count(removed, "row"))] if removed else []
    over = phrase("{rows} carried over", rows=rows)
    if carried and (why := _fewer(case, wave)):
        over = phrase("{rows} carried over, at most: {why}", rows=rows, why=why)
    parts = [
        phrase("pause, drain, account, delete"),
        over,
        listed(changed, by=CLAUSES),
        _recalls_lost(wave),
    ]
    return listed([part for part in parts if part], 0, by=PARTS)


def _fewer(case: Case, wave: Wave) -> Text:
    """Why fewer may be carried over than are not dialled by now; "" if none is dialled until it is paused."""
    task, now = wave.task, case.subject.now
    if wave.record.phase is not Phase.STARTED or task is None or task.remaining == 0:
        return UNSAID
    if task.remaining:
        return phrase("calls are in progress")
    windows = task.windows or wave.record.attributes.windows
    early = task.begin is not None and task.begin > case.subject.now_ms
    resting = early or task.status in {AWAITING_RECALL, OUTSIDE_HOURS}
    if resting or (windows and not within(time_of_day(now), windows)):
        return phrase("nobody is called just now, but it goes on until it is paused")
    return phrase("calls may be in progress")


def _recalls_lost(wave: Wave) -> Text:
    """Of how many people the platform would have called again; by its counts alone, of how many at most."""
    record, task = wave.record, wave.task
    if not tries(record, task):
        return UNSAID
    if wave.recalls is not None:
        people, bound = wave.recalls.rows, wave.recalls.unrecorded > 0
    else:
        dialled = max(record.dialled, (task.process_tel_count if task else None) or 0)
        people, bound = max(dialled - ((task.process_through_count if task else None) or 0), 0), True
    if not people:
        return UNSAID
    return phrase(
        "recalls that would still have come to at most {people} are lost"
        if bound
        else "recalls that would still have come to {people} are lost",
        people=count(people, "person", "people"),
    )


def pause_as_declared(case: Case, wave: Wave) -> None:
    """Whatever else has to wait: what is declared paused, or would call on a day off, is paused."""
    if not case.running or not case.keeps_days(wave):
        case.stop(wave)


def carry(
    case: Case,
    wave: Wave,
    reason: Reason,
    attributes: dict[str, tuple[object, object]],
    removed: int,
    recalled: int,
) -> None:
    """Replace a started wave by one with its undialled rows, as soon as that can succeed."""
    record, task = wave.record, wave.task
    if case.ended or task is None or _hindered(case, wave, task, removed + recalled):
        return
    # Whether the removed are among those dialled without a record yet is not known: at most so many.
    carried = max(min(record.pending - removed, wave.undialled), 0)
    # Rows blocked by nothing but this wave enter the next one; a reviewer has to see them ring.
    entering = case.delta.new + case.delta.follows.get(record.wave_id, 0)
    if entering and case.subject.holding_unknown:
        words = phrase(
            "a task holds numbers of which it is not known whose they are; no further row is taken in"
        )
        case.wait(wave, Reason.RECORDS_MISSING, wave.rows_left, with_removed(words, removed + recalled))
        return
    case.change(
        wave,
        Action.REPLACE,
        reason,
        rings=case.running,
        rows=carried + entering,
        attributes=attributes,
        new_rows=entering,
        repeat_rows=case.delta.called_again + case.delta.standing_called_again(record.wave_id),
        deletes=True,
        detail=carried_words(case, wave, carried, entering),
    )


def _hindered(case: Case, wave: Wave, task: Task, removed: int) -> bool:
    """Whether it cannot succeed now, which is said; `removed` left the list and may ring until then."""
    record = wave.record
    if case.in_doubt:
        # A replacement is a new wave: whom such a task called, it would call again.
        pause_as_declared(case, wave)
        words = phrase("nothing is carried over while it is not known whom another task of it called")
        case.wait(wave, Reason.OUTCOME_UNKNOWN, wave.rows_left, with_removed(words, removed))
        return True
    if record.phase is Phase.DRAINING:
        ready = carry_readiness(record, task, case.subject.now_ms, case.subject.drain_quiet)
        if not ready.ready:
            _not_ready(case, wave, ready, removed)
        return not ready.ready
    if _records_too_old(case, wave):
        case.find(
            "cannot-account", Exit.UNRESOLVED,
            phrase("wave {number} was paused more than a week ago, and {missing_records}, but none that "
"old; it cannot be carried over", number=record.number, missing_records=missing_records(missing_of(wave))),
            phrase("take the change back; or delete task {task_id} at the platform, and `yeta state resolve "
"{name}` settles it by hand", task_id=record.task_id, name=case.declared.name),
        )  # fmt: skip
        return True
    if blocked := _cannot_account(case, wave):
        pause_as_declared(case, wave)
        case.wait(wave, Reason.RECORDS_MISSING, wave.rows_left, with_removed(blocked, removed))
        return True
    return False


def _not_ready(case: Case, wave: Wave, ready: Readiness, removed: int) -> None:
    if ready.hopeless:
        case.find(
            "cannot-account", Exit.UNRESOLVED,
            phrase("wave {number} is drained, but {detail}", number=wave.record.number, detail=ready.detail),
            phrase("`yeta state resolve {name}` settles it by hand", name=case.declared.name),
        )  # fmt: skip
    else:
        case.wait(wave, ready.reason, wave.rows_left, with_removed(ready.detail, removed))


def _cannot_account(case: Case, wave: Wave) -> Text:
    """Why a pause now could not lead to a replacement: too many records are missing, or nothing is proven."""
    record, task = wave.record, wave.task
    if record.held:
        hint = phrase("`yeta state resolve {campaign}` settles them", campaign=record.campaign)
        return phrase(
            "{rows} held as possibly dialled; {hint}",
            rows=count(record.held, "row is", "rows are"),
            hint=hint,
        )
    if task is None or task.process_tel_count is None:
        return phrase("the platform gives no count of dialled numbers")
    lines = [case.subject.lines.concurrents.get(line) for line in record.attributes.lines]
    in_progress = sum(line or 0 for line in lines)
    missing = missing_of(wave)
    return missing_records(missing) if missing > in_progress else UNSAID


def _records_too_old(case: Case, wave: Wave) -> bool:
    """Whether records are missing of a wave in which no call has been in progress for a week."""
    record = wave.record
    return (
        record.phase is Phase.PAUSED
        and missing_of(wave) > 0
        and silent_for_a_week(record, case.subject.now_ms)
    )


def missing_of(wave: Wave) -> int:
    called = wave.task.process_tel_count if wave.task else None
    return (called or 0) - wave.record.dialled


def with_removed(words: Text, numbers: int) -> Text:
    """What a wave waits for, and how many who left the list may be called until then."""
    if not numbers:
        return words
    return phrase(
        "{words}; {numbers} may still ring until then, `state: paused` stops them",
        words=words,
        numbers=count(numbers, "removed number"),
    )
