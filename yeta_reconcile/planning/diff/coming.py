"""People who come from a campaign that is continued and has not called them: they wait until it lets go."""

from __future__ import annotations

from collections.abc import Mapping

from yeta_reconcile.amounts import count
from yeta_reconcile.diagnostics import Diagnostic
from yeta_reconcile.documents.models import Campaign
from yeta_reconcile.exits import Exit
from yeta_reconcile.plan.plan import Action, Change, Reason
from yeta_reconcile.planning.diff.case import Decision, Finding, find
from yeta_reconcile.planning.diff.ended import unaccounted
from yeta_reconcile.planning.diff.subject import Subject, Wave
from yeta_reconcile.waves.record import Phase
from yeta_reconcile.wording import Text, phrase

_CONTINUES = phrase("which this campaign continues")
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
        _note(
            subject,
            decision,
            phrase(
                "{kept} not called here: {name}, {continues}, has them in its list",
                kept=kept,
                name=name,
                continues=_CONTINUES,
            ),
        )
    for (name, wave_id), rows in sorted(subject.delta.leaving.items()):
        other = subjects.get(name)
        wave = next((one for one in other.waves if one.record.wave_id == wave_id), None) if other else None
        if other and wave and _goes_on(other, wave, decisions[name]):
            words = phrase(
                "wave {number} of {name}, {continues}, goes on with them",
                number=wave.record.number,
                name=name,
                continues=_CONTINUES,
            )
            _note(
                subject,
                decision,
                phrase(
                    "{rows} not called here: {words}", rows=count(rows, "row is", "rows are"), words=words
                ),
            )
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
                decision,
                subject,
                "cannot-account",
                Exit.UNRESOLVED,
                phrase(
                    "{rows} came from {name}, whose wave {number} is over and cannot be accounted: {until}",
                    rows=count(rows, "row"),
                    name=name,
                    number=wave.record.number,
                    until=until,
                ),
                phrase("`yeta state resolve {name}` settles it by hand", name=name),
                "continues",
            )
            return
    words = phrase(
        "they go out here once {name}, {continues}, gave them back", name=name, continues=_CONTINUES
    )
    decision.changes.append(
        Change(
            subject.name,
            subject.lineage.next_wave,
            Action.WAIT,
            Reason.CONTINUED,
            rows=rows,
            waiting_rows=rows,
            detail=phrase("{words}: {until}", words=words, until=until) if until else words,
            position=subject.at("continues"),
        )
    )


def _ended(subject: Subject) -> bool:
    declared = subject.declared
    end = declared.schedule.end if isinstance(declared, Campaign) else None
    return end is not None and end <= subject.now


def _note(subject: Subject, decision: Decision, words: Text) -> None:
    place = subject.in_list(1)
    decision.findings.append(Finding(Diagnostic("note", "continued", words, place, campaign=subject.name)))
