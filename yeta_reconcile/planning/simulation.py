"""What lines will do: the waves of all campaigns, one after the other, over hours, days and tries.

Pure: no I/O, no clock, no chance. It runs twice, once as things are expected to go and once so late that nine
of ten are sooner, and each counts calls by the thousand (`planning/course.py`): two hundred campaigns cost
some milliseconds however long their lists are.

A line serves one task until that is over. Who wants it is tried in one order: who holds it, then higher
priority, earlier end, name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from heapq import heappop, heappush
from itertools import chain, count
from math import inf
from typing import NamedTuple

from yeta_reconcile.frozen import dataclass
from yeta_reconcile.planning.course import NOBODY, Course, Durations, Terms, Tries, play
from yeta_reconcile.planning.habits import Habits
from yeta_reconcile.planning.openings import HORIZON, Opening
from yeta_reconcile.wording import UNSAID, Text, phrase

# Between two tasks of a line somebody has to look: `yeta reconcile` does every minute.
HANDOVER = 60.0


@dataclass(frozen=True, slots=True)
class Work:
    """A wave that is under way or to come. Times are seconds of the epoch.

    `holding`: its task has its lines already; `paused`: and nothing of it rings until somebody says so.
    It does not begin before `ready`, nor before the campaigns of `after` are over, and does not ring before
    `begin` or past `end`. Of those who were missed a `share` is called again in up to `rounds` further waves,
    each `pause` after the one before. `follows`: its rows are of a wave before it. A `foreign` one is a task
    that is none of ours, and its `campaign` says in words which; one that is `aside` is of a campaign that
    nobody looks at. It is the canary of `rest` more rows, which follow once all of it was called and
    `rest_pause` is over. One that is taken apart calls nobody any more, and has its lines until it is
    `drained`.
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
    share: float = 1.0
    follows: bool = False
    foreign: bool = False
    aside: bool = False
    rest: float = 0.0
    rest_pause: float = 0.0
    drained: float = -inf

    @property
    def words(self) -> Text:
        """Who it is, for people."""
        if self.foreign:
            return Text(self.campaign)
        return phrase("{campaign} wave {wave}", campaign=self.campaign, wave=self.wave)

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
    holder: Text = UNSAID
    until: float = inf


class Stay(NamedTuple):
    """A wave has its lines from `since` to `until` (infinite: nobody knows)."""

    work: Work
    since: float
    until: float


@dataclass(slots=True)
class SimulatedWave:
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

    runs: list[SimulatedWave] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    stuck: dict[str, str] = field(default_factory=dict)


def simulate(
    works: Iterable[Work],
    trunks: Mapping[str, Trunk],
    now: float,
    *,
    late: bool = False,
    unseen: Iterable[str] = (),
) -> Simulation:
    """From `now` on, until all is through that can be. When `unseen` campaigns are over nobody knows."""
    queue = _Queue(trunks, now, late=late)
    queue.open |= dict.fromkeys(unseen, 1)
    queue.go(sorted(works, key=lambda work: work.rank))
    return queue.found


@dataclass(slots=True)
class _Busy:
    """Until when a line is taken, by whom in words, and how much that may spread."""

    until: float
    words: Text
    variance: float = 0.0


class _Key(NamedTuple):
    """What a wave sleeps on: a line that is taken, a campaign that comes before it, or a moment."""

    line: str = ""
    after: str = ""
    ready: float = 0.0


