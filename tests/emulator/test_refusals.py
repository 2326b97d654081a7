from __future__ import annotations

import random
from typing import Any

import httpx
import pytest

from tests.emulator.platform import COLUMNS, LINE, OTHER_LINE, ROBOT, Platform, numbers
from yeta_reconcile.emulator import Settings, Status, VirtualClock


def row(number: str = "19900000001") -> list[str]:
    return [number, "张三"]


@pytest.mark.parametrize(
    ("override", "code"),
    [
        pytest.param({"task_name": None}, 10005, id="a name is required"),
        pytest.param({"task_name": ""}, 10005, id="an empty name is none"),
        pytest.param({"task_name": 5}, 10005, id="a name is text"),
        pytest.param({"line_num": "unknown"}, 10005, id="a line that is not ours"),
        pytest.param({"line_num": "expired"}, 10005, id="a line that has expired"),
        pytest.param({"line_num": f"{LINE},{OTHER_LINE}"}, 10005, id="lines part by semicolons"),
        pytest.param({"line_num": f"{LINE};{LINE}"}, 10005, id="a line twice"),
        pytest.param({"line_num": 100}, 10005, id="a line is text"),
        pytest.param({"robot_id": "nobody"}, 200204, id="an unknown robot"),
        pytest.param({"robot_id": "deleted"}, 200204, id="a deleted robot"),
        pytest.param({"robot_id": "unpublished"}, 200204, id="a robot that is not published"),
        pytest.param({"robot_id": 719}, 10005, id="a robot is text"),
        pytest.param({"recall_count": 4}, 10005, id="three recalls at most"),
        pytest.param({"recall_count": -1}, 10005, id="no fewer recalls than none"),
        pytest.param({"recall_count": "1"}, 10005, id="a count is a number"),
        pytest.param({"recall_count": True}, 10005, id="a truth is no number"),
        pytest.param({"time_recall_wait": 1.5}, 10005, id="a wait is whole seconds"),
        pytest.param({"time_begin": None}, 10005, id="a beginning is required"),
        pytest.param({"time_begin": 1_796_083_200}, 10005, id="seconds where ms are asked"),
        pytest.param({"time_begin": "1796083200000"}, 10005, id="a time is a number"),
        pytest.param({"time_end": 1_796_083_100_000}, 10005, id="an end before the beginning"),
        pytest.param({"time_range": None}, 10005, id="windows are required"),
        pytest.param({"time_range": []}, 10005, id="no windows at all"),
        pytest.param({"time_range": "09:00:00-12:00:00"}, 10005, id="windows are a list"),
        pytest.param({"time_range": [9]}, 10005, id="a window is text"),
        pytest.param({"time_range": ["09:00-12:00"]}, 200222, id="a window has seconds"),
        pytest.param({"time_range": ["12:00:00-09:00:00"]}, 200222, id="a window backwards"),
        pytest.param({"time_range": ["25:00:00-26:00:00"]}, 200222, id="no such hour"),
        pytest.param({"time_range": ["08:00:00-12:00:00"]}, 200222, id="before the line's hours"),
        pytest.param(
            {"line_num": f"{LINE};{OTHER_LINE}", "time_range": ["09:00:00-12:00:00"]},
            200222,
            id="outside one of the lines' hours",
        ),
        pytest.param({"voice_code": "unknown"}, 200205, id="an unknown voice"),
        pytest.param({"voice_code": 60020}, 10005, id="a voice is text"),
    ],
)
def test_create_refuses(override: dict[str, Any], code: int) -> None:
    platform = Platform()

    assert platform.code("create", **platform.create_body(**override)) == code
    assert not platform.emulator.tasks


def test_create_takes_what_the_document_allows() -> None:
    platform = Platform()

    task = platform.row(
        platform.create(
            line_num=f"{LINE};{OTHER_LINE}",
            time_range=["10:00:00-12:00:00", "13:00:00-17:30:00"],
            recall_count=3,
            time_recall_wait=600,
            voice_code="60030",
            time_end=platform.emulator.clock.now_ms + 86_400_000,
            trubo_mode=1,
        )
    )

    assert task["line_num"] == f"{LINE};{OTHER_LINE}"
    assert task["time_range"] == '["10:00:00-12:00:00", "13:00:00-17:30:00"]'
    assert (task["count_max_recall"], task["time_recall_wait"]) == (3, 600)
    assert (task["voice_code"], task["robot_name"]) == ("60030", "测试话术")


def test_the_union_of_hours_can_be_the_rule() -> None:
    platform = Platform(hours_rule="union")

    platform.create(line_num=f"{LINE};{OTHER_LINE}", time_range=["09:00:00-20:00:00"])


