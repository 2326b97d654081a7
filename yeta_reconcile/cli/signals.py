"""Ctrl-C and SIGTERM: what a command does about them while a block runs."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def on_signal(act: Callable[[], None]) -> Iterator[None]:
    """In the block either of them calls `act` and nothing else; afterwards they do what they did before."""

    def heard(_number: int, _frame: object) -> None:
        act()

    former = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
