"""One call as the platform's pushes tell it, and what its result means. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from pydantic_core import from_json

from yeta_reconcile.platform.coercion import count, duration, integer, moment
from yeta_reconcile.wording import Text, phrase

_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

# openapi.md, receiveCallRecord: 呼叫方向
INBOUND, OUTBOUND = 1, 2

# Of a record each moment and each length, and how it is read.
TIMES: Mapping[str, Callable[[Any], int | None]] = {
    **dict.fromkeys(("time_dial", "time_ring", "time_answer", "time_hangup"), moment),
    **dict.fromkeys(("duration_ring", "duration_call"), duration),
}
_BOUNDED: Mapping[str, Callable[[Any], int | None]] = {
    **TIMES,
    "recording_seconds": duration,
    **dict.fromkeys(("tries", "recording_size"), count),
    **dict.fromkeys(("direction", "row_index"), integer),
}


class ResultMeaning(StrEnum):
    """What a result says of the person who was called."""

    CONNECTED = "connected"
    NOT_REACHED = "not reached"
    REFUSED = "refused"
    WRONG_NUMBER = "wrong number"
    FAULT = "fault"
    UNKNOWN = "unknown"


class Result(NamedTuple):
    """A `task_result` (openapi.md, 外呼结果说明; docs/platform.md, row 10)."""

    words: str
    english: Text
    meaning: ResultMeaning


RESULTS: Mapping[str, Result] = {
    "-1": Result("超时", phrase("timed out"), ResultMeaning.NOT_REACHED),
    "0": Result("成功", phrase("success"), ResultMeaning.CONNECTED),
    "2": Result("正在通话中", phrase("in another call"), ResultMeaning.NOT_REACHED),
    "3": Result("无法接通", phrase("out of reach"), ResultMeaning.NOT_REACHED),
    "4": Result("关机", phrase("switched off"), ResultMeaning.NOT_REACHED),
    "5": Result("用户正忙", phrase("busy"), ResultMeaning.NOT_REACHED),
    "6": Result("空号", phrase("no such number"), ResultMeaning.WRONG_NUMBER),
    "7": Result("号码错误", phrase("wrong number"), ResultMeaning.WRONG_NUMBER),
    "8": Result("客户拒接", phrase("refused by the customer"), ResultMeaning.REFUSED),
    "9": Result("停机", phrase("out of service"), ResultMeaning.NOT_REACHED),
    "15": Result("客户接听后并主动挂机", phrase("connected, the customer hung up"), ResultMeaning.CONNECTED),
    "16": Result("客户掉线", phrase("connected, the line dropped"), ResultMeaning.CONNECTED),
    "18": Result("已接通", phrase("answered"), ResultMeaning.CONNECTED),
    "19": Result("转人工", phrase("passed to a person"), ResultMeaning.CONNECTED),
    "20": Result("用户未接", phrase("no answer"), ResultMeaning.NOT_REACHED),
    "22": Result("来电提醒", phrase("incoming-call reminder"), ResultMeaning.NOT_REACHED),
    "23": Result("呼入限制", phrase("incoming calls barred"), ResultMeaning.NOT_REACHED),
    "25": Result("呼叫转移", phrase("call forwarding"), ResultMeaning.NOT_REACHED),
    "26": Result("网络故障", phrase("network fault"), ResultMeaning.FAULT),
    "27": Result("呼出受限", phrase("outgoing calls barred"), ResultMeaning.FAULT),
    "28": Result("线路故障", phrase("line fault"), ResultMeaning.FAULT),
}


def meaning_of(result: str) -> ResultMeaning:
    """What a `task_result` says of whom was called."""
    known = RESULTS.get(result)
    return known.meaning if known else ResultMeaning.UNKNOWN


def _named() -> dict[str, frozenset[str]]:
    names = {
        _slug(meaning.value): frozenset(code for code, known in RESULTS.items() if known.meaning is meaning)
        for meaning in ResultMeaning
        if meaning is not ResultMeaning.UNKNOWN
    }
    for code, known in RESULTS.items():
        if "," not in known.english and known.meaning in {ResultMeaning.NOT_REACHED, ResultMeaning.FAULT}:
            names.setdefault(_slug(known.english), frozenset({code}))
    return names


def _slug(words: str) -> str:
    return words.replace(" ", "-")


NAMES: Mapping[str, frozenset[str]] = _named()
"""The results that each name stands for: classes first, then each way of not being reached."""
CONNECTED = NAMES[_slug(ResultMeaning.CONNECTED.value)]


def codes_of(name: str) -> frozenset[str]:
    """The results that a name or number stands for; none if there is no such."""
    return NAMES.get(name, frozenset({name} & RESULTS.keys()))


class DialogTurn(NamedTuple):
    """One entry of a dialog without what was said; times in ms. A tuple, as the call is.

    `hit` is what the robot understood, in the words of its own answers, and `answer` that answer's id.
    """

    seq: str = ""
    role: str = ""
    node_id: str = ""
    node: str = ""
    question: str = ""
    hit: str = ""
    answer: str = ""
    node_type: str = ""
    tag: str = ""
    time_start: int = 0
    time_speaking: int = 0


class Call(NamedTuple):
    """One call. Times are ms since the epoch, durations seconds; what was not said is None, "" or empty.

    A tuple, since a hundred thousand of them are read for one report.

    `number`, `row_number`, `row_content` and `relation` are keyed digests as hex: of the customer's number,
    of the number and the whole of the row that the record repeats, and of the incoming call's relation id.
    `shown` is the customer's number, masked; `line` the other end, masked where it may be a person's.
    `recorded`: a call record was among the pushes. `recording` is a url as it came, to be fetched: it may
    hold a number, and is shown through `numbers.mask_numbers`. `unread` names what was there in a push and
    could not be read, separated by blanks.
    """

    call_uuid: str
    recorded: bool = False
    direction: int | None = None
    robot: str = ""
    task_id: str = ""
    data_id: str = ""
    row_index: int | None = None
    number: str = ""
    row_number: str = ""
    row_content: str = ""
    shown: str = ""
    relation: str = ""
    line: str = ""
    result: str = ""
    description: str = ""
    tries: int | None = None
    time_dial: int | None = None
    time_ring: int | None = None
    time_answer: int | None = None
    time_hangup: int | None = None
    duration_ring: int | None = None
    duration_call: int | None = None
    tag_max: str = ""
    tag_min: str = ""
    dialog: tuple[DialogTurn, ...] = ()
    recording: str = ""
    recording_size: int | None = None
    recording_seconds: int | None = None
    unread: str = ""

    @property
    def outbound(self) -> bool:
        """Whether it goes out: by either of the fields that revisions name (row 1), or its task."""
        return bool(self.task_id or self.data_id) or self.row_index is not None

    @property
    def incoming(self) -> bool:
        """Whether somebody called us: by its direction, else by the relation id that only such a call has."""
        if self.direction is None:
            return bool(self.relation) and not self.outbound
        return self.direction == INBOUND

    @property
    def connected(self) -> bool:
        """Whether someone answered: by `time_answer` (row 11), else by the result."""
        return self.time_answer is not None or self.meaning is ResultMeaning.CONNECTED

    @property
    def meaning(self) -> ResultMeaning:
        """What its result says."""
        return meaning_of(self.result)

    @property
    def at(self) -> int | None:
        """When it took place, ms."""
        times = (self.time_dial, self.time_ring, self.time_answer, self.time_hangup)
        return min(filter(None, times), default=None)

    def merge(self, other: Call) -> Call:
        """Both together: present wins over absent, and of two values the greater, whatever the order."""
        if other.call_uuid != self.call_uuid:
            raise AssertionError("two different calls do not merge")
        merged = {name: _greater(getattr(self, name), getattr(other, name)) for name in self._fields}
        merged["unread"] = " ".join(sorted({*self.unread.split(), *other.unread.split()}))
        return Call(**merged)

    def to_json(self) -> str:
        """The facts as JSON, absent ones left out."""
        given = {name: value for name in self._fields if not _absent(value := getattr(self, name))}
        if self.dialog:
            given["dialog"] = [
                {name: value for name, value in turn._asdict().items() if value} for turn in self.dialog
            ]
        return _to_json(given)

    @classmethod
    def from_json(cls, facts: str) -> Call:
        """What `to_json` gave; facts of a later version are left out."""
        # Twice as fast as the standard library's, and a report reads a hundred thousand of them.
        given = from_json(facts)
        # Versions before this one bounded less of what they kept.
        given |= {name: read(given[name]) for name, read in _BOUNDED.items() if name in given}
        if "dialog" in given:
            given["dialog"] = tuple([_known(DialogTurn, turn) for turn in given["dialog"]])
        return _known(cls, given)


_Facts = TypeVar("_Facts", Call, DialogTurn)


def _known(kind: type[_Facts], given: dict[str, Any]) -> _Facts:
    try:
        return kind(**given)
    except TypeError:
        return kind(**{name: value for name, value in given.items() if name in kind._fields})


def _absent(value: Any) -> bool:
    # Not by equality alone: 0 is a value, and equals False.
    return value is None or value is False or value in ("", ())


def _greater(one: Any, other: Any) -> Any:
    if _absent(one):
        return other
    if _absent(other):
        return one
    if isinstance(one, tuple):
        return max(one, other, key=lambda turns: (len(turns), turns))
    return max(one, other)
