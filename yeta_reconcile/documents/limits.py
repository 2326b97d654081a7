"""What nobody may do, who is exempt from it until when, and who is told what happens: models of documents.

Pure values; what a limit comes to is `planning/guards.py`'s.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Annotated, Literal, get_args

from pydantic import (
    Field,
    StrictBool,
)

from yeta_reconcile.documents.values import (
    Days,
    Duration,
    Most,
    NoFlag,
    Strict,
    Windows,
)


class Exemption(Strict):
    """A guard that does not hold for this campaign, why, and until when."""

    limit: Literal[
        "new_numbers",
        "ringing_numbers",
        "deletes",
        "repeat_numbers",
        "removed_numbers",
        "do_not_call",
        "frequency",
        "hours",
        "days",
        "staged_first",
        "spend",
    ]
    """The guard of `limits:` in yeta.yaml."""
    reason: Annotated[str, Field(min_length=1, examples=["they asked to be called again"])]
    """Why it does not hold here."""
    until: Annotated[date, Field(examples=["2026-12-31"])]
    """The last day on which the exemption counts."""


Exemptions = Annotated[
    tuple[Exemption, ...],
    Field(
        examples=[[{"limit": "frequency", "reason": "they asked to be called again", "until": "2026-12-31"}]]
    ),
]


class Frequency(Strict):
    """How often one number may be called by all campaigns of the repository together."""

    times: Annotated[int, Field(ge=1, examples=[1]), NoFlag] = 1
    """Calls at most; recalls of one task are one."""
    within: Duration = timedelta(days=7)
    """In this time."""


class Spend(Strict):
    """What calls may cost in a day, a week or a month, by `price`."""

    budget: Annotated[float, Field(ge=0, examples=[5000]), NoFlag]
    """So much at most, in the currency of `price`."""
    per: Literal["day", "week", "month"]
    """In this stretch of the calendar, in the project's timezone."""


class Limits(Strict):
    """Guards: an apply that goes beyond one is refused before its first call (exit 4)."""

    use: Annotated[
        tuple[Literal["cn-marketing", "cn-collection"], ...], Field(examples=[["cn-marketing"]])
    ] = ()
    """Packs of limits that ship with the tool, see `yeta explain limits.NAME`; the keys beside it win."""
    new_numbers: Annotated[Most | None, Field(examples=[10000])] = None
    """Rows that may enter waves in one apply; a share is one of the rows of all lists."""
    ringing_numbers: Annotated[Most | None, Field(examples=[10000])] = None
    """Rows that may ring after one apply; a share is one of the rows of all lists."""
    deletes: Annotated[Most | None, Field(examples=[5])] = None
    """Tasks that one apply may delete; a share is one of those that are staged or going on."""
    repeat_numbers: Annotated[Most | None, Field(examples=[0])] = None
    """People called before, lately or by `repeats`, who may be called again; a share is one of all rows."""
    removed_numbers: Annotated[Most | None, Field(examples=["50%"])] = None
    """Rows that may leave waves; a share: of those a campaign has yet to call (default 50%)."""
    do_not_call: Annotated[tuple[str, ...], Field(examples=[["data/dnc.csv"]])] = ()
    """CSV files, relative to yeta.yaml, whose first column is the number: none of these is called."""
    frequency: Annotated[Frequency | None, Field(examples=[{"times": 1, "within": "7d"}])] = None
    """How often one number may be called by all campaigns together."""
    hours: Annotated[Windows | None, Field(examples=[["08:30-20:30"]])] = None
    """Parts of the day beyond which nobody may be called; the hours of lines are cut to these."""
    days: Annotated[Days | None, Field(examples=["workdays"])] = None
    """`workdays` or weekdays beyond which nobody may be called."""
    spend: Annotated[Spend | None, Field(examples=[{"budget": 5000, "per": "month"}])] = None
    """What was called in a stretch of time and what is foreseen in the rest of it may cost so much."""
    staged_first: StrictBool = False
    """Only a wave that an earlier apply staged is started."""


Happening = Literal["finished", "waits", "refused", "aborted", "halted", "unresolved", "drift", "silent"]


class Notify(Strict):
    """Somebody who is told what happens, by one message an event; no number is ever in it."""

    to: Annotated[str, Field(min_length=1, examples=["${OPS_WEBHOOK}"])]
    """Address: a webhook of WeCom, DingTalk, Feishu, Slack or any other, or a URL of the library apprise."""
    on: Annotated[tuple[Happening, ...], Field(examples=[["refused", "unresolved"]])] = get_args(Happening)
    """What is told; by default everything."""


def exemption(given: Iterable[Exemption], limit: str, today: date) -> Exemption | None:
    """What exempts from a limit today."""
    return next((one for one in given if one.limit == limit and one.until >= today), None)
