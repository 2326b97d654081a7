"""Waiting for what another thread does."""

from __future__ import annotations

import time
from typing import Any


def until(condition: Any, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
