from __future__ import annotations

import json
from typing import Any

import pytest

from tests.emulator.platform import COLUMNS, LINE, Platform, numbers
from yeta_reconcile.emulator import POOL, Robot, Status, Url


def names(platform: Platform, **query: Any) -> list[str]:
    code, result = platform.task("query", **query)
    assert code == 0
    return [row["task_name"] for row in result["rows"]]


def some(platform: Platform, count: int) -> list[str]:
    ids = []
    for index in range(count):
        ids.append(platform.create(task_name=f"task {index:02d}"))
        platform.emulator.advance(1)
    return ids


def test_newest_first_in_pages_of_twenty() -> None:
    platform = Platform()
    some(platform, 25)

    assert names(platform) == [f"task {index:02d}" for index in range(24, 4, -1)]
    assert names(platform, page_index=2) == [f"task {index:02d}" for index in range(4, -1, -1)]
    assert names(platform, page_index=3) == []
    assert len(names(platform, page_size=50)) == 25
    _, result = platform.task("query", page_size=2, page_index=3)
    assert (result["total_rows"], len(result["rows"])) == (25, 2)


@pytest.mark.parametrize("by", ["ID", "NAME", "CREATETIME", "STARTTIME", "ENDTIME"])
def test_sorted_as_asked(by: str) -> None:
    platform = Platform(line_lock="off")
    for task_id in some(platform, 3):
        platform.code("start", task_id=task_id)
        platform.emulator.advance(1)
        platform.emulator.finish(task_id)

    forwards = [f"task {index:02d}" for index in range(3)]
    assert names(platform, sort_name=by, sort_order="ASC") == forwards
    assert names(platform, sort_name=by, sort_order="DESC") == forwards[::-1]


@pytest.mark.parametrize(
    "query",
    [
        {"page_size": 51},
        {"page_size": 0},
        {"page_size": "20"},
        {"page_index": 0},
        {"sort_name": "COLOUR"},
        {"sort_order": "asc"},
        {"task_id": 1},
        {"task_name": 1},
        {"time_begin": "yesterday"},
        {"task_status_list": 1},
        {"task_status_list": ["1"]},
        {"show_remaining": 1},
    ],
)
def test_a_query_that_is_wrong_is_refused(query: dict[str, Any]) -> None:
    assert Platform().code("query", **query) == 10005


def test_found_by_a_part_of_the_name_a_range_a_status_or_an_id() -> None:
    platform = Platform()
    begin = platform.emulator.clock.now_ms
    ids = some(platform, 3)
    platform.code("start", task_id=ids[1])

    assert names(platform, task_name="sk 02") == ["task 02"]
    assert names(platform, task_name="nothing") == []
    assert names(platform, time_begin=begin + 1000) == ["task 02", "task 01"]
    assert names(platform, time_end=begin + 1000) == ["task 01", "task 00"]
    assert names(platform, task_status_list=[0]) == ["task 02", "task 00"]
    assert names(platform, task_status_list=[1, 2]) == ["task 01"]
    assert names(platform, task_id=ids[0]) == ["task 00"]
    assert names(platform, task_id="404") == []


def test_a_row_is_as_the_document_shows_it() -> None:
    platform = Platform()
    row = platform.row(platform.filled(2))

    assert row == {
        "task_id": "9504138886481985",
        "task_name": "spring~w1",
        "task_type": 0,
        "status": 0,
        "deleted": 0,
        "time_task_start": 0,
        "time_task_finish": 0,
        "process_count": 0,
        "process_tel_count": 0,
        "process_through_count": 0,
        "process_through_rate": 0,
        "count_tel": 2,
        "count_total_task": 2,
        "count_recalled": 0,
        "time_task_estimate_begin": platform.emulator.clock.now_ms,
        "time_task_estimate_end": 0,
        "line_num": LINE,
        "robot_id": "719",
        "robot_name": "测试话术",
        "voice_code": "",
        "voice_speed": 400,
        "count_max_recall": 0,
        "status_recall": "[1,1]",
        "time_recall_wait": 0,
        "time_range": '["09:00:00-18:00:00"]',
        "intention_push": '["A","B"]',
    }
    assert json.loads(row["time_range"]) == ["09:00:00-18:00:00"]
    assert "remaining" in platform.row(row["task_id"], show_remaining=True)


def test_times_that_are_not_set_may_be_absent() -> None:
    platform = Platform(unset_times="absent")
    row = platform.row(platform.create())

    assert "time_task_start" not in row
    assert "time_task_estimate_begin" in row


