"""What a document names, held against what the platform has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yeta_reconcile.diagnostics import Position
from yeta_reconcile.documents.models import Campaign, DirectCall
from yeta_reconcile.planning.preflight import (
    PathFinding,
    check_campaign,
    online_diagnostics,
)
from yeta_reconcile.platform.hours import (
    default_windows,
)
from yeta_reconcile.platform.resources import Config, Line, Robot, Voice
from yeta_reconcile.wording import Text

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
NOW_MS = int(NOW.timestamp() * 1000)
COLUMNS = ("客户手机号码", "姓名")
HOURS = ("09:00:00-12:00:00", "13:00:00-17:59:59")


def a_campaign(**override: Any) -> Campaign:
    document = {
        "kind": "Campaign",
        "name": "spring-renewal",
        "state": "running",
        "robot": "111111",
        "lines": ["055169101407"],
        "contacts": {"csv": "data/spring.csv"},
    }
    return Campaign.model_validate(document | override)


def a_direct_call(**override: Any) -> DirectCall:
    document = {
        "kind": "DirectCall",
        "name": "otp",
        "robot": "111111",
        "line": "055169101407",
        "contacts": {"csv": "data/otp.csv"},
    }
    return DirectCall.model_validate(document | override)


def a_line(number: str = "055169101407", **override: Any) -> Line:
    return replace(Line(number, concurrents=10, hours=HOURS, applied_at=1, valid=-1), **override)


def a_robot(**override: Any) -> Robot:
    return replace(Robot("111111", "金融外呼", COLUMNS, status=4), **override)


def a_config(*lines: Line, robot: Robot | None = None) -> Config:
    found = robot or a_robot()
    return Config(
        lines={line.number: line for line in lines or (a_line(),)},
        robots={found.robot_id: found},
        voices={"60020": Voice("60020", "春春")},
    )


def one(model: Campaign | DirectCall, config: Config) -> PathFinding:
    [found] = check_campaign(model, config, NOW)
    return found


@pytest.mark.parametrize("model", [a_campaign(voice="60020"), a_direct_call(voice="60020")])
def test_a_document_that_names_what_there_is_has_no_findings(model: Campaign | DirectCall) -> None:
    assert check_campaign(model, a_config(), NOW) == []


def test_a_robot_that_is_not_there_is_an_error_with_the_one_that_was_meant() -> None:
    found = one(a_campaign(robot="111112"), a_config())

    assert found == PathFinding(
        "error",
        "unknown-robot",
        ("robot",),
        Text("the platform has no robot 111112"),
        Text("did you mean 111111 (金融外呼)? `yeta platform robots` lists them"),
    )


def test_a_robot_named_by_its_name_is_told_its_id() -> None:
    assert "did you mean 111111" in one(a_campaign(robot="金融外呼"), a_config()).hint


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (1, "under review"),
        (2, "refused in review"),
        (3, "waiting to be published"),
        (9, "in status 9"),
        (0, "in status 0"),
    ],
)
def test_a_robot_that_is_not_published_is_an_error(status: int, words: str) -> None:
    found = one(a_campaign(), a_config(robot=a_robot(status=status)))

    assert (found.severity, found.code) == ("error", "unpublished-robot")
    assert words in found.summary


def test_a_deleted_robot_is_an_error_and_one_of_unknown_status_is_none() -> None:
    assert one(a_campaign(), a_config(robot=a_robot(deleted=True))).code == "deleted-robot"
    assert check_campaign(a_campaign(), a_config(robot=a_robot(status=None)), NOW) == []


def test_a_column_the_robot_does_not_have_is_an_error_at_its_place() -> None:
    model = a_campaign(contacts={"csv": "x.csv", "columns": {"客户手机号": "phone", "姓名": "name"}})

    found = one(model, a_config())

    assert found.path == ("contacts", "columns", "客户手机号")
    assert found.summary == "robot 111111 (金融外呼) has no column 客户手机号"
    assert found.hint == "did you mean 客户手机号码?"


def test_columns_of_a_robot_that_tells_none_are_not_judged() -> None:
    model = a_campaign(contacts={"csv": "x.csv", "columns": {"电话": "phone"}})

    assert check_campaign(model, a_config(robot=a_robot(columns=())), NOW) == []


def test_a_line_that_is_not_there_is_an_error_at_its_place() -> None:
    found = one(a_campaign(lines=["055169101407", "055169101408"]), a_config())

    assert (found.code, found.path) == ("unknown-line", ("lines", 1))
    assert "did you mean 055169101407?" in found.hint


def test_the_line_of_a_direct_call_is_checked_too() -> None:
    found = one(a_direct_call(line="1"), a_config())

    assert (found.code, found.path) == ("unknown-line", ("line",))


@pytest.mark.parametrize(
    "line",
    [
        a_line(expired=True),
        a_line(applied_at=NOW_MS - 10_000, valid=10),
        a_line(ends_at=NOW_MS, valid=-1),
    ],
)
def test_an_expired_line_is_an_error(line: Line) -> None:
    found = one(a_campaign(), a_config(line))

    assert (found.severity, found.code) == ("error", "expired-line")


def test_the_moment_a_line_expired_is_told_in_the_timezone_of_now() -> None:
    found = one(a_campaign(), a_config(a_line(ends_at=NOW_MS)))

    assert found.summary == "line 055169101407 has expired since 2026-12-01 09:00+08:00"


def test_a_line_that_expires_before_the_campaign_ends_is_a_warning() -> None:
    line = a_line(ends_at=NOW_MS + 86_400_000)
    late = a_campaign(schedule={"end": (NOW + timedelta(days=2)).isoformat()})
    early = a_campaign(schedule={"end": (NOW + timedelta(hours=2)).isoformat()})

    assert one(late, a_config(line)).code == "line-expires"
    assert check_campaign(early, a_config(line), NOW) == []


def test_a_taken_line_is_a_note() -> None:
    found = one(a_campaign(), a_config(a_line(taken=True)))

    assert (found.severity, found.code) == ("note", "line-taken")


def test_a_voice_that_is_not_there_is_an_error() -> None:
    found = one(a_campaign(voice="60021"), a_config())

    assert (found.code, found.path) == ("unknown-voice", ("voice",))
    assert "60020 (春春)" in found.hint


@pytest.mark.parametrize(
    ("window", "fits"),
    [
        ("09:00-12:00", True),
        ("13:00-17:59:59", True),
        ("13:00-18:00", False),
        ("11:00-14:00", False),
        ("08:59:59-10:00", False),
    ],
)
def test_a_window_must_lie_in_the_hours_of_the_line(window: str, fits: bool) -> None:
    found = check_campaign(a_campaign(schedule={"windows": [window]}), a_config(), NOW)

    assert [one.code for one in found] == ([] if fits else ["outside-hours"])


def test_a_window_must_lie_in_the_hours_of_every_line_and_the_one_that_refuses_is_named() -> None:
    lines = a_line("1", hours=("08:00:00-20:00:00",)), a_line("2", hours=("10:00:00-18:00:00",))
    model = a_campaign(lines=["1", "2"], schedule={"windows": ["11:00-12:00", "09:00-10:30"]})

    found = one(model, a_config(*lines))

    assert found.path == ("schedule", "windows")
    assert found.summary == (
        "the window 09:00:00-10:30:00 is not within the hours of line 2, 10:00:00-18:00:00"
    )
    assert found.hint == "the hours that all lines share are 10:00:00-18:00:00"


def test_hours_that_touch_are_one() -> None:
    line = a_line(hours=("12:00:00-18:00:00", "09:00:00-12:00:00"))

    assert check_campaign(a_campaign(schedule={"windows": ["11:00-13:00"]}), a_config(line), NOW) == []


def test_lines_that_share_no_hours_need_other_lines() -> None:
    lines = a_line("1", hours=("08:00:00-10:00:00",)), a_line("2", hours=("10:00:00-18:00:00",))

    found = one(a_campaign(lines=["1", "2"]), a_config(*lines))

    assert (found.code, found.summary) == ("no-windows", "the lines share no hours")


def test_lines_without_hours_need_declared_windows() -> None:
    config = a_config(a_line(hours=()))

    assert one(a_campaign(), config).hint.startswith("declare schedule.windows")
    assert check_campaign(a_campaign(schedule={"windows": ["03:00-04:00"]}), config, NOW) == []


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        ([HOURS], HOURS),
        ([HOURS, ("08:00:00-20:00:00",)], HOURS),
        (
            [HOURS, ("10:00:00-14:00:00",), ()],
            ("10:00:00-12:00:00", "13:00:00-14:00:00"),
        ),
        ([("00:00:00-24:00:00",)], ("00:00:00-24:00:00",)),
        ([("08:00:00-09:00:00",), ("09:00:00-10:00:00",)], ()),
        ([()], ()),
        ([], ()),
    ],
)
def test_the_default_windows_are_the_hours_that_all_lines_share(
    hours: Sequence[tuple[str, ...]], expected: tuple[str, ...]
) -> None:
    assert default_windows([a_line(hours=own) for own in hours]) == expected


def _hours(spans: list[tuple[int, int]]) -> tuple[str, ...]:
    return tuple(f"{a:02}:00:00-{b:02}:00:00" for a, b in spans)


_SPANS = st.lists(st.tuples(st.integers(0, 23), st.integers(1, 24)).filter(lambda s: s[0] < s[1]), max_size=4)


@given(st.lists(_SPANS, min_size=1, max_size=3))
def test_default_windows_pass_their_own_check_and_hold_every_shared_hour(spans: list[list[Any]]) -> None:
    lines = [a_line(str(number), hours=_hours(own)) for number, own in enumerate(spans)]
    windows = default_windows(lines)

    known = [own for own in spans if own]
    shared = [
        hour for hour in range(24) if known and all(any(a <= hour < b for a, b in own) for own in known)
    ]
    covered = [int(w[:2]) + more for w in windows for more in range(int(w[9:11]) - int(w[:2]))]
    assert sorted(covered) == shared
    if windows:
        model = a_campaign(lines=[line.number for line in lines])
        model = model.model_copy(update={"schedule": model.schedule.model_copy(update={"windows": windows})})
        assert check_campaign(model, a_config(*lines), NOW.astimezone(UTC)) == []


def test_all_findings_of_all_documents_are_placed() -> None:
    def at(*path: str | int) -> Position:
        return Position("a.yaml", len(path), 1)

    found = online_diagnostics(
        [(a_campaign(robot="x", lines=["y"]), at), (a_direct_call(voice="z"), at)], a_config(), NOW
    )

    assert [(one.code, one.campaign) for one in found] == [
        ("unknown-robot", "spring-renewal"),
        ("unknown-line", "spring-renewal"),
        ("unknown-voice", "otp"),
    ]
    assert found[1].position == Position("a.yaml", 2, 1)
