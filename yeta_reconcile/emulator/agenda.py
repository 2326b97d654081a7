"""What is to happen, in order of virtual time. Knows nothing of what the happenings are."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

Errand = Callable[[], None]
"""Work that must be done outside the emulator's lock, because it talks to others."""

Action = Callable[[Any], "Errand | None"]


class Agenda:
    """A heap of actions; those of one moment come in the order in which they were entered."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Action, Any]] = []
        self._entered = 0

    def at(self, ms: int, action: Action, argument: object = None) -> None:
        """Enter `action(argument)` for the moment `ms`."""
        self._entered += 1
        heapq.heappush(self._heap, (ms, self._entered, action, argument))

    def next_due(self, until_ms: int) -> tuple[int, Action, Any] | None:
        """Take the first entry that is due at `until_ms` or before."""
        if not self._heap or self._heap[0][0] > until_ms:
            return None
        ms, _, action, argument = heapq.heappop(self._heap)
        return ms, action, argument

    def first_at(self) -> int | None:
        """Give the moment of the first entry."""
        return self._heap[0][0] if self._heap else None
