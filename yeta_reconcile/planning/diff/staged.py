"""Waves that were never started: as declared finished and started, else discarded and staged anew."""

from __future__ import annotations

from yeta_reconcile.plan.plan import Action, Reason
from yeta_reconcile.planning.diff.case import Case
from yeta_reconcile.planning.diff.subject import Wave
from yeta_reconcile.platform.hours import beyond
from yeta_reconcile.waves.record import Phase
from yeta_reconcile.wording import PARTS, UNSAID, Text, listed, phrase


def decide_staged(case: Case) -> None:
    """Each staged wave."""
    for wave in case.subject.waves:
        record = wave.record
        if not record.staged:
            continue
        delta = case.delta.staged.get(record.wave_id)
        attributes = case.changes_of(wave)
        if case.subject.columns and record.columns != case.subject.columns:
            attributes["columns"] = (list(record.columns), list(case.subject.columns))
        if late := _beyond_hours(case, wave):
            attributes["windows"] = (late, list(case.subject.allowed.hours))
        choice = case.subject.trial.choice
        if choice and record.canary != choice.mark:
            attributes["rollout"] = (record.canary or None, choice.mark)
        added = 0 if record.full else case.delta.new
        same = delta is not None and delta.same and not attributes and not added
        same &= not wave.tampered
        rows = (delta.rows if delta else 0) + added
        again = case.delta.standing_called_again(record.wave_id)
        if not rows:
            case.change(wave, Action.DELETE, Reason.NOTHING_TO_CALL)
            continue
        if case.delay is not None:
            # Not even staged anew: a task may hold its line from its create on.
            case.defer(rows, wave)
        elif not same:
            _restage(case, wave, attributes, rows, added)
        elif record.phase is not Phase.VERIFIED:
            case.change(
                wave, Action.CREATE, Reason.UNFINISHED, rows=rows, new_rows=rows, repeat_rows=again,
                attributes=case.attributes.changes_from(None), detail=line_notes(case),
            )  # fmt: skip
        if case.running and case.delay is None:
            verified = same and record.phase is Phase.VERIFIED
            case.change(
                wave, Action.START, Reason.DECLARED_RUNNING, rings=True, rows=rows,
                repeat_rows=again if verified else 0,
            )  # fmt: skip


def _beyond_hours(case: Case, wave: Wave) -> list[str]:
    """Windows of a task that nobody declared, where a limit on hours became tighter than they are."""
    shown = wave.task.windows if wave.task and wave.record.attributes.windows is None else None
    late = case.subject.allowed.hours and beyond(shown or (), case.subject.allowed.hours)
    return list(shown or ()) if late else []


def _restage(
    case: Case, wave: Wave, attributes: dict[str, tuple[object, object]], rows: int, added: int
) -> None:
    delta = case.delta.staged.get(wave.record.wave_id)
    reason = (
        Reason.ATTRIBUTES_CHANGED
        if attributes
        else Reason.ROWS_CHANGED
        if delta and delta.edited
        else Reason.ROWS_REMOVED
        if delta and delta.removed
        else Reason.ROWS_ADDED
        if added
        else Reason.CHANGED_OUTSIDE
    )
    case.change(
        wave,
        Action.REPLACE,
        reason,
        rows=rows,
        attributes=attributes,
        new_rows=added,
        repeat_rows=(case.delta.called_again if added else 0)
        + case.delta.standing_called_again(wave.record.wave_id),
        detail=phrase("never started: discarded and staged anew"),
    )


def line_notes(case: Case) -> Text:
    """Who holds the lines that a wave wants; a note only, the platform decides."""
    holders = [
        phrase("line {line} is in use by {taken}", line=line, taken=case.subject.lines.taken[line])
        for line in case.attributes.lines
        if line in case.subject.lines.taken
    ]
    return (
        phrase("{holders}: it may have to wait", holders=listed(holders, 0, by=PARTS)) if holders else UNSAID
    )
