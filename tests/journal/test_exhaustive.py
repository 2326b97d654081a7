"""Every call and every write of a whole story, in turn, goes wrong in every way: the end is the same."""

from __future__ import annotations

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
from tests.support.sweeping import SHARES, a_share, every_point, go_through
from tests.support.trouble import REQUEST_KINDS, WRITE_KINDS, Point

SHARDS = 2


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


def the_suites_points(story: Untroubled) -> list[Point]:
    """Every kind of call and every kind of trouble is among them."""
    points = a_share(SHARES["story"], story.requests, story.writes)
    assert {point.kind for point in points} == {*REQUEST_KINDS, *WRITE_KINDS}
    met = {story.requests[point.nth - 1] for point in points if point.what == "request"}
    assert met == {*story.requests}
    return points


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
    points = the_suites_points(untroubled)[shard::SHARDS]
    go_through(points, tmp_path, partial(goes_wrong_at, untroubled), record_property, shard)


@pytest.mark.torture
@pytest.mark.parametrize("shard", range(24))
def test_every_kind_of_trouble_at_every_call_and_write_ends_as_if_nothing_had_happened(
    shard: int, tmp_path: Path, untroubled: Untroubled, record_property: Any
) -> None:
    points = every_point(untroubled.requests, untroubled.writes, REQUEST_KINDS)[shard::24]
    go_through(points, tmp_path, partial(goes_wrong_at, untroubled), record_property, shard)
