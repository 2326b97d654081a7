"""Calls as they were received: what a push says, as facts without a number or a name; and what results mean.

Pure. Merging is field by field and the same in any order, so that pushes may come late, twice and mixed up.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from yeta_reconcile import coercion
from yeta_reconcile.coercion import count, duration, integer, listed, moment, text
from yeta_reconcile.numbers import BadNumberError, mask, mask_numbers, normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

RECORD, VOICE, DIALOG = "receiveCallRecord", "receiveVoice", "receiveDialog"
MODULES = (RECORD, VOICE, DIALOG)
INBOUND, OUTBOUND = 1, 2
# The zips of failed pushes: the last seven days, today excluded (refinements.md, row 3).
FETCHABLE_DAYS = 7

_LONGEST_WORDS = 200
_MOST_TURNS = 500


class Meaning(StrEnum):
    """What a result says of the person who was called."""

    CONNECTED = "connected"
    NOT_REACHED = "not reached"
    REFUSED = "refused"
    WRONG_NUMBER = "wrong number"
    FAULT = "fault"
    UNKNOWN = "unknown"


class Result(NamedTuple):
    """A `task_result` (openapi.md, 外呼结果说明; refinements.md, row 10)."""

    words: str
    english: str
    meaning: Meaning


RESULTS: Mapping[str, Result] = {
    "-1": Result("超时", "timed out", Meaning.NOT_REACHED),
    "0": Result("成功", "connected", Meaning.CONNECTED),
    "2": Result("正在通话中", "in another call", Meaning.NOT_REACHED),
    "3": Result("无法接通", "out of reach", Meaning.NOT_REACHED),
    "4": Result("关机", "switched off", Meaning.NOT_REACHED),
    "5": Result("用户正忙", "busy", Meaning.NOT_REACHED),
    "6": Result("空号", "no such number", Meaning.WRONG_NUMBER),
    "7": Result("号码错误", "wrong number", Meaning.WRONG_NUMBER),
    "8": Result("客户拒接", "refused by the customer", Meaning.REFUSED),
    "9": Result("停机", "out of service", Meaning.NOT_REACHED),
    "15": Result("客户接听后并主动挂机", "connected, the customer hung up", Meaning.CONNECTED),
    "16": Result("客户掉线", "connected, the line dropped", Meaning.CONNECTED),
    "18": Result("已接通", "connected", Meaning.CONNECTED),
    "19": Result("转人工", "passed to a person", Meaning.CONNECTED),
    "20": Result("用户未接", "no answer", Meaning.NOT_REACHED),
    "22": Result("来电提醒", "incoming-call reminder", Meaning.NOT_REACHED),
    "23": Result("呼入限制", "incoming calls barred", Meaning.NOT_REACHED),
    "25": Result("呼叫转移", "call forwarding", Meaning.NOT_REACHED),
    "26": Result("网络故障", "network fault", Meaning.FAULT),
    "27": Result("呼出受限", "outgoing calls barred", Meaning.FAULT),
    "28": Result("线路故障", "line fault", Meaning.FAULT),
}


class Unfoldable(Exception):
    """A push that says of no call what it is about; the text says why, without a value."""


class Digests(Protocol):
    """What makes keyed digests (`marks.Key`)."""

    def row_digest(self, *parts: str) -> bytes:
        """Of a number, or of a row's key."""
        ...

    def content_digest(self, values: Iterable[str]) -> bytes:
        """Of all that a row says."""
        ...


