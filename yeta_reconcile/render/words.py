"""What a plan says, in words for operations people; text and Markdown share them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from yeta_reconcile.amounts import count
from yeta_reconcile.moments import moment
from yeta_reconcile.plan.plan import Action, Reason
from yeta_reconcile.render.table import (
    clean,
)
from yeta_reconcile.waves.attributes import BY_NAME, MOMENT, SECONDS

if TYPE_CHECKING:
    from yeta_reconcile.plan.foresight import Forecast
    from yeta_reconcile.plan.plan import Change, Plan

REASON = {
    Reason.NEW: "the campaign is new",
    Reason.UNFINISHED: "an earlier apply left it unfinished",
    Reason.DECLARED_RUNNING: "it is declared running",
    Reason.DECLARED_PAUSED: "it is declared paused",
    Reason.PAUSED_BY_HAND: "it is declared running, but somebody paused it",
    Reason.HALTED: "it is declared running, but a halt paused it",
    Reason.START_UNCONFIRMED: "its start was sent, never confirmed; the same task is asked again",
    Reason.ROWS_ADDED: "rows were added; a started task takes none, so they get a further wave",
    Reason.ROWS_RELEASED: "rows that were settled or accounted as undialled get a further wave",
    Reason.ROWS_CHANGED: "rows of the list were edited",
    Reason.ROWS_REMOVED: "rows were removed from the list and should not be called any more",
    Reason.ATTRIBUTES_CHANGED: "its settings were changed",
    Reason.CHANGED_BY_HAND: "somebody changed the task's settings before it was started",
    Reason.EDIT_REVERTED: "the edit was taken back, so the wave goes on as it was",
    Reason.NOTHING_LEFT: "nobody undialled is left to carry over, so the wave is left to finish",
    Reason.END_EXTENDED: "its end was moved; those not dialled in time get a further wave",
    Reason.DELETED_BY_HAND: "somebody deleted the task; those not dialled get a new one",
    Reason.DECLARED_AGAIN: "the campaign is declared again; those not dialled get a further wave",
    Reason.DOCUMENT_REMOVED: "its document was removed",
    Reason.DESTROY: "everything is to be removed (--destroy)",
    Reason.NOTHING_TO_CALL: "nobody is left in it to call",
    Reason.ORPHAN: "the task carries our mark, but no record knows it; it was never started",
    Reason.RECORDS_MISSING: "waits for call records; without them nobody knows who was dialled",
    Reason.DRAINING: "waits for the calls in progress to end",
    Reason.LINE_TAKEN: "waits for a line that another task uses",
    Reason.CONTINUED: "waits for a campaign that it continues",
    Reason.AFTER: "begins when another campaign is over",
    Reason.DAY_OFF: "waits for a day on which it may call",
    Reason.NEXT_DAY: "its last day was over; those not dialled in time get a further wave",
    Reason.OUTCOME_UNKNOWN: "waits until it is known whether an earlier request was carried out",
    Reason.DIRECT_CALL: "every row of a direct call is called out once",
    Reason.IMPORT: "a live task is taken over as a wave",
}

_TO_DO = {
    Action.CREATE: "to create",
    Action.START: "to start",
    Action.PAUSE: "to pause",
    Action.RESUME: "to resume",
    Action.REPLACE: "to replace",
    Action.DELETE: "to delete",
    Action.ADOPT: "to adopt",
    Action.FORGET: "to forget",
    Action.CALL: "TO CALL AT ONCE",
    Action.WAIT: "waiting",
}

_WHOLE_MINUTES = re.compile(r"(\d\d:\d\d):00-(\d\d:\d\d):00")


def listed(words: list[str], most: int = 5, *, separator: str = ", ") -> str:
    """The first few, joined by commas, and how many more there are."""
    shown = separator.join(words[:most])
    return f"{shown} and {len(words) - most:,} more" if len(words) > most else shown


def shortened(text: str, most: int = 250) -> str:
    """The text, cut off where it is longer: one finding must not crowd out the others."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def duration(seconds: int) -> str:
    """`45s`, `10m`, `2h`: the largest unit that needs no fraction, as documents write it."""
    for unit, size in (("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def attribute_name(name: str) -> str:
    """The name of an attribute as a document writes it."""
    return clean(".".join(BY_NAME[name].path) if name in BY_NAME else name)


def attribute_value(name: str, value: Any) -> str:
    """The value of an attribute on one line; None is one that is not set."""
    if value is None:
        return "not set"
    if isinstance(value, list | tuple):
        return ", ".join(attribute_value(name, part) for part in value)
    form = BY_NAME[name].form if name in BY_NAME else None
    if form is SECONDS and isinstance(value, int):
        return duration(value)
    if form is MOMENT:
        return _moment_of(str(value))
    return clean(_WHOLE_MINUTES.sub(r"\1-\2", str(value)) if name == "windows" else str(value))


def _moment_of(text: str) -> str:
    try:
        return moment(datetime.fromisoformat(text))
    except ValueError:
        return clean(text)


def deed(change: Change) -> str:
    """What a change does, without its reason: `start wave 1: 120 numbers will ring`."""
    wave = f"wave {change.wave}" if change.wave else "it"
    rows = count(change.ringing_rows if change.rings else change.rows, "number")
    if change.action is Action.CALL:
        return f"CALL OUT {rows.upper()}: RINGS AT ONCE AND CANNOT BE REVOKED"
    if change.action is Action.WAIT:
        return f"{wave} waits ({rows})" if change.rows else f"{wave} waits"
    if change.action is Action.ADOPT:
        return f"adopt task {clean(change.task_id or 'unknown')} as {wave} with {rows}"
    if change.action is Action.REPLACE:
        quiet = "" if change.rings else "; it was never started, nobody is rung by this"
        return f"replace {wave}: {rows} {'will ring' if change.rings else 'staged again'}{quiet}"
    if change.rings:
        return f"{change.action} {wave}: {rows if change.ringing_rows else 'nobody'} will ring"
    if change.action is Action.CREATE:
        return f"create {wave} with {rows}"
    if change.action is Action.DELETE and change.task_id:
        wave = f"task {clean(change.task_id)}"
    return f"{change.action} {wave} ({rows})" if change.rows else f"{change.action} {wave}"


def refused(refusals: int) -> str:
    """What comes first where a plan may not be applied, for so many reasons."""
    return f"Refused: nothing of this can be applied ({count(refusals, 'refusal')})."


def summary_line(plan: Plan, *, refused: bool = False) -> str:
    """The plan in one line; the last thing a terminal shows."""
    summary = plan.summary
    parts = [
        f"{summary.counts[action]:,} {words}" for action, words in _TO_DO.items() if summary.counts[action]
    ]
    if not parts and summary.blocked:
        others = f", {count(summary.unchanged, 'campaign')} unchanged" if summary.unchanged else ""
        kept = count(summary.blocked, "campaign is", "campaigns are")
        return f"Blocked: {kept} kept from any change{others}. {asides(plan)}".rstrip()
    if not parts:
        return f"No changes. {asides(plan) or _as_declared(summary.campaigns)}"
    if not plan.doing:
        parts = ["nothing to do now", *parts]
    people = [
        count(summary.new_numbers, "new number"),
        f"{summary.ringing_numbers:,} will ring" if summary.ringing_numbers else "none rings",
    ]
    if summary.waiting_numbers:
        people.append(f"{summary.waiting_numbers:,} wait")
    if summary.repeat_numbers:
        people.append(f"{count(summary.repeat_numbers, 'person', 'people')} may be called again")
    if summary.removed_numbers:
        people.append(f"{summary.removed_numbers:,} will leave their waves")
    people.append(f"{count(summary.unchanged, 'campaign')} unchanged")
    if summary.blocked:
        people.append(f"{count(summary.blocked, 'campaign')} blocked")
    what = "Refused plan" if refused else "Plan"
    return f"{what}: {', '.join(parts)} — {', '.join(people)}. {asides(plan)}".rstrip()


def asides(plan: Plan) -> str:
    """How much was found, and how many campaigns were not looked at, as sentences; empty if none."""
    others = count(plan.passed_over, "other was", "others were")
    return f"{_findings(plan)} {f'{others} not looked at (--only).' if plan.passed_over else ''}".strip()


def _findings(plan: Plan) -> str:
    severities = [found.severity for found in plan.diagnostics]
    parts = [
        count(severities.count(severity), severity)
        for severity in ("error", "warning")
        if severity in severities
    ]
    return f"{' and '.join(parts)}.".capitalize() if parts else ""


def _as_declared(campaigns: int) -> str:
    if not campaigns:
        return "No campaign is declared."
    if campaigns == 1:
        return "The one campaign is as declared."
    return f"All {count(campaigns, 'campaign')} are as declared."


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
        return ["No telephone rings by this.", *_waiting(plan)]
    most_first = sorted(by_campaign.items(), key=lambda pair: (-pair[1], pair[0]))
    where = listed([f"{clean(name)} {rows:,}" for name, rows in most_first])
    said = [f"{count(summary.ringing_numbers, 'telephone')} will ring: {where}."]
    called = sum(change.rows for change in plan.changes if change.action is Action.CALL)
    if called:
        said.append(f"{called:,} OF THEM AT ONCE, BY DIRECT CALL: THIS CANNOT BE REVOKED.")
    said += _waiting(plan)
    if summary.recall_numbers:
        said.append(f"{summary.recall_numbers:,} of them were dialled before and may be tried again.")
    if summary.repeat_numbers:
        said.append(
            f"{count(summary.repeat_numbers, 'person', 'people')} may be called more than once (repeats): "
            "called before, or in a started wave of another campaign."
        )
    return said


def _waiting(plan: Plan) -> list[str]:
    """How many ring only once something lets them, and how many of these if the platform does at once."""
    waiting = plan.summary.waiting_numbers
    tried = sum(change.waiting_rows for change in plan.changes if change.tries)
    said = f"{count(waiting, 'number')} will wait for a line, a day or another campaign"
    asked = f"; of {tried:,} of them the platform is asked for the line all the same" if tried else ""
    return [f"{said}{asked}."] if waiting else []


def forecast_words(forecast: Forecast) -> str:
    """When a campaign will be through, and whether that is in time."""
    if forecast.finish is None:
        return "cannot be foreseen" if forecast.fits else "will not be through before its end"
    if forecast.fits:
        return f"through by about {moment(forecast.finish)}{_late_words(forecast)}"
    return f"NOT through before its end: it would take until {moment(forecast.finish)}"


def forecast_aside(forecast: Forecast) -> str:
    """What it rests on, the calls that are still to come, at what price, and who comes before."""
    return "; ".join(part for part in (clean(forecast.detail), *_efforts(forecast)) if part)


def forecast_said(forecast: Forecast) -> str:
    """Both on one line."""
    aside = forecast_aside(forecast)
    return f"{forecast_words(forecast)} ({aside})" if aside else forecast_words(forecast)


def _late_words(forecast: Forecast) -> str:
    """What it stays below nine times in ten: the time alone, if it is the same day."""
    late, finish = forecast.finish_late, forecast.finish
    if late is None or finish is None:
        return ""
    same = late.date() == finish.date()
    return f", nine times in ten by {f'{late:%H:%M}' if same else moment(late)}"


def _efforts(forecast: Forecast) -> list[str]:
    """The calls that are still to come, with their price if one is declared; and who comes before."""
    said = []
    if forecast.calls:
        cost = "" if forecast.cost is None else f", {forecast.cost:,.2f} {clean(forecast.currency)}"
        said.append(f"{count(forecast.calls, 'call')}, {forecast.minutes:,.0f} min talked{cost}")
    if forecast.waits_for:
        said.append(f"after {listed([clean(name) for name in forecast.waits_for], 3)}")
    return said
