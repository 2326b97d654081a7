"""What the platform's codes mean: one table of data (openapi.md, appendix; docs/platform.md, row 7).

Pure. The worst reading wins: a code that does not prove that a mutating call was *not* carried out
is `UNKNOWN` for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import Enum
from typing import Literal

from yeta_reconcile.frozen import dataclass
from yeta_reconcile.wording import UNSAID, Text, phrase

Call = Literal[
    "token",
    "config",
    "query",
    "callout",
    "create",
    "insert",
    "start",
    "pause",
    "delete",
    "download",
]


class Meaning(Enum):
    """What a code says of the call that it answers, for the journal (docs/architecture.md, section 6)."""

    DONE = "done"
    NOT_DONE = "refused"
    DONE_ALREADY = "done already"
    WAIT = "not done: the line is taken"
    BUSY = "not done: the platform is busy"
    STOP = "not done, and no other call would be"
    RENEW_TOKEN = "not done: the token is no longer valid"  # noqa: S105 -- words, no secret
    BAD_ROWS = "a number was refused"
    """Only of call-out is it said that the batch is refused whole; after an insert `count_tel` is read."""
    TOO_MANY = "not done: more rows than are taken"
    ENDED = "the task is over; a query tells how"
    UNKNOWN = "nobody knows whether it was done"

    @property
    def passes(self) -> bool:
        """Whether the same call may fare better later with nothing put right: it waits, and did not fail."""
        return self in _PASSES


# What a task turns out to be meanwhile, the next plan takes into account.
_PASSES = frozenset(
    {
        Meaning.DONE,
        Meaning.WAIT,
        Meaning.BUSY,
        Meaning.UNKNOWN,
        Meaning.ENDED,
        Meaning.DONE_ALREADY,
    }
)


@dataclass(frozen=True, slots=True)
class Code:
    """One code in our words: what it says, what to do, and its meaning, also where a call differs."""

    english: Text
    advice: Text
    meaning: Meaning
    but: Mapping[Call, Meaning] = field(default_factory=dict)


_DATA = phrase("correct the value in the document or its contact list")
_OVER: Mapping[Call, Meaning] = {"create": Meaning.UNKNOWN}

CODES: Mapping[int, Code] = {
    0: Code(phrase("done"), UNSAID, Meaning.DONE),
    200101: Code(
        phrase("the platform refuses the credentials"),
        phrase("check YETA_APP_KEY and YETA_APP_SECRET"),
        Meaning.STOP,
    ),
    10001: Code(
        phrase("the token is not valid"),
        phrase("run again; if it stays so, another program may be taking tokens for the same application"),
        Meaning.RENEW_TOKEN,
    ),
    10002: Code(
        phrase("the application may not make this call"),
        phrase("ask the platform to open this interface for the application"),
        Meaning.NOT_DONE,
    ),
    10003: Code(
        phrase("the application is not known"),
        phrase("check YETA_APP_KEY and platform.base_url"),
        Meaning.NOT_DONE,
    ),
    10004: Code(phrase("the platform is busy"), phrase("run again later"), Meaning.BUSY),
    10005: Code(phrase("a parameter is not right"), _DATA, Meaning.NOT_DONE),
    10020: Code(phrase("the interface is under maintenance"), phrase("run again later"), Meaning.STOP),
    10021: Code(
        phrase("the interface is closed"),
        phrase("ask the platform; platform.base_url may have to change"),
        Meaning.STOP,
    ),
    200200: Code(
        phrase("these things do not belong together"),
        phrase("check robot, lines and voice with `yeta platform`"),
        Meaning.NOT_DONE,
    ),
    200201: Code(
        phrase("the enterprise is not known"),
        phrase("check YETA_APP_KEY and platform.base_url"),
        Meaning.NOT_DONE,
    ),
    200202: Code(phrase("there is no such task"), phrase("`yeta drift` shows its outcome"), Meaning.NOT_DONE),
    200203: Code(
        phrase("a telephone number is refused"), phrase("correct or remove the row"), Meaning.BAD_ROWS
    ),
    200204: Code(
        phrase("there is no such robot"), phrase("`yeta platform robots` lists them"), Meaning.NOT_DONE
    ),
    200205: Code(
        phrase("there is no such voice"), phrase("`yeta platform voices` lists them"), Meaning.NOT_DONE
    ),
    200206: Code(
        phrase("the speed of speech is not right"), phrase("correct it at the platform"), Meaning.NOT_DONE
    ),
    200209: Code(phrase("the balance is gone"), phrase("top up the account, then run again"), Meaning.STOP),
    200210: Code(phrase("the format of a file is not right"), _DATA, Meaning.NOT_DONE),
    200211: Code(
        phrase("the upload is larger than 10 MB"),
        phrase("shorten the values of the contact list"),
        Meaning.NOT_DONE,
    ),
    200212: Code(
        phrase("the columns do not fit the robot"),
        phrase("`yeta platform robots` lists its columns; correct contacts.columns"),
        Meaning.NOT_DONE,
    ),
    200213: Code(
        phrase("more rows than the platform takes"),
        phrase("the rest goes into a further wave"),
        Meaning.TOO_MANY,
    ),
    200222: Code(
        phrase("not a valid working period"),
        phrase("schedule.windows must lie in the hours of every line; `yeta platform lines` lists them"),
        Meaning.NOT_DONE,
    ),
    3030002: Code(
        phrase("the line is taken by another task"),
        phrase("it is free when that task completes; run again then"),
        Meaning.WAIT,
    ),
    3010102: Code(
        phrase("the task is deleted already"),
        phrase("`yeta drift` shows its outcome"),
        Meaning.NOT_DONE,
        {"delete": Meaning.DONE_ALREADY, **_OVER},
    ),
    3010101: Code(
        phrase("the task is over already"), phrase("`yeta drift` shows its outcome"), Meaning.ENDED, _OVER
    ),
}
# What proves that a call-out was not carried out: a wrong token, a taken line, refused parameters.
_SETTLES_CALLOUT = frozenset({
    10001, 10005, 200200, 200201, 200202, 200203, 200204, 200205, 200206, 200209, 200210, 200211,
    200212, 200213, 200222, 3030002,
})  # fmt: skip


def meaning(call: Call, code: int) -> Meaning:
    """What `code` says of `call`.

    A code that is not listed is UNKNOWN: it may have been given after half of the work, and a query
    settles it; a call-out, which no query settles, is never sent again for that reason.
    """
    known = CODES.get(code)
    if known is None:
        return Meaning.UNKNOWN
    if call == "callout" and code not in {0, *_SETTLES_CALLOUT}:
        return Meaning.UNKNOWN
    return known.but.get(call, known.meaning)


def stops(code: int) -> bool:
    """Whether no further call would be carried out either (balance, maintenance, …).

    Also where the outcome of the call itself stays unknown: 10020 on a call-out.
    """
    known = CODES.get(code)
    return known is not None and known.meaning is Meaning.STOP


def describe(code: int) -> tuple[Text, Text]:
    """(what it says in English, what to do), for a message."""
    known = CODES.get(code)
    if known is None:
        return phrase("a code that its document does not list"), phrase("ask the platform what it means")
    return known.english, known.advice
