from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.emulator.platform import COLUMNS, Platform, numbers
from tests.support.transport import BASE_URL, EmulatorTransport
from yeta_reconcile.emulator import FOREVER, ConnectionClosed, Fault, Status

CREATE = "task/create"


def create(platform: Platform) -> httpx.Response:
    return platform.post("/outbound/v1/task/create", platform.create_body())


@pytest.mark.parametrize(
    ("kind", "error", "executed"),
    [
        ("closed", httpx.RemoteProtocolError, False),
        ("closed_before", httpx.RemoteProtocolError, False),
        ("closed_after", httpx.RemoteProtocolError, True),
        ("timeout_before", httpx.ReadTimeout, False),
        ("timeout_after", httpx.ReadTimeout, True),
        ("cut", httpx.RemoteProtocolError, True),
        ("cut_before", httpx.RemoteProtocolError, False),
    ],
)
def test_no_answer_at_all(kind: str, error: type[Exception], executed: bool) -> None:
    platform = Platform()
    platform.emulator.faults.add(Fault(kind, path=CREATE))

    with pytest.raises(error):
        create(platform)

    assert len(platform.emulator.tasks) == executed
    logged = platform.emulator.calls_log[-1]
    assert (logged.code, logged.executed, logged.fault) == (None, executed, kind)
    assert create(platform).json()["code"] == 0


@pytest.mark.parametrize(
    ("kind", "status", "check", "executed"),
    [
        ("half", 200, lambda text: text.startswith('{"code": 0'), True),
        ("half_before", 200, lambda text: text.startswith('{"code": 0'), False),
        ("html", 502, lambda text: "<html>" in text, False),
        ("html_after", 502, lambda text: "<html>" in text, True),
        ("status_500", 500, lambda text: "500" in text, False),
        ("status_500_after", 500, lambda text: "500" in text, True),
        ("empty", 200, lambda text: text == "", False),
        ("empty_after", 200, lambda text: text == "", True),
        ("not_json", 200, lambda text: "unavailable" in text, False),
        ("not_json_after", 200, lambda text: "unavailable" in text, True),
        ("wrong_shape", 200, lambda text: text == '["ok"]', False),
        ("wrong_shape_after", 200, lambda text: text == '["ok"]', True),
    ],
)
def test_an_answer_that_is_none(kind: str, status: int, check: Callable[[str], bool], executed: bool) -> None:
    platform = Platform()
    platform.emulator.faults.add(Fault(kind, path=CREATE))

    answer = create(platform)

    assert (answer.status_code, check(answer.text)) == (status, True)
    assert len(platform.emulator.tasks) == executed


@pytest.mark.parametrize(("kind", "executed"), [("code", False), ("code_after", True)])
@pytest.mark.parametrize("code", [10004, 10020, 200209, 999999])
def test_any_code_executed_or_not(kind: str, executed: bool, code: int) -> None:
    platform = Platform()
    platform.emulator.faults.add(Fault(kind, path=CREATE, code=code))

    assert create(platform).json()["code"] == code

    assert len(platform.emulator.tasks) == executed
    logged = platform.emulator.calls_log[-1]
    assert (logged.code, logged.outcome) == (code, 0 if executed else None)


def test_a_late_call_is_carried_out_after_the_client_gave_up() -> None:
    platform = Platform()
    platform.emulator.faults.add(Fault("late", path=CREATE, seconds=30))
    with pytest.raises(httpx.ReadTimeout):
        create(platform)

    platform.emulator.advance(29)
    assert len(platform.emulator.tasks) == 0
    platform.emulator.advance(1)
    assert len(platform.emulator.tasks) == 1
    assert platform.emulator.calls_log[-1].executed


def test_a_reset_may_be_shown_as_a_read_error() -> None:
    platform = Platform()
    transport = EmulatorTransport(platform.emulator, reset=True)
    platform.emulator.faults.add(Fault("closed"))

    with (
        httpx.Client(transport=transport, base_url=BASE_URL) as http,
        pytest.raises(httpx.ReadError),
    ):
        http.post("/config/v1/query", json={})


