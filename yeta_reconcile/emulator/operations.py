"""The calls of the document's Part 1, each refusing what the document forbids.

Works on the world under its lock; knows nothing of HTTP. Where the document leaves a refusal's
code open, the choice and its reason stand beside it.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from yeta_reconcile.emulator import codes, hours, listing, request
from yeta_reconcile.emulator.codes import Refusal
from yeta_reconcile.emulator.dialler import Dialler
from yeta_reconcile.emulator.settings import Robot
from yeta_reconcile.emulator.task import LIVE, POOL, Row, Status, Task
from yeta_reconcile.emulator.world import World

Body = Mapping[str, Any]
Result = dict[str, Any]

PUBLISHED = 4
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
# Epoch seconds in place of milliseconds would be a moment in 1970: below this is a mistake.
_EARLIEST_MS = 10**12
_LATEST_MS = 10**14


class Operations:
    """One method a call; `by_path` finds it."""

    def __init__(self, world: World, dialler: Dialler) -> None:
        self._world = world
        self._dialler = dialler
        self.by_path: dict[str, Callable[[Body], Result]] = {
            "/config/v1/query": lambda body: listing.config(world, body),
            "/outbound/v1/task/callout": self.callout,
            "/outbound/v1/task/create": self.create,
            "/outbound/v1/task/insert": self.insert,
            "/outbound/v1/task/start": self.start,
            "/outbound/v1/task/pause": self.pause,
            "/outbound/v1/task/delete": self.delete,
            "/outbound/v1/task/query": lambda body: listing.tasks(world, body),
            "/download/v1/push/failed": self.push_failed,
        }

    def token(self, body: Body) -> Result:
        """Answer oauth/v1/token."""
        settings = self._world.settings
        key, secret = request.text(body, "app_key"), request.text(body, "app_secret")
        if (key, secret) != (settings.app_key, settings.app_secret):
            raise Refusal(codes.BAD_CREDENTIALS)
        return {"token": self._world.issue_token(), "time_expire": settings.token_seconds}

    def create(self, body: Body) -> Result:
        """Answer task/create."""
        world = self._world
        name = request.text(body, "task_name")
        lines = self._lines(request.text(body, "line_num"))
        robot = self._robot(request.text(body, "robot_id"))
        recall = request.optional_integer(body, "recall_count", 0, 3) or 0
        wait = request.optional_integer(body, "time_recall_wait", 0, 2**31) or 0
        begin = request.integer(body, "time_begin", _EARLIEST_MS, _LATEST_MS)
        end = request.optional_integer(body, "time_end", _EARLIEST_MS, _LATEST_MS) or 0
        if end and end <= begin:
            raise Refusal(codes.BAD_PARAMETER, "time_end")
        ranges = request.texts(body, "time_range")
        windows = self._windows(ranges, lines)
        voice = self._voice(body)
        if world.balance is not None and world.balance <= 0:
            raise Refusal(codes.NO_BALANCE)
        task = Task(
            task_id=world.new_task_id(),
            name=name,
            lines=lines,
            robot_id=robot.robot_id,
            windows=windows,
            time_range=ranges,
            created=world.clock.now_ms,
            begin=begin,
            end=end,
            voice=voice,
            recall_count=0 if world.settings.ignores_recall else recall,
            recall_wait=wait,
            created_on_query=world.queries,
        )
        if world.settings.line_lock == "create":
            world.lines.take(task)
        world.tasks[str(task.task_id)] = task
        self._dialler.created(task)
        return {"task_id": str(task.task_id)}

    def insert(self, body: Body) -> Result:
        """Answer task/insert. With `Settings.bad_batch` some rows get in beside a 200203."""
        world = self._world
        task_id = request.text(body, "task_id")
        columns = request.texts(body, "call_column")
        rows = request.rows(body, "call_list")
        task = self._actionable(task_id)
        if task.status is not Status.NEW:
            # "After the start no numbers can be submitted", without a code: the relation of data
            # and task is what is wrong, and 200200 says that.
            raise Refusal(codes.BAD_RELATION, "任务启动之后，将不能再提交号码数据")
        self._check_rows(self._robot(task.robot_id), columns, rows)
        most = world.settings.max_numbers
        if most is not None and task.submitted + len(rows) > most:
            raise Refusal(codes.TOO_MANY_ROWS, f"{most}")
        bad = [index for index, row in enumerate(rows) if not self._callable(row[0])]
        if bad:
            if world.settings.bad_batch == "before":
                self._append(task, columns, rows[: bad[0]])
            elif world.settings.bad_batch == "around":
                good = [row for index, row in enumerate(rows) if index not in bad]
                self._append(task, columns, good)
            raise Refusal(codes.BAD_NUMBER)
        return self._append(task, columns, rows)

    def start(self, body: Body) -> Result:
        """Answer task/start: the first start, or going on after a pause."""
        task = self._actionable(request.text(body, "task_id"))
        if task.status in LIVE:
            # Not documented; starting what runs already changes nothing.
            if self._world.settings.start_again:
                raise Refusal(self._world.settings.start_again)
            return {}
        self._robot(task.robot_id)
        self._world.lines.take(task)
        task.started_at = task.started_at or self._world.clock.now_ms
        self._dialler.started(task)
        return {}

    def pause(self, body: Body) -> Result:
        """Answer task/pause; calls in progress go on."""
        task = self._actionable(request.text(body, "task_id"))
        if task.status is Status.NEW:
            # Not documented: there is nothing to pause, and a new task must stay open to rows.
            raise Refusal(codes.BAD_RELATION, "任务未启动")
        task.status = Status.PAUSED
        if not self._world.settings.paused_keeps_line:
            self._world.lines.give_back(task)
        return {}

    def delete(self, body: Body) -> Result:
        """Answer task/delete; also of a task that is completed."""
        task = self._world.known_task(request.text(body, "task_id"))
        self._require_ordinary(task)
        if task.deleted:
            raise Refusal(codes.TASK_DELETED)
        task.deleted = True
        self._dialler.stopped(task)
        return {}

    def callout(self, body: Body) -> Result:
        """Answer task/callout: whole or not at all."""
        world = self._world
        robot = self._robot(request.text(body, "robot_id"))
        lines = self._lines(request.text(body, "line_num"))
        if len(lines) != 1:
            raise Refusal(codes.BAD_PARAMETER, "line_num")
        columns = request.texts(body, "call_column")
        rows = request.rows(body, "call_list")
        voice = self._voice(body)
        speed = body.get("robot_speed")
        if speed is not None and (type(speed) is not int or not -500 <= speed <= 500):
            raise Refusal(codes.BAD_SPEED)
        self._check_rows(robot, columns, rows)
        if not all(self._callable(row[0]) for row in rows):
            raise Refusal(codes.BAD_NUMBER)
        world.lines.require_free(lines, "")
        pool = self._pool()
        call = Task(
            task_id=world.next_direct_id,
            name=f"{pool.name}/{world.next_data_id}",
            lines=lines,
            robot_id=robot.robot_id,
            windows=world.hours_of(lines),
            time_range=(),
            created=world.clock.now_ms,
            voice=voice,
            listed=False,
            pool=pool,
        )
        answer = self._append(call, columns, rows)
        world.next_direct_id += 1
        world.direct[call.task_id] = call
        self._dialler.started(call)
        return answer

    def push_failed(self, body: Body) -> Result:
        """Answer download/v1/push/failed: relative paths of zips of the last seven days."""
        day = request.optional_text(body, "date")
        only = None
        if day is not None:
            try:
                only = date.fromisoformat(day)
            except ValueError:
                raise Refusal(codes.BAD_PARAMETER, "date") from None
        return {"url": self._world.failed.paths(self._world.clock.now_ms, only)}

    def _actionable(self, task_id: str) -> Task:
        task = self._world.known_task(task_id)
        self._require_ordinary(task)
        # The task's end may have passed since anything last happened to it.
        self._dialler.enforce_end(task)
        return self._world.task(task_id)

    def _require_ordinary(self, task: Task) -> None:
        if task.task_type == POOL:
            raise Refusal(codes.BAD_RELATION, "长期任务")

    def _lines(self, given: str) -> tuple[str, ...]:
        lines = tuple(given.split(";"))
        for number in lines:
            line = self._world.settings.line(number)
            if line is None or line.expired(self._world.clock.now_ms):
                raise Refusal(codes.BAD_PARAMETER, "line_num")
        if len(set(lines)) != len(lines):
            raise Refusal(codes.BAD_PARAMETER, "line_num")
        return lines

    def _robot(self, robot_id: str) -> Robot:
        robot = self._world.settings.robot(robot_id)
        if robot is None or robot.deleted or robot.status != PUBLISHED:
            raise Refusal(codes.BAD_ROBOT)
        return robot

    def _voice(self, body: Body) -> str:
        voice = request.optional_text(body, "voice_code")
        known = {v.voice_code for v in self._world.settings.voices}
        if voice is not None and voice not in known:
            raise Refusal(codes.BAD_VOICE)
        return voice or ""

    def _windows(self, ranges: tuple[str, ...], lines: tuple[str, ...]) -> list[hours.Window]:
        allowed = self._world.hours_of(lines)
        windows = []
        for given in ranges:
            window = hours.parse(given)
            if window is None or not hours.inside(window, allowed):
                raise Refusal(codes.BAD_HOURS, given)
            windows.append(window)
        return hours.merged(windows)

    def _check_rows(self, robot: Robot, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
        if len(rows) > self._world.settings.max_batch:
            raise Refusal(codes.TOO_MANY_ROWS, f"{self._world.settings.max_batch}")
        # The number's column comes first; the others may stand in any order, none twice.
        if columns[0] != robot.call_column[0] or sorted(columns) != sorted(robot.call_column):
            raise Refusal(codes.BAD_COLUMNS)
        if any(len(row) != len(columns) for row in rows):
            raise Refusal(codes.BAD_COLUMNS)

    def _callable(self, number: str) -> bool:
        return _MOBILE.fullmatch(number) is not None and number not in self._world.settings.sensitive_numbers

    def _append(self, task: Task, columns: tuple[str, ...], values: list[tuple[str, ...]]) -> Result:
        world = self._world
        if world.balance is not None:
            if world.balance < len(values):
                raise Refusal(codes.NO_BALANCE)
            world.balance -= len(values)
        # Direct call-outs are rows of the pool; their numbering goes on from call to call.
        first = (task.pool or task).submitted
        ids = world.new_data_ids(len(values))
        ordered = self._in_head_order(task, columns, values)
        rows = [
            Row(data_id, first + index, row)
            for index, (data_id, row) in enumerate(zip(ids, ordered, strict=True))
        ]
        task.rows.extend(rows)
        task.pending.extend(rows)
        for counted in (task, task.pool):
            if counted is not None and rows:
                counted.submitted += len(rows)
                counted.batches.append((world.clock.now_ms, world.queries, len(rows)))
        return {"total": len(rows), "task_data_ids": list(ids)}

    def _in_head_order(
        self, task: Task, columns: tuple[str, ...], values: list[tuple[str, ...]]
    ) -> list[tuple[str, ...]]:
        """Later batches may map the columns in another order than the task's first did."""
        task.head = task.head or columns
        if columns == task.head:
            return values
        order = [columns.index(name) for name in task.head]
        return [tuple(row[place] for place in order) for row in values]

    def _pool(self) -> Task:
        world = self._world
        if world.pool is None:
            world.pool = Task(
                task_id=world.new_task_id(),
                name="默认长期任务",
                lines=(),
                robot_id="",
                windows=[],
                time_range=(),
                created=world.clock.now_ms,
                task_type=POOL,
                status=Status.RUNNING,
                pending=deque(),
                started_at=world.clock.now_ms,
                created_on_query=world.queries,
            )
            world.tasks[str(world.pool.task_id)] = world.pool
        return world.pool
