"""Since when the platform owes an answer, whoever asked; it says nothing and waits for nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock


class Waiting:
    """Counts what is being asked, by any thread; `now` is a monotonic clock, in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._asked = 0
        self._since = 0.0
        self._lock = Lock()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """While the block runs, an answer is owed; waits between tries count as well."""
        with self._lock:
            if not self._asked:
                self._since = self._now()
            self._asked += 1
        try:
            yield
        finally:
            with self._lock:
                self._asked -= 1

    def heard(self) -> None:
        """Something came."""
        self._since = self._now()

    @property
    def seconds(self) -> float:
        """How long nothing was heard while something was asked; 0 if nothing is."""
        return self._now() - self._since if self._asked else 0.0
