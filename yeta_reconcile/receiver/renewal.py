"""A value that is dear to make: made while somebody asks for it, in a thread of its own, and not too often.

However many ask, it is made once, and each is answered at once with the last one. Unless asked, none is made.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")
# What took long to make is made more rarely: at least this part of the time goes by without it.
RESTS = 9


class Renewed(Generic[Value]):
    """`make` makes it; `every` is how many seconds one is good for."""

    def __init__(
        self, make: Callable[[], Value], every: float, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._make = make
        self._every = every
        self._seconds = seconds
        self._asked = threading.Event()
        self._due = float("-inf")
        self.last: Value | None = None

    def ask(self) -> Value | None:
        """The last one, None if there is none yet; where it is no longer good, a new one is begun."""
        if self._seconds() >= self._due:
            self._asked.set()
        return self.last

    def work(self, most: float = 1.0) -> None:
        """Wait until somebody asks, at most so many seconds, and make it then. Raises what `make` raises."""
        if not self._asked.wait(most):
            return
        began = self._seconds()
        try:
            self.last = self._make()
        finally:
            ended = self._seconds()
            self._due = max(began + self._every, ended + RESTS * (ended - began))
            self._asked.clear()
