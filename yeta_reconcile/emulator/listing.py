"""The answers of task/query and config/query.

They read; all they change is the count of queries, by which an answer may lag behind
(`Settings.lag_queries`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from yeta_reconcile.emulator import request
from yeta_reconcile.emulator.codes import BAD_PARAMETER, Refusal
from yeta_reconcile.emulator.task import ORDINARY, Task
from yeta_reconcile.emulator.world import World

_LATEST = 2**53
_SORTS: dict[str, Callable[[Task], Any]] = {
    "ID": lambda task: task.task_id,
    "NAME": lambda task: task.name,
    "CREATETIME": lambda task: (task.created, task.task_id),
    "STARTTIME": lambda task: (task.started_at, task.task_id),
    "ENDTIME": lambda task: (task.finished_at, task.task_id),
}
_SECTIONS = {0: ("robots", "lines", "urls", "voices"), 1: ("robots",), 2: ("lines",)}
_SECTIONS |= {3: ("urls",), 4: ("voices",)}


def tasks(world: World, body: Mapping[str, Any]) -> dict[str, Any]:
    """Answer task/query. The time range is that of the tasks' creation."""
    task_id = request.optional_text(body, "task_id")
    begin = request.optional_integer(body, "time_begin", 0, _LATEST)
    end = request.optional_integer(body, "time_end", 0, _LATEST)
    name = request.optional_text(body, "task_name")
    size = request.optional_integer(body, "page_size", 1, 50) or 20
    index = request.optional_integer(body, "page_index", 1, _LATEST) or 1
    statuses = _statuses(body)
    remaining = request.flag(body, "show_remaining")
    key, backwards = _order(body)
    try:
        if task_id:
            one = world.tasks.get(task_id)
            found = [one] if one is not None else []
        else:
            found = list(world.tasks.values())
        found = [
            task
            for task in found
            if _shows(world, task, bool(task_id))
            and (begin is None or task.created >= begin)
            and (end is None or task.created <= end)
            and (not name or name in task.name)
            and (statuses is None or task.status in statuses)
        ]
        found.sort(key=key, reverse=backwards)
        page = found[(index - 1) * size : index * size]
        return {
            "total_rows": len(found),
            "rows": [_row(world, task, remaining) for task in page],
        }
    finally:
        world.queries += 1


def _statuses(body: Mapping[str, Any]) -> set[int] | None:
    given = body.get("task_status_list")
    if given is None:
        return None
    if not isinstance(given, list) or not all(type(item) is int for item in given):
        raise Refusal(BAD_PARAMETER, "task_status_list")
    return set(given)


def _order(body: Mapping[str, Any]) -> tuple[Callable[[Task], Any], bool]:
    # The document names no default order; newest first is what a console shows.
    by = request.optional_text(body, "sort_name") or "CREATETIME"
    direction = request.optional_text(body, "sort_order") or "DESC"
    if by not in _SORTS or direction not in ("ASC", "DESC"):
        raise Refusal(BAD_PARAMETER, "sort_name, sort_order")
    return _SORTS[by], direction == "DESC"


def _seen(world: World, at: int, queries: int) -> bool:
    settings = world.settings
    old_enough = world.clock.now_ms - at >= settings.lag_seconds * 1000
    return old_enough and world.queries - queries >= settings.lag_queries


def _shows(world: World, task: Task, by_id: bool) -> bool:
    if task.deleted and not (
        world.settings.deleted_listed == "always" or (by_id and world.settings.deleted_listed == "by_id")
    ):
        return False
    return task.listed and _seen(world, task.created, task.created_on_query)


def _row(world: World, task: Task, remaining: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "task_id": str(task.task_id),
        "task_name": task.name,
        "task_type": task.task_type,
        "status": int(task.status),
        "deleted": int(task.deleted),
        "time_task_start": task.started_at,
        "process_count": task.calls,
        "process_tel_count": task.dialled,
        "process_through_count": task.connected,
        "process_through_rate": round(task.connected / task.calls, 4) if task.calls else 0,
        "count_tel": sum(n for at, queries, n in task.batches if _seen(world, at, queries)),
    }
    row["count_total_task"] = row["count_tel"]
    if task.task_type == ORDINARY:
        row |= _ordinary(world, task)
    if remaining:
        row["remaining"] = task.in_progress
    if world.settings.unset_times == "absent":
        row = {k: v for k, v in row.items() if not (k.startswith("time_task_") and v == 0)}
    return row


def _ordinary(world: World, task: Task) -> dict[str, Any]:
    """Give the fields that the document has for ordinary tasks only."""
    robot = world.settings.robot(task.robot_id)
    return {
        "time_task_finish": task.finished_at,
        "count_recalled": task.rounds,
        "time_task_estimate_begin": task.begin,
        "time_task_estimate_end": task.end,
        "line_num": ";".join(task.lines),
        "robot_id": task.robot_id,
        "robot_name": robot.robot_name if robot else "",
        "voice_code": task.voice,
        "voice_speed": 400,
        "count_max_recall": task.recall_count,
        "status_recall": "[1,1]",
        "time_recall_wait": task.recall_wait,
        # JSON inside a string: so the document prints it, less its mistake in quoting.
        "time_range": json.dumps(task.time_range),
        "intention_push": '["A","B"]',
    }


def config(world: World, body: Mapping[str, Any]) -> dict[str, Any]:
    """Answer config/query; robots are paged where the client or the settings name a size."""
    kind = request.optional_integer(body, "type", 0, 4) or 0
    size = request.optional_integer(body, "pageSize", 1, 1000) or world.settings.config_page
    index = request.optional_integer(body, "pageIndex", 1, _LATEST) or 1
    settings = world.settings
    result: dict[str, Any] = {}
    for section in _SECTIONS[kind]:
        if section == "robots":
            robots = [_plain(robot) for robot in settings.robots]
            if size is not None:
                result["robotTotal"] = len(robots)
                robots = robots[(index - 1) * size : index * size]
            result["robots"] = robots
        elif section == "lines":
            result["lines"] = [
                _plain(line)
                | {
                    "status": int(line.line_num in world.lines.holders),
                    "expired": int(line.expired(world.clock.now_ms)),
                }
                for line in settings.lines
            ]
        else:
            items = settings.urls if section == "urls" else settings.voices
            result[section] = [_plain(item) for item in items]
    return result


def _plain(item: Any) -> dict[str, Any]:
    given = {name: getattr(item, name) for name in item.__slots__}
    return {name: list(v) if isinstance(v, tuple) else v for name, v in given.items()}
