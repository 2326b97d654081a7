"""One campaign's decision: orphans first, then by what is declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yeta_reconcile.campaign import DirectCall
from yeta_reconcile.diff.decision import Decision
from yeta_reconcile.diff.declared import decide_declared
from yeta_reconcile.diff.direct import decide_direct
from yeta_reconcile.diff.gone import decide_gone
from yeta_reconcile.diff.orphans import judge_orphans

if TYPE_CHECKING:
    from yeta_reconcile.diff.subject import Subject


def decide(subject: Subject) -> Decision:
    """The changes and findings of one campaign."""
    decision = Decision()
    judge_orphans(subject, decision)
    if subject.declared is None or subject.destroy:
        decide_gone(subject, decision)
    elif isinstance(subject.declared, DirectCall):
        decide_direct(subject, subject.declared, decision)
    else:
        decide_declared(subject, subject.declared, decision)
    return decision
