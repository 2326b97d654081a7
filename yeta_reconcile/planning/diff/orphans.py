"""Tasks that bear our mark and have no record: discarded if they never rang, else a person is asked."""

from __future__ import annotations

from yeta_reconcile.amounts import count
from yeta_reconcile.exits import Exit
from yeta_reconcile.plan.plan import Action, Change, Reason
from yeta_reconcile.planning.diff.case import Decision
from yeta_reconcile.planning.diff.ended import unaccounted
from yeta_reconcile.planning.observed import Orphan
from yeta_reconcile.planning.orphans import settled_by
from yeta_reconcile.platform.resources import LivePhase
from yeta_reconcile.wording import phrase


def judge_orphans(decision: Decision) -> None:
    """What becomes of each of a campaign's orphans."""
    for orphan in decision.subject.unrecorded.orphans:
        task, mark = orphan.task, orphan.mark
        if orphan.proven and task.phase is LivePhase.NEW and task.never_rang:
            decision.changes.append(
                Change(
                    decision.subject.name,
                    mark.wave,
                    Action.DELETE,
                    Reason.ORPHAN,
                    rows=task.count_tel or 0,
                    task_id=task.task_id,
                    detail=phrase(
                        "task {task_id} bears our mark, has no record and was never started",
                        task_id=task.task_id,
                    ),
                )
            )
        elif not (orphan.proven and task.phase is LivePhase.DELETED and task.never_rang):
            _orphan_blocks(orphan, decision)


def name_reactivated(decision: Decision) -> None:
    """Waves that are over while their tasks are live, or were since: their rows may be another wave's by now.

    A query that lags behind the end reads the same; that it rings is the worse reading, and it passes. What
    was called after its row was freed is known once every record is there.
    """
    for wave in decision.subject.waves:
        record, task = wave.record, wave.task
        if wave.goes_on and task is not None:
            decision.find(
                "task-reactivated",
                Exit.UNRESOLVED,
                phrase(
                    "wave {number} is {phase}, and its task {task_id} is {status_words} again: it may call "
                    "whom another wave calls",
                    number=record.number,
                    phase=record.phase,
                    task_id=task.task_id,
                    status_words=task.status_words,
                ),
                phrase("delete it at the platform if nobody wants it"),
            )
        elif record.phase.ended and record.doubts_free:
            freed = count(record.released, "row of it was", "rows of it were")
            waits = unaccounted(wave, decision.subject.now_ms)[0] is not None
            decision.find(
                "task-reactivated",
                Exit.DONE if waits else Exit.UNRESOLVED,
                phrase(
                    "task {task_id} of wave {number} went on after {freed} freed: whom it called of them is "
                    "not known",
                    task_id=record.task_id,
                    number=record.number,
                    freed=freed,
                ),
                phrase(
                    "their call records tell, or `yeta state resolve {campaign}`", campaign=record.campaign
                ),
            )


def _orphan_blocks(orphan: Orphan, decision: Decision) -> None:
    task, mark = orphan.task, orphan.mark
    what = phrase(
        "task {task_id} ({status_words}) bears the mark of {campaign} wave {wave}",
        task_id=task.task_id,
        status_words=task.status_words,
        campaign=mark.campaign,
        wave=mark.wave,
    )
    if not orphan.proven:
        decision.find(
            "unproven-task",
            Exit.UNRESOLVED,
            phrase("{what}, but the state's key cannot prove it", what=what),
            phrase(
                "put the right key back, or take it in with `yeta import {campaign} {task_id}`",
                campaign=mark.campaign,
                task_id=task.task_id,
            ),
        )
        return
    decision.find(
        "orphan-started",
        Exit.UNRESOLVED,
        phrase(
            "{what}, was started, and the state has no record of it: its people may have been called",
            what=what,
        ),
        settled_by(mark.campaign),
    )
