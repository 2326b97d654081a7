"""What the platform keeps: tasks, their rows, and the calls in progress. Data, no behaviour."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum

from yeta_reconcile.emulator.hours import Window

ORDINARY = 0
POOL = 2


class Status(IntEnum):
    """`task/query`'s status: 0 to 4 of the document, 5 to 7 of its later revisions."""

    NEW = 0
    STARTED = 1
    RUNNING = 2
    PAUSED = 3
    COMPLETED = 4
    AWAITING_RECALL = 5
    OUTSIDE_HOURS = 6
    EXPIRED = 7


LIVE = frozenset({Status.STARTED, Status.RUNNING, Status.AWAITING_RECALL, Status.OUTSIDE_HOURS})
FINAL = frozenset({Status.COMPLETED, Status.EXPIRED})


@dataclass(slots=True, eq=False)
class Row:
    """A number submitted; `tries` counts its calls so far."""

    data_id: int
    index: int
    values: tuple[str, ...]
    tries: int = 0
    connected: bool = False

    @property
    def number(self) -> str:
        return self.values[0]


@dataclass(slots=True, eq=False)
class Task:
    """A task. Times are epoch ms, 0 where unset; `lines` those it may call from."""

    task_id: int
    name: str
    lines: tuple[str, ...]
    robot_id: str
    windows: list[Window]
    time_range: tuple[str, ...]
    created: int
    begin: int = 0
    end: int = 0
    voice: str = ""
    recall_count: int = 0
    recall_wait: int = 0
    task_type: int = ORDINARY
    listed: bool = True
    head: tuple[str, ...] = ()
    pool: Task | None = None
    """The long-lived task that a direct call-out's rows are told under."""

    status: Status = Status.NEW
    deleted: bool = False
    rows: list[Row] = field(default_factory=list)
    pending: deque[Row] = field(default_factory=deque)
    missed: list[Row] = field(default_factory=list)
    in_progress: int = 0
    rounds: int = 0
    recall_due: int = 0
    started_at: int = 0
    finished_at: int = 0
    calls: int = 0
    dialled: int = 0
    connected: int = 0
    submitted: int = 0
    created_on_query: int = 0
    batches: list[tuple[int, int, int]] = field(default_factory=list)
    """Of each insert: the moment, the count of queries until then, and its rows."""
    open_until: int = 0
    wakes: set[int] = field(default_factory=set)

    @property
    def reported_id(self) -> int:
        """The task id that records carry."""
        return self.task_id if self.pool is None else self.pool.task_id

    @property
    def expects_calls(self) -> bool:
        """Tell whether numbers were never dialled."""
        return self.dialled < self.submitted


@dataclass(slots=True, eq=False)
class Call:
    """One call in progress, decided in advance; times are epoch ms."""

    task: Task
    row: Row
    line: str
    tries: int
    uuid: str
    result: str
    connected: bool
    time_dial: int
    time_ring: int
    time_answer: int
    time_hangup: int
