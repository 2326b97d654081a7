"""Rows that wait for the canary: until its call records say that they may follow, or that they must not."""

from __future__ import annotations

from yeta_reconcile.amounts import count
from yeta_reconcile.exits import Exit
from yeta_reconcile.moments import moment
from yeta_reconcile.plan.plan import ChangeKind, Reason
from yeta_reconcile.planning.diff.case import Case
from yeta_reconcile.planning.trial import TrialStanding
from yeta_reconcile.waves.lifecycle import missing_records
from yeta_reconcile.wording import PARTS, Text, listed, phrase


def await_canary(case: Case) -> None:
    """Name whoever waits for the canary, and why; of an aborted one a person has to say how it goes on."""
    trial, rows, name = case.subject.trial, case.delta.later, case.declared.name
    if not rows:
        return
    if trial.rebuilt and trial.standing is not TrialStanding.CALLING:
        case.find(
            "canary-rebuilt",
            Exit.DONE,
            phrase(
                "the state was lost after the canary of {name} was called, and with it whether that was "
                "aborted",
                name=name,
            ),
            phrase("its call records tell once they are back: `yeta backfill` fetches them"),
            "rollout",
        )
    said = phrase("`yeta state resolve {name} --canary passed` lets the rest follow all the same", name=name)
    if trial.standing is TrialStanding.ABORTED:
        case.find(
            "aborted",
            Exit.UNRESOLVED,
            phrase(
                "{name} is aborted by its canary: {crossed}",
                name=name,
                crossed=listed(trial.crossed, 0, by=PARTS),
            ),
            phrase("{said}, and so does another `rollout`, or none, that these records pass", said=said),
            "rollout",
            "abort_if",
        )
    elif trial.standing is TrialStanding.UNKNOWN:
        case.find(
            "canary-unknown",
            Exit.UNRESOLVED,
            phrase("how the canary of {name} went is not known: {words}", name=name, words=trial.words),
            said,
            "rollout",
        )
    if case.running or trial.pressing:
        _wait(case, rows)
    else:
        words = phrase(
            "{rows} of {name} will follow the canary once it is declared running",
            rows=count(rows, "row"),
            name=name,
        )
        case.decision.note("canary", words, case.cause(Reason.CANARY))


def _wait(case: Case, rows: int) -> None:
    standing = case.subject.trial.standing
    reason = Reason.ABORTED if standing is TrialStanding.ABORTED else Reason.CANARY
    number = case.subject.lineage.next_wave
    # The canary itself comes before the rest of it.
    number += any(change.wave == number for change in case.decision.changes)
    kind = ChangeKind.TIMED if standing is TrialStanding.WAITING else ChangeKind.PLAIN
    case.decision.wait(reason, rows, _until(case), case.cause(reason), number=number, kind=kind)


def _until(case: Case) -> Text:
    """What the rest waits for, as the end of a sentence about it."""
    trial = case.subject.trial
    crossed, missing = listed(trial.crossed, 0, by=PARTS), missing_records(trial.missing)
    words = {
        TrialStanding.CALLING: phrase("until the canary was called and its call records are there"),
        TrialStanding.RECORDS: phrase(
            "until the call records of the canary are there: {missing}", missing=missing
        ),
        TrialStanding.UNKNOWN: phrase("until a person says how the canary went"),
        TrialStanding.ABORTED: phrase("until a person decides: {crossed}", crossed=crossed),
        TrialStanding.WAITING: phrase(
            "until {at}, as the canary passed: `rollout.wait` is not over", at=moment(trial.until)
        ),
    }
    return words[trial.standing]
