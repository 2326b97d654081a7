"""A client of the emulated platform as plain as can be: posts a body, gives code and result."""

from __future__ import annotations

from typing import Any

import httpx

from tests.support.transport import BASE_URL, EmulatorTransport
from yeta_reconcile.emulator import Emulator, Line, Robot, Settings
from yeta_reconcile.emulator.admin import Admin

OPEN = "09:00:00-18:00:00"
COLUMNS = ["客户手机号码", "姓名"]
ROBOT = "719"
LINE = "100"
OTHER_LINE = "200"


def settings(**override: Any) -> Settings:
    given: dict[str, Any] = {
        "token_seconds": 10**7,
        "robots": (
            Robot(ROBOT, "测试话术", tuple(COLUMNS)),
            Robot("unpublished", status=3),
            Robot("deleted", deleted=1),
        ),
        "lines": (
            Line(LINE, 5, (OPEN,)),
            Line(OTHER_LINE, 5, ("10:00:00-20:00:00",)),
            Line("expired", 5, (OPEN,), time_expire=2_592_000),
        ),
    }
    return Settings(**(given | override))


def numbers(count: int, start: int = 0) -> list[str]:
    return [f"1990000{index:04d}" for index in range(start, start + count)]


class Platform:
    """The emulator with a client in front."""

    def __init__(self, emulator: Emulator | None = None, **override: Any) -> None:
        self.emulator = emulator or Emulator(settings(**override))
        self.emulator.mount(Admin(self.emulator))
        self.http = httpx.Client(transport=EmulatorTransport(self.emulator), base_url=BASE_URL, timeout=5)
        self.token = self.new_token()

    def new_token(self) -> str:
        chosen = self.emulator.settings
        secrets = {"app_key": chosen.app_key, "app_secret": chosen.app_secret}
        return str(self.http.post("/oauth/v1/token", json=secrets).json()["result"]["token"])

    def post(self, path: str, body: Any) -> httpx.Response:
        return self.http.post(path, json=body, params={"token": self.token})

    def call(self, path: str, **body: Any) -> tuple[int, Any]:
        answer = self.post(path, body).json()
        assert set(answer) == {"code", "message", "result"}
        return answer["code"], answer["result"]

    def task(self, verb: str, **body: Any) -> tuple[int, Any]:
        return self.call(f"/outbound/v1/task/{verb}", **body)

    def code(self, verb: str, **body: Any) -> int:
        return self.task(verb, **body)[0]

    def create_body(self, **override: Any) -> dict[str, Any]:
        body = {
            "task_name": "spring~w1",
            "line_num": LINE,
            "robot_id": ROBOT,
            "time_range": [OPEN],
            "time_begin": self.emulator.clock.now_ms,
        }
        return body | override

    def create(self, **override: Any) -> str:
        code, result = self.task("create", **self.create_body(**override))
        assert code == 0, code
        return str(result["task_id"])

    def insert(self, task_id: str, chosen: list[str]) -> list[int]:
        ids: list[int] = []
        for first in range(0, len(chosen), 50):
            rows = [[number, "张三"] for number in chosen[first : first + 50]]
            code, result = self.task("insert", task_id=task_id, call_column=COLUMNS, call_list=rows)
            assert code == 0, code
            ids += result["task_data_ids"]
        return ids

    def filled(self, count: int = 3, **override: Any) -> str:
        task_id = self.create(**override)
        self.insert(task_id, numbers(count))
        return task_id

    def started(self, count: int = 3, **override: Any) -> str:
        task_id = self.filled(count, **override)
        assert self.code("start", task_id=task_id) == 0
        return task_id

    def row(self, task_id: str, **query: Any) -> dict[str, Any]:
        code, result = self.task("query", task_id=task_id, **query)
        assert code == 0
        (row,) = result["rows"]
        assert isinstance(row, dict)
        return row

    def status(self, task_id: str) -> int:
        return int(self.row(task_id)["status"])

    def until_nine(self) -> None:
        """Advance from 08:00, when the clock starts, to the lines' opening."""
        self.emulator.advance(3600)
