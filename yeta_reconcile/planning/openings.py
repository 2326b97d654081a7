"""The stretches of time in which calls may go out: hours of the day on the days that are allowed. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from math import inf
from typing import NamedTuple

from yeta_reconcile.frozen import dataclass

# Further ahead than this nobody plans, and what never gets a minute must end somewhere.
HORIZON = timedelta(days=400)
DAY = 86400


class OpenStretch(NamedTuple):
    """From when until when, in seconds of the epoch, calls may go out.

    `closes` is the end of the last stretch before a day that is not allowed; infinite where all are.
    """

    begin: float
    end: float
    closes: float


@dataclass(frozen=True, slots=True)
class Opening:
    """Parts of the day, in seconds since its midnight in `zone`, and which days; no part is the whole day."""

    spans: tuple[tuple[int, int], ...] = ((0, DAY),)
    zone: tzinfo | None = None
    allowed: Callable[[date], bool] | None = None

    @classmethod
    def of(
        cls, windows: Iterable[str], zone: tzinfo | None, allowed: Callable[[date], bool] | None = None
    ) -> Opening:
        """From windows like "HH:MM:SS-HH:MM:SS"; a day may end at 24:00."""
        return cls(_spans(tuple(windows)), zone, allowed)

    @property
    def daily(self) -> int:
        """How many seconds of a day it is."""
        return sum(end - begin for begin, end in self.spans)

    def next_open(self, since: float) -> float | None:
        """The first moment from `since` on at which calls may go out; None: not within what is looked at."""
        until = since + HORIZON.total_seconds()
        return next((max(found.begin, since) for found in self.stretches(since, until)), None)

    def closes(self, since: float, until: float) -> float:
        """The end of the last stretch before a day that is not allowed; infinite where all are."""
        if self.allowed is None:
            return inf
        return next((stretch.closes for stretch in self.stretches(since, until)), inf)

    def stretches(self, since: float, until: float) -> Iterator[OpenStretch]:
        """Those that end after `since` and begin before `until`, in order."""
        day = datetime.fromtimestamp(since, self.zone).toordinal()
        while (midnight := _midnight(day, self.zone)) < until:
            if self.allowed is None or self.allowed(date.fromordinal(day)):
                closes = inf if self.allowed is None else self._closes(day, until)
                for begin, end in self.spans:
                    if midnight + end > since and midnight + begin < until:
                        yield OpenStretch(midnight + begin, midnight + end, closes)
            day += 1

    def _closes(self, day: int, until: float) -> float:
        assert self.allowed is not None
        while self.allowed(date.fromordinal(day + 1)):
            day += 1
            if _midnight(day, self.zone) >= until:
                return inf
        return _midnight(day, self.zone) + self.spans[-1][1]


@lru_cache(maxsize=4096)
def _midnight(day: int, zone: tzinfo | None) -> float:
    return datetime.combine(date.fromordinal(day), time(), tzinfo=zone).timestamp()


# A thousand campaigns have few hours between them.
@lru_cache(maxsize=256)
def _spans(windows: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    return tuple(sorted(map(_span, windows))) or ((0, DAY),)


def _span(window: str) -> tuple[int, int]:
    # Not as times: a line's day may end at 24:00.
    begin, end = (part.split(":") for part in window.split("-"))
    return _second(*begin), _second(*end)


def _second(hours: str, minutes: str, seconds: str = "0") -> int:
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds)
