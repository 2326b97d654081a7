"""Hours of the day open by the platform's clock; a project that counts by another one is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.slips import GOOD, found


@pytest.mark.parametrize(
    ("zone", "far"),
    [("Asia/Tokyo", "1 h later"), ("UTC", "8 h earlier"), ("Europe/Berlin", "7 or 6 h earlier")],
)
def test_a_project_with_another_clock_is_told_how_far_its_windows_are_off(
    tmp_path: Path, zone: str, far: str
) -> None:
    (one,) = found(tmp_path, settings=f"timezone: {zone}\n")

    way = one.replace(", Asia/Shanghai", "")
    assert one.startswith(
        "yeta.yaml:3:11: warning: windows, hours and days are counted by the platform's clock, Asia/Shanghai"
    )
    assert far in way
    assert "(say `timezone: Asia/Shanghai`, and write begin and end with the offset" in one


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Asia/Singapore", "Asia/Hong_Kong", "Etc/GMT-8"])
def test_a_clock_that_shows_the_same_is_no_other(tmp_path: Path, zone: str) -> None:
    assert found(tmp_path, settings=f"timezone: {zone}\n") == []


def test_where_no_part_of_the_day_is_declared_there_is_nothing_to_say(tmp_path: Path) -> None:
    plain = GOOD.replace('schedule: {windows: ["09:00-12:00"]}\n', "")

    assert found(tmp_path, plain, settings="timezone: UTC\n") == []
    (one,) = found(tmp_path, plain, settings='timezone: UTC\nlimits: {hours: ["09:00-12:00"]}\n')
    assert "8 h earlier" in one
