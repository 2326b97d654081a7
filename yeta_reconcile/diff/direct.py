"""A direct call against its ledger: rows that were never called out are, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yeta_reconcile.campaign import Attributes
from yeta_reconcile.diff.decision import find
from yeta_reconcile.diff.gate import blocked
from yeta_reconcile.plan import Action, Change, Reason

if TYPE_CHECKING:
    from yeta_reconcile.campaign import DirectCall
    from yeta_reconcile.diff.decision import Decision
    from yeta_reconcile.diff.subject import Subject


def decide_direct(subject: Subject, declared: DirectCall, decision: Decision) -> None:
    """Call out what is new."""
    delta = subject.delta
    unknown = sum(wave.record.unknown for wave in subject.waves)
    if unknown:
        find(
            decision, subject, "call-out-unknown", 0,
            f"{unknown} rows were called out without an answer; they are never called out again",
            f"a call record settles them, or `yeta state resolve {subject.name}`",
        )  # fmt: skip
    if not delta.new or blocked(subject, decision):
        return
    begun = any(subject.delta.freed.values())
    decision.changes.append(
        Change(
            subject.name,
            subject.next_wave,
            Action.CALL,
            Reason.UNFINISHED if begun else Reason.DIRECT_CALL,
            rows=delta.new,
            rings=True,
            attributes=Attributes.of(declared).changes_from(None),
            position=subject.in_list(delta.new_line),
            new_rows=delta.new,
            repeat_rows=delta.repeats,
            detail="RINGS AT ONCE AND CANNOT BE REVOKED",
        )
    )
