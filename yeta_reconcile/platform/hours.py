"""Hours of the day in which lines may call. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache

from yeta_reconcile.platform.coercion import PLATFORM
from yeta_reconcile.platform.resources import Line

_Seconds = tuple[int, int]


def windows_of(numbers: Iterable[str], lines: Mapping[str, Line], hours: Iterable[str]) -> tuple[str, ...]:
    """The windows of lines by their numbers, where none are declared."""
    return default_windows((lines[number] for number in numbers if number in lines), hours)


def default_windows(lines: Iterable[Line], hours: Iterable[str] = ()) -> tuple[str, ...]:
    """The hours that all `lines` share, what `time_range` is sent as if none is declared.

    They are cut to the `hours` in which anybody may be called at all, if there are such. Empty if they share
    none, or if no line's hours are known.
    """
    allowed = _spans(hours)
    spans: tuple[_Seconds, ...] | None = None
    for line in lines:
        if line.hours:
            own = _spans(line.hours)
            spans = own if spans is None else _shared(spans, own)
    if spans and allowed:
        spans = _shared(spans, allowed)
    return tuple(f"{_clock(begin)}-{_clock(end)}" for begin, end in spans or ())


def time_of_day(now: datetime) -> str:
    """HH:MM:SS by the platform's clock, by which hours are meant."""
    return now.astimezone(PLATFORM).strftime("%H:%M:%S")


def within(clock: str, hours: Iterable[str]) -> bool:
    """Whether a time of day, HH:MM:SS, lies within hours."""
    return any(begin <= _seconds(clock) < end for begin, end in _spans(hours))


def beyond(windows: Iterable[str], hours: Iterable[str]) -> tuple[str, ...]:
    """The windows that do not lie within the hours; hours that touch are one."""
    allowed = _spans(hours)
    return tuple(
        window
        for window in windows
        if not any(a <= begin and end <= b for begin, end in _spans([window]) for a, b in allowed)
    )


def _spans(hours: Iterable[str]) -> tuple[_Seconds, ...]:
    """Hours as seconds of the day, sorted, with those that touch or overlap made one."""
    return _in_one(tuple(hours))


# A thousand campaigns have few hours between them.
@lru_cache(maxsize=256)
def _in_one(hours: tuple[str, ...]) -> tuple[_Seconds, ...]:
    spans: list[_Seconds] = []
    for begin, end in sorted((_seconds(a), _seconds(b)) for a, b in (hour.split("-") for hour in hours)):
        if spans and begin <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], end))
        elif begin < end:
            spans.append((begin, end))
    return tuple(spans)


def _shared(left: tuple[_Seconds, ...], right: tuple[_Seconds, ...]) -> tuple[_Seconds, ...]:
    cuts = ((max(a[0], b[0]), min(a[1], b[1])) for a in left for b in right)
    return tuple((begin, end) for begin, end in cuts if begin < end)


def _seconds(clock: str) -> int:
    hours, minutes, seconds = map(int, clock.split(":"))
    return hours * 3600 + minutes * 60 + seconds


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
