"""On which days a campaign may call, and the stretches of days that are allowed one after the other.

Pure: no I/O and no clock. Moments are aware; what comes out has a fixed offset, since two times of one zone
compare by what its clocks show.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

from yeta_reconcile.documents.calendars import PublicDays
from yeta_reconcile.documents.models import Schedule
from yeta_reconcile.documents.values import EVERY_DAY, WEEKDAYS, WORKDAYS
from yeta_reconcile.frozen import dataclass

DAY = timedelta(days=1)
# Further nobody plans: a stretch that is longer never ends, and a day that is further off never comes.
LONGEST = 366
WEEKENDS_OFF = PublicDays()


@dataclass(frozen=True, slots=True)
class Stretch:
    """Allowed days in a row: from the first window of the first to the last window's end of the last day."""

    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Days:
    """The days of one campaign. `windows` are "HH:MM:SS-HH:MM:SS" of its days (none: the whole day)."""

    rule: str | tuple[str, ...]
    zone: tzinfo
    public: PublicDays = WEEKENDS_OFF
    windows: tuple[str, ...] = ()

    @property
    def every(self) -> bool:
        """Whether no day is left out."""
        return self.rule in {EVERY_DAY, WEEKDAYS}

    def allows(self, day: date) -> bool:
        """Whether it may call on a day."""
        if self.rule == WORKDAYS:
            return self.public.works(day)
        return self.every or WEEKDAYS[day.weekday()] in self.rule

    def reaches(self, until: datetime) -> bool:
        """Whether it is known of each day until then what it is."""
        return self.rule != WORKDAYS or until.astimezone(self.zone).date() <= self.public.reach

    def stretch(self, moment: datetime) -> Stretch | None:
        """The stretch that a moment is in, else the next; None if there is none, or if it does not end."""
        today = moment.astimezone(self.zone).date()
        if self.every:
            return None
        ahead = (today + number * DAY for number in range(LONGEST))
        first = next((day for day in ahead if self.allows(day) and self._closes(day) > moment), None)
        if first is None:
            return None
        begin = self._edge(first, -DAY)
        end = self._edge(first, DAY)
        if (end - begin).days >= LONGEST:
            return None
        return Stretch(self._opens(begin), self._closes(end))

    def keeps(self, begin: datetime, end: datetime | None) -> bool:
        """Whether what calls in its windows from `begin` to `end` (None: for ever) calls on allowed days."""
        if self.every or (end is not None and end <= begin):
            return True
        if end is None:
            return False
        day, last = (moment.astimezone(self.zone).date() for moment in (begin, end))
        while day <= last:
            calls = self._opens(day) < end and self._closes(day) > begin
            if calls and not self.allows(day):
                return False
            day += DAY
        return True

    def _edge(self, day: date, step: timedelta) -> date:
        """The last allowed day in a row from an allowed one on."""
        for _ in range(LONGEST):
            if not self.allows(day + step):
                break
            day += step
        return day

    def _opens(self, day: date) -> datetime:
        begins = [window.partition("-")[0] for window in self.windows]
        return self._at(day, min(begins, default="00:00:00"))

    def _closes(self, day: date) -> datetime:
        ends = [window.partition("-")[2] for window in self.windows]
        return self._at(day, max(ends, default="24:00:00"))

    def _at(self, day: date, clock: str) -> datetime:
        hours, minutes, seconds = (int(part) for part in (*clock.split(":"), "0")[:3])
        # A line's day may end at 24:00.
        day, hours = day + hours // 24 * DAY, hours % 24
        moment = datetime.combine(day, time(hours, minutes, seconds), tzinfo=self.zone)
        return moment.replace(tzinfo=timezone(moment.utcoffset() or timedelta()))


def years_of(now: datetime, schedules: Iterable[Schedule]) -> tuple[int, int]:
    """The years whose days are to be known: from the one before `now` to the last that any campaign is in."""
    moments = (moment for one in schedules for moment in (one.begin, one.end))
    last = max((moment.year for moment in moments if moment is not None), default=now.year)
    return now.year - 1, max(last, now.astimezone(UTC).year) + 1
