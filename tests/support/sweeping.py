"""A scenario gone through once for each fault that may meet one of its calls."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.trouble import KILLED_AFTER, REQUEST_KINDS, WRITE_KINDS, Point

CHANGES = {"create", "insert", "start", "pause", "delete"}
# What tells most of a change: carried out and unanswered, not carried out, and death on either side.
TELLING = ("executed, unanswered", KILLED_AFTER)


@dataclass(frozen=True, slots=True)
class Share:
    """One in so many of a sweep's points: the suite's part of it. `make torture` goes through all of them.

    Each change that is sent has one of the most telling kinds in turn, but of the inserts, of which a list
    takes many, only some; any request has one of all kinds in turn; a write, one way in which it dies.
    """

    inserts: int = 1
    requests: int = 0
    writes: int = 0


# The suite's part of each sweep. Where one is made smaller, a decisive line is broken to see it still fail.
SHARES = {
    "story": Share(inserts=4, requests=3, writes=12),
    "canary": Share(writes=40),
    "days": Share(inserts=2, writes=40),
    "frozen": Share(inserts=4),
}


def every_point(calls: Sequence[str], writes: int, kinds: tuple[str, ...]) -> list[Point]:
    """Each request with each kind of trouble and, unless it is about frozen runners, each write that dies."""
    requests = range(1, len(calls) + 1)
    found = [Point("request", nth, kind) for nth in requests for kind in kinds]
    deaths = WRITE_KINDS if kinds is REQUEST_KINDS else ()
    return found + [Point("write", nth, kind) for nth in range(1, writes + 1) for kind in deaths]


def a_share(
    share: Share, calls: Sequence[str], writes: int, telling: tuple[str, ...] = TELLING
) -> list[Point]:
    """The suite's part of a sweep."""
    numbered = [*enumerate(calls, 1)]
    inserts = [nth for nth, call in numbered if call == "insert"][:: share.inserts]
    changes = [nth for nth, call in numbered if call in CHANGES and (call != "insert" or nth in inserts)]
    asked = range(1, len(calls) + 1, share.requests) if share.requests else ()
    dying = range(1, writes + 1, share.writes) if share.writes else ()
    parts = (("request", changes, telling), ("request", asked, REQUEST_KINDS), ("write", dying, WRITE_KINDS))
    points = [
        Point(what, nth, kind)
        for what, places, kinds in parts
        for nth, kind in zip(places, itertools.cycle(kinds), strict=False)
    ]
    return list(dict.fromkeys(points))


def go_through(
    points: list[Point], root: Path, live: Callable[[Path, Point], bool], record: Any, shard: int = 0
) -> None:
    """Live through a story once for each point; all that go wrong are named."""
    failed = {}
    struck: Counter[str] = Counter()
    for index, point in enumerate(points):
        try:
            struck[point.kind] += live(root / str(index), point)
        except Exception as error:  # noqa: BLE001 -- all points are reported, not the first that fails
            failed[str(point)] = f"{type(error).__name__}: {error}"
    record("points", sum(struck.values()))
    lines = "\n".join(f"{point} → {why[:400]}" for point, why in failed.items())
    assert not failed, f"{len(failed)} of {len(points)} points failed in shard {shard}:\n{lines}"
    assert struck
