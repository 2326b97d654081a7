"""Says on a terminal whom one waits for: nobody sits before a screen on which nothing happens."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from yeta_reconcile.cli.output import tell
from yeta_reconcile.platform.client import PlatformClient
from yeta_reconcile.wording import UNSAID, Text, phrase

EVERY = 8.0
TICK = 1.0


class Reminder:
    """What is said while the platform owes an answer, each `EVERY` seconds of it."""

    def __init__(self, client: PlatformClient) -> None:
        self._client = client
        self._said = 0.0

    def words(self) -> Text:
        """What is to be said now; empty: nothing."""
        silent = self._client.waiting.seconds
        if silent < self._said:
            self._said = 0.0
        if silent - self._said < EVERY:
            return UNSAID
        self._said = silent
        return phrase(
            "no answer for {silent:.0f} s from {where}; it is still being asked",
            silent=silent,
            where=self._client.where,
        )


@contextmanager
def reminding(client: PlatformClient) -> Iterator[None]:
    """While the block runs, say on a terminal how long the platform has not answered."""
    if not sys.stderr.isatty():
        yield
        return
    reminder = Reminder(client)

    def remind() -> None:
        if words := reminder.words():
            tell(words)

    with ticking(remind):
        yield


@contextmanager
def ticking(look: Callable[[], None]) -> Iterator[None]:
    """While the block runs, look each second."""
    over = Event()

    def tick() -> None:
        while not over.wait(TICK):
            look()

    thread = Thread(target=tick, name="reminder", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
