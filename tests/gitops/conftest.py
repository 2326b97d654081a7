"""A served platform with a repository, for tests that run the command; its state on either engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.postgres import PostgresServer
from tests.support.served import Served, served

KEY = "the key of the pipelines"


@pytest.fixture(params=("sqlite", pytest.param("postgresql", marks=pytest.mark.torture)))
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def here(request: pytest.FixtureRequest, engine: str, tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path / "campaigns") as one:
        if engine == "postgresql":
            server: PostgresServer = request.getfixturevalue("postgres")
            one.environ |= {"YETA_STATE": server.schema(), "YETA_STATE_KEY": KEY}
        yield one
