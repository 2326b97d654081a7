"""Who gets a line, and who waits for whom: the one order that plan, apply and forecast go by. Pure.

A line serves one task until that is over (docs/platform.md, row 6). Who holds a line keeps it; of those who
want it comes first who has the higher priority, then who ends earlier, then the name. A line is not kept
free for somebody who cannot have all that he needs: what he does not hold goes to the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import UTC, datetime

from yeta_reconcile.frozen import dataclass
from yeta_reconcile.platform.resources import Task
from yeta_reconcile.wording import Text, phrase

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LineHolder:
    """Who has a line, in words for people; `campaign` is empty where it is none of ours.

    `task` is the other's, where the platform told which it is.
    """

    words: Text
    campaign: str = ""
    wave: int = 0
    until: datetime | None = None
    task: Task | None = None


@dataclass(frozen=True, slots=True)
class LineClaim:
    """A wave that is to ring, and the lines it needs, all of them. `end` is its campaign's, aware."""

    campaign: str
    wave: int
    lines: tuple[str, ...]
    priority: int = 0
    end: datetime | None = None

    @property
    def holder(self) -> LineHolder:
        """Itself once it has its lines."""
        words = phrase("{campaign} wave {wave}", campaign=self.campaign, wave=self.wave)
        return LineHolder(words, self.campaign, self.wave)

    def has(self, holder: LineHolder) -> bool:
        """Whether it is the holder."""
        return (holder.campaign, holder.wave) == (self.campaign, self.wave)


@dataclass(frozen=True, slots=True)
class PlaceInQueue:
    """A claim whose turn has not come: by line who has it, and how many come first who wait for it too."""

    holders: tuple[tuple[str, LineHolder], ...]
    ahead: int = 0


@dataclass(frozen=True, slots=True)
class Queue:
    """`order` are the claims as they are tried; `waiting` those of them that wait, by campaign and wave."""

    order: tuple[LineClaim, ...] = ()
    waiting: Mapping[tuple[str, int], PlaceInQueue] = field(default_factory=dict)


def queue(claims: Iterable[LineClaim], holders: Mapping[str, LineHolder]) -> Queue:
    """Line up claims for lines that are held now, by line."""

    def place(claim: LineClaim) -> tuple[bool, int, datetime, str, int]:
        holds = any(line in holders and claim.has(holders[line]) for line in claim.lines)
        return not holds, -claim.priority, claim.end or _NEVER, claim.campaign, claim.wave

    order = tuple(sorted(claims, key=place))
    taken = dict(holders)
    waiting: dict[tuple[str, int], PlaceInQueue] = {}
    before: dict[str, int] = {}
    for claim in order:
        held = [(line, taken[line]) for line in claim.lines if line in taken and not claim.has(taken[line])]
        if held:
            ahead = max(before.get(line, 0) for line, _ in held)
            waiting[claim.campaign, claim.wave] = PlaceInQueue(tuple(held), ahead)
            before |= {line: before.get(line, 0) + 1 for line, _ in held}
        else:
            taken |= dict.fromkeys(claim.lines, claim.holder)
    return Queue(order, waiting)
