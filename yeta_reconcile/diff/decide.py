"""One campaign's decision: orphans first, then by what is declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yeta_reconcile.campaign import DirectCall
from yeta_reconcile.diff.decision import INVALID, Decision, find
from yeta_reconcile.diff.declared import decide_declared
from yeta_reconcile.diff.direct import decide_direct
from yeta_reconcile.diff.gone import decide_gone
from yeta_reconcile.diff.orphans import judge_orphans, name_risen

if TYPE_CHECKING:
    from yeta_reconcile.diff.subject import Subject


def decide(subject: Subject) -> Decision:
    """The changes and findings of one campaign."""
    decision = Decision()
    judge_orphans(subject, decision)
    name_risen(subject, decision)
    if subject.declared is None or subject.destroy:
        decide_gone(subject, decision)
    elif _another_kind(subject, decision):
        pass
    elif isinstance(subject.declared, DirectCall):
        decide_direct(subject, subject.declared, decision)
    else:
        decide_declared(subject, subject.declared, decision)
    return decision


def _another_kind(subject: Subject, decision: Decision) -> bool:
    record, declared = subject.record, subject.declared
    if record is None or declared is None or not record.has_ledger or record.kind == declared.kind:
        return False
    find(
        decision, subject, "kind-changed", INVALID,
        f"{declared.name} was a {record.kind}, and its waves cannot go on as those of a {declared.kind}",
        f"take another name, with `repeats: [{declared.name}]` if its people are to be called again", "kind",
    )  # fmt: skip
    return True
