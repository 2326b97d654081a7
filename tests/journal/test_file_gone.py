"""The state's file goes while an apply is under way: it stops before the next call."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.support.footing import TAKEN_AWAY
from tests.support.lab import Lab
from yeta_reconcile.errors import StateGone


def staged_and_started(root: Path, strike: int = 0, taken: str = "") -> tuple[Lab, int]:
    """An apply of two waves at whose so-manieth request the file goes; and how many changes had been sent."""
    lab = Lab(root, max_in_flight=1)
    lab.campaign("first", range(60), lines='["100"]')
    lab.campaign("second", range(100, 103), lines='["200"]')
    requests, sent = 0, 0

    def before(_request: httpx.Request) -> None:
        nonlocal requests, sent
        requests += 1
        if requests == strike:
            TAKEN_AWAY[taken](root / "state" / "yeta.db")
            sent = len(lab.changes_sent())

    lab.before = before
    if not strike:
        lab.apply()
        return lab, requests
    with pytest.raises(StateGone, match="is gone, or another has its place: nothing more is written"):
        lab.apply()
    return lab, sent


@pytest.fixture(scope="module")
def requests(tmp_path_factory: pytest.TempPathFactory) -> int:
    return staged_and_started(tmp_path_factory.mktemp("whole"))[1]


@pytest.mark.sweep
@pytest.mark.parametrize("taken", ["all that is of it", "moved", "another in its place", "the log"])
def test_after_the_call_that_is_under_way_none_is_sent(requests: int, taken: str, tmp_path: Path) -> None:
    # The first look and the lock's beginning change nothing at the platform.
    for strike in range(3, requests):
        root = tmp_path / f"{strike}"
        root.mkdir()
        lab, sent = staged_and_started(root, strike, taken)
        assert len(lab.changes_sent()) <= sent + 1, strike
        lab.emulator.run_until_idle()
        assert len(lab.rung()) == len(set(lab.rung()))
