"""A laboratory in which things go wrong at a chosen instant: a request, or a write to the state.

Every request and every write transaction of a run is counted. Where the count reaches the chosen point, the
trouble strikes; a process that is killed there makes no request and no write any more, in any thread.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg

from tests.support.lab import Lab
from tests.support.transport import EmulatorTransport
from yeta_reconcile.apply import Report
from yeta_reconcile.emulator import Fault
from yeta_reconcile.errors import StateError, YetaError
from yeta_reconcile.platform.client import PlatformClient
from yeta_reconcile.store import Store
from yeta_reconcile.store.database import Database, Transaction
from yeta_reconcile.store.lock import LIFETIME_MS
from yeta_reconcile.waves.lifecycle import DIRECT, DIRECT_UNDONE, TRANSITIONS, UNDONE
from yeta_reconcile.waves.record import Phase
from yeta_reconcile.wording import Text

# How a request can go wrong, as the emulator names it; `code` is busy unless it says otherwise.
PLATFORM_FAULTS = {
    "closed before execution": Fault("closed_before"),
    "executed, unanswered": Fault("closed_after"),
    "timeout before": Fault("timeout_before"),
    "timeout after": Fault("timeout_after"),
    "late": Fault("late", seconds=32),
    "half an answer": Fault("half_after"),
    "cut answer": Fault("cut_after"),
    "page before": Fault("html_before"),
    "page after": Fault("html_after"),
    "5xx before": Fault("status_500_before"),
    "5xx after": Fault("status_500_after"),
    "empty before": Fault("empty_before"),
    "empty after": Fault("empty_after"),
    "not JSON": Fault("not_json_after"),
    "wrong shape": Fault("wrong_shape_after"),
    "busy": Fault("code", code=10004),
    "busy, three times": Fault("code", code=10004, times=3),
    "token dies": Fault("code", code=10001),
}
NOT_SENT = "not sent"
KILLED_BEFORE = "killed between intent and call"
KILLED_AFTER = "killed between call and outcome"
KILLED_AND_LATE = "killed, and the call arrives twenty seconds later"
REQUEST_KINDS = (NOT_SENT, KILLED_BEFORE, KILLED_AFTER, KILLED_AND_LATE, *PLATFORM_FAULTS)
KILLED_AT_WRITE = "killed before a write"
KILLED_IN_WRITE = "killed in a write"
KILLED_WRITTEN = "killed after a write"
DISK_FULL = "disk full"
# How each engine says it.
NO_ROOM = {"sqlite": sqlite3.OperationalError, "postgresql": psycopg.errors.DiskFull}
# The process is stopped (Ctrl-Z, a suspended machine) and goes on when another has done all there was to do
# and everybody was called: before its request leaves, or after; with the answer, without, or with a refusal.
FROZEN_UNSENT = "frozen before the send"
FROZEN_SENT = "frozen after the send"
FROZEN_UNANSWERED = "frozen after the send, and no answer"
FROZEN_REFUSED = {
    f"frozen, and refused with {code}": code for code in (10004, 3030002, 200203, 3010101, 3010102)
}
FROZEN_KINDS = (FROZEN_UNSENT, FROZEN_SENT, FROZEN_UNANSWERED, *FROZEN_REFUSED)
WRITE_KINDS = (KILLED_AT_WRITE, KILLED_IN_WRITE, KILLED_WRITTEN, DISK_FULL)


def watch_phases(database: Any) -> None:
    """Note each change of a wave's phase that this connection makes; where triggers are cheap to have."""
    if database.dialect != "sqlite":
        return
    connection = database._connection
    connection.execute("CREATE TEMP TABLE phases (former TEXT, now TEXT)")
    connection.execute(
        "CREATE TEMP TRIGGER phase_changed AFTER UPDATE OF phase ON main.waves "
        "WHEN OLD.phase <> NEW.phase BEGIN INSERT INTO phases VALUES (OLD.phase, NEW.phase); END"
    )


def assert_transitions(read: Callable[[str], list[tuple[str, str]]]) -> None:
    """No phase changed but as the table of transitions says."""
    for former, now in read("SELECT DISTINCT former, now FROM phases"):
        tables = (TRANSITIONS, UNDONE, DIRECT, DIRECT_UNDONE)
        ways = [table.get(Phase(former), ()) for table in tables]
        assert any(Phase(now) in way for way in ways), f"a wave went from {former} to {now}"


# So long everybody's calls take in a story, at most; seconds.
ALL_CALLED = 3 * 3600


class Killed(BaseException):
    """The process is dead: nothing of it goes on."""


@dataclass(frozen=True, slots=True)
class Point:
    """Where trouble strikes: the how-manieth `request` or `write`, and its kind."""

    what: str
    nth: int
    kind: str

    def __str__(self) -> str:
        return f"{self.what} {self.nth}: {self.kind}"


