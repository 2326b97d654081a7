"""Tasks of the account that are none of ours and have lines we want, as the simulation takes them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import inf

from yeta_reconcile.planning.course import Tries
from yeta_reconcile.planning.habits import Habits
from yeta_reconcile.planning.openings import Opening
from yeta_reconcile.planning.queue import LineHolder
from yeta_reconcile.planning.simulation import Work
from yeta_reconcile.platform.coercion import PLATFORM
from yeta_reconcile.platform.hours import windows_of
from yeta_reconcile.platform.resources import Line, LivePhase, Task


def foreign_tasks(
    holders: Iterable[LineHolder],
    lines: Mapping[str, Line],
    habits: Callable[[str], Habits],
) -> Iterator[Work]:
    """What those tasks have left to call, as their counts tell; `habits` are those of a robot.

    One that does not tell its counts is left out: of it nobody knows when it is over.
    """
    tasks = {one.task.task_id: (one.words, one.task) for one in holders if one.task is not None}
    for words, task in tasks.values():
        if task.count_tel is not None and task.process_tel_count is not None:
            yield _work(words, task, task.count_tel - task.process_tel_count, lines, habits)


def _work(
    words: str,
    task: Task,
    rows: int,
    lines: Mapping[str, Line],
    habits: Callable[[str], Habits],
) -> Work:
    known = habits(task.robot or "")
    dialled, reached = task.process_tel_count or 0, task.process_through_count
    if reached is None:
        reached = round(dialled * known.reach)
    on = task.lines or ()
    return Work(
        campaign=words,
        wave=0,
        lines=on,
        tries=Tries(
            max(rows, 0), max(dialled - reached, 0), 0, task.recall_count or 0, float(task.recall_wait or 0)
        ),
        habits=known,
        opening=Opening.of(task.windows or windows_of(on, lines, ()), PLATFORM),
        begin=task.begin / 1000 if task.begin else -inf,
        end=task.end / 1000 if task.end else inf,
        holding=True,
        paused=task.phase is LivePhase.PAUSED,
        foreign=True,
    )
