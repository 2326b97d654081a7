"""Whose each line is when: a small bar chart of days for a terminal, and rows for a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from typing import TypeVar

from yeta_reconcile.amounts import count
from yeta_reconcile.moments import moment
from yeta_reconcile.plan.foresight import LineUse
from yeta_reconcile.render.table import clean, pad, width
from yeta_reconcile.wording import listed, spoken, worded

# More days than these do not fit a line; what comes after them is behind the last.
_MOST_DAYS = 14
_COLUMNS = 56
# Of more who follow one another on a line the first and the last tell enough.
_FIRST, _LAST = 6, 1

_T = TypeVar("_T")


def ends_of(things: Sequence[_T], first: int = _FIRST, last: int = _LAST) -> tuple[list[_T], int, list[_T]]:
    """The first few, how many are left out, and the last; if one alone would be left out, none is."""
    left = len(things) - first - last
    if left < 2:
        return [*things], 0, []
    return [*things[:first]], left, [*things[-last:]]


def timetable_lines(timetable: Sequence[LineUse], at: datetime) -> list[str]:
    """Text lines: each line of the platform with a bar a holder; idle ones are named last."""
    by_line = uses_by_line(timetable)
    # Days are those of the zone that the timetable is in.
    now = at.astimezone(timetable[0].since.tzinfo) if timetable else at
    busy = {line: held for line, held in by_line.items() if not held[0].idle}
    idle = [line for line in by_line if line not in busy]
    lines = _bars(busy, now) if busy else []
    if idle and (busy or len(idle) > 1):
        names = listed([clean(line) for line in idle], 12)
        lines.append(f"  {worded('idle: {lines}', lines=names)}")
    return [worded("Lines:"), *lines] if lines else []


def who(held: LineUse) -> str:
    """Who has it: `spring-renewal wave 1`, the words for a foreign task, or `idle`."""
    if held.campaign is not None:
        return clean(worded("{campaign} wave {number}", campaign=held.campaign, number=held.wave))
    return clean(spoken(held.holder)) or worded("idle")


def uses_by_line(timetable: Iterable[LineUse]) -> dict[str, list[LineUse]]:
    """Who has each line, in order."""
    by_line: dict[str, list[LineUse]] = {}
    for held in timetable:
        by_line.setdefault(held.line, []).append(held)
    return by_line


def _bars(busy: dict[str, list[LineUse]], now: datetime) -> list[str]:
    last = max((held.until or held.since for held in _all(busy)), default=now)
    days = min((last.astimezone(now.tzinfo).date() - now.date()).days + 1, _MOST_DAYS)
    cells = max(min(_COLUMNS // days, 24), 6)
    shown = {line: ends_of(held) for line, held in busy.items()}
    lines = max(width(clean(line)) for line in busy)
    names = max(width(who(held)) for first, _, tail in shown.values() for held in (*first, *tail))
    dates = "".join(pad(f"{now + timedelta(days=day):%m-%d}", cells) for day in range(days))
    drawn = [f"  {' ' * lines}  {' ' * names}  {dates.rstrip()}"]
    for line, (first, left, tail) in shown.items():
        head = pad(clean(line), lines)
        for held in first:
            drawn.append(_row(head, held, names, now, days * cells, cells))
            head = " " * lines
        if left:
            drawn.append(f"  {head}  … {spoken(count(left, 'more', 'more'))} …")
        drawn += [_row(head, held, names, now, days * cells, cells) for held in tail]
    return drawn


def _row(head: str, held: LineUse, names: int, now: datetime, length: int, cells: int) -> str:
    until = worded("until {at}", at=moment(held.until)) if held.until else worded("until nobody knows when")
    return f"  {head}  {pad(who(held), names)}  {_bar(held, now, length, cells)}  {until}"


def _bar(held: LineUse, now: datetime, length: int, cells: int) -> str:
    """A cell is a part of a day; one that is held at all is filled."""
    midnight = datetime.combine(now.date(), time(), tzinfo=now.tzinfo)
    cell = 86400 / cells
    begin = int((held.since - midnight).total_seconds() / cell)
    end = length if held.until is None else int(-(-(held.until - midnight).total_seconds() // cell))
    return "".join("#" if begin <= place < max(end, begin + 1) else "." for place in range(length))


def _all(busy: dict[str, list[LineUse]]) -> Iterable[LineUse]:
    return (held for holders in busy.values() for held in holders)
