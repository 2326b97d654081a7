"""What a plan says, in words for operations people; text and Markdown share them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from yeta_reconcile.amounts import count
from yeta_reconcile.moments import moment
from yeta_reconcile.plan.foresight import Forecast
from yeta_reconcile.plan.plan import ACTION, Action, Change, Plan, Summary
from yeta_reconcile.platform.call import RESULTS
from yeta_reconcile.render.table import clean
from yeta_reconcile.waves.attributes import BY_NAME, MOMENT, SECONDS
from yeta_reconcile.waves.record import Phase
from yeta_reconcile.wording import CLAUSES, PARTS, SENTENCES, Text, listed, loud, phrase, spoken, worded

_TO_DO = {
    Action.CREATE: phrase("to create"),
    Action.START: phrase("to start"),
    Action.PAUSE: phrase("to pause"),
    Action.RESUME: phrase("to resume"),
    Action.REPLACE: phrase("to replace"),
    Action.DELETE: phrase("to delete"),
    Action.ADOPT: phrase("to adopt"),
    Action.FORGET: phrase("to forget"),
    Action.CALL: phrase("TO CALL AT ONCE"),
    Action.WAIT: phrase("waiting"),
}

PHASE = {
    Phase.PLANNED: phrase("planned"),
    Phase.CREATING: phrase("creating"),
    Phase.FILLING: phrase("filling"),
    Phase.VERIFIED: phrase("verified"),
    Phase.STARTED: phrase("started"),
    Phase.PAUSED: phrase("paused"),
    Phase.DRAINING: phrase("draining"),
    Phase.COMPLETED: phrase("completed"),
    Phase.EXPIRED: phrase("expired"),
    Phase.DELETED: phrase("deleted"),
    Phase.LOST: phrase("lost"),
    Phase.DISCARDED: phrase("discarded"),
}

_WHOLE_MINUTES = re.compile(r"(\d\d:\d\d):00-(\d\d:\d\d):00")


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
        return worded("not set")
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


def deed(change: Change, *, halted: bool = False) -> str:
    """What a change does, without its reason: `start wave 1: 120 numbers will ring`; `halted`: not yet."""
    said = _deed(change)
    return worded("{deed}, once the halt is lifted", deed=said) if halted and change.rings else said


def _deed(change: Change) -> str:
    wave = phrase("wave {number}", number=change.wave) if change.wave else phrase("it")
    rows = count(change.ringing_rows if change.rings else change.rows, "number")
    if change.action is Action.CALL:
        return worded("CALL OUT {rows}: RINGS AT ONCE AND CANNOT BE REVOKED", rows=loud(rows))
    if change.action is Action.WAIT:
        return worded("{wave} waits ({rows})" if change.rows else "{wave} waits", wave=wave, rows=rows)
    if change.action is Action.ADOPT:
        task = clean(change.task_id or worded("unknown"))
        return worded("adopt task {task} as {wave} with {rows}", task=task, wave=wave, rows=rows)
    if change.action is Action.REPLACE:
        if change.rings:
            return worded("replace {wave}: {rows} will ring", wave=wave, rows=rows)
        return worded(
            "replace {wave}: {rows} staged again; it was never started, nobody is rung by this",
            wave=wave,
            rows=rows,
        )
    action = ACTION[change.action]
    if change.rings:
        who = rows if change.ringing_rows else phrase("nobody")
        return worded("{action} {wave}: {who} will ring", action=action, wave=wave, who=who)
    if change.action is Action.CREATE:
        return worded("create {wave} with {rows}", wave=wave, rows=rows)
    if change.action is Action.DELETE and change.task_id:
        wave = phrase("task {id}", id=clean(change.task_id))
    return worded(
        "{action} {wave} ({rows})" if change.rows else "{action} {wave}", action=action, wave=wave, rows=rows
    )


def refused(refusals: int) -> str:
    """What comes first where a plan may not be applied, for so many reasons."""
    many = count(refusals, "refusal")
    return worded("Refused: nothing of this can be applied ({refusals}).", refusals=many)


def summary_line(plan: Plan, *, refused: bool = False) -> str:
    """The plan in one line; the last thing a terminal shows."""
    summary = plan.summary
    parts = [
        phrase("{number:,} {to_do}", number=summary.of(action), to_do=words)
        for action, words in _TO_DO.items()
        if summary.of(action)
    ]
    if not parts and summary.blocked:
        return _with_asides(_blocked(summary), plan)
    if not parts:
        none = worded("No changes.")
        return (
            _with_asides(none, plan)
            if asides(plan)
            else spoken(listed([none, _as_declared(summary.campaigns)], 0, by=SENTENCES))
        )
    if not plan.doing:
        parts = [phrase("nothing to do now"), *parts]
    people = listed(_people(summary, halted=plan.halted), 0, by=CLAUSES)
    return _with_asides(
        worded(
            "Refused plan: {changes} — {people}." if refused else "Plan: {changes} — {people}.",
            changes=listed(parts, 0, by=CLAUSES),
            people=people,
        ),
        plan,
    )


def _with_asides(said: str, plan: Plan) -> str:
    aside = asides(plan)
    return spoken(listed([said, aside], 0, by=SENTENCES)) if aside else said


def _blocked(summary: Summary) -> str:
    kept = count(summary.blocked, "campaign is", "campaigns are")
    if not summary.unchanged:
        return worded("Blocked: {campaigns} kept from any change.", campaigns=kept)
    others = count(summary.unchanged, "campaign")
    return worded(
        "Blocked: {campaigns} kept from any change, {others} unchanged.", campaigns=kept, others=others
    )


def _people(summary: Summary, *, halted: bool) -> list[Text]:
    """Whom a plan concerns, and how many campaigns it leaves alone."""
    rings = phrase("none rings")
    if summary.ringing_numbers:
        rings = phrase(
            "none rings while the halt is on, {number:,} once it is lifted"
            if halted
            else "{number:,} will ring",
            number=summary.ringing_numbers,
        )
    people = [count(summary.new_numbers, "new number"), rings]
    if summary.waiting_numbers:
        people.append(phrase("{number:,} wait", number=summary.waiting_numbers))
    if summary.repeat_numbers:
        again = count(summary.repeat_numbers, "person", "people")
        people.append(phrase("{people} may be called again", people=again))
    if summary.removed_numbers:
        people.append(phrase("{number:,} will leave their waves", number=summary.removed_numbers))
    people.append(phrase("{campaigns} unchanged", campaigns=count(summary.unchanged, "campaign")))
    if summary.blocked:
        people.append(phrase("{campaigns} blocked", campaigns=count(summary.blocked, "campaign")))
    return people


def asides(plan: Plan) -> Text:
    """How much was found, and how many campaigns were not looked at, as sentences; empty if none."""
    said = _findings(plan)
    if plan.passed_over:
        others = count(plan.passed_over, "other was", "others were")
        said.append(phrase("{others} not looked at (--only).", others=others))
    return listed(said, 0, by=SENTENCES)


def _findings(plan: Plan) -> list[Text]:
    severities = [found.severity for found in plan.diagnostics]
    errors, warnings = severities.count("error"), severities.count("warning")
    if errors and warnings:
        both = phrase(
            "{errors} and {warnings}.", errors=count(errors, "error"), warnings=count(warnings, "warning")
        )
        return [both]
    if errors or warnings:
        one = count(errors, "error") if errors else count(warnings, "warning")
        return [phrase("{findings}.", findings=one)]
    return []


def _as_declared(campaigns: int) -> str:
    if not campaigns:
        return worded("No campaign is declared.")
    if campaigns == 1:
        return worded("The one campaign is as declared.")
    return worded("All {campaigns} are as declared.", campaigns=count(campaigns, "campaign"))


def forecast_words(forecast: Forecast) -> str:
    """When a campaign will be through, and whether that is in time."""
    if forecast.finish is None:
        if forecast.fits:
            return worded("cannot be foreseen")
        return worded("will not be through before its end")
    finish = moment(forecast.finish)
    if not forecast.fits:
        return worded("NOT through before its end: it would take until {finish}", finish=finish)
    late = _late(forecast)
    if not late:
        return worded("through by about {finish}", finish=finish)
    return worded("through by about {finish}, nine times in ten by {late}", finish=finish, late=late)


def forecast_aside(forecast: Forecast) -> str:
    """What it rests on, the calls that are still to come, at what price, and who comes before."""
    parts = [part for part in (forecast.detail, *_efforts(forecast)) if part]
    return clean(spoken(listed(parts, 0, by=PARTS)))


def forecast_said(forecast: Forecast) -> str:
    """Both on one line."""
    aside = forecast_aside(forecast)
    when = forecast_words(forecast)
    return worded("{when} ({aside})", when=when, aside=aside) if aside else when


def _late(forecast: Forecast) -> str:
    """What it stays below nine times in ten: the time alone, if it is the same day."""
    late, finish = forecast.finish_late, forecast.finish
    if late is None or finish is None:
        return ""
    return f"{late:%H:%M}" if late.date() == finish.date() else moment(late)


def _efforts(forecast: Forecast) -> list[Text]:
    """The calls that are still to come, with their price if one is declared; and who comes before."""
    said = []
    calls, minutes = count(forecast.calls, "call"), f"{forecast.minutes:,.0f}"
    if forecast.calls and forecast.cost is None:
        said.append(phrase("{calls}, {minutes} min talked", calls=calls, minutes=minutes))
    elif forecast.calls:
        cost = f"{forecast.cost:,.2f} {clean(forecast.currency)}"
        said.append(phrase("{calls}, {minutes} min talked, {cost}", calls=calls, minutes=minutes, cost=cost))
    if forecast.waits_for:
        first = listed([clean(name) for name in forecast.waits_for], 3)
        said.append(phrase("after {campaigns}", campaigns=first))
    return said


def result_said(code: str, description: str) -> str:
    """What a result means in the language of the run, and the platform's own words where they say more.

    Without a code the platform's words tell which of the results it is.
    """
    known = RESULTS.get(code) or next((one for one in RESULTS.values() if one.words == description), None)
    name = known.english if known else phrase("unknown") if description else code or phrase("no result")
    return " · ".join(dict.fromkeys(filter(None, (spoken(name), description))))
