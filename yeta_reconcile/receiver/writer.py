"""The inbox's writer: one thread that stores all pushes that wait in one transaction, then answers them all.

Nobody is told "stored" before the commit is on disk. A full queue is refused at once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from yeta_reconcile.errors import StateError
from yeta_reconcile.store.inbox import Push

Settle = Callable[[bool], None]

log = logging.getLogger(__name__)

MOST_WAITING = 4000
MOST_BYTES = 64_000_000
# Pushes a transaction, so that nobody waits long for the write lock.
MOST_AT_ONCE = 256


class Writer:
    """A bounded queue in front of `append`, which stores pushes durably or raises."""

    def __init__(
        self,
        append: Callable[[Sequence[Push]], None],
        *,
        most_waiting: int = MOST_WAITING,
        most_bytes: int = MOST_BYTES,
        on_stored: Callable[[], None] = lambda: None,
    ) -> None:
        self._append = append
        self._most_waiting = most_waiting
        self._most_bytes = most_bytes
        self._on_stored = on_stored
        self._waiting: deque[tuple[Sequence[Push], Settle]] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._closing = False
        self.failing = ""
        self.stored_at = 0.0
        self.failed_at = 0.0
        self._thread = threading.Thread(target=self._work, name="inbox-writer", daemon=True)
        self._thread.start()

    def put(self, pushes: Sequence[Push], settle: Settle) -> bool:
        """Queue the pushes of one request; False: full.

        `settle` is told from the writer's thread whether they are on disk.
        """
        with self._changed:
            full = len(self._waiting) >= self._most_waiting or self._bytes >= self._most_bytes
            if full or self._closing:
                return False
            self._waiting.append((pushes, settle))
            self._bytes += _size(pushes)
            self._changed.notify()
        return True

    def store(self, pushes: Sequence[Push]) -> bool:
        """Store the pushes of one request and wait for it."""
        done = threading.Event()
        outcome: list[bool] = []

        def settle(stored: bool) -> None:
            outcome.append(stored)
            done.set()

        if not self.put(pushes, settle):
            return False
        done.wait()
        return outcome[0]

    @property
    def depth(self) -> int:
        """How many pushes wait."""
        return len(self._waiting)

    def close(self) -> None:
        """Store what waits, and end."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while jobs := self._next():
            stored = self._store([push for pushes, _ in jobs for push in pushes])
            for _, settle in jobs:
                try:
                    settle(stored)
                except Exception:
                    # Its client is gone; it will send the push again.
                    log.exception("an answer could not be given")
            if stored:
                self._on_stored()

    def _next(self) -> list[tuple[Sequence[Push], Settle]]:
        with self._changed:
            while not self._waiting and not self._closing:
                self._changed.wait()
            jobs = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_AT_ONCE))]
            self._bytes -= sum(_size(pushes) for pushes, _ in jobs)
            return jobs

    def _store(self, pushes: Sequence[Push]) -> bool:
        try:
            self._append(pushes)
        except Exception as error:  # noqa: BLE001 -- whatever it is, nothing was stored
            words = error.message if isinstance(error, StateError) else type(error).__name__
            if words != self.failing:
                log.error("%d pushes were not stored: %s", len(pushes), words)  # noqa: TRY400
            self.failing = words
            self.failed_at = time.monotonic()
            return False
        if self.failing:
            log.warning("pushes are stored again")
        self.failing = ""
        self.stored_at = time.monotonic()
        return True


def _size(pushes: Sequence[Push]) -> int:
    return sum(len(push.body) for push in pushes)