def test_without_the_transport_a_closed_connection_is_an_exception() -> None:
    platform = Platform()
    platform.emulator.faults.add(Fault("closed"))

    with (
        httpx.Client(transport=httpx.WSGITransport(app=platform.emulator)) as http,
        pytest.raises(ConnectionClosed),
    ):
        http.post(f"{BASE_URL}/config/v1/query", json={})


def answers(platform: Platform, count: int) -> list[int]:
    return [platform.code("query") for _ in range(count)]


def test_a_fault_fires_once_unless_told_otherwise() -> None:
    platform = Platform()
    platform.emulator.faults.add(Fault("code"))
    assert answers(platform, 3) == [10004, 0, 0]
    assert len(platform.emulator.faults) == 0


def test_a_fault_fires_from_the_nth_matching_call_on() -> None:
    platform = Platform()
    platform.emulator.faults.add(Fault("code", path="task/query", nth=2, times=2))
    platform.call("/config/v1/query")
    assert answers(platform, 4) == [0, 10004, 10004, 0]


def test_faults_count_the_requests_that_others_had() -> None:
    platform = Platform()
    platform.emulator.faults.add(Fault("code", nth=1), Fault("code", nth=3, code=10020))
    assert answers(platform, 4) == [10004, 0, 10020, 0]


def test_a_fault_may_fire_for_ever_and_be_cleared() -> None:
    platform = Platform()
    platform.emulator.faults.add(Fault("code", times=FOREVER))
    assert answers(platform, 3) == [10004] * 3
    platform.emulator.faults.clear()
    assert answers(platform, 1) == [0]


def test_a_fault_may_fire_by_chance_and_the_seed_decides() -> None:
    def run(seed: int) -> list[int]:
        platform = Platform(seed=seed)
        platform.emulator.faults.add(Fault("code", rate=0.5))
        return answers(platform, 40)

    assert run(1) == run(1) != run(2)
    assert 5 < run(1).count(10004) < 35


def test_a_fault_may_concern_one_task() -> None:
    platform = Platform()
    first, second = platform.filled(), platform.filled(task_name="autumn~w1")
    platform.emulator.faults.add(Fault("code", where={"task_id": second}))

    assert platform.code("query", task_id=first) == 0
    assert platform.code("query", task_id=second) == 10004


def test_the_token_may_fail_too() -> None:
    platform = Platform()
    platform.emulator.faults.add(Fault("code", path="token", code=10020))

    assert platform.call("/oauth/v1/token", app_key="a", app_secret="b")[0] == 10020


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="colour"):
        Fault("colour")


def test_the_log_holds_every_request() -> None:
    platform = Platform()
    platform.code("create", **platform.create_body(robot_id="nobody"))
    (task_id,) = [platform.create()]

    token, refused, created = platform.emulator.calls_log
    assert (token.path, token.code) == ("/oauth/v1/token", 0)
    assert (refused.path, refused.code, refused.executed) == (
        "/outbound/v1/task/create",
        200204,
        False,
    )
    assert (created.code, created.executed) == (0, True)
    assert created.body["robot_id"] == "719"
    assert task_id in platform.emulator.tasks


def at_once(count: int, act: Callable[[int], Any]) -> None:
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(act, range(count)))


def test_several_threads_may_insert_while_time_passes() -> None:
    platform = Platform(latency=0.002)
    task_id = platform.create()
    running = platform.started(30, task_name="autumn~w1", line_num="200", time_range=["10:00:00-19:00:00"])
    platform.emulator.advance(7200)

    def insert(index: int) -> None:
        rows = [[number, "x"] for number in numbers(50, index * 50)]
        code = platform.code("insert", task_id=task_id, call_column=COLUMNS, call_list=rows)
        assert code == 0
        platform.emulator.advance(1)

    at_once(8, insert)

    assert platform.row(task_id)["count_tel"] == 400
    ids = [row.data_id for row in platform.emulator.tasks[task_id].rows]
    assert len(set(ids)) == 400
    assert 2 <= platform.emulator.max_in_flight <= 8
    assert platform.status(running) == Status.RUNNING


def test_more_in_flight_than_the_platform_bears_is_busy() -> None:
    platform = Platform(latency=0.05, busy_above=2)
    codes: list[int] = []

    at_once(6, lambda index: codes.append(platform.code("query")))

    assert set(codes) == {0, 10004}
