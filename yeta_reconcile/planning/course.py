"""How one wave goes once it has its lines: tries, hours, and the calls that are still in progress. Pure.

It counts calls by the thousand and simulates none of them. A batch of calls of mean length m and mean square
q keeps C channels busy for (number × m / C) seconds, less what the calls in progress still take when the last
one is dialled: by renewal theory q / 2m each, and of C such calls the longest about ln C + 0.58 times that.
The same rest is what a window gives beyond its close, since a call that was dialled goes on.
"""

from __future__ import annotations

from dataclasses import field
from math import inf, log, sqrt
from typing import NamedTuple

from yeta_reconcile.frozen import dataclass
from yeta_reconcile.planning.habits import Habits
from yeta_reconcile.planning.openings import Opening

# What nine of ten stay below, in standard deviations.
NINE_OF_TEN = 1.2816
# So few people to call again are nobody; a late finish asks whether there may be one.
NOBODY = 0.5
NOBODY_SURELY = 0.1
_EULER = 0.5772


@dataclass(frozen=True, slots=True)
class Terms:
    """What calls go out on: so many channels at once, people of such habits, and when."""

    channels: int
    habits: Habits
    opening: Opening


class Tries(NamedTuple):
    """What is left to call: `rows` of the try that is under way, and who was `missed` by it until now.

    `tried` is which try that is (0: the first), `most` how many there are after the first. The `wait` before
    each is seconds, and so many of it have been `waited` already; none of `rows` are left then.
    """

    rows: float
    missed: float = 0.0
    tried: int = 0
    most: int = 0
    wait: float = 0.0
    waited: float = 0.0


@dataclass(slots=True)
class Durations:
    """How long things take: as expected, or so late that nine of ten are sooner.

    What spreads by chance adds up in quadrature from wave to wave of a line (`variance`, seconds squared);
    what is not known of people's habits adds up as it is.
    """

    late: bool = False
    variance: float = 0.0

    def chance(self, variance: float) -> float:
        """Seconds that a step takes longer whose length spreads so far."""
        before = self.variance
        self.variance += variance
        return NINE_OF_TEN * (sqrt(self.variance) - sqrt(before)) if self.late else 0.0

    def doubted(self, habits: Habits) -> float:
        """The factor by which calls may be longer than is known."""
        return 1 + NINE_OF_TEN * habits.doubt if self.late else 1.0

    def reach(self, habits: Habits, tried: int) -> float:
        """The share that answers."""
        share = habits.again if tried else habits.reach
        return max(share - NINE_OF_TEN * habits.reach_doubt, 0.02) if self.late else share


@dataclass(slots=True)
class Course:
    """How it went. Times are seconds of the epoch.

    `first` is when the first call went out; `finish` when the last ended (infinite: beyond what is looked
    at); `dialled` rows were called for the first time, `left` ones not, `missed` ones called in vain.
    """

    first: float = inf
    finish: float = inf
    calls: float = 0.0
    answered: float = 0.0
    dialled: float = 0.0
    left: float = 0.0
    missed: float = 0.0
    cut: bool = False
    """Whether it was stopped before it was through."""
    steps: list[tuple[float, float]] = field(default_factory=list)
    """By when how many were called for the first time, at both ends of each stretch of calling."""


def play(tries: Tries, start: float, until: float, terms: Terms, pace: Durations) -> Course:
    """Call all of them from `start` on, and stop at `until`."""
    course = Course()
    at, rows, missed, waited = start, tries.rows, tries.missed, tries.waited
    if not rows and not waited:
        # The last calls of the try are in progress, or have just ended.
        at += terms.habits.mean(terms.habits.reach)
    nobody = NOBODY_SURELY if pace.late else NOBODY
    for tried in range(tries.tried, tries.most + 1):
        if rows > 0:
            reach = pace.reach(terms.habits, tried)
            dialling = _dial(rows, reach, at, until, terms, pace)
            course.steps += [] if tried else dialling.steps
            course.first = min(course.first, dialling.first)
            course.calls += dialling.calls
            course.answered += dialling.calls * reach
            course.dialled += dialling.calls if not tried else 0
            missed += dialling.calls * (1 - reach)
            at = dialling.finish
            if dialling.calls < rows:
                course.left = rows - dialling.calls if not tried else 0
                course.cut = True
                break
        if tried == tries.most or missed < nobody:
            break
        at, waited = at + tries.wait - waited, 0.0
        if at >= until:
            course.cut, at = True, until
            break
        rows, missed = missed, 0.0
    course.finish, course.missed = at, missed
    return course


class _Dialling(NamedTuple):
    first: float
    finish: float
    calls: float
    steps: list[tuple[float, float]]


def _dial(rows: float, reach: float, at: float, until: float, terms: Terms, pace: Durations) -> _Dialling:
    """One call to each of them; `finish` is when the last of these ends."""
    steps: list[tuple[float, float]] = []
    habits, channels = terms.habits, terms.channels
    longer = pace.doubted(habits)
    mean, square = habits.mean(reach) * longer, habits.square(reach) * longer**2
    rest = square / (2 * mean)
    need = rows * mean / channels
    need += pace.chance(rows * max(square - mean * mean, 0.0) / channels**2)
    first, left, last = inf, need, until
    for stretch in terms.opening.stretches(at, until):
        begin, end = max(stretch.begin, at), min(stretch.end, until)
        if end <= begin:
            continue
        first = min(first, begin)
        steps.append((begin, rows * (1 - left / need)))
        # As many as there are channels are dialled at once.
        if rows <= channels or left <= end - begin + rest:
            last = begin if rows <= channels else begin + max(left - rest, 0.0)
            tail = _tail(min(rows, channels), rest, habits, reach, filled=rows > channels)
            steps.append((last, rows))
            return _Dialling(first, last + tail + pace.chance((1.28 * rest) ** 2), rows, steps)
        left, last = left - (end - begin + rest), end
        steps.append((end, rows * (1 - left / need)))
    return _Dialling(first, last, rows * (1 - left / need), steps)


def _tail(calls: float, rest: float, habits: Habits, reach: float, *, filled: bool) -> float:
    """How long the last calls go on after the last of them was dialled."""
    talking = calls * reach
    if filled:
        return rest * _harmonic(calls)
    if talking < 1:
        return talking * habits.answered.mean + (1 - talking) * habits.missed.mean
    return habits.answered.mean + habits.answered.deviation * (_harmonic(talking) - 1)


def _harmonic(number: float) -> float:
    return log(number) + _EULER + 1 / (2 * number) if number > 1 else 1.0
