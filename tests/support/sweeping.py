"""A scenario gone through once for each fault that may meet one of its calls."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.support.trouble import (
    KILLED_AFTER,
    Point,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CHANGES = {"create", "insert", "start", "pause", "delete"}


# What tells most of a change: carried out and unanswered, not carried out, and death on either side.
TELLING = ("executed, unanswered", KILLED_AFTER)


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
