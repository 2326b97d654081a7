"""What differs live from what was applied, task by task. Progress is no drift; what is over is history.

Pure: recorded waves against one look at the platform.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from yeta_reconcile.planning.observed import Observed, Orphan
from yeta_reconcile.platform.resources import LivePhase, Task
from yeta_reconcile.render.report import Difference, Drift
from yeta_reconcile.waves.readback import differing
from yeta_reconcile.waves.record import Phase, Recorded, WaveRecord
from yeta_reconcile.wording import phrase

# What we brought a wave to, in the words of the platform's statuses.
_APPLIED = {
    Phase.CREATING: "staged",
    Phase.FILLING: "staged",
    Phase.VERIFIED: "staged",
    Phase.STARTED: "running",
    Phase.PAUSED: "paused",
    Phase.DRAINING: "paused",
    Phase.DELETED: "running",
    Phase.LOST: "running",
}


def compare(recorded: Recorded, observed: Observed, at: datetime, *, halted: Collection[str] = ()) -> Drift:
    """Every difference, campaigns by name. `halted` are tasks that a halt of ours paused."""
    differences: list[Difference] = []
    checked = 0
    for _, record in sorted(recorded.campaigns.items()):
        for wave in record.waves:
            if wave.task_id is None or wave.task_id not in observed.tasks:
                continue
            checked += 1
            differences += _wave(wave, observed.tasks[wave.task_id], halted)
    for orphan in observed.orphans:
        differences += _orphan(orphan)
    return Drift(at, checked, tuple(differences))


def _wave(wave: WaveRecord, task: Task | None, halted: Collection[str]) -> Iterator[Difference]:
    if wave.phase is Phase.DISCARDED or (wave.phase.over and not _taken_away(wave)):
        return
    if task is None:
        yield _differs(wave, "task", _APPLIED.get(wave.phase, wave.phase.value), "gone")
        return
    applied, live = _states(wave, task, halted)
    if applied != live:
        yield _differs(wave, "state", applied, live)
    if not task.phase.over:
        for name, (asked, found) in differing(wave, task).items():
            yield _differs(wave, name, asked, found)


def _differs(wave: WaveRecord, what: str, applied: Any, live: Any) -> Difference:
    return Difference(wave.campaign, wave.number, what, applied, live, wave.task_id)


def _taken_away(wave: WaveRecord) -> bool:
    """Whether it was ended outside yeta while there was something left in it to call."""
    return wave.phase is Phase.LOST or (
        wave.phase is Phase.DELETED and wave.outside_yeta and wave.pending > 0
    )


def _states(wave: WaveRecord, task: Task, halted: Collection[str]) -> tuple[str, str]:
    """(applied, live) in words; equal where nothing but progress was made."""
    # A pause outside yeta that an apply has noted is still not what was applied.
    applied = "running" if wave.phase is Phase.PAUSED and wave.outside_yeta else _APPLIED[wave.phase]
    match task.phase:
        case LivePhase.NEW:
            # A start that was sent and never arrived is the journal's affair, and nothing outside yeta.
            live = applied if wave.phase is Phase.STARTED else "staged"
        case LivePhase.LIVE:
            live = "running"
        case LivePhase.PAUSED:
            left = wave.halted
            by_halt = wave.task_id in halted or (left is not None and not left.ran_on(task))
            live = phrase("paused by a halt") if by_halt and applied == "running" else "paused"
        case LivePhase.DELETED:
            live = "deleted"
        case LivePhase.UNKNOWN:
            live = task.status_words
        case _:
            live = applied
    return applied, live


def _orphan(orphan: Orphan) -> Iterator[Difference]:
    task, mark = orphan.task, orphan.mark
    if orphan.proven and task.deleted and task.never_rang:
        return
    whose = (
        phrase("no record") if orphan.proven else phrase("no record, and a mark that the key cannot prove")
    )
    yield Difference(mark.campaign, mark.wave, "task", whose, task.status_words, task.task_id)
