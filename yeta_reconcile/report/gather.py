"""Reads a state and the declared lists into the figures of a report: each person once, each call once.

The same people as `calls export --by person`, so that the page and the list agree.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import NamedTuple

from yeta_reconcile.documents.listspec import ListSpec
from yeta_reconcile.documents.models import Price
from yeta_reconcile.documents.repository import Repository
from yeta_reconcile.plan.foresight import Course, Outlook, course
from yeta_reconcile.platform.call import ResultMeaning, meaning_of
from yeta_reconcile.platform.coercion import instant
from yeta_reconcile.records.export import line_of
from yeta_reconcile.records.persons import (
    ASIDE,
    BARRED,
    DIALLED,
    GONE,
    OVER,
    POSSIBLY,
    STAGING,
    SUBMITTED,
    WAITING,
    Persons,
    answers_of,
    tag_of,
)
from yeta_reconcile.report.figures import (
    LENGTHS,
    CampaignFigures,
    Counted,
    Figures,
    Quality,
    Wait,
    as_planned,
    together,
)
from yeta_reconcile.report.held import timetable
from yeta_reconcile.store import Store
from yeta_reconcile.store.calls import CallRecord
from yeta_reconcile.store.people import Person
from yeta_reconcile.waves.record import SINGLE_CALLS, CampaignRecord, Phase, RowState, WaveRecord

IN_A_WAVE = frozenset({STAGING, SUBMITTED, DIALLED, POSSIBLY, OVER})
# Nobody is to call them, and nobody has.
NOBODYS = frozenset({GONE, BARRED})
QUARTER_MS = 900_000
# Why people wait. The words of each are the page's.
HELD, AGAIN, PAUSED, DRAINING, RINGING, UNDECLARED = "held", "again", "paused", "draining", "ringing", "gone"


@dataclass(frozen=True, slots=True)
class Declared:
    """What the documents say: state and list of each campaign, and the price of calls.

    `outlook` is what was foreseen of them last.
    """

    project: str
    environment: str = ""
    states: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, ListSpec] = field(default_factory=dict)
    price: Price | None = None
    outlook: Outlook | None = None


def declared_in(repository: Repository, now: datetime, outlook: Outlook | None = None) -> Declared:
    """What a repository declares `now`; with what was foreseen of it, if anything was."""
    project, callings = repository.project, repository.callings
    return Declared(
        project.name,
        repository.environment or "",
        {name: getattr(located.model, "state", "declared") for name, located in callings.items()},
        {name: repository.called_list(located, now) for name, located in callings.items()},
        project.price,
        outlook,
    )


def gather(
    store: Store, declared: Declared, now: datetime, names: Sequence[str], *, halted: str = ""
) -> Figures:
    """The figures of some campaigns, declared or recorded; `now` in the project's timezone."""
    assert now.tzinfo is not None
    figures = Figures(
        declared.project, declared.environment, now, names[0] if len(names) == 1 else "", halted=halted
    )
    figures.currency = declared.price.currency if declared.price else ""
    persons = Persons(store, now.tzinfo, names, lists=declared.lists)
    recorded = store.waves.recorded()
    curves, begins = list[list[tuple[int, int]]](), list[int]()
    for name in names:
        before = len(figures.dialled)
        figures.campaigns.append(
            _Counting(figures, persons, declared).campaign(name, recorded.campaigns.get(name))
        )
        dialled = figures.dialled[before:]
        line = _line(declared.outlook, name, dialled) if declared.outlook else ()
        curves.append(as_planned(dialled, line))
        begins += [line[0][0]] if line else []
    if begins:
        figures.ahead = [point for point in together(curves) if point[0] >= min(begins)]
    for (result, _), (people, _) in figures.results.items():
        if people:
            figures.meanings[meaning_of(result).value] += people
    figures.quality = _quality(store, figures)
    if outlook := declared.outlook:
        figures.foreseen = outlook.at.astimezone(now.tzinfo)
    figures.timetable = timetable(store, recorded, declared.outlook, now, names)
    figures.last_push = instant(store.inbox.last_received(), now.tzinfo)
    return figures


def _line(outlook: Outlook, name: str, dialled: Collection[int]) -> Course:
    """What was foreseen of it first; else last, with those who had been called before."""
    if name in outlook.first:
        return outlook.first[name]
    at = outlook.at.timestamp() * 1000
    finish = next((one.finish for one in outlook.forecast if one.campaign == name), None)
    before = sum(moment <= at for moment in dialled)
    return course(outlook.at, before, outlook.called.get(name, ()), finish)


class Kind(NamedTuple):
    """What calls have in common that are counted alike; `when` is weekday and hour."""

    wave_id: int | None
    line: str
    attempt: int
    round: int
    when: tuple[int, int] | None
    connected: bool
    result: str
    description: str


