"""What the simulation means for each campaign and each line: when, how late, whether in time, at what price.

Pure: time comes in as an argument.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import field
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from math import ceil, inf, isfinite

from yeta_reconcile.amounts import count
from yeta_reconcile.documents.models import Price
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.plan.foresight import Called, Forecast, LineUse
from yeta_reconcile.planning.habits import Habits, Whose
from yeta_reconcile.planning.simulation import SimulatedWave, Simulation, Stay, Trunk, Work, simulate
from yeta_reconcile.wording import CLAUSES, Text, listed, phrase


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What lies ahead: a forecast for each campaign that has anybody left to call, and whose each line is.

    `runs` are how its waves are expected to go, by campaign. `aside` is what goes on of campaigns that nobody
    looks at: of their waves that are under way alone.
    """

    forecasts: tuple[Forecast, ...] = ()
    timetable: tuple[LineUse, ...] = ()
    runs: Mapping[str, tuple[SimulatedWave, ...]] = field(default_factory=dict)
    aside: tuple[Forecast, ...] = ()

    def called(self) -> Called:
        """By when how many more will have been called, by campaign: those of further rounds were before."""
        found = {}
        for name, runs in self.runs.items():
            first = max(run.work.rounds for run in runs)
            steps: list[tuple[datetime, int]] = []
            before = 0.0
            for run in runs:
                if run.work.rounds == first:
                    steps += [
                        (moment, round(before + many))
                        for at, many in run.course.steps
                        if (moment := _moment(at, UTC))
                    ]
                    before += run.course.dialled
            found[name] = tuple(steps)
        return found


def foresee(
    works: Iterable[Work],
    trunks: Mapping[str, Trunk],
    now: datetime,
    price: Price | None = None,
    unseen: Collection[str] = (),
) -> Foreseen:
    """Simulate what is to be done. `now` is aware, in the timezone that hours and days are meant in.

    Of `unseen` campaigns nobody knows whom they have to call, and so not when they are over.
    """
    listed = list(works)
    expected = simulate(listed, trunks, now.timestamp(), unseen=unseen)
    late = simulate(listed, trunks, now.timestamp(), late=True, unseen=unseen)
    campaigns: dict[str, list[Work]] = {}
    for work in listed:
        campaigns.setdefault(work.campaign, []).append(work)
    runs, runs_late = _by_campaign(expected), _by_campaign(late)
    forecasts: list[Forecast] = []
    aside: list[Forecast] = []
    for name, own in campaigns.items():
        if any(work.paused or work.foreign for work in own):
            continue
        found = aside if own[0].aside else forecasts
        stuck = expected.stuck.get(name, "")
        found.append(_forecast(own, runs.get(name, ()), runs_late.get(name, ()), stuck, now, price))
    timetable = sorted(_timetable(expected.stays, trunks, now), key=lambda held: (held.line, held.since))
    return Foreseen(tuple(forecasts), tuple(timetable), runs, tuple(aside))


def _by_campaign(simulation: Simulation) -> dict[str, tuple[SimulatedWave, ...]]:
    found: dict[str, tuple[SimulatedWave, ...]] = {}
    for run in simulation.runs:
        found[run.work.campaign] = (*found.get(run.work.campaign, ()), run)
    return found


def _forecast(
    works: list[Work],
    runs: tuple[SimulatedWave, ...],
    late: tuple[SimulatedWave, ...],
    stuck: str,
    now: datetime,
    price: Price | None,
) -> Forecast:
    name, end = works[0].campaign, max(work.end for work in works)
    if stuck:
        return Forecast(name, finish=None, fits=True, detail=phrase("no forecast: {stuck}", stuck=stuck))
    habits = works[0].habits
    finish = max((run.would_finish for run in runs), default=inf)
    calls = round(sum(run.course.calls for run in runs))
    minutes = round(sum(run.course.answered for run in runs) * habits.talk / 60, 1)
    return Forecast(
        name,
        finish=_moment(finish, now.tzinfo),
        fits=finish <= end,
        detail=_detail(works, runs),
        start=_begin(runs, now),
        # Where lines are given out otherwise once all is late, one may get its own sooner: that is no bound.
        finish_late=_moment(max((run.would_finish for run in (*late, *runs)), default=inf), now.tzinfo),
        calls=calls,
        minutes=minutes,
        cost=round(minutes * price.per_minute + calls * price.per_call, 2) if price else None,
        currency=price.currency if price else "",
        source=str(habits.source),
        waits_for=runs[0].waits_for if runs else (),
    )


def _begin(runs: tuple[SimulatedWave, ...], now: datetime) -> datetime | None:
    first = min((run.course.first for run in runs), default=inf)
    return now.replace(microsecond=0) if first <= now.timestamp() else _moment(first, now.tzinfo)


def _detail(works: list[Work], runs: tuple[SimulatedWave, ...]) -> Text:
    rows = round(sum(work.tries.rows + work.rest for work in works))
    again = round(sum(work.tries.missed for work in works if work.tries.tried < work.tries.most))
    channels = max((run.channels for run in runs), default=0)
    numbers = count(rows, "number") if rows else phrase("every number was dialled")
    said = [numbers]
    if not any(run.start < run.work.end for run in runs):
        said.insert(0, phrase("its lines are not free before its end"))
    if again and not rows:
        said.append(phrase("{again:,} may be called again", again=again))
    said += [phrase("{channels:,} at once", channels=channels), _habits_words(works[0].habits)]
    return listed(said, 0, by=CLAUSES)


@lru_cache(maxsize=256)
def _habits_words(habits: Habits) -> Text:
    """How long a call takes and who is reached, and whose records say so."""
    told = {
        Whose.OWN: phrase("by {calls} of its own", calls=count(habits.calls, "call", none="0")),
        Whose.ROBOT: phrase("by {calls} of its robot", calls=count(habits.calls, "call", none="0")),
        Whose.PROJECT: phrase("by {calls} of the project", calls=count(habits.calls, "call", none="0")),
        Whose.ASSUMED: phrase("assumed"),
    }[habits.source]
    return phrase(
        "{mean:.0f} s a call, {reach} reached, {told}",
        mean=habits.mean(habits.reach),
        reach=f"{habits.reach:.0%}",
        told=told,
    )


def _timetable(stays: Iterable[Stay], trunks: Mapping[str, Trunk], now: datetime) -> Iterator[LineUse]:
    idle, begin = dict.fromkeys(trunks), now.replace(microsecond=0)
    for trunk in trunks.values():
        if trunk.holder:
            del idle[trunk.number]
            until = _moment(trunk.until, now.tzinfo)
            yield LineUse(trunk.number, since=begin, until=until, holder=trunk.holder)
    for stay in stays:
        since = begin if stay.since <= now.timestamp() else _moment(stay.since, now.tzinfo) or begin
        for line in stay.work.lines:
            idle.pop(line, None)
            until = _moment(stay.until, now.tzinfo)
            work = stay.work
            ours = LineUse(line, campaign=work.campaign, wave=work.wave, since=since, until=until)
            yield LineUse(line, since=since, until=until, holder=work.words) if work.foreign else ours
    yield from (LineUse(line, since=begin, until=None) for line in idle)


def _moment(seconds: float, zone: tzinfo | None) -> datetime | None:
    """The whole minute by which it is so: a forecast knows no seconds."""
    return _minute(ceil(seconds / 60), zone) if isfinite(seconds) else None


# A thousand campaigns are through in few minutes between them.
@lru_cache(maxsize=1024)
def _minute(minute: int, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(minute * 60, zone)
