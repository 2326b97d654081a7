"""What is foreseen with a plan: when campaigns will be through, at what price, and which line is whose when.

Pure values. How they come about is `planning/simulation.py`'s.
"""

from collections.abc import Collection, Mapping
from dataclasses import KW_ONLY, field
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, Field, PlainSerializer, WithJsonSchema

from yeta_reconcile.frozen import dataclass
from yeta_reconcile.wording import UNSAID, Text

# What may stand in the JSON of a plan, and how a moment is spelled there.
Count = Annotated[int, Field(ge=0)]
Moment = Annotated[
    AwareDatetime,
    PlainSerializer(datetime.isoformat, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


@dataclass(frozen=True, slots=True)
class Forecast:
    """When a campaign will be through, if nothing changes; `fits` says whether before its end.

    `finish` is what is to be expected, `finish_late` what it stays below nine times in ten; None: not
    foreseen. `calls`, talked `minutes` and their `cost` are of what is still to come; a cost of None: no
    price is declared. `source` names whose records tell how people answer: own, robot, project, or assumed.
    `waits_for` has its lines before it.
    """

    campaign: str
    _: KW_ONLY
    start: Moment | None = None
    """When its first call will go out; null is not to be foreseen."""
    finish: Moment | None
    """When it will be through, if nothing changes; null is not to be foreseen."""
    finish_late: Moment | None = None
    """What it stays below nine times in ten."""
    fits: bool
    """Whether `finish` is before its end."""
    calls: Count = 0
    """Calls that are still to come, those to people who were missed included."""
    minutes: Annotated[float, Field(ge=0)] = 0.0
    """What will be talked in them."""
    cost: float | None = None
    """What they will cost; null if the project declares no price."""
    currency: str = ""
    source: Annotated[str, Field(json_schema_extra={"enum": ["", "own", "robot", "project", "assumed"]})] = ""
    """Whose records tell how people answer."""
    waits_for: tuple[str, ...] = ()
    """Who has its lines, or has to be over, before it begins."""
    detail: Text = UNSAID


@dataclass(frozen=True, slots=True)
class LineUse:
    """Who has a line from `since` to `until` (None: nobody knows): a wave, or a `holder` that is not ours.

    Neither: nobody has it, as far as is foreseen.
    """

    line: str
    _: KW_ONLY
    campaign: str | None = None
    wave: int | None = None
    since: Annotated[Moment, Field(alias="from")]
    until: Annotated[Moment | None, Field(alias="to")]
    """null: nobody knows until when."""
    holder: Text = UNSAID
    """Who has it that is no campaign of the project."""

    @property
    def idle(self) -> bool:
        """Whether nobody has it."""
        return self.campaign is None and not self.holder


# By campaign: moments, and how many more will have been called by each.
Called = Mapping[str, tuple[tuple[Moment, Count], ...]]


# When (ms), and how many were to have been called by then.
Course = tuple[tuple[int, int], ...]
MOST_POINTS = 48


def course(
    at: datetime, before: int, more: Collection[tuple[datetime, int]], finish: datetime | None
) -> Course:
    """What was foreseen `at` a moment, from the first call that was to come to its finish; not too closely.

    `before` had been called before.
    """
    if not more:
        return ()
    points = [(at, 0), *more]
    points += [(finish, points[-1][1])] if finish else []
    began = next((at for at, (_, many) in enumerate(points) if many), 1) - 1
    points = points[began:]
    step = -(-len(points) // MOST_POINTS)
    kept = [*points[:-1:step], points[-1]]
    return tuple((int(moment.timestamp() * 1000), before + many) for moment, many in kept)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What was foreseen `at` a moment, for whoever has no platform at hand."""

    at: Moment
    forecast: tuple[Forecast, ...] = ()
    timetable: tuple[LineUse, ...] = ()
    called: Called = field(default_factory=dict)
    """By when how many more will have been called, by campaign, where that was looked at."""
    first: Mapping[str, Course] = field(default_factory=dict)
    """By campaign, what was foreseen first of those whom it calls at present."""
