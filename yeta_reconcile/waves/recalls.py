"""Whom the platform may try again of its own accord, by what is known: records, counts, the task's recalls.

Pure. What no record says is not said here either: a call without one may have been in vain or not.
"""

from __future__ import annotations

from typing import NamedTuple

from yeta_reconcile.amounts import count
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.platform.resources import AWAITING_RECALL, Task
from yeta_reconcile.waves.record import WaveRecord
from yeta_reconcile.wording import listed, phrase


class InVain(NamedTuple):
    """What records say of a wave: `rows` that were never reached and have tries left.

    `first` is when the first of them was last called, `last` the last call of all, ms; None if not known.
    """

    rows: int = 0
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Recalls:
    """`in_vain` rows were called in vain, as records tell; of the `unrecorded` no record tells anything yet.

    None of both is tried again before `since`, ms.
    """

    in_vain: int = 0
    unrecorded: int = 0
    since: int = 0

    @property
    def rows(self) -> int:
        """All who may be tried again, at most."""
        return self.in_vain + self.unrecorded


NONE = Recalls()


def recalls_words(found: Recalls) -> str:
    """Who may be tried again and what is known of them; empty if nobody may."""
    if not found.rows:
        return ""
    parts = [phrase("{in_vain:,} called in vain", in_vain=found.in_vain)] if found.in_vain else []
    parts += (
        [phrase("{unrecorded:,} dialled, without a record yet", unrecorded=found.unrecorded)]
        if found.unrecorded
        else []
    )
    return phrase(
        "up to {numbers} may be tried again: {parts}",
        numbers=count(found.rows, "number"),
        parts=listed(parts, 0),
    )


def tries(wave: WaveRecord, task: Task | None) -> int:
    """How often the platform tries a number again: what was asked, or what its task says if that is more."""
    return max(wave.attributes.recall_count, (task.recall_count if task else None) or 0)


def recalls(wave: WaveRecord, task: Task | None, found: InVain) -> Recalls:
    """Of a wave that is live; nobody of another one.

    A round begins when everybody was called, and the wait has passed since. Where the task says that it waits
    for one, the last call counts, else the first: a round may be going on.
    """
    if not (wave.live and tries(wave, task)):
        return NONE
    counted = task.process_tel_count if task else None
    unrecorded = max((counted or 0) - wave.dialled, 0)
    waiting = task is not None and task.status == AWAITING_RECALL
    called = found.last if waiting else wave.started_at if unrecorded else found.first
    wait = max(wave.attributes.recall_wait, (task.recall_wait if task else None) or 0) * 1000
    since = (called or wave.started_at or 0) + wait
    end = wave.attributes.closes
    if end is not None and since >= end.timestamp() * 1000:
        return NONE
    return Recalls(found.rows, unrecorded, since)
