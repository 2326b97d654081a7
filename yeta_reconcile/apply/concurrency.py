"""How many calls are under way at once: halved while the platform is busy, then growing again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Pace:
    """At most `most` calls under way; fewer after each `busy`, one more after each run of successes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = most
        self._under_way = 0
        self._fine = 0
        self._changed = threading.Condition()

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for a free place and hold it."""
        with self._changed:
            self._changed.wait_for(lambda: self._under_way < self._limit)
            self._under_way += 1
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify()

    def busy(self) -> None:
        """The platform said that it is busy."""
        with self._changed:
            self._limit = max(1, self._limit // 2)
            self._fine = 0

    def fine(self) -> None:
        """A call went well."""
        if self._limit == self._most:
            return
        with self._changed:
            self._fine += 1
            if self._fine >= 2 * self._limit:
                self._limit += 1
                self._fine = 0
                self._changed.notify_all()