@dataclass(frozen=True, slots=True)
class Turn:
    """One entry of a dialog without what was said; times in ms."""

    seq: str = ""
    role: str = ""
    node_id: str = ""
    node_type: str = ""
    tag: str = ""
    time_start: int = 0
    time_speaking: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One call. Times are ms since the epoch, durations seconds; what was not said is None, "" or empty.

    `number`, `row_number`, `row_content` and `relation` are keyed digests as hex: of the customer's number,
    of the number and the whole of the row that the record repeats, and of the incoming call's relation id.
    `shown` is the customer's number, masked. `recorded`: a call record was among the pushes. `recording` is
    a url as it came, to be fetched: it may hold a number, and is shown through `numbers.mask_numbers`.
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
    dialog: tuple[Turn, ...] = ()
    recording: str = ""
    recording_size: int | None = None
    recording_seconds: int | None = None

    @property
    def outbound(self) -> bool:
        """Whether it goes out: by either of the fields that revisions name (row 1), or its task."""
        return bool(self.task_id or self.data_id) or self.row_index is not None

    @property
    def connected(self) -> bool:
        """Whether someone answered: by `time_answer` (row 11), else by the result."""
        return self.time_answer is not None or self.meaning is Meaning.CONNECTED

    @property
    def meaning(self) -> Meaning:
        """What its result says."""
        known = RESULTS.get(self.result)
        return known.meaning if known else Meaning.UNKNOWN

    @property
    def at(self) -> int | None:
        """When it took place, ms."""
        times = (self.time_dial, self.time_ring, self.time_answer, self.time_hangup)
        return min((time for time in times if time), default=None)

    def merge(self, other: Call) -> Call:
        """Both together: present wins over absent, and of two values the greater, whatever the order."""
        if other.call_uuid != self.call_uuid:
            raise AssertionError("two different calls do not merge")
        merged = {name: _greater(getattr(self, name), getattr(other, name)) for name in _NAMES}
        return Call(**merged)

    def to_json(self) -> str:
        """The facts as JSON, absent ones left out."""
        given = {name: value for name in _NAMES if not _absent(value := getattr(self, name))}
        if self.dialog:
            given["dialog"] = [asdict(turn) for turn in self.dialog]
        return json.dumps(given, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, facts: str) -> Call:
        """What `to_json` gave; facts of a later version are left out."""
        given = {name: value for name, value in json.loads(facts).items() if name in _NAMES}
        # Versions before this one bounded less of what they kept.
        given |= {name: read(given[name]) for name, read in _BOUNDED.items() if name in given}
        given["dialog"] = tuple(
            Turn(**{name: value for name, value in turn.items() if name in Turn.__slots__})
            for turn in given.get("dialog", ())
        )
        return cls(**given)


_NAMES = tuple(field.name for field in fields(Call))
_BOUNDED: Mapping[str, Callable[[Any], int | None]] = {
    **dict.fromkeys(("time_dial", "time_ring", "time_answer", "time_hangup"), moment),
    **dict.fromkeys(("duration_ring", "duration_call", "recording_seconds"), duration),
    **dict.fromkeys(("tries", "recording_size"), count),
    **dict.fromkeys(("direction", "row_index"), integer),
}


def _absent(value: Any) -> bool:
    # Not by equality alone: 0 is a value, and equals False.
    return value is None or value is False or value in ("", ())


def _greater(one: Any, other: Any) -> Any:
    if _absent(one):
        return other
    if _absent(other):
        return one
    if isinstance(one, tuple):
        return max(one, other, key=lambda turns: (len(turns), [_in_order(turn) for turn in turns]))
    return max(one, other)


def _in_order(turn: Turn) -> tuple[object, ...]:
    return tuple(getattr(turn, name) for name in Turn.__slots__)


def read_push(module: str, data: Mapping[str, Any], digests: Digests) -> Call:
    """What one push says of its call (openapi.md, part 2). Coerces every form that was seen (rows 13, 14).

    Raises Unfoldable for a module that is not known, and for a push without a usable call_uuid.
    """
    if module not in MODULES:
        raise Unfoldable(f"the module {module} is not known to this version")
    uuid = text(data.get("call_uuid"))
    if not uuid or len(uuid) > coercion.LONGEST_ID:
        raise Unfoldable("it has no call_uuid" if not uuid else "its call_uuid is too long")
    common: dict[str, Any] = {
        "call_uuid": uuid,
        "robot": _identifier(data.get("robot_id")),
        "data_id": _identifier(data.get("task_data_id")),
        "relation": _relation(data.get("call_relation_id"), digests),
    }
    if module == RECORD:
        return Call(**common, **_record(data, digests))
    if module == VOICE:
        return Call(
            **common,
            recording=text(data.get("url"), 2000),
            recording_size=count(data.get("size")),
            recording_seconds=duration(data.get("duration")),
        )
    return Call(
        **common,
        tag_max=_words(data.get("tag_max")),
        tag_min=_words(data.get("tag_min")),
        dialog=_dialog(data.get("dialog")),
    )


