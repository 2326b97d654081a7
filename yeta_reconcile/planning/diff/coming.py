"""People who come from a campaign that is continued and has not called them: they wait until it lets go."""

from __future__ import annotations

from collections.abc import Mapping

from yeta_reconcile.amounts import count
from yeta_reconcile.documents.models import Campaign
from yeta_reconcile.exits import Exit
from yeta_reconcile.plan.plan import Reason
from yeta_reconcile.planning.diff.case import TAKES_OUT, Decision
from yeta_reconcile.planning.diff.ended import unaccounted
from yeta_reconcile.planning.diff.subject import Wave
from yeta_reconcile.waves.record import Phase
from yeta_reconcile.wording import phrase

_CONTINUES = phrase("which this campaign continues")


def await_others(decision: Decision, decisions: Mapping[str, Decision]) -> None:
    """Who is called there is named; who comes from there is a wait: no later plan rings them unseen."""
    subject = decision.subject
    if subject.declared is None or subject.destroy:
        return
    for name, rows in sorted(subject.delta.theirs.items()):
        words = phrase(
            "{kept} not called here: {name}, {continues}, has them in its list",
            kept=count(rows, "row is", "rows are"),
            name=name,
            continues=_CONTINUES,
        )
        decision.note("continued", words, subject.in_list(1))
    for (name, wave_id), rows in sorted(subject.delta.leaving.items()):
        other = decisions.get(name)
        waves = other.subject.waves if other else ()
        wave = next((one for one in waves if one.record.wave_id == wave_id), None)
        if other and wave and _goes_on(other, wave):
            words = phrase(
                "wave {number} of {name}, {continues}, goes on with them",
                number=wave.record.number,
                name=name,
                continues=_CONTINUES,
            )
            kept = count(rows, "row is", "rows are")
            words = phrase("{rows} not called here: {words}", rows=kept, words=words)
            decision.note("continued", words, subject.in_list(1))
        elif not subject.ended:
            _wait(decision, name, wave, rows)


def _goes_on(other: Decision, wave: Wave) -> bool:
    """Whether a wave goes on with people who left its list, or has called everybody by its counts."""
    subject, declared = other.subject, other.subject.declared
    if declared is None or subject.destroy or not wave.record.live:
        return False
    ignoring = isinstance(declared, Campaign) and declared.on_removed_rows == "ignore"
    taken = any(c.wave_id == wave.record.wave_id and c.action in TAKES_OUT for c in other.changes)
    unsettled = any(found.exit_code for found in other.findings)
    return not wave.rows_left or (ignoring and not taken and not unsettled and not subject.ended)


def _wait(decision: Decision, name: str, wave: Wave | None, rows: int) -> None:
    subject, until = decision.subject, ""
    if wave and wave.record.phase in {Phase.EXPIRED, Phase.DELETED}:
        reason, until = unaccounted(wave, subject.now_ms)
        if reason is None:
            decision.find(
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
    detail = phrase("{words}: {until}", words=words, until=until) if until else words
    decision.wait(Reason.CONTINUED, rows, detail, subject.at("continues"))
