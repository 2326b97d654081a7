"""The simulation: which row is dialled when, and what its call does to its task.

A task is looked at (`consider`) whenever something about it may have changed: it was started, a
moment it waits for has come, one of its calls ended, or a channel became free. Everything happens
in virtual time and under the world's lock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from yeta_reconcile.emulator import hours, records
from yeta_reconcile.emulator.task import FINAL, LIVE, Call, Row, Status, Task
from yeta_reconcile.emulator.world import Dialling, World


class Dialler:
    """Dials the rows of started tasks."""

    def __init__(self, world: World) -> None:
        self._world = world

    def created(self, task: Task) -> None:
        """See to it that the task's end is noticed."""
        if task.end:
            self._world.agenda.at(task.end, self.enforce_end, task)

    def started(self, task: Task) -> None:
        """Begin, or go on, at the next stroke of the clock: until then it is 1, started."""
        task.status = Status.STARTED
        task.open_until = 0
        self.wake(task)

    def wake(self, task: Task) -> None:
        """Have a task looked at at the next stroke of the clock."""
        self._wake_at(task, self._world.clock.now_ms)

    def stopped(self, task: Task) -> None:
        """Forget what a deleted task would still have done; its calls in progress finish or not."""
        task.pending.clear()
        self._world.lines.give_back(task)
        if self._world.settings.delete_cuts_calls:
            task.in_progress = 0

    def _wake_at(self, task: Task, ms: int) -> None:
        # One wake-up a moment: a task that is looked at often must not fill the agenda.
        if ms not in task.wakes:
            task.wakes.add(ms)
            self._world.agenda.at(ms, self._woken, (task, ms))

    def _woken(self, wake: tuple[Task, int]) -> None:
        task, ms = wake
        task.wakes.discard(ms)
        self.consider(task)

    def enforce_end(self, task: Task) -> None:
        """Close a task whose time is over: expired with undialled numbers, else completed."""
        now = self._world.clock.now_ms
        if task.deleted or task.status in FINAL or not task.end or now < task.end:
            return
        if task.status is Status.NEW:
            if self._world.settings.staged_tasks_expire:
                self._finish(task, Status.EXPIRED)
        elif task.expects_calls:
            self._finish(task, Status.EXPIRED)
        elif task.in_progress == 0:
            self._finish(task, Status.COMPLETED)

    def consider(self, task: Task) -> None:
        """Bring a task's status up to the moment, and dial what may be dialled."""
        now = self._world.clock.now_ms
        self.enforce_end(task)
        if task.deleted or task.status not in LIVE or (task.end and now >= task.end):
            return
        if now < task.begin:
            self._wake_at(task, task.begin)
            return
        if not task.pending and not task.in_progress and not self._next_round(task, now):
            return
        if now >= task.open_until:
            until = hours.open_until(task.windows, now)
            if until is None:
                if task.pending:
                    task.status = Status.OUTSIDE_HOURS
                    self._wake_at(task, hours.next_opening(task.windows, now))
                return
            task.open_until = until
        if task.pending:
            task.status = Status.RUNNING
            self._dial_free_channels(task)
            if task.pending:
                self._wake_at(task, task.open_until)

    def _next_round(self, task: Task, now: int) -> bool:
        """With all rows called, wait for the next round or complete; tell whether one begins."""
        if not task.recall_due:
            if not task.missed or task.rounds >= task.recall_count:
                self._finish(task, Status.COMPLETED)
                return False
            task.recall_due = now + task.recall_wait * 1000
        if now < task.recall_due:
            task.status = Status.AWAITING_RECALL
            self._wake_at(task, task.recall_due)
            return False
        task.recall_due = 0
        task.rounds += 1
        task.pending = deque(task.missed)
        task.missed = []
        return True

    def end(self, task: Task, status: Status) -> None:
        """End a task outside yeta, whatever it was about to do."""
        task.pending.clear()
        self._finish(task, status)

    def _finish(self, task: Task, status: Status) -> None:
        task.status = status
        task.finished_at = self._world.clock.now_ms
        self._world.lines.give_back(task)
        self._world.direct.pop(task.task_id, None)

    def _dial_free_channels(self, task: Task) -> None:
        while task.pending:
            line = self._world.lines.channel(task)
            if line is None:
                return
            self._dial(task, task.pending.popleft(), line)

    def _dial(self, task: Task, row: Row, line: str) -> None:
        world = self._world
        now = world.clock.now_ms
        tries = row.tries
        row.tries += 1
        course = world.outcomes.course(task.name, row.number, row.index, tries)
        answered = now + course.setup + course.ring if course.connected else 0
        call = Call(
            task,
            row,
            line,
            tries,
            course.uuid,
            course.result,
            course.connected,
            time_dial=now,
            time_ring=now + course.setup,
            time_answer=answered,
            time_hangup=now + course.length,
        )
        for counted in _and_pool(task):
            counted.calls += 1
            counted.in_progress += 1
            if tries == 0:
                counted.dialled += 1
        if world.settings.keep_history:
            self._note(call)
        self.under_way(call)

    def under_way(self, call: Call) -> None:
        """See to it that a call in progress ends."""
        self._world.calls[call.uuid] = call
        self._world.agenda.at(call.time_hangup, self._ended, call)

    def _note(self, call: Call) -> None:
        task, row = call.task, call.row
        rang = Dialling(
            call.time_dial,
            str(task.reported_id),
            str(row.data_id),
            row.number,
            task.pool is not None,
            call.tries,
            task.name,
        )
        (self._world.recalled if call.tries else self._world.dialled).append(rang)

    def _ended(self, call: Call) -> None:
        world, task = self._world, call.task
        world.calls.pop(call.uuid, None)
        world.lines.hang_up(call.line)
        if not (task.deleted and world.settings.delete_cuts_calls):
            for counted in _and_pool(task):
                counted.in_progress -= 1
                counted.connected += call.connected
            if call.connected:
                call.row.connected = True
            else:
                task.missed.append(call.row)
            self._push(records.of_call(world.settings, call))
        # Whoever waited longest for a channel comes before the task that had it.
        while (hungry := world.lines.next_hungry(call.line)) is not None:
            self.consider(hungry)
        self.consider(task)

    def _push(self, bodies: list[tuple[str, records.Body]]) -> None:
        for module, body in bodies:
            if module == "receiveVoice":
                self._world.recordings.add(records.recording_path(body["url"]))
        self._world.outbox.enter(bodies)

    def incoming_ended(self, call: records.Incoming) -> None:
        """Push the records of an incoming call."""
        self._push(records.of_incoming(self._world.settings, call))


def _and_pool(task: Task) -> Iterator[Task]:
    yield task
    if task.pool is not None:
        yield task.pool
