"""Public calendars: which days are off and which weekends are worked, from the holidays library or a CSV.

What follows from them for a campaign is `planning/calendar.py`'s. The library is imported when it is asked.
"""

from __future__ import annotations

import posixpath
import re
from contextlib import suppress
from dataclasses import field
from datetime import date
from hashlib import blake2b
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from yeta_reconcile.diagnostics import Diagnostic, Position, did_you_mean
from yeta_reconcile.documents.csvfile import Table
from yeta_reconcile.documents.reach import Reach
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.wording import UNSAID, Text, phrase

SATURDAY = 5
WEEKEND = frozenset({SATURDAY, 6})
HEADERS = ("date", "kind")
KINDS = ("rest", "work")
_COUNTRY = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
# Whether a country's working weekends are decreed year by year, the years since then tell.
_LOOK_BACK_TO = 2020


@dataclass(frozen=True, slots=True)
class PublicDays:
    """Days that are `rest` or `work` whatever weekday they are; of all others those of `weekend` are off.

    They are known until `reach`; `source` says where from, `update` what to do to know more.
    """

    rest: frozenset[date] = frozenset()
    work: frozenset[date] = frozenset()
    weekend: frozenset[int] = WEEKEND
    reach: date = date.max
    source: str = ""
    update: Text = UNSAID

    def works(self, day: date) -> bool:
        """Whether it is a workday."""
        return day in self.work or (day not in self.rest and day.weekday() not in self.weekend)


@dataclass(frozen=True, slots=True)
class CalendarSource:
    """What `calendar:` of a project names; `path` is None for a country. `at` is where that stands."""

    name: str
    path: Path | None
    at: Position
    reach: Reach = field(repr=False)

    @classmethod
    def of(cls, name: str, root: Path, at: Position, reach: Reach) -> CalendarSource:
        """A country's code, with a subdivision perhaps, or a file in the repository."""
        return cls(name, None if _COUNTRY.fullmatch(name) else root / name, at, reach)

    @property
    def digest(self) -> str:
        """What changes when the calendar that was named does."""
        if self.path is None or self.reach.why_not(self.path) or not posixpath.isfile(self.path):
            return self.name
        return blake2b(self.path.read_bytes(), digest_size=16).hexdigest()

    def findings(self) -> tuple[Diagnostic, ...]:
        """What is wrong with it."""
        if self.path is not None:
            return self._read()[1]
        country, _, part = self.name.partition("-")
        known = _countries()
        if country not in known:
            hint = did_you_mean(country, known) or phrase("name a CSV of date,kind instead")
            return (
                self._wrong(
                    "unknown-calendar",
                    phrase("the holidays library has no country {country}", country=country),
                    hint,
                ),
            )
        if part and part not in known[country]:
            summary = phrase(
                "the holidays library knows no part {part} of {country}", part=part, country=country
            )
            return (self._wrong("unknown-calendar", summary, did_you_mean(part, known[country])),)
        return ()

    def days(self, first: int, last: int) -> PublicDays:
        """The days of these years, both included; what `findings` calls wrong is left out."""
        return self._read()[0] if self.path is not None else _of_country(self.name, first, last)

    def _wrong(self, code: str, summary: Text, hint: Text) -> Diagnostic:
        return Diagnostic("error", code, summary, self.at, hint)

    def _read(self) -> tuple[PublicDays, tuple[Diagnostic, ...]]:
        """The file's days and what is wrong with it. None of its cells is shown."""
        assert self.path is not None
        none = PublicDays(source=self.name)
        if why := self.reach.why_not(self.path):
            hint = phrase("the calendar is a country's code, or a file of the repository")
            return none, (
                self._wrong(
                    "out-of-reach", phrase("{name} is not read: {why}", name=self.name, why=why), hint
                ),
            )
        if not posixpath.isfile(self.path):
            hint = phrase("the calendar is a country's code like CN, or a file, relative to yeta.yaml")
            return none, (
                self._wrong("missing-calendar", phrase("there is no file {name}", name=self.name), hint),
            )
        table = Table(self.path, self.name, "auto", self.reach)
        found = table.findings
        if missing := [name for name in HEADERS if name not in table.header]:
            if table.header:
                words = phrase(
                    "the calendar has no header {missing}", missing=" and no header ".join(missing)
                )
                found.add(table.header_line, "columns", words, hint=phrase("its first line is date,kind"))
            return none, found.all()
        dates, kinds = table.header.index(HEADERS[0]), table.header.index(HEADERS[1])
        days: dict[date, str] = {}
        for lines, rows in table.blocks():
            for line, fields in zip(lines, rows, strict=True):
                day, kind = _date(fields[dates]), fields[kinds].strip()
                if day is None:
                    found.add(
                        line,
                        "date",
                        phrase("this is no date"),
                        hint=phrase("write it like 2026-10-01"),
                        field=dates,
                    )
                elif kind not in KINDS:
                    found.add(line, "kind", phrase("a day is rest or work"), field=kinds)
                elif days.setdefault(day, kind) != kind:
                    words = phrase("this day stands in the file as both rest and work")
                    found.add(line, "date", words, hint=phrase("take one of the two out"), field=dates)
        rest, work = (frozenset(day for day in days if days[day] == kind) for kind in KINDS)
        reach = date(max(days).year, 12, 31) if days else date.min
        update = phrase("add the next year's days to {name}", name=self.name)
        return PublicDays(rest, work, WEEKEND, reach, self.name, update), found.all()


def _date(text: str) -> date | None:
    with suppress(ValueError):
        return date.fromisoformat(text.strip())
    return None


def _library() -> Any:
    """The package holidays, which takes longer to import than all else."""
    return import_module("holidays")


def _countries() -> dict[str, list[str]]:
    found: dict[str, list[str]] = _library().list_supported_countries()
    return found


def _of_country(name: str, first: int, last: int) -> PublicDays:
    """A country's days. Where working weekends are decreed, its calendar reaches as far as those are known.

    What the library computes beyond that (a feast by the moon) is taken, so far as it goes.
    """
    country, _, part = name.partition("-")
    years = range(min(first, _LOOK_BACK_TO), last + 1)
    found = _library().country_holidays(country, subdiv=part or None, years=years)
    work = frozenset(day for day in found.weekend_workdays if day.year in years)
    decreed = max((day.year for day in work), default=None)
    return PublicDays(
        frozenset(found) - work,
        work,
        frozenset(found.weekend),
        date(decreed or min(found.end_year, 9999), 12, 31),
        phrase("{name} of the package holidays {version}", name=name, version=version("holidays")),
        phrase("update the package holidays, or name a CSV of date,kind as `calendar:`"),
    )