@pytest.mark.parametrize(("listed", "by_id"), [("always", 1), ("by_id", 1), ("never", 0)])
def test_deleted_tasks_are_listed_or_not(listed: str, by_id: int) -> None:
    platform = Platform(deleted_listed=listed)
    task_id = platform.create()
    platform.code("delete", task_id=task_id)

    assert len(names(platform)) == (1 if listed == "always" else 0)
    assert len(names(platform, task_id=task_id)) == by_id


def test_a_query_may_lag_by_queries() -> None:
    platform = Platform(lag_queries=2)
    task_id = platform.create()

    assert [len(names(platform)) for _ in range(3)] == [0, 0, 1]
    platform.insert(task_id, numbers(3))
    assert [platform.row(task_id)["count_tel"] for _ in range(3)] == [0, 0, 3]


def test_a_query_may_lag_by_time() -> None:
    platform = Platform(lag_seconds=5)
    task_id = platform.filled(3)

    assert names(platform, task_id=task_id) == []
    platform.emulator.advance(5)
    platform.insert(task_id, numbers(2, 3))
    assert platform.row(task_id)["count_tel"] == 3
    platform.emulator.advance(5)
    assert platform.row(task_id)["count_tel"] == 5


def test_foreign_tasks_are_listed_among_ours() -> None:
    platform = Platform()
    platform.create()
    running = platform.emulator.add_foreign_task("theirs", numbers=numbers(3), status=Status.RUNNING)
    pool = platform.emulator.add_foreign_task("pool", task_type=POOL, status=Status.RUNNING, line="200")
    gone = platform.emulator.add_foreign_task("old", deleted=True, status=Status.COMPLETED)

    assert set(names(platform)) == {"spring~w1", "theirs", "pool", "old"}
    assert (platform.status(running), platform.row(running)["count_tel"]) == (2, 3)
    assert platform.row(pool)["task_type"] == POOL
    assert (platform.status(gone), platform.row(gone)["deleted"]) == (4, 1)
    assert platform.code("start", task_id=platform.emulator.task_named("spring~w1").task_id) == 10005
    ours = str(platform.emulator.task_named("spring~w1").task_id)
    assert platform.code("start", task_id=ours) == 3030002
    with pytest.raises(KeyError):
        platform.emulator.task_named("nothing")
    with pytest.raises(KeyError):
        platform.emulator.add_foreign_task("x", robot_id="nobody")


@pytest.mark.parametrize(
    ("kind", "sections"),
    [
        (None, {"lines", "robots", "urls", "voices"}),
        (0, {"lines", "robots", "urls", "voices"}),
        (1, {"robots"}),
        (2, {"lines"}),
        (3, {"urls"}),
        (4, {"voices"}),
    ],
)
def test_config_gives_the_sections_asked_for(kind: int | None, sections: set[str]) -> None:
    code, result = Platform().call("/config/v1/query", **({} if kind is None else {"type": kind}))

    assert (code, set(result)) == (0, sections)


@pytest.mark.parametrize("kind", [5, -1, "1", [1]])
def test_config_refuses_other_sections(kind: object) -> None:
    assert Platform().call("/config/v1/query", type=kind)[0] == 10005


def test_config_shows_resources_as_the_document_does() -> None:
    platform = Platform(urls=(Url("receiveVoice", "http://127.0.0.1/v"),))
    _, result = platform.call("/config/v1/query")

    assert result["robots"][0] == {
        "robot_id": "719",
        "robot_name": "测试话术",
        "call_column": COLUMNS,
        "status": 4,
        "type": 2,
        "deleted": 0,
        "time_create": 1527321492000,
        "time_update": 1527321492000,
    }
    assert result["lines"][0] == {
        "line_num": LINE,
        "concurrents": 5,
        "time_work": ["09:00:00-18:00:00"],
        "status": 0,
        "time_apply": 1527321492000,
        "time_expire": -1,
        "expired": 0,
    }
    assert result["urls"] == [{"url_module": "receiveVoice", "url": "http://127.0.0.1/v"}]
    assert result["voices"][0] == {"voice_code": "60020", "voice_name": "春春"}


def test_config_pages_robots_where_asked_or_set() -> None:
    robots = tuple(Robot(str(index)) for index in range(5))
    platform = Platform(robots=robots, config_page=3)

    def page(**query: int) -> tuple[list[str], int]:
        _, result = platform.call("/config/v1/query", **query)
        return [robot["robot_id"] for robot in result["robots"]], result["robotTotal"]

    assert page() == (["0", "1", "2"], 5)
    assert page(pageIndex=2) == (["3", "4"], 5)
    assert page(pageSize=4, pageIndex=2) == (["4"], 5)
    _, whole = Platform(robots=robots).call("/config/v1/query")
    assert "robotTotal" not in whole