def _record(data: Mapping[str, Any], digests: Digests) -> dict[str, Any]:
    direction = integer(data.get("direction"))
    row = row_values(data)
    row_number = _row_number(data, row)
    number = _number(data.get("caller" if direction == INBOUND else "callee"))
    shown = row_number or number
    return {
        "recorded": True,
        "direction": direction,
        "task_id": _identifier(data.get("task_id")),
        "row_index": integer(data.get("task_row_index")),
        "number": digests.row_digest(number).hex() if number else "",
        "row_number": digests.row_digest(row_number).hex() if row_number else "",
        "row_content": digests.content_digest(_with_number(row, row_number)).hex() if row else "",
        "shown": mask(shown) if shown else "",
        "result": text(data.get("task_result"), 20),
        "description": _words(data.get("task_result_desc")),
        "tries": count(data.get("task_tries")),
        "time_dial": moment(data.get("time_dial")),
        "time_ring": moment(data.get("time_ring")),
        "time_answer": moment(data.get("time_answer")),
        "time_hangup": moment(data.get("time_hangup")),
        "duration_ring": duration(data.get("duration_ring")),
        "duration_call": duration(data.get("duration_call")),
    }


def number_of(data: Mapping[str, Any]) -> str:
    """The customer's number in its one form: of the row, else who was called, or who called; "" if unsaid."""
    inbound = integer(data.get("direction")) == INBOUND
    other = data.get("caller") if inbound else data.get("callee")
    return _row_number(data, row_values(data)) or _number(other)


def row_values(data: Mapping[str, Any]) -> tuple[str, ...]:
    """The values of the row that an outgoing call's record repeats."""
    return tuple(text(value, 2000) for value in listed(data.get("task_row_value")))


def row_head(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Their columns."""
    return tuple(text(value) for value in listed(data.get("task_row_head")))


def _row_number(data: Mapping[str, Any], row: tuple[str, ...]) -> str:
    """The number in the row: of the column 客户手机号码, else of the first (openapi.md, call_column)."""
    head = row_head(data)
    at = head.index("客户手机号码") if "客户手机号码" in head else 0
    return _number(row[at]) if at < len(row) else ""


def _with_number(row: tuple[str, ...], number: str) -> tuple[str, ...]:
    """The row as it was submitted: the number in its one form."""
    return tuple(number if number and _number(value) == number else value for value in row)


def _dialog(value: Any) -> tuple[Turn, ...]:
    """The course of a dialog; what was said stays with the raw push."""
    return tuple(
        Turn(
            seq=text(entry.get("seq"), 20),
            role=_words(entry.get("role")),
            node_id=_words(entry.get("node_id")),
            node_type=_words(entry.get("node_type")),
            tag=_words(entry.get("tag_name")),
            time_start=moment(entry.get("time_start")) or 0,
            time_speaking=duration(entry.get("time_speaking")) or 0,
        )
        for entry in listed(value)[:_MOST_TURNS]
        if isinstance(entry, dict)
    )


def _relation(value: Any, digests: Digests) -> str:
    found = text(value)
    return digests.row_digest(_number(found) or found).hex() if found else ""


def _identifier(value: Any) -> str:
    """An id; 0 stands for none (openapi.md, the example of receiveCallRecord)."""
    found = coercion.identifier(value)
    return "" if found in {"0", "-1"} else found


def _words(value: Any) -> str:
    """Words of the platform; every number in them is masked."""
    words = text(value, 2000).split()
    # Cut last: half a number would no longer look like one.
    return mask_numbers(" ".join(mask(word) if _number(word) else word for word in words))[:_LONGEST_WORDS]


def _number(value: Any) -> str:
    found = text(value)
    try:
        return normalise(found) if found else ""
    except BadNumberError:
        return ""


@dataclass(frozen=True, slots=True)
class Results:
    """What the records of a wave say, counted by row; a row's result is that of its last call."""

    dialled: int = 0
    connected: int = 0
    calls: int = 0
    by_result: tuple[tuple[str, str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Accounting:
    """Records held against numbers dialled. `missing` None: the platform gave no count."""

    held: int
    counted: int | None
    missing: int | None
    fetchable_from: date | None


def account(
    held: int, counted: int | None, started: date | None, finished: date | None, today: date
) -> Accounting:
    """How complete the records of a wave are, and of which days `backfill` can fetch those that are missing.

    `counted` is `process_tel_count`; `started` and `finished` are the days of the first and the last call,
    None if not known. `fetchable_from` is None if nothing is missing, or all that is missing is too old.
    """
    missing = None if counted is None else max(counted - held, 0)
    earliest = today - timedelta(days=FETCHABLE_DAYS)
    if not missing or (finished is not None and finished < earliest):
        return Accounting(held, counted, missing, None)
    return Accounting(held, counted, missing, max(started or earliest, earliest))
