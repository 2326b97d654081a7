"""One repository on disk against one served platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.served import Served, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path / "campaigns") as one:
        yield one
