"""A platform that takes its time for every answer and next to no processor.

It believes whatever it is told, knows only the calls that plan and apply need, and never rings anybody.
`python -m tests.bench.slow_platform LATENCY [TASKS]`, in a process of its own: `slow_platform()`.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LATENCY = 0.020
BATCH = 50
PAGE = 50

ROBOT = "719"
COLUMNS = ["客户手机号码", "姓名"]
LINE = "100"
HOURS = ["00:00:00-23:59:59"]

TOKEN = {"token": "0" * 32, "time_expire": 3600}
CONFIG = {
    "lines": [{"line_num": LINE, "concurrents": 1000, "status": 0, "time_work": HOURS, "time_expire": -1}],
    "robots": [{"robot_id": ROBOT, "robot_name": "话术", "status": 4, "deleted": 0, "call_column": COLUMNS}],
    "voices": [],
    "urls": [],
}


class Memory:
    """Tasks by id, as `task/query` shows them."""

    def __init__(self, tasks: list[dict[str, Any]]) -> None:
        self.tasks = {task["task_id"]: task for task in tasks}
        self.rows = 0

    def result(self, call: str, told: dict[str, Any]) -> Any:
        match call:
            case "create":
                return self.create(told)
            case "insert":
                return self.insert(told)
            case "start":
                self.tasks[int(told["task_id"])]["status"] = 1
                return {}
            case "query" if "page_index" in told:
                return self.listed(told)
            case "query":
                return CONFIG
        return TOKEN

    def create(self, told: dict[str, Any]) -> dict[str, Any]:
        task_id = len(self.tasks) + 1
        self.tasks[task_id] = {
            "task_id": task_id,
            "task_name": told["task_name"],
            "status": 0,
            "deleted": 0,
            "count_tel": 0,
            "process_count": 0,
            "process_tel_count": 0,
            "line_num": told["line_num"],
            "robot_id": told["robot_id"],
            "time_range": told["time_range"],
            "time_task_estimate_begin": told["time_begin"],
            "count_max_recall": told["recall_count"],
        }
        return {"task_id": task_id}

    def insert(self, told: dict[str, Any]) -> dict[str, Any]:
        count = len(told["call_list"])
        if task := self.tasks.get(int(told["task_id"])):
            task["count_tel"] += count
        self.rows += count
        return {"total": count, "task_data_ids": [*range(self.rows - count, self.rows)]}

    def listed(self, told: dict[str, Any]) -> dict[str, Any]:
        name, begin = told.get("task_name", ""), (told["page_index"] - 1) * PAGE
        if "task_id" in told:
            found = [self.tasks[int(told["task_id"])]]
        else:
            found = [task for task in self.tasks.values() if name in task["task_name"]]
        return {"total_rows": len(found), "rows": found[begin : begin + PAGE]}

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, latency: float) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
                told = json.loads(await reader.readexactly(int(length)))
                call = head.partition(b" http/")[0].partition(b"?")[0].rpartition(b"/")[2].decode()
                if latency:
                    await asyncio.sleep(latency)
                writer.write(_answer(self.result(call, told)))
        except asyncio.IncompleteReadError:
            writer.close()


def _answer(result: object) -> bytes:
    body = json.dumps({"code": 0, "message": "ok", "result": result}).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def _serve(latency: float, tasks: list[dict[str, Any]]) -> None:
    memory = Memory(tasks)
    server = await asyncio.start_server(
        lambda reader, writer: memory.talk(reader, writer, latency), "127.0.0.1", 0
    )
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/openapi\n")
    sys.stdout.flush()
    await server.serve_forever()


@contextmanager
def slow_platform(latency: float = LATENCY, tasks: Path | None = None) -> Iterator[str]:
    """Run it, and give its base URL; `tasks` is a JSON file of those that it begins with."""
    command = [
        sys.executable,
        "-m",
        "tests.bench.slow_platform",
        str(latency),
        *([str(tasks)] if tasks else []),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")) if sys.argv[2:] else []
    asyncio.run(_serve(float(sys.argv[1]), given))
