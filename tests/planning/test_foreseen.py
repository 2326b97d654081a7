"""Some scenarios of the bench of forecasts: what was foreseen is what the platform then does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.forecasts.life import Scenario, live
from tests.bench.forecasts.scenarios import SCENARIOS
from tests.bench.forecasts.table import COLD, WARM

pytestmark = pytest.mark.sweep

NAMED = {scenario.name: scenario for scenario in SCENARIOS}


# Where the last tries fall into one window or the next by chance, the bench judges by the mean of many lives.
@pytest.mark.parametrize(
    "scenario",
    [NAMED[name] for name in ("one campaign", "two on one line")],
    ids=lambda scenario: scenario.name,
)
def test_without_records_a_finish_is_foreseen_to_a_quarter_of_the_working_time(
    tmp_path: Path, scenario: Scenario
) -> None:
    lived = live(tmp_path, scenario, 1, warm=False)

    assert {one.foreseen.source for one in lived} == {"assumed"}
    assert [one for one in lived if abs(one.share) > COLD or one.late] == []


def test_in_the_middle_it_is_foreseen_to_a_tenth_by_its_own_records(tmp_path: Path) -> None:
    lived = live(tmp_path, NAMED["only recalls to come"], 1, warm=False)

    assert {one.foreseen.source for one in lived} == {"own"}
    assert [one for one in lived if abs(one.share) > WARM or one.late] == []
