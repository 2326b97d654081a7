"""The same story with the state in PostgreSQL: a spread of troubles, and the loss of the connection."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.journal.story import (
    a_day_later,
    assert_nothing_blind,
    assert_nothing_lost,
    assert_rung_once,
    end_state,
    live_through,
    on_postgresql,
    phases,
    watch_starts,
)
from tests.support.postgres import PostgresServer
from tests.support.trouble import (
    KILLED_AND_LATE,
    KILLED_AT_WRITE,
    KILLED_IN_WRITE,
    KILLED_WRITTEN,
    REQUEST_KINDS,
    Point,
    TroubledLab,
)
from yeta_reconcile.store import Store

# Spread over the story by a step that shares no factor with the number of kinds.
REQUEST_STEP, WRITE_STEP = 29, 27
SHARDS = 40
LOST_BEFORE, LOST_IN, LOST_AT_COMMIT = "lost before a write", "lost in a write", "lost at the commit"
DEATHS = (KILLED_AT_WRITE, KILLED_IN_WRITE, KILLED_WRITTEN)


@dataclass(frozen=True)
class Untroubled:
    """The story as it goes when nothing goes wrong."""

    requests: int
    writes: int
    tasks: dict[str, Any]
    phases: list[tuple[str, str, int]]


@pytest.fixture(scope="module")
def untroubled(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Untroubled:
    lab = on_postgresql(postgres, tmp_path_factory.mktemp("untroubled"))
    live_through(lab)
    requests, writes = len(lab.requests), lab.writes
    a_day_later(lab)
    return Untroubled(requests, writes, end_state(lab), phases(lab))


def assert_as_if_nothing_had_happened(lab: TroubledLab, untroubled: Untroubled) -> None:
    a_day_later(lab)
    assert_rung_once(lab)
    assert_nothing_blind(lab)
    assert_nothing_lost(lab)
    assert end_state(lab) == untroubled.tasks
    assert phases(lab) == untroubled.phases


def spread(untroubled: Untroubled) -> list[Point]:
    kinds, deaths = itertools.cycle(REQUEST_KINDS), itertools.cycle(DEATHS)
    return [
        *(Point("request", nth, next(kinds)) for nth in range(3, untroubled.requests, REQUEST_STEP)),
        Point("request", untroubled.requests // 2, KILLED_AND_LATE),
        *(Point("write", nth, next(deaths)) for nth in range(2, untroubled.writes, WRITE_STEP)),
    ]


@pytest.mark.sweep
def test_a_fault_or_a_death_ends_as_if_nothing_had_happened(
    postgres: PostgresServer, tmp_path: Path, untroubled: Untroubled, record_property: Any
) -> None:
    points = spread(untroubled)
    for index, point in enumerate(points):
        assert goes_wrong_at(postgres, tmp_path / str(index), point, untroubled), str(point)
    record_property("points", len(points))


def goes_wrong_at(server: PostgresServer, root: Path, point: Point, untroubled: Untroubled) -> bool:
    """Live through the story with trouble at one point. Whether the trouble struck at all."""
    lab = on_postgresql(server, root, point)
    watch_starts(lab)
    live_through(lab)
    assert_as_if_nothing_had_happened(lab, untroubled)
    return lab.struck


@pytest.mark.torture
@pytest.mark.parametrize("shard", range(SHARDS))
def test_every_trouble_at_every_call_and_every_death_at_a_write_ends_as_if_nothing_had_happened(
    shard: int, postgres: PostgresServer, tmp_path: Path, untroubled: Untroubled, record_property: Any
) -> None:
    points = [
        *(Point("request", nth, kind) for nth in range(1, untroubled.requests + 1) for kind in REQUEST_KINDS),
        *(Point("write", nth, kind) for nth in range(1, untroubled.writes + 1) for kind in DEATHS),
    ][shard::SHARDS]
    struck = sum(
        goes_wrong_at(postgres, tmp_path / str(index), point, untroubled)
        for index, point in enumerate(points)
    )
    record_property("points", struck)


class Unplugged(TroubledLab):
    """The connection to the state is lost at a write, and comes back by itself."""

    @contextmanager
    def store(self, *, create: bool = True) -> Iterator[Store]:
        with super().store(create=create) as store:
            database: Any = store.database
            write, commit = database.write, database._commit

            def lost(kind: str) -> bool:
                return self.point is not None and (self.point.nth, self.point.kind) == (self.writes, kind)

            @contextmanager
            def writing(**how: bool) -> Iterator[Any]:
                if self.point and (self.point.nth, self.point.kind) == (self.writes + 1, LOST_BEFORE):
                    database._connection.close()
                with write(**how) as transaction:
                    yield transaction
                    if lost(LOST_IN):
                        database._connection.close()

            def committing() -> None:
                if lost(LOST_AT_COMMIT):
                    # It is stored, and nobody hears of it.
                    database._connection.execute("COMMIT")
                    database._connection.close()
                commit()

            database.write, database._commit = writing, committing
            yield store


@pytest.mark.sweep
def test_a_connection_lost_at_any_of_these_writes_ends_as_if_nothing_had_happened(
    postgres: PostgresServer, tmp_path: Path, untroubled: Untroubled, record_property: Any
) -> None:
    kinds = itertools.cycle((LOST_BEFORE, LOST_IN, LOST_AT_COMMIT))
    points = [Point("write", nth, next(kinds)) for nth in range(5, untroubled.writes, WRITE_STEP)]
    for index, point in enumerate(points):
        calm = on_postgresql(postgres, tmp_path / str(index))
        lab = Unplugged(calm.root, calm.emulator, point=point, state=calm.state)
        live_through(lab)
        assert_as_if_nothing_had_happened(lab, untroubled)
    record_property("points", len(points))
