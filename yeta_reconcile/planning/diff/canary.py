"""Rows that wait for the canary: until its call records say that they may follow, or that they must not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yeta_reconcile.amounts import count
from yeta_reconcile.diagnostics import Diagnostic
from yeta_reconcile.exits import Exit
from yeta_reconcile.moments import moment
from yeta_reconcile.plan.plan import Action, Change, ChangeKind, Reason
from yeta_reconcile.planning.canary import Standing
from yeta_reconcile.planning.diff.case import Finding
from yeta_reconcile.waves.lifecycle import missing_records

if TYPE_CHECKING:
    from yeta_reconcile.planning.diff.case import Case


def await_canary(case: Case) -> None:
    """Name whoever waits for the canary, and why; of an aborted one a person has to say how it goes on."""
    trial, rows, name = case.subject.trial, case.delta.later, case.declared.name
    if not rows:
        return
    if trial.rebuilt and trial.standing is not Standing.CALLING:
        case.find(
            "canary-rebuilt", Exit.DONE,
            f"the state was lost after the canary of {name} was called, and with it whether that was aborted",
            "its call records tell once they are back: `yeta backfill` fetches them", "rollout",
        )  # fmt: skip
    said = f"`yeta state resolve {name} --canary passed` lets the rest follow all the same"
    if trial.standing is Standing.ABORTED:
        case.find(
            "aborted", Exit.UNRESOLVED, f"{name} is aborted by its canary: {'; '.join(trial.crossed)}",
            f"{said}, and so does another `rollout`, or none, that these records pass", "rollout", "abort_if",
        )  # fmt: skip
    elif trial.standing is Standing.UNKNOWN:
        case.find(
            "canary-unknown", Exit.UNRESOLVED,
            f"how the canary of {name} went is not known: {trial.words}", said, "rollout",
        )  # fmt: skip
    if case.running or trial.pressing:
        _wait(case, rows)
    else:
        words = f"{count(rows, 'row')} of {name} will follow the canary once it is declared running"
        place = case.cause(Reason.CANARY)
        case.decision.findings.append(Finding(Diagnostic("note", "canary", words, place, campaign=name)))


def _wait(case: Case, rows: int) -> None:
    standing = case.subject.trial.standing
    reason = Reason.ABORTED if standing is Standing.ABORTED else Reason.CANARY
    number = case.subject.next_wave
    # The canary itself comes before the rest of it.
    number += any(change.wave == number for change in case.decision.changes)
    case.decision.changes.append(
        Change(
            case.subject.name,
            number,
            Action.WAIT,
            reason,
            rows=rows,
            waiting_rows=rows,
            detail=_until(case),
            position=case.cause(reason),
            kind=ChangeKind.TIMED if standing is Standing.WAITING else ChangeKind.PLAIN,
        )
    )


def _until(case: Case) -> str:
    """What the rest waits for, as the end of a sentence about it."""
    trial = case.subject.trial
    words = {
        Standing.CALLING: "until the canary was called and its call records are there",
        Standing.RECORDS: f"until the call records of the canary are there: {missing_records(trial.missing)}",
        Standing.UNKNOWN: "until a person says how the canary went",
        Standing.ABORTED: f"until a person decides: {'; '.join(trial.crossed)}",
        Standing.WAITING: f"until {moment(trial.until)}, as the canary passed: `rollout.wait` is not over",
    }
    return words[trial.standing]
