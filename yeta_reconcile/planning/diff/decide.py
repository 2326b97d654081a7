"""One campaign's decision: orphans first, then by what is declared."""

from __future__ import annotations

from collections.abc import Mapping

from yeta_reconcile.documents.models import DirectCall
from yeta_reconcile.exits import Exit
from yeta_reconcile.plan.plan import Reason
from yeta_reconcile.planning.diff.case import Decision
from yeta_reconcile.planning.diff.coming import await_others
from yeta_reconcile.planning.diff.declared import decide_declared
from yeta_reconcile.planning.diff.new_rows import decide_direct
from yeta_reconcile.planning.diff.orphans import judge_orphans, name_reactivated
from yeta_reconcile.planning.diff.removed import decide_gone
from yeta_reconcile.planning.diff.subject import Subject
from yeta_reconcile.wording import phrase


def decide(subject: Subject) -> Decision:
    """The changes and findings of one campaign."""
    decision = Decision(subject)
    judge_orphans(decision)
    name_reactivated(decision)
    if subject.declared is None or subject.destroy:
        decide_gone(decision)
    elif _another_kind(decision):
        pass
    elif isinstance(subject.declared, DirectCall):
        decide_direct(decision, subject.declared)
    else:
        decide_declared(decision, subject.declared)
    _wait_until_told(decision)
    return decision


def decide_all(subjects: Mapping[str, Subject]) -> dict[str, Decision]:
    """The decisions of all campaigns: where people go from one to another, one waits for the other."""
    decisions = {name: decide(subject) for name, subject in subjects.items()}
    for decision in decisions.values():
        await_others(decision, decisions)
    return decisions


def _wait_until_told(decision: Decision) -> None:
    """What an apply has to look at before anything else is named; a wave of which it is all, waits for it."""
    acted_on = {change.wave_id for change in decision.changes}
    needs_a_person = any(found.exit_code for found in decision.findings)
    for wave in decision.subject.waves:
        if not wave.untold:
            continue
        record = wave.record
        words = phrase(
            "whether {untold} of wave {number} was carried out is not known",
            untold=" and ".join(wave.untold),
            number=record.number,
        )
        decision.find("unsettled", Exit.DONE, words, phrase("the next apply looks at its task first"))
        if record.wave_id not in acted_on and not needs_a_person:
            decision.wait(
                Reason.OUTCOME_UNKNOWN,
                wave.rows_left,
                phrase("{words}: its task is looked at first", words=words),
                decision.subject.at(),
                record,
                counted=False,
            )


def _another_kind(decision: Decision) -> bool:
    record, declared = decision.subject.record, decision.subject.declared
    if record is None or declared is None or not record.has_ledger or record.kind == declared.kind:
        return False
    decision.find(
        "kind-changed",
        Exit.INVALID,
        phrase(
            "{name} was a {kind}, and its waves cannot go on as those of a {declared_kind}",
            name=declared.name,
            kind=record.kind,
            declared_kind=declared.kind,
        ),
        phrase(
            "take another name, with `repeats: [{name}]` if its people are to be called again",
            name=declared.name,
        ),
        "kind",
    )
    return True
