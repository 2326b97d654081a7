"""Reading a request's body as strictly as the document types it. Refuses with 10005."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from yeta_reconcile.emulator.codes import BAD_PARAMETER, Refusal

Body = Mapping[str, Any]


def text(body: Body, name: str) -> str:
    """Give a required string that is not empty."""
    value = optional_text(body, name)
    if not value:
        raise Refusal(BAD_PARAMETER, name)
    return value


def optional_text(body: Body, name: str) -> str | None:
    """Give a string, or None where the field is absent or null."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise Refusal(BAD_PARAMETER, name)
    return value


def integer(body: Body, name: str, low: int, high: int) -> int:
    """Give a required whole number between `low` and `high`."""
    value = optional_integer(body, name, low, high)
    if value is None:
        raise Refusal(BAD_PARAMETER, name)
    return value


def optional_integer(body: Body, name: str, low: int, high: int) -> int | None:
    """Give a whole number between `low` and `high`, or None where the field is absent or null."""
    value = body.get(name)
    if value is None:
        return None
    # JSON's true is an int to Python and not to the document.
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise Refusal(BAD_PARAMETER, name)
    return value


def flag(body: Body, name: str) -> bool:
    """Give an optional boolean, false where absent."""
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise Refusal(BAD_PARAMETER, name)
    return value


def texts(body: Body, name: str) -> tuple[str, ...]:
    """Give a required list of strings that is not empty."""
    value = body.get(name)
    if not isinstance(value, list) or not value:
        raise Refusal(BAD_PARAMETER, name)
    if not all(isinstance(item, str) for item in value):
        raise Refusal(BAD_PARAMETER, name)
    return tuple(value)


def rows(body: Body, name: str) -> list[tuple[str, ...]]:
    """Give a required list, not empty, of lists of strings."""
    value = body.get(name)
    if not isinstance(value, list) or not value:
        raise Refusal(BAD_PARAMETER, name)
    read = []
    for row in value:
        if not isinstance(row, list) or not all(isinstance(cell, str) for cell in row):
            raise Refusal(BAD_PARAMETER, name)
        read.append(tuple(row))
    return read
