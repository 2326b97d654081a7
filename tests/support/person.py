"""A person at a terminal, who was given an answer to say."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest


def _all_of(terminal: int) -> str:
    shown = b""
    while select.select([terminal], [], [], 0.2)[0]:
        shown += os.read(terminal, 4000)
    return shown.decode()


@contextmanager
def a_person(*, says: bytes = b"") -> Iterator[Callable[[], str]]:
    """A terminal as stdin and stderr; what is given tells what the person has read there."""
    theirs, ours = os.openpty()
    os.write(theirs, says)
    with (
        os.fdopen(os.dup(ours), encoding="utf-8") as stdin,
        os.fdopen(ours, "w", encoding="utf-8") as stderr,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(sys, "stdin", stdin)
        patch.setattr(sys, "stderr", stderr)
        yield lambda: _all_of(theirs)
    os.close(theirs)
