"""Whether another state is at work on the same campaigns: asked right before anybody is called.

Between the look a plan was made from and a start lies as long as somebody is asked, and whoever works with a
copy of the repository, or of the state, may have started the same people meanwhile.
"""

from __future__ import annotations

from yeta_reconcile.apply.run import Run
from yeta_reconcile.exits import Exit
from yeta_reconcile.marks import parse_mark
from yeta_reconcile.planning.orphans import settled_by
from yeta_reconcile.waves.record import WaveRecord
from yeta_reconcile.wording import phrase


def started_elsewhere(run: Run, wave: WaveRecord) -> bool:
    """Whether a task of a wave's campaign may have rung that no record knows. True: a problem was noted."""
    own = parse_mark(wave.task_name)
    if own is None:
        return False
    for task in run.client.query(name=f"{own.campaign}~w"):
        mark = parse_mark(task.name)
        if mark is None or (mark.campaign, mark.owner) != (own.campaign, own.owner):
            continue
        if not task.never_rang and not run.store.waves.knows_task(task.task_id):
            words = phrase(
                "wave {number} is not started: task {task_id} was, and this state has no record of it",
                number=wave.number,
                task_id=task.task_id,
            )
            run.problem(Exit.UNRESOLVED, wave.campaign, words, settled_by(wave.campaign))
            return True
    return False
