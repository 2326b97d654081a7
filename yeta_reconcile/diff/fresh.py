"""Rows that are in no wave: they go out in a further one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yeta_reconcile.diff.staged import line_notes
from yeta_reconcile.plan import Action, Change, Reason
from yeta_reconcile.recorded import Phase

if TYPE_CHECKING:
    from yeta_reconcile.diff.case import Case


def stage_new_rows(case: Case) -> None:
    """A further wave, unless they enter one that is staged or carried over."""
    delta = case.delta
    open_wave = any(wave.record.staged and not wave.record.full for wave in case.subject.waves)
    replaced = any(
        change.action is Action.REPLACE and change.campaign == case.subject.name
        for change in case.decision.changes
    )
    draining = any(wave.record.phase is Phase.DRAINING for wave in case.subject.waves)
    if not delta.new or open_wave or replaced or draining:
        return
    freed = [wave for wave in case.subject.waves if delta.freed.get(wave.record.wave_id)]
    by_hand = [wave for wave in freed if wave.record.phase is Phase.DELETED and wave.record.by_hand]
    if by_hand:
        case.change(
            by_hand[0], Action.REPLACE, Reason.DELETED_BY_HAND, rings=case.running, rows=delta.new,
            new_rows=delta.new, repeat_rows=delta.repeats,
            detail="deleted at the platform; its undialled rows go out in a further wave",
        )  # fmt: skip
        return
    number = case.subject.next_wave
    reason = Reason.NEW if number == 1 and not case.subject.waves else Reason.ROWS_ADDED
    if freed:
        expired = any(wave.record.phase is Phase.EXPIRED for wave in freed)
        reason = Reason.END_EXTENDED if expired else Reason.DECLARED_AGAIN
    elif reason is Reason.ROWS_ADDED and delta.released == delta.new:
        reason = Reason.ROWS_RELEASED
    change = Change(
        case.subject.name,
        number,
        Action.CREATE,
        reason,
        rows=delta.new,
        attributes=case.attributes.changes_from(None),
        position=case.cause(reason),
        new_rows=delta.new,
        repeat_rows=delta.repeats,
        detail=line_notes(case),
    )
    case.decision.changes.append(change)
    if case.running:
        case.decision.changes.append(
            Change(
                case.subject.name, number, Action.START, Reason.DECLARED_RUNNING, rows=delta.new,
                rings=True, position=case.cause(Reason.DECLARED_RUNNING),
            )
        )  # fmt: skip
