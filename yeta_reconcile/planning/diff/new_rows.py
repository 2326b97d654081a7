"""Rows that are in no wave: they go out in a further one."""

from __future__ import annotations

from yeta_reconcile.amounts import count
from yeta_reconcile.documents.models import DirectCall
from yeta_reconcile.exits import Exit
from yeta_reconcile.plan.plan import Action, Change, Reason
from yeta_reconcile.planning.diff.blockers import blocked
from yeta_reconcile.planning.diff.case import Case, Decision
from yeta_reconcile.planning.diff.ended import unknown_block
from yeta_reconcile.planning.diff.next_rounds import rounds_words
from yeta_reconcile.planning.diff.staged import line_notes
from yeta_reconcile.planning.diff.started import taken_apart
from yeta_reconcile.planning.diff.subject import Wave
from yeta_reconcile.waves.attributes import Attributes
from yeta_reconcile.waves.record import Phase
from yeta_reconcile.wording import PARTS, listed, phrase


def stage_new_rows(case: Case) -> None:
    """A further wave, unless they enter one that is staged or carried over."""
    delta = case.delta
    if not delta.new or _taken_in(case):
        return
    freed = [wave for wave in case.subject.waves if delta.freed.get(wave.record.wave_id)]
    outside_yeta = [wave for wave in freed if wave.record.phase is Phase.DELETED and wave.record.outside_yeta]
    if outside_yeta:
        if case.delay is not None:
            case.defer(delta.new)
            return
        case.change(
            outside_yeta[0], Action.REPLACE, Reason.DELETED_OUTSIDE, rings=case.running, rows=delta.new,
            new_rows=delta.new, repeat_rows=delta.called_again,
            detail=phrase("deleted at the platform; its undialled rows go out in a further wave"),
        )  # fmt: skip
        return
    if case.delay is not None:
        case.defer(delta.new)
        return
    number, reason = case.subject.lineage.next_wave, _reason(case, freed)
    change = Change(
        case.subject.name,
        number,
        Action.CREATE,
        reason,
        rows=delta.new,
        attributes=case.attributes.changes_from(None),
        position=case.cause(reason),
        new_rows=delta.new,
        repeat_rows=delta.called_again,
        detail=listed(filter(None, (*rounds_words(case), line_notes(case))), 0, by=PARTS),
    )
    case.decision.changes.append(change)
    if case.running:
        case.decision.changes.append(
            Change(
                case.subject.name, number, Action.START, Reason.DECLARED_RUNNING, rows=delta.new,
                rings=True, position=case.cause(Reason.DECLARED_RUNNING),
            )
        )  # fmt: skip


def _taken_in(case: Case) -> bool:
    """Whether new rows enter a wave that is staged, or that takes the place of another one."""
    waves = case.subject.waves
    return (
        any(wave.record.staged and not wave.record.full for wave in waves)
        or any(change.action is Action.REPLACE for change in case.decision.changes)
        # One that was drained and goes on after all takes nobody in.
        or any(
            wave.record.phase is Phase.DRAINING and taken_apart(case.subject, case.declared, wave)
            for wave in waves
        )
    )


def _reason(case: Case, freed: list[Wave]) -> Reason:
    """Why there are new rows, some of which waves that were `freed` let go."""
    delta = case.delta
    if freed:
        if any(map(case.day_over, freed)):
            return Reason.NEXT_DAY
        expired = any(wave.record.phase is Phase.EXPIRED for wave in freed)
        return Reason.END_EXTENDED if expired else Reason.DECLARED_AGAIN
    if case.subject.lineage.next_wave == 1 and not case.subject.waves:
        return Reason.NEW
    if sum(delta.rounds.values()) == delta.new:
        return Reason.NEXT_ROUND
    begun = [wave.record.canary for wave in case.subject.waves if not wave.record.staged]
    if begun and all(begun) and case.subject.trial.choice is None:
        return Reason.AFTER_CANARY
    return Reason.ROWS_RELEASED if delta.released == delta.new else Reason.ROWS_ADDED


def decide_direct(decision: Decision, declared: DirectCall) -> None:
    """Call out what is new."""
    subject, delta = decision.subject, decision.subject.delta
    _name_unsettled(decision)
    if not delta.new or blocked(decision) or unknown_block(decision):
        return
    begun = any(subject.delta.freed.values())
    decision.changes.append(
        Change(
            subject.name,
            subject.lineage.next_wave,
            Action.CALL,
            Reason.UNFINISHED if begun else Reason.DIRECT_CALL,
            rows=delta.new,
            rings=True,
            attributes=Attributes.of(declared).changes_from(None),
            position=subject.in_list(delta.new_line),
            new_rows=delta.new,
            repeat_rows=delta.repeats,
            detail=phrase("RINGS AT ONCE AND CANNOT BE REVOKED"),
        )
    )


def _name_unsettled(decision: Decision) -> None:
    """Of whom it is not known whether they were called."""
    subject = decision.subject
    unknown = sum(wave.record.unknown for wave in subject.waves)
    if unknown:
        decision.find(
            "call-out-unknown",
            Exit.DONE,
            phrase(
                "{rows} called out without an answer; {which} never called out again",
                rows=count(unknown, "row was", "rows were"),
                which=phrase("it is") if unknown == 1 else phrase("they are"),
            ),
            phrase("a call record settles them, or `yeta state resolve {name}`", name=subject.name),
        )
    held = sum(wave.record.held for wave in subject.waves if wave.record.imported)
    if held:
        decision.find(
            "possibly-dialled",
            Exit.DONE,
            phrase(
                "{rows} held as possibly called since a rebuild: direct calls leave no task that could tell",
                rows=count(held, "row is", "rows are"),
            ),
            phrase(
                "call records settle them as they come in, or `yeta state resolve {name}`", name=subject.name
            ),
            "contacts",
        )
