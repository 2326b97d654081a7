"""Times of day, as windows of seconds since midnight in the platform's time zone.

Pure: reads no clock. The zone is a fixed +08:00, which China has had without a change since 1991.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
DAY_MS = 86_400_000
OFFSET_MS = 8 * 3_600_000

Window = tuple[int, int]
"""First second, and the second after the last."""

_TIME = r"([01]\d|2[0-3]):([0-5]\d):([0-5]\d)"
_WINDOW = re.compile(rf"{_TIME}-{_TIME}")


def parse(text: str) -> Window | None:
    """Read `HH:MM:SS-HH:MM:SS`; None where it is not well formed or ends before it begins."""
    match = _WINDOW.fullmatch(text)
    if match is None:
        return None
    h1, m1, s1, h2, m2, s2 = (int(part) for part in match.groups())
    begin, end = h1 * 3600 + m1 * 60 + s1, h2 * 3600 + m2 * 60 + s2
    return (begin, end) if begin < end else None


def parse_all(texts: Iterable[str]) -> list[Window]:
    """Read windows that are known to be well formed, as those of the settings."""
    windows = []
    for text in texts:
        window = parse(text)
        if window is None:
            raise ValueError(f"not a window HH:MM:SS-HH:MM:SS: {text!r}")
        windows.append(window)
    return merged(windows)


def merged(windows: Iterable[Window]) -> list[Window]:
    """Sort windows and join those that touch or overlap."""
    joined: list[Window] = []
    for begin, end in sorted(windows):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((begin, end))
    return joined


def intersection(left: Sequence[Window], right: Sequence[Window]) -> list[Window]:
    """Give the windows common to both."""
    return merged(
        (max(a[0], b[0]), min(a[1], b[1])) for a in left for b in right if max(a[0], b[0]) < min(a[1], b[1])
    )


def inside(window: Window, hours: Sequence[Window]) -> bool:
    """Tell whether one of `hours`, merged, holds the whole window."""
    return any(begin <= window[0] and window[1] <= end for begin, end in hours)


def day_of(ms: int) -> date:
    """Give the day, in the platform's zone, of epoch milliseconds."""
    return datetime.fromtimestamp(ms / 1000, SHANGHAI).date()


def open_until(windows: Sequence[Window], ms: int) -> int | None:
    """Give the end, epoch ms, of the window that `ms` lies in; None outside all of them."""
    midnight = (ms + OFFSET_MS) // DAY_MS * DAY_MS - OFFSET_MS
    of_day = ms - midnight
    for begin, end in windows:
        if begin * 1000 <= of_day < end * 1000:
            return midnight + end * 1000
    return None


def next_opening(windows: Sequence[Window], ms: int) -> int:
    """Give the epoch ms at which the next window after `ms` begins."""
    midnight = (ms + OFFSET_MS) // DAY_MS * DAY_MS - OFFSET_MS
    for begin, _ in windows:
        if midnight + begin * 1000 > ms:
            return midnight + begin * 1000
    return midnight + DAY_MS + windows[0][0] * 1000
