"""A scenario gone through once for each fault that may meet one of its calls."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark import ParameterSet

from tests.support.trouble import KILLED_AFTER, REQUEST_KINDS, WRITE_KINDS, Point

CHANGES = {"create", "insert", "start", "pause", "delete"}
# What tells most of a change: carried out and unanswered, death after it, not carried out, proven not to be.
TELLING = ("executed, unanswered", KILLED_AFTER, "closed before execution", "busy, three times")


@dataclass(frozen=True, slots=True)
class Share:
    """One in so many of a sweep's points: the suite's part of it. `make torture` goes through all of them.

    Changes have the most telling kinds in turn, so that each kind of call meets each of them; of the inserts,
    of which a list takes many, only some. Any request has one of all kinds in turn, a write one death.
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
    points = []
    for change in sorted(CHANGES & {*calls}):
        places = [nth for nth, call in enumerate(calls, 1) if call == change]
        places = places[:: share.inserts] if change == "insert" else places
        many = max(len(places), len(telling))
        turns = zip(itertools.cycle(places), itertools.cycle(telling), strict=False)
        points += [Point("request", nth, kind) for nth, kind in itertools.islice(turns, many)]
    asked = range(1, len(calls) + 1, share.requests) if share.requests else ()
    points += map(partial(Point, "request"), asked, itertools.cycle(REQUEST_KINDS))
    dying = range(1, writes + 1, share.writes) if share.writes else ()
    points += map(partial(Point, "write"), dying, itertools.cycle(WRITE_KINDS))
    return list(dict.fromkeys(points))


def latin(one_in: int, *axes: Sequence[Any]) -> list[ParameterSet]:
    """All combinations of some values, of which the suite has one in so many, and `make torture` the rest.

    The suite's are a Latin square: no two of them differ in one value alone.
    """
    return [
        pytest.param(
            *(value for _, value in picked),
            marks=() if sum(at for at, _ in picked) % one_in == 0 else pytest.mark.torture,
        )
        for picked in itertools.product(*map(enumerate, axes))
    ]


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
