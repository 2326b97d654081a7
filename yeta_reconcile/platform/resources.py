"""What the platform says of itself: tasks and configuration as observed, tolerant of every form they come in.

Pure values (openapi.md, sections 2 and 9; docs/platform.md, rows 4, 5, 9, 13, 15). Nothing here decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, field, fields
from enum import Enum
from typing import Any, NamedTuple

from yeta_reconcile.frozen import dataclass
from yeta_reconcile.platform.coercion import (
    boolean,
    count,
    duration,
    identifier,
    integer,
    lines,
    moment,
    text,
    windows,
    words,
)
from yeta_reconcile.wording import Text, phrase


class LivePhase(Enum):
    """What a task's status means to us (docs/platform.md, row 4)."""

    NEW = "new"
    LIVE = "live"
    PAUSED = "paused"
    COMPLETED = "completed"
    EXPIRED = "expired"
    DELETED = "deleted"
    UNKNOWN = "unknown"

    @property
    def may_ring(self) -> bool:
        """Whether a task in it calls people, or may yet."""
        return self in _MAY_RING

    @property
    def over(self) -> bool:
        """Whether a task in it calls nobody any more."""
        return self in _OVER


_MAY_RING = frozenset({LivePhase.NEW, LivePhase.LIVE, LivePhase.PAUSED})
_OVER = frozenset({LivePhase.COMPLETED, LivePhase.EXPIRED, LivePhase.DELETED})

# Status codes as data; a code that is not here is shown as it is and never acted on.
STATUS_PHASE = {
    0: LivePhase.NEW,
    1: LivePhase.LIVE,
    2: LivePhase.LIVE,
    3: LivePhase.PAUSED,
    4: LivePhase.COMPLETED,
    5: LivePhase.LIVE,
    6: LivePhase.LIVE,
    7: LivePhase.EXPIRED,
}

AWAITING_RECALL = 5
OUTSIDE_HOURS = 6

STATUS_WORDS: dict[int, Text] = {
    0: phrase("new"),
    1: phrase("started"),
    2: phrase("running"),
    3: phrase("paused"),
    4: phrase("completed"),
    AWAITING_RECALL: phrase("waiting for the next recall round"),
    OUTSIDE_HOURS: phrase("outside working hours"),
    7: phrase("expired"),
}


_HALTED = "halt"


def _told(wire: str, read: Callable[[Any], Any], default: Any = None) -> Any:
    """A field of a task: what the interface calls it, and how it is read."""
    return field(default=default, metadata={"wire": wire, "read": read})


def _sent(wire: str, write: Callable[[Any], Any] = lambda value: value, default: Any = MISSING) -> Any:
    """A field of a create: what the interface calls it, and the form it is sent in."""
    return field(default=default, metadata={"wire": wire, "write": write})


class Address(NamedTuple):
    """Which task is meant: its id, and the name that was recorded for it. An id says where, not what."""

    task_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Task:
    """One row of `task/query`. `None` is a field that was absent or could not be read.

    Times are milliseconds since the epoch, waits are seconds, `windows` are "HH:MM:SS-HH:MM:SS".
    `intention_push` are the tags of which records are pushed (none: all), `status_recall` says of each kind
    of failure whether it is tried again ("1", "0"); both are set at the console alone.
    `unclear`: something that would show whether it rang is there and cannot be read.
    """

    task_id: str
    name: str = _told("task_name", text, "")
    status: int | None = _told("status", integer)
    deleted: bool = _told("deleted", lambda value: boolean(value) or False, default=False)
    count_tel: int | None = _told("count_tel", count)
    process_count: int | None = _told("process_count", count)
    process_tel_count: int | None = _told("process_tel_count", count)
    process_through_count: int | None = _told("process_through_count", count)
    count_recalled: int | None = _told("count_recalled", count)
    remaining: int | None = _told("remaining", count)
    time_start: int | None = _told("time_task_start", moment)
    time_finish: int | None = _told("time_task_finish", moment)
    begin: int | None = _told("time_task_estimate_begin", moment)
    end: int | None = _told("time_task_estimate_end", moment)
    lines: tuple[str, ...] | None = _told("line_num", lines)
    robot: str | None = _told("robot_id", lambda value: identifier(value) or None)
    voice: str | None = _told("voice_code", lambda value: identifier(value) or None)
    windows: tuple[str, ...] | None = _told("time_range", windows)
    recall_count: int | None = _told("count_max_recall", count)
    recall_wait: int | None = _told("time_recall_wait", duration)
    task_type: int | None = _told("task_type", integer)
    intention_push: tuple[str, ...] | None = _told("intention_push", words)
    status_recall: tuple[str, ...] | None = _told("status_recall", words)
    unclear: bool = False

    @property
    def phase(self) -> LivePhase:
        """The phase its status and its deleted flag mean."""
        if self.deleted:
            return LivePhase.DELETED
        if self.status is None:
            return LivePhase.UNKNOWN
        return STATUS_PHASE.get(self.status, LivePhase.UNKNOWN)

    @property
    def never_rang(self) -> bool:
        """Whether the platform says that nothing of it was ever started or dialled.

        A deleted task may keep its status or read as completed; then its start time and its count tell, and
        a count that is missing proves nothing.
        """
        if self.unclear or self.time_start or self.process_tel_count or self.process_count:
            return False
        if self.deleted:
            return self.status in {None, 0, 4} and self.process_tel_count == 0
        return self.status == 0

    @property
    def address(self) -> Address:
        """It, and no other that has its id elsewhere."""
        return Address(self.task_id, self.name)

    @property
    def status_words(self) -> Text:
        """The status for people."""
        if self.deleted:
            return phrase("deleted")
        if self.status is None:
            return phrase("no status")
        return STATUS_WORDS.get(self.status, phrase("status {status}", status=self.status))


