"""Ctrl-C and SIGTERM: what a command does about them while a block runs."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Thread


@contextmanager
def on_signal(act: Callable[[], None]) -> Iterator[None]:
    """In the block either of them calls `act` and nothing else; afterwards they do what they did before.

    It is called in a thread of its own: a signal may cut into a wait for the very Event that it would set,
    whose lock is held there. This queue alone may be written to wherever one comes in.
    """
    heard: SimpleQueue[bool] = SimpleQueue()

    def acting() -> None:
        while heard.get():
            act()

    def hear(_number: int, _frame: object) -> None:
        heard.put(True)

    thread = Thread(target=acting, name="signals", daemon=True)
    thread.start()
    former = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        heard.put(False)
        thread.join()
