"""What a call carries: as bytes, and what of it no message may repeat."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any


def encode(payload: dict[str, Any]) -> bytes:
    """The body of a call."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def values(payload: dict[str, Any]) -> Iterable[str]:
    """What a message must not repeat: every value of every row."""
    return (value for row in payload.get("call_list", ()) for value in row if len(value) > 1)
