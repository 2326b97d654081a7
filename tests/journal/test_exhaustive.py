"""Every call and every write of a whole story, in turn, goes wrong in every way: the end is the same."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.journal.story import (
    a_day_later,
    a_lab,
    assert_nothing_blind,
    assert_nothing_lost,
    assert_rung_once,
    end_state,
    live_through,
    phases,
    watch_starts,
)
from tests.support.sweeping import CHANGES, TELLING, go_through
from tests.support.trouble import (
    REQUEST_KINDS,
    WRITE_KINDS,
    Point,
)

# Of the writes, which are many, each fifth has its turn; the long form has them all.
STRIDE, SHARDS = 5, 6


@dataclass(frozen=True)
class Untroubled:
    """The story as it goes when nothing goes wrong."""

    requests: tuple[str, ...]
    writes: int
    tasks: dict[str, Any]
    phases: list[tuple[str, str, int]]


@pytest.fixture(scope="session")
def untroubled(tmp_path_factory: pytest.TempPathFactory) -> Untroubled:
    lab = a_lab(tmp_path_factory.mktemp("untroubled"))
    live_through(lab)
    requests, writes = tuple(lab.requests), lab.writes
    a_day_later(lab)
    return Untroubled(requests, writes, end_state(lab), phases(lab))


def every_point(story: Untroubled) -> list[Point]:
    """Each request and each write with each kind of trouble."""
    requests = [
        Point("request", nth, kind) for nth in range(1, len(story.requests) + 1) for kind in REQUEST_KINDS
    ]
    writes = [Point("write", nth, kind) for nth in range(1, story.writes + 1) for kind in WRITE_KINDS]
    return [*requests, *writes]


def a_share(story: Untroubled) -> list[Point]:
    """Each change with the most telling kinds; each other request, and some writes, with one kind in turn."""
    points = []
    kinds, deaths = itertools.cycle(REQUEST_KINDS), itertools.cycle(WRITE_KINDS)
    for nth, call in enumerate(story.requests, 1):
        if call in CHANGES:
            points += [Point("request", nth, kind) for kind in TELLING]
        points.append(Point("request", nth, next(kinds)))
    points += [Point("write", nth, next(deaths)) for nth in range(1, story.writes + 1, STRIDE)]
    return list(dict.fromkeys(points))


def goes_wrong_at(story: Untroubled, root: Path, point: Point) -> bool:
    """Live through the story with trouble at one point. Whether the trouble struck at all."""
    lab = a_lab(root, point)
    watch_starts(lab)
    live_through(lab)
    a_day_later(lab)
    assert_rung_once(lab)
    assert_nothing_blind(lab)
    assert end_state(lab) == story.tasks
    assert phases(lab) == story.phases
    assert_nothing_lost(lab)
    return lab.struck


@pytest.mark.sweep
@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_fault_or_a_death_at_any_call_or_write_ends_as_if_nothing_had_happened(
    shard: int, tmp_path: Path, untroubled: Untroubled, record_property: Any
) -> None:
    live = partial(goes_wrong_at, untroubled)
    go_through(a_share(untroubled)[shard::SHARDS], tmp_path, live, record_property, shard)


@pytest.mark.torture
@pytest.mark.parametrize("shard", range(4 * SHARDS))
def test_every_kind_of_trouble_at_every_call_and_write_ends_as_if_nothing_had_happened(
    shard: int, tmp_path: Path, untroubled: Untroubled, record_property: Any
) -> None:
    live = partial(goes_wrong_at, untroubled)
    go_through(every_point(untroubled)[shard :: 4 * SHARDS], tmp_path, live, record_property, shard)
