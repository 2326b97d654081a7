"""On which days each campaign of a repository may call, by the public calendar that its settings name.

It reads the calendar, once a plan; what follows from the days is `planning/calendar.py`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property

from yeta_reconcile.diagnostics import Diagnostic
from yeta_reconcile.documents.calendars import PublicDays
from yeta_reconcile.documents.located import Located
from yeta_reconcile.documents.models import Calling, Campaign
from yeta_reconcile.documents.repository import Repository
from yeta_reconcile.planning.calendar import WEEKENDS_OFF, Days, years_of
from yeta_reconcile.planning.diff.case import Finding
from yeta_reconcile.platform.coercion import PLATFORM
from yeta_reconcile.platform.hours import windows_of
from yeta_reconcile.platform.resources import Config
from yeta_reconcile.wording import phrase


class Almanac:
    """The days of one plan's campaigns. `digest` is that of the calendar they are read from."""

    def __init__(self, declared: Repository, config: Config, now: datetime) -> None:
        self._declared = declared
        self._config = config
        self._now = now
        self.digest = declared.calendar.digest
        self._days: dict[str, Days] = {}

    def days(self, located: Located[Calling]) -> Days | None:
        """The days of one campaign; None for a direct call, which is called out at once."""
        model = located.model
        if not isinstance(model, Campaign):
            return None
        if model.name not in self._days:
            hours = self._declared.hours(located, self._now)
            self._days[model.name] = Days(
                model.schedule.days,
                PLATFORM,
                self._public if model.on_workdays else WEEKENDS_OFF,
                model.schedule.windows or windows_of(model.lines, self._config.lines, hours),
            )
        return self._days[model.name]

    def findings(self) -> Iterator[Finding]:
        """Campaigns without an end whose next days the calendar does not tell; others the documents name."""
        for name, located in self._declared.campaigns.items():
            days = self.days(located)
            if days is None or not located.model.on_workdays or located.model.schedule.end:
                continue
            soonest = max(located.model.schedule.begin or self._now, self._now)
            stretch = days.stretch(soonest)
            if not days.reaches(stretch.end if stretch else soonest):
                words = phrase(
                    "{source} knows days off until {reach}",
                    source=days.public.source,
                    reach=days.public.reach,
                )
                summary = phrase("{words}, and {name} goes on after that", words=words, name=name)
                place = located.at("schedule", "days")
                yield Finding(
                    Diagnostic("warning", "calendar-reach", summary, place, days.public.update, name)
                )

    @cached_property
    def _public(self) -> PublicDays:
        schedules = (one.model.schedule for one in self._declared.campaigns.values())
        return self._declared.calendar.days(*years_of(self._now, schedules))