def test_the_enterprise_has_hours_too() -> None:
    platform = Platform(enterprise_hours=("10:00:00-17:00:00",))

    assert platform.code("create", **platform.create_body()) == 200222
    platform.create(time_range=["10:00:00-17:00:00"])


def test_recall_may_be_accepted_and_ignored() -> None:
    platform = Platform(ignores_recall=True)

    assert platform.row(platform.create(recall_count=2))["count_max_recall"] == 0


@pytest.mark.parametrize(
    ("override", "code"),
    [
        pytest.param({"call_column": None}, 10005, id="no columns"),
        pytest.param({"call_column": ["客户手机号码"]}, 200212, id="a column too few"),
        pytest.param({"call_column": [*COLUMNS, "性别"]}, 200212, id="a column too many"),
        pytest.param({"call_column": ["姓名", "客户手机号码"]}, 200212, id="the number first"),
        pytest.param({"call_column": ["客户手机号码"] * 2}, 200212, id="a column twice"),
        pytest.param({"call_column": "客户手机号码"}, 10005, id="columns are a list"),
        pytest.param({"call_list": []}, 10005, id="no rows"),
        pytest.param({"call_list": [["19900000001"]]}, 200212, id="a cell too few"),
        pytest.param({"call_list": [[19900000001, "x"]]}, 10005, id="cells are text"),
        pytest.param({"call_list": ["19900000001"]}, 10005, id="rows are lists"),
        pytest.param({"call_list": {"0": row()}}, 10005, id="rows are in a list"),
        pytest.param({"call_list": [row("1990000000")]}, 200203, id="ten digits"),
        pytest.param({"call_list": [row("+8619900000001")]}, 200203, id="a country code"),
        pytest.param({"call_list": [row("１９９００００００１１")]}, 200203, id="wide digits"),
        pytest.param({"call_list": [row("055169101407")]}, 200203, id="not a mobile number"),
        pytest.param({"call_list": [row("19900009999")]}, 200203, id="a sensitive number"),
        pytest.param({"call_list": [row()] * 51}, 200213, id="51 rows"),
    ],
)
@pytest.mark.parametrize("verb", ["insert", "callout"])
def test_rows_are_refused(verb: str, override: dict[str, Any], code: int) -> None:
    platform = Platform(sensitive_numbers=("19900009999",))
    task_id = platform.create()
    body = {"call_column": COLUMNS, "call_list": [row()]}
    if verb == "insert":
        body["task_id"] = task_id
    else:
        body |= {"robot_id": ROBOT, "line_num": LINE}

    assert platform.code(verb, **(body | override)) == code
    assert platform.row(task_id)["count_tel"] == 0
    platform.emulator.run_until_idle()
    assert platform.emulator.dialled == []


@pytest.mark.parametrize(
    ("override", "code"),
    [
        ({"robot_id": "nobody"}, 200204),
        ({"line_num": "unknown"}, 10005),
        ({"line_num": f"{LINE};{OTHER_LINE}"}, 10005),
        ({"voice_code": "unknown"}, 200205),
        ({"robot_speed": 501}, 200206),
        ({"robot_speed": "fast"}, 200206),
        ({"call_list": [row(), row("bad")]}, 200203),
    ],
)
def test_callout_refuses_the_whole_batch(override: dict[str, Any], code: int) -> None:
    platform = Platform()
    body = {"robot_id": ROBOT, "line_num": LINE, "call_column": COLUMNS, "call_list": [row()]}

    assert platform.code("callout", **(body | override)) == code
    platform.emulator.run_until_idle()
    assert platform.emulator.dialled == []


@pytest.mark.parametrize(
    ("mode", "kept"),
    [("whole", []), ("before", numbers(2)), ("around", [*numbers(2), *numbers(2, 3)])],
)
def test_an_insert_with_a_bad_number_is_refused_whole_or_in_part(mode: str, kept: list[str]) -> None:
    platform = Platform(bad_batch=mode)
    task_id = platform.create()
    rows = [row(number) for number in numbers(5)]
    rows[2] = row("not a number")

    assert platform.code("insert", task_id=task_id, call_column=COLUMNS, call_list=rows) == 200203
    assert [r.number for r in platform.emulator.tasks[task_id].rows] == kept
    assert platform.row(task_id)["count_tel"] == len(kept)


