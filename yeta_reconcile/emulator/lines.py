"""Who has which line: the lock a task takes on its lines, and the channels of calls in progress.

Does not decide when a lock is taken or given back; the operations and the dialler do.
"""

from __future__ import annotations

from collections.abc import Iterable

from yeta_reconcile.emulator.codes import LINE_TAKEN, Refusal
from yeta_reconcile.emulator.settings import Settings
from yeta_reconcile.emulator.task import Task

CONSOLE = "console"


class Lines:
    """The lines of the enterprise, by number."""

    def __init__(self) -> None:
        self.holders: dict[str, str] = {}
        """Line number → id of the task that has it, or CONSOLE for somebody at the console."""
        self.free: dict[str, int] = {}
        """Channels that are free; below zero where a line lost channels that are in use."""
        self.hungry: dict[str, dict[Task, None]] = {}
        """Tasks that could dial and found no channel free, in the order they asked."""
        self._channels: dict[str, int] = {}
        self._locks = False

    def follow(self, settings: Settings) -> None:
        """Be the lines of these settings; what is held or in use stays so."""
        self._locks = settings.line_lock != "off"
        for line in settings.lines:
            more = line.concurrents - self._channels.get(line.line_num, 0)
            self.free[line.line_num] = self.free.get(line.line_num, 0) + more
            self._channels[line.line_num] = line.concurrents
            self.hungry.setdefault(line.line_num, {})

    def require_free(self, lines: Iterable[str], holder: str) -> None:
        """Refuse with 3030002 where a line is another's."""
        for line in lines:
            if self.holders.get(line, holder) != holder:
                raise Refusal(LINE_TAKEN, line)

    def take(self, task: Task) -> None:
        """Lock all lines of a task, or refuse and lock none."""
        if not self._locks:
            # Only a hold by the console counts then: tasks share.
            self.require_free((ln for ln in task.lines if self.holders.get(ln) == CONSOLE), "")
            return
        holder = str(task.task_id)
        self.require_free(task.lines, holder)
        for line in task.lines:
            self.holders[line] = holder

    def give_back(self, task: Task) -> None:
        """Unlock what the task holds."""
        for line in task.lines:
            if self.holders.get(line) == str(task.task_id):
                del self.holders[line]
            self.hungry[line].pop(task, None)

    def channel(self, task: Task) -> str | None:
        """Take a free channel on one of the task's lines; without one the task waits in line."""
        for line in task.lines:
            if self.free[line] > 0:
                self.free[line] -= 1
                return line
        for line in task.lines:
            self.hungry[line][task] = None
        return None

    def hang_up(self, line: str) -> None:
        """Give a channel back."""
        self.free[line] += 1

    def next_hungry(self, line: str) -> Task | None:
        """Name the task that has waited longest for a channel of `line`, where one is free."""
        if self.free[line] <= 0:
            return None
        task = next(iter(self.hungry[line]), None)
        if task is not None:
            for other in task.lines:
                self.hungry[other].pop(task, None)
        return task
