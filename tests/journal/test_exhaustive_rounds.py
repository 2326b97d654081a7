"""Two rounds, whatever goes wrong in the second: whoever is in it is rung once more, and nobody else.

The judge is the platform's own log of who was rung.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.journal.round_story import times, two_rounds
from tests.support.postgres import PostgresServer
from tests.support.sweeping import SHARES, a_share, every_point, go_through
from tests.support.trouble import FROZEN_KINDS, FROZEN_SENT, KILLED_AFTER, REQUEST_KINDS, Point

pytestmark = pytest.mark.sweep

SHARDS = 8


def goes_wrong_at(root: Path, point: Point, server: PostgresServer | None = None) -> bool:
    """Live through it with trouble at one point of the second round. Whether the trouble struck at all."""
    lab = two_rounds(root, point, server)
    assert times(lab) == {0: 1, 1: 2, 2: 2}
    return lab.struck


def test_a_runner_that_slept_over_a_round_changes_nothing(tmp_path: Path, record_property: Any) -> None:
    points = a_share(SHARES["frozen"], two_rounds(tmp_path / "calm").requests, 0, FROZEN_KINDS[:3])
    go_through(points, tmp_path, goes_wrong_at, record_property)


def test_nor_does_one_whose_state_is_in_postgresql_nor_its_death(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    nth = two_rounds(tmp_path / "calm").requests.index("start") + 1
    for kind in (FROZEN_SENT, KILLED_AFTER):
        assert goes_wrong_at(tmp_path / kind, Point("request", nth, kind), postgres)


@pytest.mark.torture
@pytest.mark.parametrize("on", ["sqlite", "postgresql"])
@pytest.mark.parametrize("shard", range(SHARDS))
def test_every_trouble_at_every_call_of_a_round_ends_as_if_nothing_had_gone_wrong(
    shard: int, on: str, postgres: PostgresServer, tmp_path: Path, record_property: Any
) -> None:
    server = postgres if on == "postgresql" else None
    calm = two_rounds(tmp_path / "calm", server=server)
    points = [
        *every_point(calm.requests, calm.writes, REQUEST_KINDS),
        *every_point(calm.requests, 0, FROZEN_KINDS),
    ]
    wrong = partial(goes_wrong_at, server=server)
    go_through(points[shard::SHARDS], tmp_path, wrong, record_property, shard)
