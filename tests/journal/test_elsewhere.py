"""Two states for one repository, as where it was copied: who works at the same time calls nobody twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import httpx
import pytest

from tests.support.lab import Lab, number
from tests.support.scenes import DAY

LISTS = {"the same list": range(3), "another list": range(1, 4)}


@pytest.mark.parametrize("theirs", LISTS)
@pytest.mark.parametrize("call", ["query", "create", "insert"])
def test_what_another_state_started_since_the_plan_was_made_is_not_started_again(
    tmp_path: Path, call: str, theirs: str
) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "copy").mkdir()
    ours = Lab(tmp_path / "ours")
    copy = Lab(tmp_path / "copy", ours.emulator)
    ours.campaign(lines='["100"]')
    copy.campaign(rows=LISTS[theirs], lines='["200"]')
    left = [2 if call == "query" else 1]

    def meanwhile(request: httpx.Request) -> None:
        left[0] -= request.url.path.endswith(call)
        if left[0] == 0:
            left[0] = -1
            copy.apply()

    ours.after = meanwhile
    report = ours.apply()
    ours.after = None

    assert report.exit_code != 0
    for one in (ours, copy):
        one.apply()
    ours.emulator.advance(DAY)
    assert Counter(ours.rung()) == Counter(map(number, LISTS[theirs]))
