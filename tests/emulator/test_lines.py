from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.platform import COLUMNS, LINE, OTHER_LINE, ROBOT, Platform, numbers, settings
from yeta_reconcile.emulator import Line, Refusal, Status

TAKEN = 3030002


def taken(platform: Platform) -> dict[str, int]:
    code, result = platform.call("/config/v1/query", type=2)
    assert code == 0
    return {line["line_num"]: line["status"] for line in result["lines"]}


def test_a_start_takes_the_line_by_default() -> None:
    platform = Platform()
    first, second = platform.filled(), platform.filled(task_name="autumn~w1")

    assert taken(platform)[LINE] == 0
    assert platform.code("start", task_id=first) == 0
    assert taken(platform)[LINE] == 1
    assert platform.code("start", task_id=second) == TAKEN
    assert platform.status(second) == Status.NEW


def test_a_create_takes_the_line_in_that_mode() -> None:
    platform = Platform(line_lock="create")
    platform.create()

    assert taken(platform)[LINE] == 1
    assert platform.code("create", **platform.create_body()) == TAKEN
    assert len(platform.emulator.tasks) == 1
    platform.create(line_num=OTHER_LINE, time_range=["10:00:00-12:00:00"])


def test_nothing_takes_a_line_in_the_mode_off() -> None:
    platform = Platform(line_lock="off")
    platform.until_nine()
    ids = [platform.started(30, task_name=f"c{index}~w1") for index in range(3)]

    platform.emulator.advance(200)
    assert {platform.status(task_id) for task_id in ids} == {Status.RUNNING}
    assert sum(task.in_progress for task in platform.emulator.tasks.values()) == 5
    dialled = {rang.task_id for rang in platform.emulator.dialled}
    assert dialled == set(ids), "a channel that is free goes to whoever waited longest"
    platform.emulator.run_until_idle()
    assert {platform.status(task_id) for task_id in ids} == {Status.COMPLETED}


def test_a_task_takes_all_its_lines_or_none() -> None:
    platform = Platform()
    both: dict[str, Any] = {"line_num": f"{LINE};{OTHER_LINE}", "time_range": ["10:00:00-12:00:00"]}
    first = platform.filled(**both, task_name="both~w1")
    platform.emulator.take_line(OTHER_LINE)

    assert platform.code("start", task_id=first) == TAKEN
    assert taken(platform) == {LINE: 0, OTHER_LINE: 1, "expired": 0}
    platform.emulator.release_line(OTHER_LINE)
    assert platform.code("start", task_id=first) == 0
    assert taken(platform) == {LINE: 1, OTHER_LINE: 1, "expired": 0}


def test_both_lines_of_a_task_are_called_from() -> None:
    platform = Platform()
    both: dict[str, Any] = {"line_num": f"{LINE};{OTHER_LINE}", "time_range": ["10:00:00-12:00:00"]}
    task_id = platform.started(20, **both)

    platform.emulator.advance(2 * 3600 + 1)

    assert platform.row(task_id, show_remaining=True)["remaining"] == 10


@pytest.mark.parametrize("verb", ["delete", "finish", "expire", "purge", "complete"])
def test_what_ends_a_task_gives_the_line_back(verb: str) -> None:
    platform = Platform()
    end = platform.emulator.clock.now_ms + (60_000 if verb == "expire" else 86_400_000)
    first = platform.started(time_end=end)
    second = platform.filled(task_name="autumn~w1")

    if verb == "delete":
        platform.code("delete", task_id=first)
    elif verb == "finish":
        platform.emulator.finish(first)
    elif verb == "purge":
        platform.emulator.console_purge(first)
    else:
        platform.emulator.advance(60 if verb == "expire" else 7200)

    assert taken(platform)[LINE] == 0
    assert platform.code("start", task_id=second) == 0


