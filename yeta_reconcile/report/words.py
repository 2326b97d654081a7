"""The words of the page in one place, in the catalogues like all others; how counts and times are written."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from yeta_reconcile.wording import Text, phrase, spoken

Language = Literal["en", "zh"]

# By key. What is in braces is put in.
WORDS: dict[str, Text] = {
    "all": phrase("All campaigns"),
    "as of": phrase("As of {at}"),
    "environment": phrase("environment {name}"),
    "live": phrase("live, every {seconds} s"),
    "halted": phrase("Everything is halted: {why}"),
    "nothing": phrase("Nothing has been called yet."),
    "reached": phrase("Reached"),
    "of called": phrase("{share} of those called"),
    "called": phrase("Called"),
    "of people": phrase("{share} of {people}"),
    "calls": phrase("Calls"),
    "answered of calls": phrase("{share} answered"),
    "talk": phrase("Talk time"),
    "average": phrase("{length} a call on average"),
    "waiting": phrase("Still waiting"),
    "again some": phrase("{count} of them to be tried again"),
    "finish": phrase("Forecast finish"),
    "fits": phrase("before its end"),
    "late": phrase("after its end"),
    "cost": phrase("Cost so far"),
    "a person": phrase("{cost} a person reached"),
    "progress": phrase("Progress"),
    "progress note": phrase("People called and reached for the first time"),
    "progress ahead": phrase(
        "People called and reached for the first time; the forecast is of when it began or was last changed"
    ),
    "forecast": phrase("Forecast"),
    "funnel": phrase("Funnel"),
    "funnel note": phrase("Of each step, its share of the one before"),
    "people": phrase("On the list"),
    "submitted": phrase("Submitted"),
    "tag": phrase("Tag {tag}"),
    "results": phrase("Results"),
    "results note": phrase("People by the last call to each"),
    "result": phrase("Result"),
    "detail": phrase("Results in detail"),
    "code": phrase("Code"),
    "persons": phrase("People"),
    "share": phrase("Share"),
    "answered": phrase("Answered"),
    "not answered": phrase("Not answered"),
    "rate": phrase("Answer rate"),
    "reach": phrase("Reached of called"),
    "hours": phrase("By hour"),
    "hours note": phrase("Calls by the hour they began in"),
    "days": phrase("By weekday"),
    "days note": phrase("Calls by the day of the week"),
    "lines": phrase("By line"),
    "line": phrase("Line"),
    "unknown line": phrase("not known"),
    "refused": phrase("Refused"),
    "faults": phrase("Line faults"),
    "mean talk": phrase("Mean talk"),
    "timetable": phrase("Line timetable"),
    "timetable note": phrase("What was begun, as the state knows it; what is to come, as foreseen at {at}"),
    "nothing foreseen": phrase("What was begun, as the state knows it; nothing was foreseen yet"),
    "held by": phrase("Held by"),
    "wave of": phrase("{name} wave {wave}"),
    "from": phrase("From"),
    "until": phrase("Until"),
    "when": phrase("When"),
    "until now": phrase("Until now"),
    "foreseen": phrase("Foreseen"),
    "not known": phrase("not known"),
    "attempts": phrase("By attempt"),
    "attempt": phrase("Call to the person"),
    "rounds": phrase("By round"),
    "round": phrase("Round"),
    "lengths": phrase("Length of calls"),
    "lengths note": phrase("Answered calls, up to so many seconds of talk; half are over after {median}"),
    "over": phrase("{seconds}+"),
    "answers": phrase("Answers"),
    "answers note": phrase("What was understood in the last dialog of each person"),
    "waits": phrase("Who waits, and for what"),
    "nobody waits": phrase("Nobody waits."),
    "campaign": phrase("Campaign"),
    "campaigns": phrase("Campaigns"),
    "wave": phrase("Wave"),
    "no wave": phrase("none"),
    "why": phrase("Reason"),
    "state": phrase("State"),
    "quality": phrase("Quality of the data"),
    "quality note": phrase("What the figures above may lack"),
    "count": phrase("Count"),
    "what": phrase("What"),
    "last push": phrase("Last push from the platform"),
    "never": phrase("none"),
    "missing": phrase("Dialled numbers without a record (yeta backfill fetches them)"),
    "pending": phrase("Pushes that wait to be read"),
    "stuck": phrase("Pushes that could not be read (yeta calls pending)"),
    "dead": phrase("Bodies that are no push at all"),
    "unrecorded": phrase("Calls of which a recording or dialog came and no record"),
    "nobodys": phrase("Calls of a wave that belong to no row of it"),
    "elsewhere": phrase("Calls of no campaign, incoming ones among them"),
    "footer": phrase(
        "People count once a campaign, calls each. The same people, one a row: yeta calls export --by person"
    ),
    "sort": phrase("Sort by {head}"),
    # What a result says of the person
    "connected": phrase("Connected"),
    "not reached": phrase("Not reached"),
    "wrong number": phrase("Wrong number"),
    "fault": phrase("Fault of the line"),
    "unknown": phrase("Unknown"),
    # Why people wait
    "why waiting": phrase("in no wave yet: the next apply takes them"),
    "why gone": phrase("no document declares the campaign any more"),
    "why staged": phrase("staged and not started"),
    "why ringing": phrase("being called"),
    "why paused": phrase("the wave is paused"),
    "why draining": phrase("the wave is paused and taken over by the next one"),
    "why submitted": phrase("submitted"),
    "why again": phrase("called in vain, the platform tries again"),
    "why held": phrase("possibly called: yeta state resolve settles it"),
    "why not dialled": phrase("the wave is over and they were not called"),
    "why set aside": phrase("the platform refused the number"),
    # States of a campaign
    "running": phrase("running"),
    "paused": phrase("paused"),
    "staged": phrase("staged"),
    "declared": phrase("direct call"),
    "": phrase("not declared any more"),
}
DAYS = (
    phrase("Mon"), phrase("Tue"), phrase("Wed"), phrase("Thu"), phrase("Fri"), phrase("Sat"), phrase("Sun"),
)  # fmt: skip


def said(key: str, **parts: str) -> str:
    """Some words by their key; those that have none are shown as they are."""
    text = spoken(WORDS.get(key, key))
    return text.format(**parts) if parts else text


def day(weekday: int) -> str:
    """A weekday, 0 Monday."""
    return spoken(DAYS[weekday])


def count(number: float) -> Text:
    """`1,200`."""
    return phrase("{number:,.0f}", number=number)


def share(part: float) -> str:
    """`12.5%`; what is not nothing is not shown as nothing."""
    return "<0.1%" if 0 < part < 0.0005 else f"{part:.1%}".replace(".0%", "%")


def part(part: int, whole: int) -> str:
    """A part of a whole as a share."""
    return share(part / whole if whole else 0.0)


def length(seconds: float) -> str:
    """`35 s`, `2 min 5 s`, `3 h 12 min`."""
    hours, rest = divmod(round(seconds), 3600)
    minutes, left = divmod(rest, 60)
    last = phrase("{number} min", number=minutes) if hours else phrase("{number} s", number=left)
    first = phrase("{number} h", number=hours) if hours else phrase("{number} min", number=minutes)
    parts = [(hours or minutes, first), (minutes if hours else left, last)]
    return " ".join(spoken(part) for number, part in parts if number) or spoken(last)


def moment(at: datetime) -> str:
    """A moment to the minute."""
    return f"{at:%Y-%m-%d %H:%M}"


def soon(at: datetime, now: datetime) -> str:
    """A moment to the minute; its year only where that is another."""
    return moment(at).removeprefix(f"{now.year}-")


def money(amount: float, currency: str) -> str:
    """An amount with its currency."""
    return f"¥{amount:,.2f}" if currency in {"CNY", ""} else f"{amount:,.2f} {currency}"
