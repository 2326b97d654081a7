"""The platform's memory as a JSON value and back, so that a served one survives a restart.

Nothing rings twice by it: calls in progress are kept as such and end when they would have ended.
Not kept: the log of requests, and faults.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from yeta_reconcile.emulator.dialler import Dialler
from yeta_reconcile.emulator.outbox import Push
from yeta_reconcile.emulator.task import LIVE, Call, Row, Status, Task
from yeta_reconcile.emulator.world import Dialling, World

FORMAT = "yeta-emulator/1"

_COUNTERS = (
    "tokens_issued",
    "queries",
    "balance",
    "next_task_id",
    "next_data_id",
    "next_direct_id",
)


def _plain(kind: type[Task | Call]) -> tuple[str, ...]:
    """The fields of what is kept that JSON has as they are."""
    return tuple(one.name for one in fields(kind) if one.type in {"int", "str", "bool"})


# When a task's hours close is found anew.
_TASK_PLAIN = tuple(name for name in _plain(Task) if name != "open_until")
_CALL_PLAIN = _plain(Call)


def taken(world: World) -> dict[str, Any]:
    """Give everything worth keeping, as JSON, apart from what goes on changing."""
    with world.lock:
        return {
            "format": FORMAT,
            "now": world.clock.now_ms,
            "counters": {name: getattr(world, name) for name in _COUNTERS},
            "tokens": dict(world.tokens),
            "holders": dict(world.lines.holders),
            "tasks": [_task(task) for task in world.tasks.values()],
            "direct": [_task(task) for task in world.direct.values()],
            "pool": world.pool and world.pool.task_id,
            "calls": [_call(call) for call in world.calls.values()],
            "pushes": [[push.module, push.data, push.at, push.attempts] for push in world.outbox.waiting],
            "failed": {day: list(lines) for day, lines in world.failed.by_day.items()},
            "recordings": sorted(world.recordings),
            "dialled": [list(rang) for rang in world.dialled],
            "recalled": [list(rang) for rang in world.recalled],
        }


def _task(task: Task) -> dict[str, Any]:
    return {name: getattr(task, name) for name in _TASK_PLAIN} | {
        "status": int(task.status),
        "lines": task.lines,
        "time_range": task.time_range,
        "head": task.head,
        "windows": task.windows,
        "batches": list(task.batches),
        "rows": [[row.data_id, row.index, row.values, row.tries, row.connected] for row in task.rows],
        "pending": [row.data_id for row in task.pending],
        "missed": [row.data_id for row in task.missed],
    }


def _call(call: Call) -> dict[str, Any]:
    return {name: getattr(call, name) for name in _CALL_PLAIN} | {
        "task_id": call.task.task_id,
        "direct": call.task.pool is not None,
        "data_id": call.row.data_id,
    }


def put_back(world: World, dialler: Dialler, kept: Mapping[str, Any]) -> None:
    """Bring a fresh world to where `taken` found another; ValueError for a foreign file."""
    if kept.get("format") != FORMAT:
        raise ValueError(f"not a snapshot of the emulator: {kept.get('format')!r}")
    with world.lock:
        world.clock.move_to(kept["now"])
        for name in _COUNTERS:
            setattr(world, name, kept["counters"][name])
        world.tokens.update(kept["tokens"])
        world.lines.holders.update(kept["holders"])
        world.tasks = {str(given["task_id"]): _task_back(given) for given in kept["tasks"]}
        world.pool = world.tasks.get(str(kept["pool"]))
        world.direct = {given["task_id"]: _task_back(given) for given in kept["direct"]}
        for task in world.direct.values():
            task.pool = world.pool
        for task in [*world.tasks.values(), *world.direct.values()]:
            dialler.created(task)
            if task.status in LIVE and task is not world.pool:
                dialler.wake(task)
        for given in kept["calls"]:
            _call_back(world, dialler, given)
        for module, data, at, attempts in kept["pushes"]:
            world.outbox.schedule(Push(module, data, at, attempts))
        world.failed.by_day.update(kept["failed"])
        world.recordings.update(kept["recordings"])
        world.dialled.extend(Dialling(*rang) for rang in kept["dialled"])
        world.recalled.extend(Dialling(*rang) for rang in kept["recalled"])


def _task_back(given: Mapping[str, Any]) -> Task:
    task = Task(
        lines=tuple(given["lines"]),
        windows=[(begin, end) for begin, end in given["windows"]],
        time_range=tuple(given["time_range"]),
        head=tuple(given["head"]),
        status=Status(given["status"]),
        batches=[(at, queries, count) for at, queries, count in given["batches"]],
        **{name: given[name] for name in _TASK_PLAIN},
    )
    task.rows = [
        Row(data_id, index, tuple(values), tries, connected)
        for data_id, index, values, tries, connected in given["rows"]
    ]
    by_id = {row.data_id: row for row in task.rows}
    task.pending = deque(by_id[data_id] for data_id in given["pending"])
    task.missed = [by_id[data_id] for data_id in given["missed"]]
    return task


def _call_back(world: World, dialler: Dialler, given: Mapping[str, Any]) -> None:
    task = world.direct.get(given["task_id"]) if given["direct"] else None
    task = task or world.tasks.get(str(given["task_id"]))
    if task is None:
        # Its task was purged while it rang: it ends unheard.
        return
    row = next(row for row in task.rows if row.data_id == given["data_id"])
    call = Call(task, row, **{name: given[name] for name in _CALL_PLAIN})
    world.lines.free[call.line] -= 1
    dialler.under_way(call)