@dataclass
class TroubledLab(Lab):
    """A laboratory with trouble at one point, or none. `requests` and `writes` log what was counted.

    `meanwhile` is what goes on while it is frozen; without, another runner does all there is to do.
    """

    point: Point | None = None
    requests: list[str] = field(default_factory=list)
    writes: int = 0
    max_in_flight: int = 1
    meanwhile: Callable[[], None] | None = None
    struck: bool = False
    dead: bool = False
    _counting: threading.Lock = field(default_factory=threading.Lock)

    # Where it strikes

    def _request(self, request: httpx.Request) -> None:
        self._alive()
        with self._counting:
            self.requests.append(request.url.path.rsplit("/", 1)[-1])
            strikes = self._here("request", len(self.requests))
        if self.before:
            self.before(request)
        if strikes:
            self._spoil(request)

    def _spoil(self, request: httpx.Request) -> None:
        assert self.point
        kind = self.point.kind
        if kind in FROZEN_REFUSED:
            self.emulator.faults.add(Fault("code", code=FROZEN_REFUSED[kind]))
        if kind == FROZEN_UNSENT:
            self._freeze()
        if kind == NOT_SENT:
            raise httpx.ConnectError("no connection", request=request)
        if kind == KILLED_BEFORE:
            self._die()
        if kind == KILLED_AND_LATE:
            self.emulator.faults.add(Fault("late", seconds=20))
        elif kind in PLATFORM_FAULTS:
            self.emulator.faults.add(PLATFORM_FAULTS[kind])

    def _answered(self, request: httpx.Request) -> None:
        if self.point and self._here("request", len(self.requests)):
            if self.point.kind == KILLED_AFTER:
                self._die()
            if self.point.kind in {FROZEN_SENT, FROZEN_UNANSWERED, *FROZEN_REFUSED}:
                self._freeze()
            if self.point.kind == FROZEN_UNANSWERED:
                raise httpx.ReadTimeout("The read operation timed out", request=request)
        if self.after:
            self.after(request)

    def _unanswered(self) -> None:
        here = self.point and self._here("request", len(self.requests))
        if here and self.point and self.point.kind == KILLED_AND_LATE:
            self._die()
        if here and self.point and self.point.kind in {"timeout before", "timeout after", "late"}:
            self.clock.sleep(30)

    def _here(self, what: str, count: int) -> bool:
        here = self.point is not None and (self.point.what, self.point.nth) == (what, count)
        self.struck |= here
        return here

    def _freeze(self) -> None:
        """Stand still while another runner takes over, finishes, and everybody is called."""
        beat, self.clock.beat = self.clock.beat, None
        if self.meanwhile:
            self.meanwhile()
        else:
            self.emulator.advance(LIFETIME_MS / 1000 + 1)
            Lab(self.root, self.emulator, state=self.state, max_in_flight=1).converge()
            self.emulator.advance(ALL_CALLED)
        self.clock.beat = beat

    def _die(self) -> None:
        self.dead = True
        raise Killed

    def _alive(self) -> None:
        if self.dead:
            if threading.current_thread().name == "heartbeat":
                raise StateError(Text("dead"))
            raise Killed

    @contextmanager
    def _write(self, database: Database, **how: bool) -> Iterator[Transaction]:
        self._alive()
        with self._counting:
            self.writes += 1
            kind = self.point.kind if self.point and self._here("write", self.writes) else ""
        if kind == KILLED_AT_WRITE:
            self._die()
        with type(database).write(database, **how) as transaction:
            yield transaction
            if kind == KILLED_IN_WRITE:
                self._die()
            if kind == DISK_FULL:
                raise NO_ROOM[database.dialect]("database or disk is full")
        if kind == KILLED_WRITTEN:
            self._die()

    # What is counted

    @contextmanager
    def store(self, *, create: bool = True) -> Iterator[Store]:
        with super().store(create=create) as store:
            database: Any = store.database
            read = database.read

            def counted_read(*args: Any) -> Any:
                self._alive()
                return read(*args)

            # The table is the same for every engine; one of them is enough to hold each change to it.
            watched = database.dialect == "sqlite"
            if watched:
                watch_phases(database)
            database.write = lambda **how: self._write(database, **how)
            database.read = counted_read
            yield store
            if watched:
                assert_transitions(read)

    def client(self) -> PlatformClient:
        client = super().client()
        lab = self

        class Transport(EmulatorTransport):
            def handle_request(self, request: httpx.Request) -> httpx.Response:
                lab._request(request)
                try:
                    response = super().handle_request(request)
                except httpx.TransportError:
                    lab._unanswered()
                    raise
                lab._answered(request)
                return response

        client._exchange._transport = Transport(self.emulator)
        return client

    # Going on

    def try_apply(self, **options: Any) -> Report | None:
        """Apply once; None if it was killed or stopped by something that stops everything.

        After a death the lock of the dead expires before anybody goes on.
        """
        try:
            return self.apply(**options)
        except Killed:
            self.dead = False
            self.clock.sleep(LIFETIME_MS / 1000 + 1)
        except YetaError:
            self.clock.sleep(LIFETIME_MS / 1000 + 1)
        return None
