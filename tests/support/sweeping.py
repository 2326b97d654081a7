"""A scenario gone through once for each fault that may meet one of its calls."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.trouble import KILLED_AFTER, REQUEST_KINDS, WRITE_KINDS, Point, TroubledLab

CHANGES = {"create", "insert", "start", "pause", "delete"}


# What tells most of a change: carried out and unanswered, not carried out, and death on either side.
TELLING = ("executed, unanswered", KILLED_AFTER)
# Of the writes, which are many, each so manieth has its turn; the long form has them all.
STRIDE = 30


def every_point(lab: TroubledLab, kinds: tuple[str, ...]) -> list[Point]:
    requests, writes = range(1, len(lab.requests) + 1), range(1, lab.writes + 1)
    found = [Point("request", nth, kind) for nth in requests for kind in kinds]
    return found + [
        Point("write", nth, kind) for nth in writes for kind in WRITE_KINDS if kinds is REQUEST_KINDS
    ]


def a_share(lab: TroubledLab, kinds: tuple[str, ...]) -> list[Point]:
    turns, deaths = itertools.cycle(kinds), itertools.cycle(WRITE_KINDS)
    changes = [nth for nth, call in enumerate(lab.requests, 1) if call in CHANGES]
    found = [Point("request", nth, next(turns)) for nth in changes]
    writes = range(1, lab.writes + 1, STRIDE) if kinds is TELLING else ()
    return found + [Point("write", nth, next(deaths)) for nth in writes]


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
