"""A state on every engine: what holds for one holds for the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.states import States
from tests.support.postgres import PostgresServer
from yeta_reconcile.store import Store

ENGINES = ("sqlite", "postgresql")


@pytest.fixture(params=ENGINES)
def states(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[States]:
    """Connections to one state with nothing in it, closed at the end."""
    if request.param == "sqlite":
        with States("state/yeta.db", tmp_path) as opened:
            yield opened
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.state() as location, States(location, tmp_path) as opened:
        yield opened


@pytest.fixture(params=ENGINES)
def unmade(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[States]:
    """The same, and no table is there."""
    location = "state/yeta.db"
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        location = server.schema()
    with States(location, tmp_path) as opened:
        yield opened


@pytest.fixture
def store(states: States) -> Store:
    """A new state."""
    return states.open()
