"""Campaigns that will not be through before their end: by how much, and what would make them fit. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from math import inf

from yeta_reconcile.amounts import count
from yeta_reconcile.diagnostics import Diagnostic, Severity
from yeta_reconcile.moments import moment
from yeta_reconcile.plan.foresight import Forecast
from yeta_reconcile.planning.course import Durations, Terms, play
from yeta_reconcile.planning.diff.subject import Subject
from yeta_reconcile.planning.forecast import Foreseen
from yeta_reconcile.planning.openings import HORIZON, Opening
from yeta_reconcile.planning.simulation import SimulatedWave
from yeta_reconcile.platform.hours import windows_of
from yeta_reconcile.platform.resources import Line
from yeta_reconcile.wording import UNSAID, Text, listed, phrase

# More channels than so many times its own nobody gives a campaign.
_MOST_TIMES = 16


def unfit(
    ahead: Foreseen,
    subjects: Mapping[str, Subject],
    lines: Mapping[str, Line],
    now: datetime,
    severity: Severity,
) -> list[Diagnostic]:
    """A finding for each campaign that does not fit."""
    found = []
    for forecast in ahead.forecasts:
        if forecast.fits:
            continue
        runs = ahead.runs.get(forecast.campaign, ())
        ways = [*dict.fromkeys(way for run in runs for way in _ways(run, lines, now))]
        fit = phrase("it would fit with {ways}; else ", ways=", or ".join(ways)) if ways else UNSAID
        hint = phrase("{fit}move its end, or call fewer", fit=fit)
        place = subjects[forecast.campaign].at("schedule", "end")
        summary = _summary(forecast, runs)
        found.append(Diagnostic(severity, "does-not-fit", summary, place, hint, forecast.campaign))
    return found


def _summary(forecast: Forecast, runs: tuple[SimulatedWave, ...]) -> Text:
    if runs and all(run.start >= run.work.end for run in runs):
        return phrase("not begun before its end: its lines are not free for it until then")
    ahead = (
        phrase("until {finish}", finish=moment(forecast.finish))
        if forecast.finish
        else phrase("more than a year")
    )
    rows = round(sum(run.work.tries.rows for run in runs if not run.work.follows))
    dialled = min(round(sum(run.course.dialled for run in runs)), rows)
    called = (
        phrase(
            "; about {dialled:,} of {numbers} are called by then",
            dialled=dialled,
            numbers=count(rows, "number"),
        )
        if dialled < rows
        else UNSAID
    )
    recalls = phrase("; not all who are not reached are tried again") if rows and dialled >= rows else UNSAID
    return phrase(
        "not through before its end: it would take {ahead}{called}{recalls}",
        ahead=ahead,
        called=called,
        recalls=recalls,
    )


def _ways(run: SimulatedWave, lines: Mapping[str, Line], now: datetime) -> Iterator[str]:
    """What else would let one of its waves end in time, each tried by itself."""
    work = run.work
    if run.would_finish <= work.end:
        return
    terms = Terms(run.channels, work.habits, work.opening)
    if run.waits_for and _fits(run, terms, now.timestamp()):
        yield phrase("a line of its own (it waits for {waits_for})", waits_for=listed(run.waits_for, 0))
    most = run.channels * _MOST_TIMES
    if run.start < work.end and _fits(run, replace(terms, channels=most)):
        few, many = run.channels, most
        while many - few > 1:
            middle = (few + many) // 2
            few, many = (few, middle) if _fits(run, replace(terms, channels=middle)) else (middle, many)
        yield phrase("{many:,} channels instead of {channels:,}", many=many, channels=run.channels)
    hours = windows_of(work.lines, lines, ())
    whole = Opening.of(hours, work.opening.zone, work.opening.allowed)
    if hours and whole.daily > work.opening.daily and _fits(run, replace(terms, opening=whole)):
        yield phrase("the whole hours of its lines ({hours})", hours=listed(hours, 0))


def _fits(run: SimulatedWave, terms: Terms, start: float | None = None) -> bool:
    work = run.work
    since = max(run.start if start is None else start, work.begin)
    course = play(work.tries, since, min(work.end, since + HORIZON.total_seconds()), terms, Durations())
    return not course.cut and course.finish <= work.end < inf
