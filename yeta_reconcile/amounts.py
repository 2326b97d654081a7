"""How many of what, in words: the one place where a count meets its noun."""

from __future__ import annotations

from yeta_reconcile.wording import Text, counted


def count(number: int, noun: str, plural: str = "", *, none: str = "no") -> Text:
    """`1 row`, `1,200 rows`, `no rows`; `none` stands for zero."""
    many = plural or noun + "s"
    english = f"1 {noun}" if number == 1 else f"{f'{number:,}' if number else none} {many}"
    return counted(number, f"{{number}} {noun}", f"{{number}} {many}", english)


def every(number: int, noun: str, plural: str) -> Text:
    """`1 row is`, `all 1,200 rows are`."""
    english = f"{'' if number == 1 else 'all '}{count(number, noun, plural)}"
    return counted(number, f"all {{number}} {noun}", f"all {{number}} {plural}", english)
