"""Further rounds by result: who waits for the next one, and of whom nobody knows whether it comes. Pure."""

from __future__ import annotations

from yeta_reconcile.amounts import count
from yeta_reconcile.exits import Exit
from yeta_reconcile.moments import moment
from yeta_reconcile.plan.plan import Action, ChangeKind, Reason
from yeta_reconcile.planning.diff.case import Case
from yeta_reconcile.platform.coercion import instant
from yeta_reconcile.wording import phrase

MISSING = phrase("the record of their last call is missing")


def rounds_words(case: Case) -> list[str]:
    """How many of the new rows are called again, and in which round."""
    rule = case.subject.rounds.rule
    return [
        phrase(
            "{numbers} called again, in round {round} of {most}",
            numbers=count(rows, "number is", "numbers are"),
            round=round_,
            most=max(rule.rounds + 1 if rule else 1, round_),
        )
        for round_, rows in sorted(case.delta.rounds.items())
    ]


def await_rounds(case: Case) -> None:
    """Who will be called again waits, and so does whoever may be once it is known what the call came to.

    After its end a campaign calls nobody again, and one that is not declared running decides that later.
    """
    if not case.running:
        return
    end = case.declared.schedule.end
    told = {change.wave_id for change in case.decision.changes if change.action is Action.WAIT}
    for wave in case.subject.waves:
        rows = case.delta.awaiting.get(wave.record.wave_id, 0)
        if rows and wave.record.wave_id not in told:
            why = case.subject.rounds.awaited[wave.record.wave_id]
            words = phrase("whether they are called again is known once all last calls are: {why}", why=why)
            case.wait(wave, Reason.RECORDS_MISSING, rows, words)
    for since, rows in sorted(case.delta.coming.items()):
        begin = instant(since, case.subject.now.tzinfo)
        if begin is not None and (end is None or begin < end):
            words = phrase("until {at}", at=moment(begin.replace(second=0)))
            place = case.cause(Reason.NEXT_ROUND)
            case.decision.wait(Reason.NEXT_ROUND, rows, words, place, kind=ChangeKind.TIMED)


def name_untold(case: Case) -> None:
    """Whom nobody calls again since what their calls came to, or in which round they were, is not known."""
    for wave in case.subject.waves:
        record = wave.record
        if rows := case.delta.untold.get(record.wave_id, 0):
            why = case.subject.rounds.unproven.get(record.wave_id, MISSING)
            case.find(
                "round-unknown", Exit.DONE,
                phrase(
                    "of wave {wave}, {rows} not called again by recall.again: {why}",
                    wave=record.number, rows=count(rows, "row is", "rows are"), why=why,
                ),
                phrase(
                    "`yeta state resolve {name}` settles rows of which no record tells; a campaign with "
                    "`repeats: [{name}]` calls them in any case",
                    name=case.declared.name,
                ),
                "recall", "again",
            )  # fmt: skip
