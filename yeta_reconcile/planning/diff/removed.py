"""A campaign that is not declared any more: what is not final is deleted, its ledger stays."""

from __future__ import annotations

from yeta_reconcile.amounts import count
from yeta_reconcile.exits import Exit
from yeta_reconcile.plan.plan import Action, Change, Reason
from yeta_reconcile.planning.diff.case import Decision
from yeta_reconcile.planning.diff.subject import Wave
from yeta_reconcile.waves.record import Phase, WaveRecord
from yeta_reconcile.wording import Text, phrase


def decide_gone(decision: Decision) -> None:
    """Delete what may still ring, unless it is protected."""
    subject, record = decision.subject, decision.subject.record
    if record is None:
        return
    doomed = [wave for wave in subject.waves if wave.record.staged or wave.record.live]
    doomed = [wave for wave in doomed if wave.record.kind == "Campaign" and _exists(wave.record)]
    if record.protect and (doomed or record.gone_at is None):
        decision.find(
            "protected", Exit.REFUSED,
            phrase("{name} is protected: removing it is refused", name=subject.name),
            phrase("apply it once with `protect: false`, then remove it"),
        )  # fmt: skip
        return
    reason = Reason.DESTROY if subject.destroy else Reason.DOCUMENT_REMOVED
    for wave in doomed:
        decision.changes.append(
            Change(
                subject.name,
                wave.record.number,
                Action.DELETE,
                reason,
                rows=wave.rows_left,
                wave_id=wave.record.wave_id,
                detail=_still_pending(wave),
            )
        )


def _exists(wave: WaveRecord) -> bool:
    """Whether the platform has, or may have, a task of this wave."""
    return wave.task_id is not None or wave.phase is Phase.CREATING


def _still_pending(wave: Wave) -> Text:
    if wave.record.staged:
        return phrase("never started")
    return phrase(
        "{rows} left in it and will not be called by it any more",
        rows=count(wave.rows_left, "row is", "rows are"),
    )
