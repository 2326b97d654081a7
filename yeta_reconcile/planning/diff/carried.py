"""What a carry-over does to the people of a wave, as numbers, upper bounds said to be such. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yeta_reconcile.amounts import count
from yeta_reconcile.waves.recalls import tries
from yeta_reconcile.waves.record import Phase

if TYPE_CHECKING:
    from yeta_reconcile.planning.diff.case import Case
    from yeta_reconcile.planning.diff.subject import Wave


def carried_words(case: Case, wave: Wave, carried: int, entering: int) -> str:
    """How many go on, who of them is edited, who is added and removed, and whose recalls are lost."""
    delta, key = case.delta, wave.record.wave_id
    removed = delta.removed.get(key, 0) + delta.recalled.get(key, 0)
    changed = [
        f"{count(rows, 'row')} {what}"
        for rows, what in ((delta.edited.get(key, 0), "edited"), (entering, "added"), (removed, "removed"))
        if rows
    ]
    task = wave.task
    going_on = wave.record.phase is Phase.STARTED and task is not None and task.remaining != 0
    bound = ", at most: calls are in progress" if going_on and carried else ""
    over = f"{count(carried, 'undialled row is', 'undialled rows are')} carried over{bound}"
    parts = ["pause, drain, account, delete", over, ", ".join(changed), _recalls_lost(case, wave)]
    return "; ".join(part for part in parts if part)


def _recalls_lost(case: Case, wave: Wave) -> str:
    """Of how many people the platform would have called again; by its counts alone, of how many at most."""
    record, task = wave.record, wave.task
    if not tries(record, task):
        return ""
    known = case.subject.recalls.get(record.wave_id)
    if known is not None:
        people, bound = known.rows, known.unrecorded > 0
    else:
        dialled = max(record.dialled, (task.process_tel_count if task else None) or 0)
        people, bound = max(dialled - ((task.process_through_count if task else None) or 0), 0), True
    most = "at most " if bound else ""
    lost = f"recalls that would still have come to {most}{count(people, 'person', 'people')} are lost"
    return lost if people else ""
