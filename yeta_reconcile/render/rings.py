"""Whose telephones ring after an apply, and who waits for what; text and Markdown share the sentences."""

from __future__ import annotations

from yeta_reconcile.amounts import count
from yeta_reconcile.plan.plan import Action, Change, Plan, Reason
from yeta_reconcile.render.table import clean
from yeta_reconcile.wording import Text, listed, phrase, plural, spoken, worded

# What one waits for; what others wait for stands with their changes.
_FOR = {
    Reason.LINE_TAKEN: phrase("a line that is in use"),
    Reason.DAY_OFF: phrase("a day on which calls are allowed"),
    Reason.AFTER: phrase("another campaign to be over"),
    Reason.CONTINUED: phrase("the campaign that had them before"),
    Reason.CANARY: phrase("the result of the canary"),
    Reason.ABORTED: phrase("a person, since the canary was no success"),
    Reason.NEXT_ROUND: phrase("their next round"),
    Reason.RECORDS_MISSING: phrase("call records that say who was dialled"),
    Reason.DRAINING: phrase("calls in progress to end"),
}


def what_rings(plan: Plan) -> list[str]:
    """Sentences that say whose telephones ring after this apply; empty if it changes nothing."""
    if not plan.changes:
        return []
    by_campaign: dict[str, int] = {}
    for change in plan.changes:
        if change.ringing_rows:
            by_campaign[change.campaign] = by_campaign.get(change.campaign, 0) + change.ringing_rows
    summary = plan.summary
    if not by_campaign:
        return [worded("No telephone rings by this."), *_waiting(plan)]
    most_first = sorted(by_campaign.items(), key=lambda pair: (-pair[1], pair[0]))
    where = listed([f"{clean(name)} {rows:,}" for name, rows in most_first])
    telephones = count(summary.ringing_numbers, "telephone")
    said = [
        worded(
            "No telephone rings while the halt is on. Once it is lifted, the next apply rings {telephones}: "
            "{where}."
            if plan.halted
            else "{telephones} will ring: {where}.",
            telephones=telephones,
            where=where,
        )
    ]
    called = sum(change.rows for change in plan.changes if change.action is Action.CALL)
    if called:
        said.append(
            worded("{number:,} OF THEM AT ONCE, BY DIRECT CALL: THIS CANNOT BE REVOKED.", number=called)
        )
    said += _waiting(plan)
    if again := summary.recall_numbers:
        said.append(worded("{number:,} of them were dialled before and may be tried again.", number=again))
    if summary.repeat_numbers:
        said.append(
            worded(
                "{people} may be called more than once (repeats): "
                "called before, or in a started wave of another campaign.",
                people=count(summary.repeat_numbers, "person", "people"),
            )
        )
    return said


def _waiting(plan: Plan) -> list[str]:
    """Who rings only once something lets them, a sentence a cause; who rings at once if the platform does."""
    by_reason: dict[Reason, list[Change]] = {}
    for change in plan.changes:
        if change.waiting_rows:
            by_reason.setdefault(change.reason, []).append(change)
    said = [_cause(reason, changes) for reason, changes in by_reason.items()]
    tried = sum(change.waiting_rows for change in plan.changes if change.tries)
    if tried and not plan.halted:  # while a halt is on, the platform is asked for nothing that rings
        said.append(
            plural(
                tried,
                "Apply asks the platform for the line all the same: if it is free by then, "
                "{number} number rings at once.",
                "Apply asks the platform for the lines all the same: if they are free by then, "
                "{number} numbers ring at once.",
            )
        )
    return [clean(spoken(sentence)) for sentence in said]


def _cause(reason: Reason, changes: list[Change]) -> Text:
    """How many wait, for what, and until when; until when each does stands with its change if they differ."""
    rows = sum(change.waiting_rows for change in changes)
    numbers, what = count(rows, "number"), _FOR.get(reason)
    who = phrase(
        "{numbers} will wait for {what}" if what else "{numbers} will wait", numbers=numbers, what=what
    )
    details = {change.detail for change in changes}
    if len(details) == 1 and (detail := details.pop()):
        return phrase("{who}: {detail}.", who=who, detail=detail)
    where = listed([f"{change.campaign} {change.waiting_rows:,}" for change in changes])
    return phrase("{who}: {where}.", who=who, where=where)
