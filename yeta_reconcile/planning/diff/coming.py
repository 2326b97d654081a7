"""People who come from a campaign that is continued and has not called them: they wait until it lets go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yeta_reconcile.amounts import count
from yeta_reconcile.diagnostics import Diagnostic
from yeta_reconcile.documents.models import Campaign
from yeta_reconcile.exits import Exit
from yeta_reconcile.plan.plan import Action, Change, Reason
from yeta_reconcile.planning.diff.case import Decision, Finding, find
from yeta_reconcile.planning.diff.ended import unaccounted
from yeta_reconcile.waves.record import Phase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from yeta_reconcile.planning.diff.subject import Subject, Wave

_CONTINUES = "which this campaign continues"
_TAKES_AWAY = frozenset({Action.REPLACE, Action.DELETE, Action.WAIT})


def await_others(
    subject: Subject,
    decision: Decision,
    subjects: Mapping[str, Subject],
    decisions: Mapping[str, Decision],
) -> None:
    """Who is called there is named; who comes from there is a wait: no later plan rings them unseen."""
    if subject.declared is None or subject.destroy:
        return
    for name, rows in sorted(subject.delta.theirs.items()):
        kept = count(rows, "row is", "rows are")
        _note(subject, decision, f"{kept} not called here: {name}, {_CONTINUES}, has them in its list")
    for (name, wave_id), rows in sorted(subject.delta.leaving.items()):
        other = subjects.get(name)
        wave = next((one for one in other.waves if one.record.wave_id == wave_id), None) if other else None
        if other and wave and _goes_on(other, wave, decisions[name]):
            words = f"wave {wave.record.number} of {name}, {_CONTINUES}, goes on with them"
            _note(subject, decision, f"{count(rows, 'row is', 'rows are')} not called here: {words}")
        elif not _ended(subject):
            _wait(subject, decision, name, wave, rows)


def _goes_on(other: Subject, wave: Wave, decision: Decision) -> bool:
    """Whether a wave goes on with people who left its list, or has called everybody by its counts."""
    declared = other.declared
    if declared is None or other.destroy or not wave.record.live:
        return False
    ignoring = isinstance(declared, Campaign) and declared.on_removed_rows == "ignore"
    taken = any(c.wave_id == wave.record.wave_id and c.action in _TAKES_AWAY for c in decision.changes)
    unsettled = any(found.exit_code for found in decision.findings)
    return not wave.rows_left or (ignoring and not taken and not unsettled and not _ended(other))


def _wait(subject: Subject, decision: Decision, name: str, wave: Wave | None, rows: int) -> None:
    until = ""
    if wave and wave.record.phase in {Phase.EXPIRED, Phase.DELETED}:
        reason, until = unaccounted(wave, subject.now_ms)
        if reason is None:
            find(
                decision, subject, "cannot-account", Exit.UNRESOLVED,
                f"{count(rows, 'row')} came from {name}, whose wave {wave.record.number} is over and cannot "
                f"be accounted: {until}",
                f"`yeta state resolve {name}` settles it by hand", "continues",
            )  # fmt: skip
            return
    words = f"they go out here once {name}, {_CONTINUES}, gave them back"
    decision.changes.append(
        Change(
            subject.name,
            subject.next_wave,
            Action.WAIT,
            Reason.CONTINUED,
            rows=rows,
            waiting_rows=rows,
            detail=f"{words}: {until}" if until else words,
            position=subject.at("continues"),
        )
    )


def _ended(subject: Subject) -> bool:
    declared = subject.declared
    end = declared.schedule.end if isinstance(declared, Campaign) else None
    return end is not None and end <= subject.now


def _note(subject: Subject, decision: Decision, words: str) -> None:
    place = subject.in_list(1)
    decision.findings.append(Finding(Diagnostic("note", "continued", words, place, campaign=subject.name)))
