"""How many of what, in words: the one place where a count meets its noun."""

from __future__ import annotations


def count(number: int, noun: str, plural: str = "", *, none: str = "no") -> str:
    """`1 row`, `1,200 rows`, `no rows`; `none` stands for zero."""
    if number == 1:
        return f"1 {noun}"
    return f"{f'{number:,}' if number else none} {plural or noun + 's'}"


def every(number: int, noun: str, plural: str) -> str:
    """`1 row is`, `all 1,200 rows are`."""
    return f"{'' if number == 1 else 'all '}{count(number, noun, plural)}"