def test_columns_may_be_mapped_in_another_order_after_the_number() -> None:
    platform = Platform()
    code, _ = platform.task(
        "callout",
        robot_id=ROBOT,
        line_num=LINE,
        call_column=COLUMNS,
        call_list=[row()],
        robot_speed=100,
    )
    assert code == 0

    three = ["客户手机号码", "姓名", "性别"]
    other = Platform(robots=Settings().robots)
    task_id = other.create(robot_id="111111")
    for columns in (three, ["客户手机号码", "性别", "姓名"]):
        cells = {"客户手机号码": "19900000001", "姓名": "张三", "性别": "男"}
        rows = [[cells[name] for name in columns]]
        assert other.code("insert", task_id=task_id, call_column=columns, call_list=rows) == 0
    task = other.emulator.tasks[task_id]
    assert {r.values for r in task.rows} == {("19900000001", "张三", "男")}


def test_a_task_may_take_a_bounded_count_of_numbers() -> None:
    platform = Platform(max_numbers=3)
    task_id = platform.filled(2)
    batch = {"task_id": task_id, "call_column": COLUMNS}

    assert platform.code("insert", **batch, call_list=[row(), row()]) == 200213
    assert platform.code("insert", **batch, call_list=[row()]) == 0


def test_no_rows_after_the_start() -> None:
    platform = Platform()
    task_id = platform.started()
    batch = {"task_id": task_id, "call_column": COLUMNS, "call_list": [row()]}

    assert platform.code("insert", **batch) == 200200
    assert platform.code("pause", task_id=task_id) == 0
    assert platform.code("insert", **batch) == 200200
    platform.emulator.finish(task_id)
    assert platform.code("insert", **batch) == 3010101


@pytest.mark.parametrize(("task_id", "code"), [("404", 200202), (None, 10005), (404, 10005)])
def test_an_insert_wants_a_task(task_id: object, code: int) -> None:
    batch = {"call_column": COLUMNS, "call_list": [row()]}

    assert Platform().code("insert", task_id=task_id, **batch) == code


@pytest.mark.parametrize("verb", ["start", "pause", "delete"])
def test_verbs_refuse_tasks_they_cannot_act_on(verb: str) -> None:
    platform = Platform()
    deleted = platform.filled()
    assert platform.code("delete", task_id=deleted) == 0

    assert platform.code(verb, task_id=deleted) == 3010102
    assert platform.code(verb, task_id="404") == 200202
    assert platform.code(verb, task_id=404) == 10005
    assert platform.code(verb) == 10005
    completed = platform.started()
    platform.emulator.finish(completed)
    assert platform.code(verb, task_id=completed) == (0 if verb == "delete" else 3010101)


def test_a_task_that_was_never_started_cannot_be_paused() -> None:
    platform = Platform()

    assert platform.code("pause", task_id=platform.filled()) == 200200


def test_starting_what_runs_changes_nothing_or_answers_as_set() -> None:
    platform = Platform()
    assert platform.code("start", task_id=platform.started()) == 0

    other = Platform(start_again=200200)
    assert other.code("start", task_id=other.started()) == 200200


def test_a_start_after_the_end_finds_the_task_expired() -> None:
    platform = Platform(staged_tasks_expire=True)
    task_id = platform.filled(time_end=platform.emulator.clock.now_ms + 1000)
    platform.emulator.clock.move_to(platform.emulator.clock.now_ms + 1000)

    assert platform.code("start", task_id=task_id) == 3010101
    assert platform.status(task_id) == Status.EXPIRED


def test_the_balance_bounds_numbers() -> None:
    platform = Platform(balance=3)
    task_id = platform.filled(2)
    batch = {"task_id": task_id, "call_column": COLUMNS}

    assert platform.code("insert", **batch, call_list=[row(), row()]) == 200209
    assert platform.code("insert", **batch, call_list=[row()]) == 0
    assert platform.code("create", **platform.create_body()) == 200209
    assert (
        platform.code("callout", robot_id=ROBOT, line_num=LINE, call_column=COLUMNS, call_list=[row()])
        == 200209
    )


def post(platform: Platform, content: bytes, kind: str | None) -> httpx.Response:
    headers = {"Content-Type": kind} if kind else {}
    params = {"token": platform.token}
    return platform.http.post("/config/v1/query", content=content, headers=headers, params=params)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"{}", None),
        (b"{}", "text/plain"),
        (b"{}", "application/x-www-form-urlencoded"),
        (b"{}", "application/json;charset=GBK"),
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b"null", "application/json"),
        ('{"type": "全部"}'.encode("gb18030"), "application/json"),
    ],
)
def test_what_is_no_json_object_answers_200_and_10005(content: bytes, kind: str | None) -> None:
    answer = post(Platform(), content, kind)

    assert answer.status_code == 200
    assert answer.json()["code"] == 10005


@pytest.mark.parametrize("kind", ["application/json", 'Application/JSON; charset="UTF-8"'])
def test_json_in_utf_8_is_taken(kind: str) -> None:
    assert post(Platform(), b"{}", kind).json()["code"] == 0


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_other_methods_are_405(method: str) -> None:
    platform = Platform()

    assert platform.http.request(method, "/config/v1/query").status_code == 405