_Place = tuple[tuple[object, ...], int]


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
        # Who waits sleeps on one thing that keeps it, in the order in which lines are given out; the first of
        # them is woken when that is freed, and the next only if it is left over. Else a thousand campaigns on
        # one line would each be asked a thousand times.
        self.asleep: dict[_Key, list[tuple[_Place, Work]]] = {}
        # By the work itself: of what is to come the number is a guess, and two may have the same.
        self.came: dict[int, tuple[float, tuple[str, ...]]] = {}
        self.events: list[tuple[float, _Key]] = []
        self.turn = count()

    def go(self, works: list[Work]) -> None:
        """Give out lines until nobody who wants one can have it any more."""
        for work in works:
            self.open[work.campaign] = self.open.get(work.campaign, 0) + 1
        for work in works:
            self._come(work, self.now)
        for number, busy in self.busy.items():
            heappush(self.events, (busy.until, _Key(line=number)))
        while self.events and (at := self.events[0][0]) < inf:
            self._give_out(at)
        for _, work in sorted(chain.from_iterable(self.asleep.values())):
            self.found.stuck.setdefault(work.campaign, self._why(work))

    def _come(self, work: Work, at: float) -> None:
        """Queue a wave; `ready` is the first thing it waits for."""
        before = tuple(name for name in work.after if self._to_come(name, at))
        self.came[id(work)] = max(at, work.ready), before
        key = _Key(ready=max(work.ready, self.now))
        if not self.asleep.get(key):  # else whoever sleeps on it is woken then, and all with it
            heappush(self.events, (key.ready, key))
        self._sleep(work, key)

    def _sleep(self, work: Work, key: _Key) -> None:
        heappush(self.asleep.setdefault(key, []), ((work.rank, next(self.turn)), work))

    def _give_out(self, at: float) -> None:
        """Start whoever can, in order, of those who waited for what is free from `at` on."""
        first: list[tuple[_Place, _Key]] = []
        self._rouse(first, at)
        while first:
            _, key = heappop(first)
            if not self._wakes(key, at):
                continue
            work = heappop(self.asleep[key])[1]
            keeps = self._keeps(work, at)
            if keeps is None:
                for following in self._start(work, at):
                    self._come(following, at)
                self._rouse(first, at)
            else:
                self._sleep(work, keeps)
            self._offer(first, key, at)

    def _rouse(self, first: list[tuple[_Place, _Key]], at: float) -> None:
        """Take what has become free until then, and the first that waits for it."""
        while self.events and self.events[0][0] <= at:
            self._offer(first, heappop(self.events)[1], at)

    def _offer(self, first: list[tuple[_Place, _Key]], key: _Key, at: float) -> None:
        if self._wakes(key, at):
            heappush(first, (self.asleep[key][0][0], key))

    def _wakes(self, key: _Key, at: float) -> bool:
        """Somebody sleeps on this, and it keeps nobody any more."""
        return bool(self.asleep.get(key)) and not self._kept_by(key, at)

    def _kept_by(self, key: _Key, at: float) -> bool:
        if key.line:
            return self._taken(key.line, at)
        return self._to_come(key.after, at) if key.after else at < key.ready

    def _keeps(self, work: Work, at: float) -> _Key | None:
        """What keeps a wave that is ready from starting: a campaign that comes before it, or a line."""
        keys = [_Key(after=name) for name in work.after]
        keys += [] if work.holding else [_Key(line=line) for line in work.lines]
        return next((key for key in keys if self._kept_by(key, at)), None)

    def _taken(self, line: str, at: float) -> bool:
        return line in self.busy and self.busy[line].until > at

    def _to_come(self, name: str, at: float) -> bool:
        return bool(self.open.get(name)) or self.over.get(name, (at,))[0] > at

    def _waited_for(self, work: Work) -> tuple[str, ...]:
        """The campaigns it had to come after, and who had its lines last since it was ready."""
        since, words = self.came.pop(id(work))
        had = [self.busy[line] for line in work.lines if line in self.busy and not work.holding]
        return tuple(dict.fromkeys([*words, *(busy.words for busy in had if busy.until > since)]))

    def _start(self, work: Work, at: float) -> Iterator[Work]:
        """Play a wave from `at` on: its lines are taken until it is over. What follows it is given back."""
        if work.drained > at:
            self._hold(work, at, work.drained, work.words, handover=0.0)
            self._ended(work, work.drained, 0.0)
            return
        channels = [self.trunks[line].channels if line in self.trunks else None for line in work.lines]
        if work.paused or None in channels:
            words, why = Text(work.campaign), phrase("its lines' channels are not known")
            if work.paused:
                words = phrase("{campaign}, which is paused", campaign=work.campaign)
                why = phrase("it is paused")
            self._hold(work, at, inf, words)
            self.found.stuck.setdefault(work.campaign, why)
            return
        before = [self.busy[line].variance for line in work.lines if line in self.busy]
        before += [self.over[name][1] for name in work.after if name in self.over]
        variance = max(before, default=0.0)
        terms = Terms(sum(channel or 0 for channel in channels), work.habits, work.opening)
        since = max(at, work.begin)
        closes = work.opening.closes(since, self.horizon)
        until = min(work.end, closes, self.horizon)
        pace = Durations(late=self.late, variance=variance)
        course = play(work.tries, since, max(until, since), terms, pace)
        ahead = course.finish
        if at >= work.end:
            # Its turn never comes; of when it would come after its end nothing is known.
            ahead = inf
        elif course.cut and until == work.end:
            ahead = self._unended(work, since, terms, variance)
        elif course.cut and until == self.horizon:
            ahead = course.finish = inf
        waits_for = self._waited_for(work)
        self.found.runs.append(SimulatedWave(work, at, course, terms.channels, ahead, waits_for))
        if at < work.end:
            self._hold(work, at, course.finish, work.words, pace.variance)
        yield from self._following(work, course, until)
        self._ended(work, course.finish, pace.variance)

    def _unended(self, work: Work, since: float, terms: Terms, variance: float) -> float:
        """When it would be through if nothing stopped it."""
        course = play(work.tries, since, self.horizon, terms, Durations(late=self.late, variance=variance))
        return inf if course.cut else course.finish

    def _hold(
        self,
        work: Work,
        since: float,
        until: float,
        words: Text,
        variance: float = 0.0,
        handover: float = HANDOVER,
    ) -> None:
        self.found.stays.append(Stay(work, since, until))
        for line in work.lines:
            self.busy[line] = _Busy(until + handover, words, variance)
            heappush(self.events, (until + handover, _Key(line=line)))

    def _following(self, work: Work, course: Course, until: float) -> Iterator[Work]:
        """The wave that takes up those who were not called, or missed, in it; none past its end."""
        found: list[Work] = []
        if course.cut and until < min(work.end, self.horizon):
            tries = Tries(course.left, 0.0, 0, work.tries.most, work.tries.wait)
            # Lines are given out again on the day on which it may go on.
            opens = next((one.begin for one in work.opening.stretches(until + 1, self.horizon)), inf)
            if course.left >= NOBODY:
                found.append(replace(work, tries=tries, ready=opens))
        again, ready = course.missed * work.share, course.finish + work.pause
        if work.rounds and again >= NOBODY and ready < min(work.end, self.horizon):
            # A round that would begin after the end is none.
            tries = Tries(again, 0.0, 0, work.tries.most, work.tries.wait)
            found.append(replace(work, tries=tries, ready=ready, rounds=work.rounds - 1, rest=0.0))
        for then in found:
            if then.ready == inf:
                continue
            self.open[work.campaign] += 1
            yield replace(then, wave=work.wave + 1, holding=False, follows=True)
        if work.rest and not course.cut:
            tries = Tries(work.rest, 0.0, 0, work.tries.most, work.tries.wait)
            ready = course.finish + work.rest_pause
            number = work.wave + 1 + len(found)
            self.open[work.campaign] += 1
            yield replace(work, wave=number, tries=tries, ready=ready, holding=False, rest=0.0)

    def _ended(self, work: Work, finish: float, variance: float) -> None:
        self.open[work.campaign] -= 1
        former, spread = self.over.get(work.campaign, (finish, variance))
        self.over[work.campaign] = max(former, finish), max(spread, variance)
        heappush(self.events, (finish, _Key(after=work.campaign)))

    def _why(self, work: Work) -> Text:
        """What a campaign waits for that nobody can foresee the end of."""
        for name in work.after:
            if self.open.get(name) or self.over.get(name, (0.0,))[0] == inf:
                return phrase("it begins after {name}, and when that is over cannot be foreseen", name=name)
        for line in work.lines:
            if line in self.busy and self.busy[line].until == inf:
                return phrase(
                    "line {line} is held by {words}, and until when is not known",
                    line=line,
                    words=self.busy[line].words,
                )
        return phrase("it is not through within a year")
