"""At which hours and on which days a campaign would call though nobody may: what limits ask of its waves.

Pure: time and the calendar come in as arguments.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from yeta_reconcile.documents.models import Campaign
from yeta_reconcile.plan.plan import Action, Change
from yeta_reconcile.planning.calendar import DAY, LONGEST, Days
from yeta_reconcile.planning.diff.subject import Subject, Wave
from yeta_reconcile.platform.hours import beyond, within
from yeta_reconcile.wording import listed, phrase

_MOMENT = timedelta(seconds=1)
# What such a change is about does not go on as it is: it is replaced, or waits for that.
_ENDS = frozenset({Action.REPLACE, Action.DELETE, Action.PAUSE, Action.WAIT})


def may_call(subject: Subject, changes: Collection[Change]) -> bool:
    """Whether anybody may still be called by a declared campaign, as it stands or by what changes."""
    if subject.declared is None or subject.destroy:
        return False
    calls = any(change.campaign == subject.name and change.rings for change in changes)
    return calls or (isinstance(subject.declared, Campaign) and bool(subject.delta.new or _waves(subject)))


def beyond_hours(
    subject: Subject, hours: tuple[str, ...], changes: Collection[Change], clock: str
) -> tuple[str, ...]:
    """What would call beyond `hours`, in words; `clock` is the time of day, HH:MM:SS."""
    declared = subject.declared
    if not may_call(subject, changes):
        return ()
    if not isinstance(declared, Campaign):
        return () if within(clock, hours) else (phrase("direct calls at {clock}", clock=clock),)
    if outside := beyond(declared.schedule.windows or (), hours):
        return tuple(phrase("the window {window}", window=window) for window in outside)
    ended = {change.wave_id for change in changes if change.action in _ENDS}
    going = [
        wave
        for wave in _waves(subject)
        if wave.record.live and wave.record.wave_id not in ended and declared.state == "running"
    ]
    asked = {wave.record.number: _windows(wave) for wave in going}
    return tuple(
        phrase("wave {number} in {windows}", number=number, windows=listed(windows, 0))
        for number, windows in asked.items()
        if beyond(windows, hours)
    )


def other_day(subject: Subject, allowed: Days, changes: Collection[Change]) -> date | None:
    """The first day on which a campaign would call though it is not `allowed`; within a year from now."""
    declared = subject.declared
    if not may_call(subject, changes):
        return None
    today = subject.now.astimezone(allowed.zone).date()
    if not isinstance(declared, Campaign):
        return None if allowed.allows(today) else today
    own = Days(declared.schedule.days, allowed.zone, allowed.public)
    if own.rule == allowed.rule:
        return None
    begin, end = declared.schedule.begin, declared.schedule.end
    first = max(today, begin.astimezone(allowed.zone).date()) if begin else today
    # An end at midnight is none of the day that begins then.
    last = (end - _MOMENT).astimezone(allowed.zone).date() if end else first + timedelta(days=LONGEST)
    days = (first + number * DAY for number in range(min((last - first).days, LONGEST) + 1))
    return next((day for day in days if own.allows(day) and not allowed.allows(day)), None)


def _waves(subject: Subject) -> list[Wave]:
    return [wave for wave in subject.waves if wave.record.staged or wave.record.live]


def _windows(wave: Wave) -> tuple[str, ...]:
    """The windows of a task, as the platform shows them, else as they were asked."""
    shown = wave.task.windows if wave.task else None
    return tuple(shown or wave.record.attributes.windows or ())