@pytest.mark.parametrize("keeps", [True, False])
def test_a_paused_task_keeps_the_line_or_not(keeps: bool) -> None:
    platform = Platform(paused_keeps_line=keeps)
    first, second = platform.started(), platform.filled(task_name="autumn~w1")
    platform.code("pause", task_id=first)

    assert taken(platform)[LINE] == keeps
    assert platform.code("start", task_id=second) == (TAKEN if keeps else 0)
    assert platform.code("start", task_id=first) == (0 if keeps else TAKEN)


def test_the_console_takes_a_line_in_every_mode() -> None:
    for mode in ("create", "start", "off"):
        platform = Platform(line_lock=mode)
        platform.emulator.take_line(LINE)
        answer = platform.code("create", **platform.create_body())
        if mode == "create":
            assert answer == TAKEN
            continue
        (task_id,) = platform.emulator.tasks
        assert platform.code("start", task_id=task_id) == TAKEN
        platform.emulator.release_line(LINE)
        assert platform.code("start", task_id=task_id) == 0


def test_a_line_that_a_task_has_cannot_be_taken_at_the_console() -> None:
    platform = Platform()
    platform.started()

    with pytest.raises(Refusal) as refused:
        platform.emulator.take_line(LINE)
    assert refused.value.code == TAKEN
    with pytest.raises(KeyError):
        platform.emulator.take_line("unknown")
    platform.emulator.release_line(LINE)
    assert taken(platform)[LINE] == 1


def test_a_direct_call_waits_for_a_taken_line_and_takes_none() -> None:
    platform = Platform()
    body = {
        "robot_id": ROBOT,
        "line_num": LINE,
        "call_column": COLUMNS,
        "call_list": [[number, "张三"] for number in numbers(2)],
    }
    task_id = platform.started(1)
    assert platform.code("callout", **body) == TAKEN
    platform.emulator.finish(task_id)

    code, result = platform.task("callout", **body)
    assert (code, result["total"], len(result["task_data_ids"])) == (0, 2, 2)
    assert taken(platform)[LINE] == 0


def test_direct_calls_ring_in_the_lines_hours_under_the_long_lived_task() -> None:
    platform = Platform()
    body = {"robot_id": ROBOT, "line_num": LINE, "call_column": COLUMNS}
    ids: list[str] = []
    for first in (0, 2):
        rows = [[number, "张三"] for number in numbers(2, first)]
        code, result = platform.task("callout", **body, call_list=rows)
        assert code == 0
        ids += [str(data_id) for data_id in result["task_data_ids"]]
    platform.emulator.advance(60)
    assert platform.emulator.dialled == []

    platform.emulator.run_until_idle()

    rang = platform.emulator.dialled
    assert [(r.number, r.data_id, r.direct) for r in rang] == [
        (number, data_id, True) for number, data_id in zip(numbers(4), ids, strict=True)
    ]
    (pool_id,) = platform.emulator.tasks
    row = platform.row(pool_id)
    assert (row["task_type"], row["count_tel"], row["process_tel_count"]) == (2, 4, 4)
    assert "line_num" not in row
    outbound = [p.data for p in platform.emulator.pushes if "task_row_index" in p.data]
    assert {record["task_id"] for record in outbound} == {pool_id}
    assert sorted(record["task_row_index"] for record in outbound) == [0, 1, 2, 3]
    for verb in ("start", "pause", "delete"):
        assert platform.code(verb, task_id=pool_id) == 200200


def test_a_line_that_expires_is_shown_and_refused() -> None:
    lines = (Line(LINE, 5, ("00:00:00-23:59:59",), time_apply=0, time_expire=1),)
    platform = Platform(lines=lines)

    _, result = platform.call("/config/v1/query", type=2)
    assert result["lines"][0]["expired"] == 1
    assert not Line(LINE).expired(platform.emulator.clock.now_ms)


def test_settings_of_the_tests_are_those_they_say() -> None:
    assert [line.line_num for line in settings().lines] == [LINE, OTHER_LINE, "expired"]
