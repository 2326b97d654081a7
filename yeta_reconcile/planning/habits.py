"""How the people of a campaign answer: who is reached, and how long a call takes a channel. Pure.

By the campaign's own records where there are enough, else its robot's, else the project's, else assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from math import sqrt
from statistics import fmean, pstdev
from typing import NamedTuple

from yeta_reconcile.frozen import dataclass
from yeta_reconcile.store.lengths import Timed

# Fewer calls than these tell of chance more than of people.
FEWEST = 30
# Of so many recalls on their reach is told apart from that of first calls.
FEWEST_RECALLS = 30


class Whose(StrEnum):
    """Whose records say so."""

    OWN = "own"
    ROBOT = "robot"
    PROJECT = "project"
    ASSUMED = "assumed"


class Length(NamedTuple):
    """How long calls take a channel, seconds: on average, and how far they spread."""

    mean: float
    deviation: float


# What holds until records tell: half of the people are reached, and a call takes about half a minute.
_ANSWERED = Length(50.0, 30.0)
_MISSED = Length(22.0, 14.0)


@dataclass(frozen=True, slots=True)
class Habits:
    """Shares of first calls and of recalls that are answered, and how long calls take.

    `talk` is how long an answered call is talked, what is paid for. `doubt` is how far the length of calls
    may be off, as a share of it, and `reach_doubt` the reach, by one standard deviation. `calls` were read.
    """

    reach: float = 0.5
    again: float = 0.5
    answered: Length = _ANSWERED
    missed: Length = _MISSED
    talk: float = 35.0
    doubt: float = 0.3
    reach_doubt: float = 0.12
    source: Whose = Whose.ASSUMED
    calls: int = 0

    def mean(self, reach: float) -> float:
        """How long a call takes, if that share is reached."""
        return reach * self.answered.mean + (1 - reach) * self.missed.mean

    def square(self, reach: float) -> float:
        """The mean square of how long a call takes."""
        return reach * _square(self.answered) + (1 - reach) * _square(self.missed)


ASSUMED = Habits()


def _square(length: Length) -> float:
    return length.mean**2 + length.deviation**2


Records = Callable[[Whose], "Sequence[Timed]"]
"""What is recorded at one level, as far as it is looked at."""


def habits(records: Records) -> Habits:
    """The habits that the nearest source with enough records tells of."""
    for source in (Whose.OWN, Whose.ROBOT, Whose.PROJECT):
        samples = records(source)
        if len(samples) >= FEWEST:
            return _told(samples, source)
    return ASSUMED


def _told(samples: Sequence[Timed], source: Whose) -> Habits:
    first = [sample.reached for sample in samples if not sample.tried]
    later = [sample.reached for sample in samples if sample.tried]
    reach = _share(first or later)
    seconds = [sample.seconds for sample in samples]
    # Whose records they are not is another list of people: it may answer otherwise.
    strange = 0.0 if source is Whose.OWN else 0.08
    return Habits(
        reach=reach,
        again=_share(later) if len(later) >= FEWEST_RECALLS else reach,
        answered=_length((sample.seconds for sample in samples if sample.reached), ASSUMED.answered),
        missed=_length((sample.seconds for sample in samples if not sample.reached), ASSUMED.missed),
        talk=fmean([sample.talk for sample in samples if sample.reached] or [ASSUMED.talk]),
        doubt=pstdev(seconds) / fmean(seconds) / sqrt(len(seconds)) + strange,
        reach_doubt=sqrt(reach * (1 - reach) / len(samples)) + strange / 2,
        source=source,
        calls=len(samples),
    )


def _share(reached: Sequence[bool]) -> float:
    # Nobody is certain to be reached, and nobody certain not to be.
    return (sum(reached) + 0.5) / (len(reached) + 1)


def _length(seconds: Iterable[float], otherwise: Length) -> Length:
    listed = list(seconds)
    return Length(fmean(listed), pstdev(listed)) if listed else otherwise
