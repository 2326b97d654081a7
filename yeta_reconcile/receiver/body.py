"""Bodies of requests: bytes → a JSON object within bounds, or why not. Pure; no message holds a value."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any

from yeta_reconcile.coercion import number_text, parsed

LONGEST = 1_000_000
DEEPEST = 64


class NotAnObject(ValueError):
    """A body that is no JSON object we take; the text says why."""


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body. Numbers that are not whole are Decimal, since ids lie above 2^53.

    A number that nothing can hold does not keep the rest away: it comes as its text.
    """
    if len(body) > LONGEST:
        raise NotAnObject(f"the body is longer than {LONGEST} bytes")
    try:
        value = parsed(body)
    except RecursionError:
        raise NotAnObject("the body is nested too deeply") from None
    except ValueError:
        raise NotAnObject("the body is not JSON") from None
    if not isinstance(value, dict):
        raise NotAnObject("the body is JSON, but no object")
    # Only a body with that many brackets can be that deep; counting is faster than walking.
    if body.count(b"[") + body.count(b"{") > DEEPEST and _deeper(value, DEEPEST):
        raise NotAnObject("the body is nested too deeply")
    return value


def _deeper(value: Any, most: int) -> bool:
    level = [value]
    for _ in range(most):
        level = [
            part
            for container in level
            for part in (container.values() if isinstance(container, dict) else container)
            if isinstance(part, dict | list)
        ]
        if not level:
            return False
    return True


def digest_of(module: str, data: dict[str, Any]) -> bytes:
    """16 bytes that are the same for pushes that say the same, however they are written."""
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"), default=number_text)
    return blake2b(f"{module}\n{canonical}".encode(), digest_size=16).digest()