_RINGING = ("time_start", "process_count", "process_tel_count")
# Of what is told: the field, its name on the wire, and how it is read.
TOLD = tuple((one.name, one.metadata["wire"], one.metadata["read"]) for one in fields(Task) if one.metadata)
# What of a task shows whether anything of it ever rang.
SHOWS_RINGING = tuple((name, wire) for name, wire, _ in TOLD if name in _RINGING)


class Left(NamedTuple):
    """How a halt left a task: its calls, its dialled numbers, and calls in process; None where not told."""

    calls: int | None = None
    dialled: int | None = None
    in_process: int | None = None

    @classmethod
    def of(cls, task: Task) -> Left:
        """By the platform's counts."""
        return cls(task.process_count, task.process_tel_count, task.remaining)

    def ran_on(self, task: Task) -> bool:
        """Whether more was called since than was in process then: somebody set it going in between."""
        pairs = ((self.calls, task.process_count), (self.dialled, task.process_tel_count))
        more = [now - then for then, now in pairs if then is not None and now is not None]
        return any(count > (self.in_process or 0) for count in more)

    def __str__(self) -> str:
        return " ".join([_HALTED, *("-" if count is None else str(count) for count in self)])

    @classmethod
    def said(cls, kept: str | None) -> Left | None:
        """What its text says, however much of it there is; None if no halt paused it."""
        word, *counts = (kept or "").split(" ")
        if word != _HALTED:
            return None
        return cls(*(int(count) if count.isdecimal() else None for count in counts[:3]))


@dataclass(frozen=True, slots=True)
class CreateRequest:
    """What a task is created as (`task/create`), to be read back as a `Task`.

    `begin` and `end` are milliseconds since the epoch, `recall_wait` seconds, `windows`
    "HH:MM:SS-HH:MM:SS", never empty (docs/platform.md, row 7).
    """

    name: str = _sent("task_name")
    robot: str = _sent("robot_id")
    lines: tuple[str, ...] = _sent("line_num", ";".join)
    windows: tuple[str, ...] = _sent("time_range", list)
    begin: int = _sent("time_begin")
    end: int | None = _sent("time_end", default=None)
    recall_count: int = _sent("recall_count", default=0)
    recall_wait: int = _sent("time_recall_wait", default=0)
    voice: str | None = _sent("voice_code", default=None)

    @property
    def payload(self) -> dict[str, Any]:
        """As the interface names it; what is not set is not sent."""
        values = ((item.metadata, getattr(self, item.name)) for item in fields(self))
        return {meta["wire"]: meta["write"](value) for meta, value in values if value is not None}


@dataclass(frozen=True, slots=True)
class Inserted:
    """The answer to `task/insert` and `task/callout`: rows taken, and their ids in the rows' order.

    `data_ids` is empty if the platform gave not exactly one for each row (docs/platform.md, row 21).
    """

    total: int
    data_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A line of `config/query`. `hours` are "HH:MM:SS-HH:MM:SS"; times in ms, `valid` in seconds or -1."""

    number: str
    concurrents: int | None = None
    hours: tuple[str, ...] = ()
    taken: bool = False
    applied_at: int | None = None
    valid: int | None = None
    expired: bool = False
    ends_at: int | None = None

    @property
    def expires(self) -> int | None:
        """When it expires, ms; None if never or not known."""
        if self.ends_at:
            return self.ends_at
        if self.applied_at is None or self.valid is None or self.valid < 0:
            return None
        return moment(self.applied_at + self.valid * 1000)


@dataclass(frozen=True, slots=True)
class Robot:
    """A robot (话术) of `config/query`; `columns[0]` is the telephone number, `updated` is in ms."""

    robot_id: str
    name: str = ""
    columns: tuple[str, ...] = ()
    status: int | None = None
    kind: int | None = None
    deleted: bool = False
    updated: int | None = None


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice (发音人) of `config/query`."""

    code: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """All of `config/query`. `urls` maps url_module to the URL the platform pushes to."""

    lines: dict[str, Line] = field(default_factory=dict)
    robots: dict[str, Robot] = field(default_factory=dict)
    voices: dict[str, Voice] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
