r"""The admin door: what a test does with hooks in process, over HTTP.

| call | does |
|---|---|
| `GET /_emulator/state` | time, counts, and every task with its numbers |
| `GET /_emulator/calls` | the log of the interface's requests |
| `GET /_emulator/dialled` | first diallings and recalls |
| `POST /_emulator/faults` `{"kind": …, "path": …, "nth": …, "times": …, "rate": …, "code": …, \
"seconds": …, "where": {…}}` or a list | arms faults |
| `DELETE /_emulator/faults` | disarms all |
| `POST /_emulator/advance` `{"seconds": 60}` | lets virtual time pass |
| `POST /_emulator/tasks/<id>/pause\\|start\\|delete\\|purge\\|finish` | at the console |
| `POST /_emulator/lines/<line>/take\\|release` | somebody at the console takes a line |
| `POST /_emulator/settings` `{"robots": […]}` | changes fields of `Settings` |
| `POST /_emulator/incoming` `{"robot_id", "relation_id", "line", "caller"}` | a call comes in |

Answers are JSON; a mistake is 400 with `{"error": …}`. No token is asked: the emulator is a tool of
tests and binds to loopback. It must not be put where others reach it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from yeta_reconcile.emulator.codes import Refusal
from yeta_reconcile.emulator.door import Request, Response
from yeta_reconcile.emulator.emulator import Emulator
from yeta_reconcile.emulator.faults import Fault
from yeta_reconcile.emulator.settings import Settings
from yeta_reconcile.emulator.task import Task

PREFIX = "/_emulator/"


class Admin:
    """Answers requests below `/_emulator/`, and gives None for others."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._posts: dict[str, Callable[[Any], Any]] = {
            "faults": self._add_faults,
            "advance": self._advance,
            "incoming": lambda given: {"context": emulator.incoming_call(**given)},
            "settings": self._change,
        }
        self._gets: dict[str, Callable[[], Any]] = {
            "state": self._state,
            "calls": self._calls,
            "dialled": self._dialled,
        }

    def __call__(self, request: Request) -> Response | None:
        if not request.path.startswith(PREFIX):
            return None
        try:
            return _said(200, self._act(request, request.path.removeprefix(PREFIX)))
        except (Refusal, KeyError, TypeError, ValueError, AttributeError) as error:
            return _said(400, {"error": f"{type(error).__name__}: {error}"})

    def _act(self, request: Request, path: str) -> Any:
        if request.method == "GET" and path in self._gets:
            return self._gets[path]()
        if request.method == "DELETE" and path == "faults":
            self._emulator.faults.clear()
            return {}
        if request.method != "POST":
            raise ValueError(f"{request.method} {path}")
        if path in self._posts:
            return self._posts[path](json.loads(request.body or b"{}"))
        kind, _, rest = path.partition("/")
        name, _, verb = rest.partition("/")
        acts = self._on_tasks() if kind == "tasks" else self._on_lines() if kind == "lines" else {}
        acts[verb](name)
        return {}

    def _on_tasks(self) -> dict[str, Callable[[str], None]]:
        return {
            "pause": self._emulator.console_pause,
            "start": self._emulator.console_start,
            "delete": self._emulator.console_delete,
            "purge": self._emulator.console_purge,
            "finish": self._emulator.finish,
        }

    def _on_lines(self) -> dict[str, Callable[[str], None]]:
        return {"take": self._emulator.take_line, "release": self._emulator.release_line}

    def _add_faults(self, given: Any) -> Any:
        faults = [Fault(**one) for one in (given if isinstance(given, list) else [given])]
        self._emulator.faults.add(*faults)
        return {"armed": len(self._emulator.faults)}

    def _advance(self, given: Any) -> Any:
        self._emulator.advance(float(given["seconds"]))
        return {"now": self._emulator.clock.now_ms}

    def _change(self, given: Any) -> Any:
        self._emulator.change(**Settings.fields_from_json(given))
        return {}

    def _state(self) -> Any:
        emulator, world = self._emulator, self._emulator.world
        with world.lock:
            return {
                "now": world.clock.now_ms,
                "tasks": [_shown(task) for task in world.tasks.values()],
                "lines": dict(world.lines.holders),
                "pushes": dict(world.outbox.counts),
                "calls_in_progress": len(world.calls),
                "dialled": len(world.dialled),
                "recalled": len(world.recalled),
                "requests": len(emulator.calls_log),
                "max_in_flight": emulator.max_in_flight,
                "faults": len(emulator.faults),
                "balance": world.balance,
            }

    def _calls(self) -> Any:
        return [asdict(call) | {"executed": call.executed} for call in self._emulator.calls_log]

    def _dialled(self) -> Any:
        with self._emulator.world.lock:
            return {
                "dialled": [rang._asdict() for rang in self._emulator.dialled],
                "recalled": [rang._asdict() for rang in self._emulator.recalled],
            }


def _shown(task: Task) -> dict[str, Any]:
    return {
        "task_id": str(task.task_id),
        "task_name": task.name,
        "status": int(task.status),
        "deleted": task.deleted,
        "lines": list(task.lines),
        "count_tel": task.submitted,
        "dialled": task.dialled,
        "connected": task.connected,
        "in_progress": task.in_progress,
        "numbers": [row.number for row in task.rows],
        "dialled_numbers": [row.number for row in task.rows if row.tries],
    }


def _said(status: int, value: Any) -> Response:
    return Response(status, json.dumps(value, ensure_ascii=False).encode())
