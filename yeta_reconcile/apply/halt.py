"""The halt carried out: every live task with our mark and every recorded one is paused, until none is live.

It needs neither the lock, the key nor the state, and journals nothing: a pause rings nobody and may be sent
again to the same task. What it pauses is noted in the flag first, so that it is known for ours afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from yeta_reconcile.clock import Clock
from yeta_reconcile.errors import (
    Incomplete,
    StateError,
)
from yeta_reconcile.marks import parse_mark
from yeta_reconcile.platform.codes import Meaning
from yeta_reconcile.platform.errors import (
    OutcomeUnknown,
    PlatformError,
)
from yeta_reconcile.platform.resources import Address, Left, LivePhase, Task
from yeta_reconcile.store import Store
from yeta_reconcile.store.halt_flag import HaltFlag
from yeta_reconcile.wording import Text, said_by

# So long tasks that go on ringing are paused again; then a person has to know.
PATIENCE_SECONDS = 300.0
ASKED_SINGLY = 50
LISTINGS = 10
# Over at the platform: nothing in them can ring any more.
RINGING_CALLS = frozenset({"start", "resume"})


class Stopping(Protocol):
    """What halting needs of the platform client."""

    def query(self, *, name: str | None = None) -> list[Task]:
        """Tasks by a part of their name."""

    def task(self, address: Address, *, remaining: bool = False) -> Task | None:
        """One task by its id and name."""

    def pause(self, address: Address) -> None:
        """Pause a task that was shown under its name."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a state tells a halt: its tasks, and how long a start may still be under way (seconds)."""

    tasks: frozenset[Address] = frozenset()
    under_way: float = 0

    @classmethod
    def of(cls, store: Store, now: int | None = None) -> Known:
        """Read it out of a state, which need not be ours to lock; `now` (ms) takes the place of its clock."""
        waves = [wave for campaign in store.waves.recorded().campaigns.values() for wave in campaign.waves]
        tasks = {wave.address for wave in waves if wave.task_id and not wave.phase.ended}
        at = store.now(now)
        # Never longer than it may take: a clock that was set back since puts its end far ahead.
        starts = [
            intent.deadline - max(at, intent.begun)
            for intent in store.intents.open()
            if intent.call in RINGING_CALLS and intent.outcome is None
        ]
        return cls(frozenset(tasks), max(starts, default=0) / 1000)


@dataclass(slots=True)
class Halting:
    """A halt under way. `owner` is the plain part of our marks; `settle` and `timeout` are seconds.

    `look` reads the state again; None: it cannot be read, so that any start may still be under way.
    """

    client: Stopping
    flag: HaltFlag
    owner: str
    who: str
    clock: Clock
    settle: float
    timeout: float
    max_in_flight: int = 8
    look: Callable[[], Known | None] = lambda: None
    paused: dict[Address, None] = field(default_factory=dict)
    refused: dict[str, Text] = field(default_factory=dict)

    def carry_out(self) -> list[str]:
        """Pause until nothing rings; the ids of tasks that are still live in the end.

        Raises what a question raises: Unreachable, PlatformError. The flag must have been set before.
        """
        began = self._seconds()
        # What bears our mark is found and paused before the state is so much as opened.
        self._pause(self._live(frozenset()))
        quiet_since: float | None = None
        while True:
            known = self.look()
            live = self._live(known.tasks if known else frozenset())
            now = self._seconds()
            until = now + known.under_way if known else began + self.timeout
            if live:
                if now - began > PATIENCE_SECONDS:
                    return [task.task_id for task in live]
                self._pause(live)
                quiet_since = None
            elif quiet_since is not None and now >= max(quiet_since + self.settle, until):
                self._note_left()
                return []
            elif quiet_since is None:
                quiet_since = now
            self.clock.sleep(max(min(self.settle / 5, 1.0), 0.01))

    def _seconds(self) -> float:
        return self.clock.now().timestamp()

    def _live(self, recorded: frozenset[Address]) -> list[Address]:
        """Tasks that ring or will by themselves: with this project's and environment's mark, or recorded.

        Where another task has the id of a recorded one, that is not ours to pause.
        """
        marked = {task.address: task for task in self._marked()}
        missing = [address for address in recorded if address not in marked]
        if len(missing) > ASKED_SINGLY:
            marked |= {task.address: task for task in self._asked(None) if task.address in recorded}
            missing = []
        for address in missing:
            if (task := self.client.task(address)) is not None:
                marked[address] = task
        return [task.address for task in marked.values() if task.phase is LivePhase.LIVE]

    def _marked(self) -> Iterable[Task]:
        for task in self._asked(self.owner):
            mark = parse_mark(task.name)
            if mark is not None and mark.owner == self.owner:
                yield task

    def _asked(self, name: str | None) -> list[Task]:
        """The listing; while others delete tasks it may take several tries."""
        for _ in range(LISTINGS):
            with suppress(Incomplete):
                return self.client.query(name=name)
            self.clock.sleep(self.settle / 5)
        return self.client.query(name=name)

    def _pause(self, tasks: list[Address]) -> None:
        if not tasks:
            return
        with suppress(StateError):
            # A flag that cannot be written keeps nobody from pausing; whoever set it first says so.
            self.flag.set(self.who, self.clock.now(), tuple(task.task_id for task in tasks))
        with ThreadPoolExecutor(self.max_in_flight, thread_name_prefix="halt") as pool:
            list(pool.map(self._pause_one, tasks))

    def _note_left(self) -> None:
        """How what was paused stands now: if it ever stands otherwise, somebody set it going in between."""
        left = {}
        for address in self.paused:
            task = self.client.task(address, remaining=True)
            if task is not None and task.phase is LivePhase.PAUSED:
                left[task.task_id] = Left.of(task)
        with suppress(StateError):
            self.flag.set(self.who, self.clock.now(), left=left)

    def _pause_one(self, task: Address) -> None:
        """Whether it worked, the next look tells."""
        try:
            self._pause_with_new_token(task)
        except (OutcomeUnknown, PlatformError) as error:
            self.refused[task.task_id] = said_by(error)
        self.paused[task] = None

    def _pause_with_new_token(self, task: Address) -> None:
        try:
            self.client.pause(task)
        except PlatformError as error:
            if error.meaning is not Meaning.RENEW_TOKEN:
                raise
            self.client.pause(task)
