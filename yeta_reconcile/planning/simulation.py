"""What lines will do: the waves of all campaigns, one after the other, over hours, days and tries.

Pure: no I/O, no clock, no chance. It runs twice, once as things are expected to go and once so late that nine
of ten are sooner, and each counts calls by the thousand (`planning/course.py`): two hundred campaigns cost
some milliseconds however long their lists are.

A line serves one task until that is over. Who wants it is tried in one order: who holds it, then higher
priority, earlier end, name.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from yeta_reconcile.planning.course import NOBODY, Course, Pace, Terms, Tries, play
from yeta_reconcile.planning.openings import HORIZON

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from yeta_reconcile.planning.habits import Habits
    from yeta_reconcile.planning.openings import Opening

# Between two tasks of a line somebody has to look: `yeta reconcile` does every minute.
HANDOVER = 60.0


@dataclass(frozen=True, slots=True)
class Work:
    """A wave that is under way or to come. Times are seconds of the epoch.

    `holding`: its task has its lines already; `paused`: and nothing of it rings until somebody says so.
    It does not begin before `ready`, nor before the campaigns of `after` are over, and does not ring before
    `begin` or past `end`. Whoever was missed is called again in up to `rounds` further waves, each `pause`
    after the one before. `follows`: its rows are of a wave before it.
    """

    campaign: str
    wave: int
    lines: tuple[str, ...]
    tries: Tries
    habits: Habits
    opening: Opening
    begin: float = -inf
    end: float = inf
    holding: bool = False
    paused: bool = False
    priority: int = 0
    after: tuple[str, ...] = ()
    ready: float = -inf
    rounds: int = 0
    pause: float = 0.0
    follows: bool = False

    @property
    def rank(self) -> tuple[object, ...]:
        """In which order lines are given out."""
        return (not self.holding, -self.priority, self.end, self.campaign, self.wave)


@dataclass(frozen=True, slots=True)
class Trunk:
    """A line: its channels (None: not known), and who holds it that is no campaign of ours, until when.

    `until` is infinite where nobody knows.
    """

    number: str
    channels: int | None
    holder: str = ""
    until: float = inf


class Hold(NamedTuple):
    """A wave has its lines from `since` to `until` (infinite: nobody knows)."""

    work: Work
    since: float
    until: float


@dataclass(slots=True)
class Run:
    """How a wave went over so many `channels`, from `start` on, when it got its lines.

    `would_finish` is when it would be through if its end were none; infinite: not within what is looked at,
    or it never gets its lines before. `waits_for` are who had its lines before, or had to be over.
    """

    work: Work
    start: float
    course: Course
    channels: int
    would_finish: float
    waits_for: tuple[str, ...] = ()


@dataclass(slots=True)
class Simulation:
    """All that happened: `runs` in order, `holds` of lines, and why the `stuck` campaigns never began."""

    runs: list[Run] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    stuck: dict[str, str] = field(default_factory=dict)


def simulate(
    works: Iterable[Work], trunks: Mapping[str, Trunk], now: float, *, late: bool = False
) -> Simulation:
    """From `now` on, until everything that can be through is."""
    queue = _Queue(trunks, now, late=late)
    queue.go(sorted(works, key=lambda work: work.rank))
    return queue.found


@dataclass(slots=True)
class _Busy:
    """Until when a line is taken, by whom in words, and how much that may spread."""

    until: float
    words: str
    variance: float = 0.0


class _Queue:
    """One run of the simulation."""

    def __init__(self, trunks: Mapping[str, Trunk], now: float, *, late: bool) -> None:
        self.trunks, self.now, self.late = trunks, now, late
        self.horizon = now + HORIZON.total_seconds()
        self.found = Simulation()
        self.busy = {
            number: _Busy(trunk.until, trunk.holder) for number, trunk in trunks.items() if trunk.holder
        }
        self.open: dict[str, int] = {}
        self.over: dict[str, tuple[float, float]] = {}
        self.waits: dict[tuple[str, int], dict[str, str]] = {}
        self.moments: list[float] = []

    def go(self, works: list[Work]) -> None:
        """Give out lines until nobody who wants one can have it any more."""
        for work in works:
            self.open[work.campaign] = self.open.get(work.campaign, 0) + 1
            heappush(self.moments, max(work.ready, self.now))
        for busy in self.busy.values():
            heappush(self.moments, busy.until)
        waiting = works
        while waiting and self.moments and (at := heappop(self.moments)) < inf:
            while self.moments and self.moments[0] <= at:
                heappop(self.moments)
            waiting = self._given_out(waiting, at)
        for work in waiting:
            self.found.stuck.setdefault(work.campaign, self._why(work))

    def _given_out(self, waiting: list[Work], at: float) -> list[Work]:
        """Start whoever can; those who still wait, in order, and those who come after the started ones."""
        still: list[Work] = []
        more: list[Work] = []
        for work in waiting:
            waits = self._waits_for(work, at)
            if work.ready > at or waits:
                still.append(work)
                self.waits.setdefault((work.campaign, work.wave), {}).update(waits)
            else:
                more += self._start(work, at)
        return sorted([*still, *more], key=lambda work: work.rank) if more else still

    def _waits_for(self, work: Work, at: float) -> dict[str, str]:
        """What keeps it from starting: by line who has it, and campaigns that come before it."""
        found = {name: name for name in work.after if self._to_come(name, at)}
        if not work.holding:
            found |= {line: self.busy[line].words for line in work.lines if self._taken(line, at)}
        return found

    def _taken(self, line: str, at: float) -> bool:
        return line in self.busy and self.busy[line].until > at

    def _to_come(self, name: str, at: float) -> bool:
        return bool(self.open.get(name)) or self.over.get(name, (at,))[0] > at

    def _start(self, work: Work, at: float) -> Iterator[Work]:
        """Play a wave from `at` on: its lines are taken until it is over. What follows it is given back."""
        channels = [self.trunks[line].channels if line in self.trunks else None for line in work.lines]
        if work.paused or None in channels:
            self._hold(work, at, inf, f"{work.campaign}, which is paused" if work.paused else work.campaign)
            why = "it is paused" if work.paused else "its lines' channels are not known"
            self.found.stuck.setdefault(work.campaign, why)
            return
        before = [self.busy[line].variance for line in work.lines if line in self.busy]
        before += [self.over[name][1] for name in work.after if name in self.over]
        variance = max(before, default=0.0)
        terms = Terms(sum(channel or 0 for channel in channels), work.habits, work.opening)
        since = max(at, work.begin)
        closes = next((stretch.closes for stretch in work.opening.stretches(since, self.horizon)), inf)
        until = min(work.end, closes, self.horizon)
        pace = Pace(late=self.late, variance=variance)
        course = play(work.tries, since, max(until, since), terms, pace)
        ahead = course.finish
        if at >= work.end:
            # Its turn never comes; of when it would come after its end nothing is known.
            ahead = inf
        elif course.cut and until == work.end:
            ahead = self._unended(work, since, terms, variance)
        elif course.cut and until == self.horizon:
            ahead = course.finish = inf
        waits = self.waits.get((work.campaign, work.wave), {})
        self.found.runs.append(
            Run(work, at, course, terms.channels, ahead, tuple(dict.fromkeys(waits.values())))
        )
        if at < work.end:
            self._hold(work, at, course.finish, f"{work.campaign} wave {work.wave}", pace.variance)
        yield from self._following(work, course, until)
        self._ended(work, course.finish, pace.variance)

    def _unended(self, work: Work, since: float, terms: Terms, variance: float) -> float:
        """When it would be through if nothing stopped it."""
        course = play(work.tries, since, self.horizon, terms, Pace(late=self.late, variance=variance))
        return inf if course.cut else course.finish

    def _hold(self, work: Work, since: float, until: float, words: str, variance: float = 0.0) -> None:
        self.found.holds.append(Hold(work, since, until))
        for line in work.lines:
            self.busy[line] = _Busy(until + HANDOVER, words, variance)
        heappush(self.moments, until + HANDOVER)

    def _following(self, work: Work, course: Course, until: float) -> Iterator[Work]:
        """The wave that takes up those who were not called, or missed, in it; none past its end."""
        then: Work | None = None
        if course.cut and until < min(work.end, self.horizon):
            tries = Tries(course.left, 0.0, 0, work.tries.most, work.tries.wait)
            # Lines are given out again on the day on which it may go on.
            opens = next((found.begin for found in work.opening.stretches(until + 1, self.horizon)), inf)
            if course.left >= NOBODY:
                then = replace(work, tries=tries, ready=opens)
        elif not course.cut and work.rounds and course.missed >= NOBODY:
            tries = Tries(course.missed, 0.0, 0, work.tries.most, work.tries.wait)
            ready = course.finish + work.pause
            then = replace(work, tries=tries, ready=ready, rounds=work.rounds - 1)
        if then is not None and then.ready < inf:
            self.open[work.campaign] += 1
            heappush(self.moments, then.ready)
            yield replace(then, wave=work.wave + 1, holding=False, follows=True)

    def _ended(self, work: Work, finish: float, variance: float) -> None:
        self.open[work.campaign] -= 1
        former, spread = self.over.get(work.campaign, (finish, variance))
        self.over[work.campaign] = max(former, finish), max(spread, variance)
        heappush(self.moments, finish)

    def _why(self, work: Work) -> str:
        """What a campaign waits for that nobody can foresee the end of."""
        for name in work.after:
            if self.open.get(name) or self.over.get(name, (0.0,))[0] == inf:
                return f"it begins after {name}, and when that is over cannot be foreseen"
        for line in work.lines:
            if line in self.busy and self.busy[line].until == inf:
                return f"line {line} is held by {self.busy[line].words}, and until when is not known"
        return "it is not through within a year"
