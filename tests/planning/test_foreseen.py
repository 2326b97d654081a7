"""Some scenarios of the bench of forecasts: what was foreseen is what the platform then does."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.bench.forecasts.life import ZONE, Scenario, live
from tests.bench.forecasts.scenarios import SCENARIOS
from tests.bench.forecasts.table import COLD, WARM
from tests.support.lab import Lab

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


@pytest.mark.parametrize("clock", ["Asia/Shanghai", "America/New_York", "Pacific/Auckland"])
def test_hours_and_days_are_foreseen_by_the_platforms_clock_whatever_the_projects_is(
    tmp_path: Path, clock: str
) -> None:
    """In New York it is still Tuesday evening when that Wednesday begins, in Auckland afternoon."""
    lab = Lab(tmp_path)
    lab.declare_project(f"timezone: {clock}\n")
    lab.campaign(extra='schedule: {windows: ["09:00-09:30"], days: [wed]}')
    (foreseen,) = lab.plan().plan.forecast
    lab.emulator.advance_to(int(datetime(2026, 12, 2, 9, tzinfo=ZONE).timestamp() * 1000))
    lab.apply()
    lab.emulator.advance(300)

    began = [dialling.at for dialling in lab.emulator.dialled]
    assert len(began) == 3
    assert foreseen.start == datetime(2026, 12, 2, 9, tzinfo=ZONE)
    assert foreseen.start.utcoffset() == datetime(2026, 12, 2, tzinfo=ZoneInfo(clock)).utcoffset()
    assert foreseen.finish
    assert foreseen.start.timestamp() * 1000 <= min(began) <= max(began) <= foreseen.finish.timestamp() * 1000
