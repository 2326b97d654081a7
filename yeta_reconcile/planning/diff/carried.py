"""What a carry-over does to the people of a wave, as numbers, upper bounds said to be such. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yeta_reconcile.amounts import count
from yeta_reconcile.waves.recalls import tries
from yeta_reconcile.waves.record import Phase
from yeta_reconcile.wording import CLAUSES, PARTS, UNSAID, Text, listed, phrase

if TYPE_CHECKING:
    from yeta_reconcile.planning.diff.case import Case
    from yeta_reconcile.planning.diff.subject import Wave


def carried_words(case: Case, wave: Wave, carried: int, entering: int) -> Text:
    """How many go on, who of them is edited, who is added and removed, and whose recalls are lost."""
    delta, key = case.delta, wave.record.wave_id
    removed = delta.removed.get(key, 0) + delta.recalled.get(key, 0)
    edited, rows = delta.edited.get(key, 0), count(carried, "undialled row is", "undialled rows are")
    changed = [phrase("{rows} edited", rows=count(edited, "row"))] if edited else []
    changed += [phrase("{rows} added", rows=count(entering, "row"))] if entering else []
    changed += [phrase("{rows} removed", rows=count(removed, "row"))] if removed else []
    task = wave.task
    going_on = wave.record.phase is Phase.STARTED and task is not None and task.remaining != 0
    over = phrase(
        "{rows} carried over, at most: calls are in progress"
        if going_on and carried
        else "{rows} carried over",
        rows=rows,
    )
    parts = [
        phrase("pause, drain, account, delete"),
        over,
        listed(changed, by=CLAUSES),
        _recalls_lost(case, wave),
    ]
    return listed([part for part in parts if part], 0, by=PARTS)


def _recalls_lost(case: Case, wave: Wave) -> Text:
    """Of how many people the platform would have called again; by its counts alone, of how many at most."""
    record, task = wave.record, wave.task
    if not tries(record, task):
        return UNSAID
    known = case.subject.recalls.get(record.wave_id)
    if known is not None:
        people, bound = known.rows, known.unrecorded > 0
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
