"""Somebody at the console, in process and through the admin door."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.platform import LINE, Platform, numbers
from yeta_reconcile.emulator import Refusal, Status


def admin(platform: Platform, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    answer = platform.http.request(method, f"http://emulator.test/_emulator/{path}", json=body)
    return answer.status_code, answer.json()


def test_a_person_pauses_starts_and_deletes() -> None:
    platform = Platform()
    task_id = platform.filled()

    platform.emulator.console_start(task_id)
    assert platform.status(task_id) == Status.STARTED
    platform.emulator.console_pause(task_id)
    assert platform.status(task_id) == Status.PAUSED
    platform.emulator.console_delete(task_id)
    assert platform.row(task_id)["deleted"] == 1
    with pytest.raises(Refusal):
        platform.emulator.console_start(task_id)


def test_a_purged_task_was_never_there() -> None:
    platform = Platform()
    platform.until_nine()
    task_id = platform.started(20)
    platform.emulator.advance(1)
    platform.emulator.console_purge(task_id)

    assert platform.task("query", task_id=task_id)[1] == {"total_rows": 0, "rows": []}
    assert platform.code("delete", task_id=task_id) == 200202
    platform.emulator.run_until_idle()
    assert len(platform.emulator.dialled) == 5


def test_a_task_is_ended_at_the_console() -> None:
    platform = Platform()
    task_id = platform.started()
    platform.emulator.finish(task_id, Status.EXPIRED)

    platform.emulator.run_until_idle()
    assert (platform.status(task_id), platform.emulator.dialled) == (Status.EXPIRED, [])


def test_the_admin_door_does_what_hooks_do() -> None:
    platform = Platform()
    task_id = platform.filled()

    assert admin(platform, "POST", f"tasks/{task_id}/start") == (200, {})
    assert admin(platform, "POST", "advance", {"seconds": 3601})[0] == 200
    assert platform.status(task_id) == Status.RUNNING
    assert admin(platform, "POST", f"tasks/{task_id}/pause") == (200, {})
    assert platform.status(task_id) == Status.PAUSED
    assert admin(platform, "POST", f"tasks/{task_id}/finish") == (200, {})
    assert platform.status(task_id) == Status.COMPLETED
    assert admin(platform, "POST", f"lines/{LINE}/take") == (200, {})
    assert admin(platform, "GET", "state")[1]["lines"] == {LINE: "console"}
    assert admin(platform, "POST", f"lines/{LINE}/release") == (200, {})
    assert admin(platform, "POST", f"tasks/{task_id}/delete") == (200, {})
    assert admin(platform, "POST", f"tasks/{task_id}/purge") == (200, {})
    assert admin(platform, "GET", "state")[1]["tasks"] == []


def test_the_state_shows_every_task_with_its_numbers() -> None:
    platform = Platform()
    platform.until_nine()
    task_id = platform.started(7)
    platform.emulator.advance(0.5)

    status, state = admin(platform, "GET", "state")

    assert status == 200
    (task,) = state["tasks"]
    assert (task["task_id"], task["status"], task["in_progress"]) == (task_id, 2, 5)
    assert (task["numbers"], task["dialled_numbers"]) == (numbers(7), numbers(5))
    assert (state["dialled"], state["calls_in_progress"]) == (5, 5)
    assert state["now"] == platform.emulator.clock.now_ms


def test_the_log_and_the_diallings_can_be_read() -> None:
    platform = Platform(result_weights={"20": 1.0})
    platform.started(2, recall_count=1)
    platform.emulator.run_until_idle()

    _, calls = admin(platform, "GET", "calls")
    assert [call["path"].rpartition("/")[2] for call in calls] == [
        "token",
        "create",
        "insert",
        "start",
    ]
    _, rang = admin(platform, "GET", "dialled")
    assert [one["number"] for one in rang["dialled"]] == numbers(2)
    assert [one["tries"] for one in rang["recalled"]] == [1, 1]


def test_faults_are_armed_and_disarmed_over_http() -> None:
    platform = Platform()
    faults = [{"kind": "code", "path": "task/query", "code": 10004}, {"kind": "html", "times": 0}]

    assert admin(platform, "POST", "faults", faults) == (200, {"armed": 2})
    assert platform.code("query") == 10004
    assert platform.post("/outbound/v1/task/query", {}).status_code == 502
    assert admin(platform, "DELETE", "faults") == (200, {})
    assert admin(platform, "POST", "faults", {"kind": "code"}) == (200, {"armed": 1})


def test_a_call_comes_in_over_http() -> None:
    platform = Platform()
    call = {"robot_id": "4444", "relation_id": "1111", "line": LINE}

    assert admin(platform, "POST", "incoming", call) == (200, {"context": None})


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "nowhere", None),
        ("POST", "nowhere", None),
        ("POST", "tasks/404/pause", None),
        ("POST", "tasks/404/dance", None),
        ("POST", "lines/unknown/take", None),
        ("POST", "faults", {"kind": "colour"}),
        ("POST", "faults", {"colour": 1}),
        ("POST", "advance", {}),
        ("POST", "advance", [1]),
        ("DELETE", "state", None),
    ],
)
def test_a_mistake_at_the_admin_door_is_told(method: str, path: str, body: Any) -> None:
    status, said = admin(Platform(), method, path, body)

    assert status == 400
    assert said["error"]


def test_resources_may_change_under_a_running_client() -> None:
    platform = Platform(result_weights={"0": 1.0})
    task_id = platform.filled(60)
    robots = platform.emulator.settings.robots
    platform.emulator.change(robots=())
    assert platform.code("start", task_id=task_id) == 200204
    platform.emulator.change(robots=robots)
    assert platform.code("start", task_id=task_id) == 0
    platform.until_nine()
    platform.emulator.advance(0.5)
    assert platform.emulator.tasks[task_id].in_progress == 5

    fewer = [{"line_num": LINE, "concurrents": 2, "time_work": ["09:00:00-18:00:00"]}]
    assert admin(platform, "POST", "settings", {"lines": fewer}) == (200, {})
    assert platform.emulator.tasks[task_id].in_progress == 5
    platform.emulator.advance(400)
    assert platform.emulator.tasks[task_id].in_progress == 2
    assert admin(platform, "POST", "settings", {"colour": 1})[0] == 400
