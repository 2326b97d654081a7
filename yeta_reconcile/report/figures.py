"""What a report shows, as values: counts of people and of calls, nothing that leads to a person. Pure."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, MutableSequence, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate, chain
from math import inf

from yeta_reconcile.plan.foresight import Course
from yeta_reconcile.platform.coercion import FIRST_MS, LAST_MS
from yeta_reconcile.wording import Text

# Upper ends of the lengths that are counted together, in seconds of talk; the last has none.
LENGTHS = (5, 10, 20, 30, 45, 60, 90, 120, 180, 300)
# Fewer steps than this show how a campaign went.
STEPS_MS = tuple(
    minutes * 60_000 for minutes in (1, 2, 5, 10, 20, 30, 60, 120, 240, 480, 1440, 2880, 10080, 43200)
)
MOST_STEPS = 90
MOST_POINTS = 240
TICKS_MS = tuple(
    minutes * 60_000 for minutes in (1, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080, 20160)
)


def _numbers() -> MutableSequence[int]:
    """Of everybody one: in a fifth of the room that a list takes."""
    return array("q")


@dataclass(slots=True)
class Counted:
    """Calls of one kind: how many, how many were answered, refused, failed by the line, and talked for."""

    calls: int = 0
    connected: int = 0
    refused: int = 0
    faults: int = 0
    talk: int = 0

    def add(self, other: Counted) -> None:
        """These calls, and those of the other."""
        self.calls += other.calls
        self.connected += other.connected
        self.refused += other.refused
        self.faults += other.faults
        self.talk += other.talk


@dataclass(frozen=True, slots=True)
class Wait:
    """People who wait for one reason; `wave` is 0 for those in none."""

    campaign: str
    wave: int
    why: str
    people: int


@dataclass(frozen=True, slots=True)
class Held:
    """Who has a line from when to when: a wave (0 where `holder` is no campaign of ours).

    `until` None: nobody knows. Until `sure` it is known that it had the line; what follows is foreseen.
    """

    line: str
    holder: Text
    wave: int
    since: datetime
    until: datetime | None
    sure: datetime


@dataclass(slots=True)
class CampaignFigures:
    """One campaign in numbers. `state` is what the documents say, "" if none declares it any more."""

    name: str
    kind: str = "Campaign"
    state: str = ""
    people: int = 0
    submitted: int = 0
    dialled: int = 0
    reached: int = 0
    again: int = 0
    missing: int = 0
    finish: datetime | None = None
    fits: bool = True
    cost: float | None = None
    tally: Counted = field(default_factory=Counted)


@dataclass(frozen=True, slots=True)
class Quality:
    """What keeps the figures from being whole: pushes that wait or could not be read, records that miss."""

    missing: int = 0
    pending: int = 0
    stuck: int = 0
    dead: int = 0
    unrecorded: int = 0
    nobodys: int = 0
    elsewhere: int = 0


@dataclass(slots=True)
class Figures:
    """All that a page shows. `at` is now in the project's timezone; `campaign` is the one it is about, or "".

    People count once a campaign, by their last result; calls each. `hours` and `days` are calls by the
    clock's hour and the weekday (0 Monday), `attempts` by the how-manieth call to a person, `rounds` by the
    how-manieth wave; `dialled` and `answered` are the moments of each person's first call and first answer,
    ms. `answers` are those of each person's last dialog, by question.
    `timetable` holds what was `foreseen` at that moment, `ahead` by when (ms) how many were to have been
    called, as was foreseen first of whom a campaign calls at present.
    """

    project: str
    environment: str
    at: datetime
    campaign: str = ""
    currency: str = ""
    halted: str = ""
    last_push: datetime | None = None
    campaigns: list[CampaignFigures] = field(default_factory=list)
    meanings: Counter[str] = field(default_factory=Counter)
    results: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    tags: Counter[str] = field(default_factory=Counter)
    hours: dict[int, Counted] = field(default_factory=dict)
    days: dict[int, Counted] = field(default_factory=dict)
    lines: dict[str, Counted] = field(default_factory=dict)
    attempts: dict[int, Counted] = field(default_factory=dict)
    rounds: dict[int, Counted] = field(default_factory=dict)
    lengths: Counter[int] = field(default_factory=Counter)
    seconds: MutableSequence[int] = field(default_factory=_numbers)
    answers: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    dialled: MutableSequence[int] = field(default_factory=_numbers)
    answered: MutableSequence[int] = field(default_factory=_numbers)
    waits: list[Wait] = field(default_factory=list)
    quality: Quality = field(default_factory=Quality)
    timetable: list[Held] = field(default_factory=list)
    foreseen: datetime | None = None
    ahead: list[tuple[int, float]] = field(default_factory=list)

    def total(self, name: str) -> int:
        """A count of people, over all campaigns."""
        return sum(getattr(campaign, name) for campaign in self.campaigns)

    @property
    def calls(self) -> Counted:
        """All calls together."""
        together = Counted()
        for campaign in self.campaigns:
            together.add(campaign.tally)
        return together

    @property
    def cost(self) -> float | None:
        """What the calls cost so far; None without a price."""
        known = [campaign.cost for campaign in self.campaigns if campaign.cost is not None]
        return round(sum(known), 2) if known else None

    @property
    def finish(self) -> datetime | None:
        """When the last campaign of those that have a forecast will be over."""
        return max((campaign.finish for campaign in self.campaigns if campaign.finish), default=None)


def progress(figures: Figures) -> tuple[list[int], list[int], list[int]]:
    """Moments (ms), and how many people had been called, and reached, by each of them.

    What a version kept that is no moment (`coercion.instant`) has no place in the course.
    """
    first = min(_moments(figures.dialled), default=None)
    if first is None:
        return [], [], []
    last = max(chain(_moments(figures.dialled), _moments(figures.answered)))
    step = next((step for step in STEPS_MS if (last - first) / step <= MOST_STEPS), None)
    step = step or -(-(last - first) // MOST_STEPS)
    marks = [first, *range(first - first % step + step, last, step), last]
    return marks, _until(figures.dialled, marks), _until(figures.answered, marks)


def _moments(kept: Iterable[int]) -> Iterator[int]:
    return (one for one in kept if FIRST_MS <= one < LAST_MS)


def together(curves: Collection[Sequence[tuple[int, int]]]) -> list[tuple[int, float]]:
    """Curves of people over moments (ms) as one, of so many points as can be drawn."""
    moments = sorted({moment for curve in curves for moment, _ in curve})
    moments = [*moments[: -1 : -(-len(moments) // MOST_POINTS)], *moments[-1:]] if moments else []
    return [(moment, sum(_height(curve, moment) for curve in curves)) for moment in moments]


def as_planned(dialled: Collection[int], line: Course) -> list[tuple[int, int]]:
    """How many were to be called by when (ms): as it went until `line` begins, and by that from then on."""
    begin, most = line[0] if line else (inf, len(dialled))
    went = sorted(moment for moment in _moments(dialled) if moment < begin)
    step = -(-len(went) // MOST_STEPS) or 1
    kept = [(moment, min(at, most)) for at, moment in enumerate(went, 1) if not at % step or at == len(went)]
    return [*kept, *line]


def _height(curve: Sequence[tuple[int, int]], moment: int) -> float:
    after = bisect_right(curve, moment, key=lambda point: point[0])
    if after in {0, len(curve)}:
        return curve[-1][1] if after and curve else 0
    (begin, low), (end, high) = curve[after - 1], curve[after]
    return low + (high - low) * (moment - begin) / (end - begin)


def ticks(first: float, last: float, most: int, now: datetime) -> list[float]:
    """At most so many moments from one to another (ms), each whole on the clock; at least the first."""
    offset = (now.utcoffset() or timedelta()).total_seconds() * 1000
    span = (last - first) / (most - 1)
    step = next((float(step) for step in TICKS_MS if step >= span), span)
    start = first + offset + (-(first + offset)) % step - offset
    found: list[float] = []
    while start <= last:
        found.append(start)
        start += step
    return found or [first]


def _until(kept: Iterable[int], marks: list[int]) -> list[int]:
    counted = Counter(bisect_left(marks, moment) for moment in _moments(kept))
    return [*accumulate(counted[at] for at in range(len(marks)))]


def share(part: int, whole: int) -> float:
    """A part of a whole, 0 of nothing."""
    return part / whole if whole else 0.0


def in_order(tallies: Mapping[int, Counted]) -> list[tuple[int, Counted]]:
    """By ascending key, none left out between the first and the last."""
    if not tallies:
        return []
    return [(key, tallies.get(key, Counted())) for key in range(min(tallies), max(tallies) + 1)]
