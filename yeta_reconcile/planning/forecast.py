"""When a campaign will be through: rows left over channels, windows and tries.

Pure arithmetic on assumptions that the result names; it decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from math import ceil
from typing import TYPE_CHECKING

from yeta_reconcile.plan.plan import Forecast

if TYPE_CHECKING:
    from collections.abc import Iterable

# What holds until records tell: ringing and talking take a minute, and half of the people are not reached.
CALL_SECONDS = 60.0
UNREACHED = 0.5
# Further ahead than this nobody plans, and a campaign that never gets a minute must end somewhere.
LONGEST = timedelta(days=3660)


@dataclass(frozen=True, slots=True)
class Workload:
    """What is left of one campaign. Waits and lengths are seconds.

    `rows` are still to be dialled; `channels` calls go on at once (None: not known); `windows` are
    "HH:MM:SS-HH:MM:SS" (none: all day).
    """

    campaign: str
    rows: int
    channels: int | None
    windows: tuple[str, ...] = ()
    begin: datetime | None = None
    end: datetime | None = None
    recall_count: int = 0
    recall_wait: int = 0
    call_seconds: float | None = None


def forecast(work: Workload, now: datetime) -> Forecast:
    """When it will be through. `now` is aware, in the timezone that the windows are meant in."""
    if not work.channels:
        return Forecast(
            work.campaign, None, fits=True, detail="no forecast: the lines' channels are not known"
        )
    if not work.rows:
        return Forecast(work.campaign, None, fits=True, detail="every number was dialled")
    seconds = work.call_seconds or CALL_SECONDS
    # Instants: two times of one zone compare by what its clocks show.
    later = work.begin is not None and work.begin.astimezone(UTC) > now.astimezone(UTC)
    at: datetime | None = work.begin.astimezone(now.tzinfo) if later and work.begin else now
    for tried in range(work.recall_count + 1):
        assert at is not None
        wait = timedelta(seconds=work.recall_wait if tried else 0)
        rounds = ceil(work.rows * UNREACHED**tried / work.channels)
        at = after_work(at + wait, rounds * seconds, work.windows)
        if at is None:
            break
    fits = work.end is None or (at is not None and at.astimezone(UTC) <= work.end.astimezone(UTC))
    assumed = "" if work.call_seconds else ", assumed"
    numbers = f"{work.rows:,} number{'' if work.rows == 1 else 's'}"
    detail = f"{numbers}, {work.channels:,} at once, {seconds:.0f} s a call{assumed}"
    return Forecast(work.campaign, at, fits, detail)


def after_work(at: datetime, seconds: float, windows: Iterable[str]) -> datetime | None:
    """The moment by which so many seconds of the windows have passed; None if that is years ahead."""
    spans = sorted(_span(window) for window in windows) or [(0, 86400)]
    day = datetime.combine(at.date(), time(), tzinfo=at.tzinfo)
    last = day + LONGEST
    left, passed = seconds, (at - day).total_seconds()
    while day < last:
        for begin, end in spans:
            open_for = end - max(begin, passed)
            if open_for <= 0:
                continue
            if left <= open_for:
                return day + timedelta(seconds=max(begin, passed) + left)
            left -= open_for
        day, passed = day + timedelta(days=1), 0
    return None


def _span(window: str) -> tuple[int, int]:
    # Not as times: a line's day may end at 24:00.
    begin, end = (part.split(":") for part in window.split("-"))
    return _second(*begin), _second(*end)


def _second(hours: str, minutes: str, seconds: str = "0") -> int:
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds)
