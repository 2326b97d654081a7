"""One declared campaign against its waves: which of them goes on how, and what comes new."""

from __future__ import annotations

from yeta_reconcile.amounts import count
from yeta_reconcile.documents.models import Campaign
from yeta_reconcile.exits import Exit
from yeta_reconcile.planning.delta import Hold, hold
from yeta_reconcile.planning.diff.blockers import blocked
from yeta_reconcile.planning.diff.case import Case, Decision
from yeta_reconcile.planning.diff.ended import (
    decide_over,
    doubt_block,
    name_held,
    name_left_over,
    say_lost,
    unknown_block,
)
from yeta_reconcile.planning.diff.following import await_canary
from yeta_reconcile.planning.diff.new_rows import stage_new_rows
from yeta_reconcile.planning.diff.next_rounds import await_rounds, name_untold
from yeta_reconcile.planning.diff.staged import decide_staged
from yeta_reconcile.planning.diff.started import decide_live
from yeta_reconcile.planning.diff.subject import key_headers
from yeta_reconcile.waves.record import Phase
from yeta_reconcile.wording import phrase


def decide_declared(decision: Decision, declared: Campaign) -> None:
    """Wave by wave, then the rows that are in none."""
    case = Case(decision, declared)
    if _impossible(case):
        return
    for wave in case.subject.waves:
        name_held(case, wave)
        if wave.record.phase is Phase.LOST:
            say_lost(case, wave)
        elif wave.record.live:
            decide_live(case, wave)
        elif wave.record.phase.cut_short:
            decide_over(case, wave)
        elif wave.record.phase is Phase.COMPLETED:
            name_left_over(case, wave)
    if case.subject.no_day and not case.ended:
        case.find(
            "no-day",
            Exit.DONE,
            phrase("nobody is called by {name}: {no_day}", name=declared.name, no_day=case.subject.no_day),
            phrase("`schedule.days` and `schedule.end` say when it may"),
            "schedule",
            "days",
        )
    if case.ended:
        _name_undialled(case)
    elif not (blocked(decision) or unknown_block(decision) or doubt_block(decision)):
        decide_staged(case)
        stage_new_rows(case)
        await_rounds(case)
        await_canary(case)
    name_untold(case)


def _impossible(case: Case) -> bool:
    """What a started wave does not allow to be declared."""
    record, declared = case.subject.record, case.declared
    started = record is not None and (record.started or any(wave.record.live for wave in case.subject.waves))
    if not started or record is None:
        return False
    if declared.state == "staged" and case.subject.started_outside:
        # No document is wrong: what was done outside yeta stops nobody else.
        case.find(
            "started-outside-yeta",
            Exit.UNRESOLVED,
            phrase(
                "{name} is declared staged, but it was started outside yeta, which cannot be undone",
                name=declared.name,
            ),
            phrase("say `state: running` if it is to go on, `state: paused` to stop its calls"),
            "state",
        )
        return True
    if declared.state == "staged" and any(wave.record.live for wave in case.subject.waves):
        case.find(
            "cannot-unstart",
            Exit.INVALID,
            phrase(
                "{name} is declared staged, but it was started, which cannot be undone", name=declared.name
            ),
            phrase("say `state: paused` to stop its calls"),
            "state",
        )
        return True
    if case.subject.columns and record.key != key_headers(declared, case.subject.columns):
        case.find(
            "key-changed",
            Exit.INVALID,
            phrase(
                "the key of {name} was {key} when a wave was started; it cannot change any more, since "
                "it is how called people are recognised",
                name=declared.name,
                key=", ".join(record.key) or phrase("the number"),
            ),
            phrase("put it back, or declare a new campaign"),
            "contacts",
            "key",
        )
        return True
    return False


def _name_undialled(case: Case) -> None:
    staged = sum(wave.record.pending for wave in case.subject.waves if wave.record.staged)
    over = sum(
        case.delta.held.get(wave.record.wave_id, 0) and wave.record.pending - wave.record.missing_records
        for wave in case.subject.waves
        if wave.record.phase.cut_short and hold(wave.record) is Hold.HOLDING
    )
    # Who was called is not called again after the end, and that is no loss.
    again = sum(case.delta.rounds.values()) + sum(case.delta.staged_again.values())
    later = case.delta.later - case.delta.later_again
    never = staged + case.delta.new - again + later + max(over, 0)
    if never:
        case.find(
            "end-past",
            Exit.DONE,
            phrase(
                "the end of {name} is past: {rows} never dialled and will not be",
                name=case.declared.name,
                rows=count(never, "declared row was", "declared rows were"),
            ),
            phrase("extend `schedule.end` to call them"),
            "schedule",
            "end",
        )