@pytest.mark.parametrize("path", ["/nowhere", "/outbound/v1/task", "/../other"])
def test_other_paths_are_404(path: str) -> None:
    assert Platform().post(path, {}).status_code == 404


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"app_key": "emulator-key", "app_secret": "wrong"}, 200101),
        ({"app_key": "wrong", "app_secret": "emulator-secret"}, 200101),
        ({"app_key": "emulator-key"}, 10005),
        ({"app_key": 1, "app_secret": "emulator-secret"}, 10005),
    ],
)
def test_a_token_wants_the_right_credentials(body: dict[str, Any], code: int) -> None:
    assert Platform().call("/oauth/v1/token", **body)[0] == code


@pytest.mark.parametrize("token", [None, "", "unknown"])
def test_a_call_wants_a_token(token: str | None) -> None:
    platform = Platform()
    params = {} if token is None else {"token": token}

    answer = platform.http.post("/outbound/v1/task/query", json={}, params=params)

    assert answer.json() == {"code": 10001, "message": "无效的token请求", "result": {}}


def test_a_token_expires_by_the_virtual_clock() -> None:
    platform = Platform(token_seconds=3600)

    platform.emulator.advance(3599)
    assert platform.code("query") == 0
    platform.emulator.advance(1)
    assert platform.code("query") == 10001
    platform.token = platform.new_token()
    assert platform.code("query") == 0


def test_a_new_token_leaves_the_old_one_good() -> None:
    platform = Platform()
    assert platform.new_token() != platform.token

    assert platform.code("query") == 0


@pytest.mark.parametrize(
    "given",
    [
        {"robot": []},
        {"robots": [{"robot_id": "1", "colour": "red"}]},
        {"pushes": {"speed": 1}},
    ],
)
def test_a_settings_file_with_an_unknown_key_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="has no"):
        Settings.from_json(given)


def test_a_settings_file_may_say_everything() -> None:
    read = Settings.from_json(
        {
            "robots": [{"robot_id": "1", "call_column": ["客户手机号码"]}],
            "lines": [{"line_num": "1", "time_work": ["09:00:00-12:00:00"]}],
            "voices": [{"voice_code": "1"}],
            "urls": [{"url_module": "receiveVoice", "url": "http://127.0.0.1/"}],
            "pushes": {"late_rate": 0.5},
            "scripted": {"19900000001": ["20", "0"]},
            "balance": 5,
        }
    )

    assert read.robots[0].call_column == ("客户手机号码",)
    assert read.scripted["19900000001"] == ("20", "0")
    assert (read.pushes.late_rate, read.balance) == (0.5, 5)


def test_a_task_result_that_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="task_result"):
        Platform(result_weights={"99": 1})


def test_windows_in_settings_must_be_well_formed() -> None:
    platform = Platform(enterprise_hours=("morning",))

    with pytest.raises(ValueError, match="morning"):
        platform.create()


def test_ids_do_not_fit_floating_point() -> None:
    platform = Platform()
    task_id = platform.create()
    ids = platform.insert(task_id, numbers(3))

    assert int(task_id) > 2**53
    assert all(data_id > 2**53 for data_id in ids)
    assert len({float(data_id) for data_id in ids}) < len(ids)


def test_a_clock_without_an_offset_is_in_the_platforms_zone() -> None:
    clock = VirtualClock(VirtualClock().now.replace(tzinfo=None))

    assert clock.now_ms == VirtualClock().now_ms
    clock.move_to(0)
    assert clock.now_ms == VirtualClock().now_ms


@pytest.mark.sweep
def test_nothing_that_is_posted_breaks_the_platform() -> None:
    platform = Platform()
    chance = random.Random(1)
    task_id = platform.filled()
    values: list[Any] = [None, 0, -1, 2**70, 1.5, "", "x", task_id, [], [[]], [["x"]], {}, True]
    fields = ["task_id", "call_column", "call_list", "task_name", "line_num", "robot_id"]
    fields += ["time_range", "time_begin", "time_end", "page_size", "sort_name", "voice_code"]
    fields += ["task_status_list", "show_remaining", "date", "type", "robot_speed"]
    paths = ["/config/v1/query", "/download/v1/push/failed"]
    paths += [f"/outbound/v1/task/{v}" for v in ("callout", "create", "insert", "start", "pause")]
    paths += ["/outbound/v1/task/query"]

    for _ in range(500):
        body = {name: chance.choice(values) for name in chance.sample(fields, 6)}
        answer = platform.post(chance.choice(paths), body)
        assert answer.status_code == 200
        assert isinstance(answer.json()["code"], int)