class _Counting:
    """One campaign on its way into the figures."""

    def __init__(self, figures: Figures, persons: Persons, declared: Declared) -> None:
        self.figures = figures
        self.persons = persons
        self.declared = declared
        self.zone = figures.at.tzinfo
        self.ahead = {one.campaign: one for one in declared.outlook.forecast} if declared.outlook else {}
        self.waits: Counter[tuple[int, str]] = Counter()
        self.kinds: dict[Kind, Counted] = {}

    def campaign(self, name: str, record: CampaignRecord | None) -> CampaignFigures:
        """Count everybody in it."""
        found = CampaignFigures(
            name, record.kind if record else "Campaign", self.declared.states.get(name, "")
        )
        if name == SINGLE_CALLS:
            found.kind = "DirectCall"
        for person, _, how in self.persons.each(name):
            self._person(found, person, how)
        self._spread(found)
        found.missing = sum(wave.missing_records for wave in record.waves) if record else 0
        if (ahead := self.ahead.get(name)) and ahead.finish:
            found.finish, found.fits = ahead.finish.astimezone(self.zone), ahead.fits
        price = self.declared.price
        if price is not None:
            minutes = found.tally.talk / 60
            found.cost = round(minutes * price.per_minute + found.tally.calls * price.per_call, 2)
        self.figures.waits += [
            Wait(name, wave, why, people) for (wave, why), people in sorted(self.waits.items())
        ]
        return found

    def _person(self, campaign: CampaignFigures, person: Person, how: str) -> None:
        figures = self.figures
        campaign.people += how not in NOBODYS
        campaign.submitted += how in IN_A_WAVE
        campaign.dialled += how == DIALLED
        calls = [record for record in person.calls if record.call.recorded]
        reached = self._calls(calls)
        if reached:
            campaign.reached += 1
            figures.answered.append(min(reached))
        if calls:
            first, last = calls[0], calls[-1].call
            figures.dialled.append(first.call.at or first.received)
            figures.results.setdefault((last.result, last.description), [0, 0])[0] += 1
        if tag := tag_of(person):
            figures.tags[tag] += 1
        for question, answer, _ in answers_of(person):
            figures.answers[question][answer] += 1
        if why := self._why(campaign, person, how, tried=0 if reached else len(calls)):
            self.waits[why] += 1
            campaign.again += why[1] == AGAIN

    def _calls(self, calls: Sequence[CallRecord]) -> list[int]:
        """Count the calls of one person, oldest first; when each that was answered took place."""
        figures, kinds = self.figures, self.kinds
        met: list[int | None] = []
        answered = []
        for nth, (call, received, wave_id, _) in enumerate(calls, 1):
            if wave_id not in met:
                met.append(wave_id)
            at, connected = call.at or received, call.connected
            talk = (call.duration_call or 0) if connected else 0
            kind = Kind(
                wave_id, call.line, nth, met.index(wave_id) + 1,
                _by_the_clock(at // QUARTER_MS, self.zone), connected, call.result, call.description,
            )  # fmt: skip
            counted = kinds.get(kind)
            if counted is None:
                counted = kinds[kind] = Counted()
            counted.calls += 1
            counted.talk += talk
            if connected:
                answered.append(at)
                figures.lengths[bisect_left(LENGTHS, talk)] += 1
                figures.seconds.append(talk)
        return answered

    def _spread(self, campaign: CampaignFigures) -> None:
        """Each kind of calls into every figure that it belongs to."""
        figures = self.figures
        for kind, counted in self.kinds.items():
            meaning = meaning_of(kind.result)
            counted.connected = counted.calls if kind.connected else 0
            counted.refused = counted.calls if meaning is ResultMeaning.REFUSED else 0
            counted.faults = counted.calls if meaning is ResultMeaning.FAULT else 0
            line = line_of(kind.line, self.persons.waves.get(kind.wave_id or 0))
            campaign.tally.add(counted)
            figures.attempts.setdefault(kind.attempt, Counted()).add(counted)
            figures.rounds.setdefault(kind.round, Counted()).add(counted)
            figures.lines.setdefault(line, Counted()).add(counted)
            if kind.when is not None:
                weekday, hour = kind.when
                figures.days.setdefault(weekday, Counted()).add(counted)
                figures.hours.setdefault(hour, Counted()).add(counted)
            figures.results.setdefault((kind.result, kind.description), [0, 0])[1] += counted.calls

    def _why(
        self, campaign: CampaignFigures, person: Person, how: str, *, tried: int
    ) -> tuple[int, str] | None:
        """Wave and reason of somebody who waits; None for who does not. `tried`: how often in vain."""
        wave = self._wave(person)
        if how == DIALLED:
            again = wave and wave.phase is Phase.STARTED and 0 < tried <= wave.attributes.recall_count
            return (wave.number, AGAIN) if wave and again else None
        if how in NOBODYS:
            return None
        if wave is None or how in {WAITING, ASIDE}:
            return (0, how if campaign.state else UNDECLARED)
        if how == POSSIBLY:
            return (wave.number, HELD)
        ends = {Phase.PAUSED: PAUSED, Phase.DRAINING: DRAINING, Phase.STARTED: RINGING}
        return (wave.number, how if how != SUBMITTED else ends.get(wave.phase, how))

    def _wave(self, person: Person) -> WaveRecord | None:
        kept = [row.wave_id for row in person.rows if row.state is not RowState.RELEASED]
        return self.persons.waves.get(max(kept, default=0))


@lru_cache(maxsize=10_000)
def _by_the_clock(quarter: int, zone: tzinfo | None) -> tuple[int, int] | None:
    """Weekday and hour of a quarter of an hour, in which no clock goes from one hour to the next."""
    at = instant(quarter * QUARTER_MS, zone)
    return None if at is None else (at.weekday(), at.hour)


def _quality(store: Store, figures: Figures) -> Quality:
    counts = store.inbox.counts()
    unrecorded, nobodys, elsewhere = store.calls.without_place()
    return Quality(
        missing=figures.total("missing"),
        pending=counts.waiting,
        stuck=counts.stuck,
        dead=counts.dead,
        unrecorded=unrecorded,
        nobodys=nobodys,
        elsewhere=elsewhere,
    )
