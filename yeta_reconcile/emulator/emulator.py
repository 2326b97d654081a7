"""The emulator put together: the platform's interface, its time, and hooks for whoever is at the console.

`Emulator` is a WSGI application. Mounted in process its time stands still until `advance`; served,
a thread advances it. All of it may be used from several threads.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from wsgiref.types import StartResponse

from yeta_reconcile.emulator.dialler import Dialler
from yeta_reconcile.emulator.door import Admin, Door
from yeta_reconcile.emulator.faults import Faults
from yeta_reconcile.emulator.incoming import Ask, Switchboard
from yeta_reconcile.emulator.lines import CONSOLE
from yeta_reconcile.emulator.operations import Operations
from yeta_reconcile.emulator.outbox import Carrier, Deliver, carried_by
from yeta_reconcile.emulator.settings import Settings
from yeta_reconcile.emulator.task import ORDINARY, Row, Status, Task
from yeta_reconcile.emulator.virtual_clock import VirtualClock
from yeta_reconcile.emulator.world import World


class Emulator:
    """The yeta platform on this machine.

    `deliver` takes each push (module, body) and tells whether it was acknowledged; `carrier` is
    its form that answers later. With neither, pushes are only collected in `pushes`.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        clock: VirtualClock | None = None,
        deliver: Deliver | None = None,
        carrier: Carrier | None = None,
        ask: Ask | None = None,
    ) -> None:
        settings = settings or Settings()
        self.clock = clock or VirtualClock()
        self.faults = Faults(settings.seed)
        self.world = World(settings, self.clock)
        self.dialler = Dialler(self.world)
        self._operations = Operations(self.world, self.dialler)
        self._switchboard = Switchboard(self.world, self.dialler, ask)
        self._door = Door(self.world, self._operations, self.faults)
        self._advancing = threading.Lock()
        self.world.outbox.carrier = carried_by(deliver) if deliver else carrier
        self.dialled = self.world.dialled
        """Every first dialling of a row, in order; a number twice here rang twice."""
        self.recalled = self.world.recalled
        """Every dialling that was a recall, in order."""
        self.pushes = self.world.outbox.sent
        """Every push, in the order of first attempts."""
        self.calls_log = self._door.log
        """Every request of the interface, in order."""

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        return self._door(environ, start_response)

    def mount(self, admin: Admin) -> None:
        """Let requests be answered by `admin` first, which gives None for those that are not for it."""
        self._door.admin = admin

    @property
    def settings(self) -> Settings:
        """What the platform is like now."""
        return self.world.settings

    def change(self, **fields: Any) -> None:
        """Change settings while the platform lives: a robot is deleted, a line loses hours, …

        A `Courier` keeps the urls it was made with.
        """
        with self.world.lock:
            self.world.follow(dataclasses.replace(self.settings, **fields))

    # -- time ----------------------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        """Let virtual time pass, and everything happen that falls into it."""
        self.advance_to(self.clock.now_ms + round(seconds * 1000))

    def advance_to(self, ms: int) -> None:
        """Let virtual time pass until epoch `ms`."""
        with self._advancing:
            while True:
                with self.world.lock:
                    due = self.world.agenda.next_due(ms)
                    if due is None:
                        self.clock.move_to(ms)
                        return
                    at, action, argument = due
                    self.clock.move_to(at)
                    errand = action(argument)
                # Talking to others never holds the lock: the interface goes on answering.
                if errand is not None:
                    errand()

    def run_until_idle(self, at_most_days: float = 60) -> None:
        """Let time pass until nothing is left to happen."""
        limit = self.clock.now_ms + int(at_most_days * 86_400_000)
        while True:
            with self.world.lock:
                due = self.world.agenda.first_at()
            if due is None or due > limit:
                return
            self.advance_to(due)

    # -- what was seen -------------------------------------------------------------------------

    @property
    def max_in_flight(self) -> int:
        """The most requests of the interface that were in flight at once."""
        return self._door.max_in_flight

    @property
    def tasks(self) -> Mapping[str, Task]:
        """All tasks that were not purged, by id; to look at, not to change."""
        return self.world.tasks

    def task_named(self, name: str) -> Task:
        """Give the one task of a name; KeyError where there is none or more than one."""
        found = [task for task in self.world.tasks.values() if task.name == name]
        if len(found) != 1:
            raise KeyError(f"{len(found)} tasks named {name!r}")
        return found[0]

    # -- the console ---------------------------------------------------------------------------

    def console_pause(self, task_id: str) -> None:
        """Pause a task as a person at the console would; Refusal as for the interface."""
        self._at_the_console(self._operations.pause, task_id)

    def console_start(self, task_id: str) -> None:
        """Start or resume a task as a person at the console would."""
        self._at_the_console(self._operations.start, task_id)

    def console_delete(self, task_id: str) -> None:
        """Delete a task as a person at the console would."""
        self._at_the_console(self._operations.delete, task_id)

    def _at_the_console(self, act: Callable[[dict[str, Any]], object], task_id: str) -> None:
        with self.world.lock:
            act({"task_id": str(task_id)})

    def console_purge(self, task_id: str) -> None:
        """Make a task be gone altogether: no query finds it, and other calls answer 200202."""
        with self.world.lock:
            task = self.world.known_task(str(task_id))
            task.deleted = True
            self.dialler.stopped(task)
            del self.world.tasks[str(task_id)]

    def finish(self, task_id: str, status: Status = Status.COMPLETED) -> None:
        """End a task at once, with whatever was dialled until now."""
        with self.world.lock:
            self.dialler.end(self.world.known_task(str(task_id)), status)

    def take_line(self, line: str) -> None:
        """Let somebody at the console take a line; Refusal(3030002) where a task has it."""
        if self.settings.line(line) is None:
            raise KeyError(line)
        with self.world.lock:
            self.world.lines.require_free([line], CONSOLE)
            self.world.lines.holders[line] = CONSOLE

    def release_line(self, line: str) -> None:
        """Give back a line that was taken at the console."""
        with self.world.lock:
            if self.world.lines.holders.get(line) == CONSOLE:
                del self.world.lines.holders[line]

    def add_foreign_task(
        self,
        name: str,
        *,
        numbers: Iterable[str] = (),
        line: str | None = None,
        robot_id: str | None = None,
        status: Status = Status.NEW,
        deleted: bool = False,
        task_type: int = ORDINARY,
    ) -> str:
        """Add a task that another application made, and give its id. A live one takes its line."""
        world = self.world
        robot = self.settings.robot(robot_id) if robot_id else self.settings.robots[0]
        if robot is None:
            raise KeyError(robot_id)
        line = line or self.settings.lines[0].line_num
        with world.lock:
            task = Task(
                task_id=world.new_task_id(),
                name=name,
                lines=(line,),
                robot_id=robot.robot_id,
                windows=world.hours_of((line,)),
                time_range=tuple(ln.time_work[0] for ln in self.settings.lines[:1]),
                created=world.clock.now_ms,
                begin=world.clock.now_ms,
                task_type=task_type,
                head=robot.call_column,
                deleted=deleted,
            )
            rest = ("",) * (len(robot.call_column) - 1)
            chosen = list(numbers)
            ids = world.new_data_ids(len(chosen))
            pairs = enumerate(zip(ids, chosen, strict=True))
            task.rows = [Row(data_id, index, (number, *rest)) for index, (data_id, number) in pairs]
            task.pending.extend(task.rows)
            task.submitted = len(task.rows)
            task.batches.append((world.clock.now_ms, world.queries, task.submitted))
            world.tasks[str(task.task_id)] = task
            self._bring_to(task, status)
        return str(task.task_id)

    def _bring_to(self, task: Task, status: Status) -> None:
        if status in (Status.STARTED, Status.RUNNING) and not task.deleted:
            self.world.lines.take(task)
            task.started_at = self.world.clock.now_ms
            self.dialler.started(task)
        task.status = status

    def incoming_call(
        self, robot_id: str, relation_id: str, line: str, caller: str = "19900009999"
    ) -> dict[str, str] | None:
        """Let someone call in; give the context the application answered within 500 ms, if any.

        The call's records follow as virtual time passes.
        """
        return self._switchboard.ring(robot_id, relation_id, line, caller)
