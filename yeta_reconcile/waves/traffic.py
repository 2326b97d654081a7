"""Whether records come, and whose: what is said where calls are made and nothing is heard of them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from yeta_reconcile.amounts import count
from yeta_reconcile.wording import Text, phrase

if TYPE_CHECKING:
    from collections.abc import Iterable

    from yeta_reconcile.platform.resources import Task
    from yeta_reconcile.waves.record import WaveRecord

HOUR_MS = 3600 * 1000
# So long records may be late before anybody is told; and so long after a task's end nobody is any more.
SILENT_HOURS = 2
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Traffic:
    """What came in by itself: the last push, ms (None: none ever), and `foreign` records of a day."""

    last_push: int | None = None
    foreign: int = 0


def alerts(traffic: Traffic, waves: Iterable[tuple[WaveRecord, Task | None]], now: int) -> tuple[Text, ...]:
    """Sentences, worst first; waves with their tasks, `now` in ms."""
    unheard = 0
    for wave, task in waves:
        missing = max(((task.process_tel_count if task else None) or 0) - wave.dialled, 0)
        over = task.time_finish if task else None
        going_on = wave.phase.live or (over is not None and now - over < DAY_MS)
        began = wave.started_at
        if missing and going_on and began is not None and now - began >= SILENT_HOURS * HOUR_MS:
            unheard += missing
    numbers = count(unheard, "dialled number has", "dialled numbers have")
    said = []
    last = traffic.last_push
    if unheard and last is None:
        said.append(phrase("no push has ever come, and calls are made: {numbers} no record", numbers=numbers))
    elif unheard and last is not None and now - last >= SILENT_HOURS * HOUR_MS:
        hours = count((now - last) // HOUR_MS, "hour")
        said.append(
            phrase(
                "no push for {hours} while calls are made: {numbers} no record", hours=hours, numbers=numbers
            )
        )
    if traffic.foreign:
        records = count(traffic.foreign, "record of the last day is", "records of the last day are")
        said.append(
            phrase(
                "{records} of tasks that are not ours: another project pushes to this receiver",
                records=records,
            )
        )
        if unheard and len(said) == 1:
            said.append(
                phrase(
                    "records of ours come from nowhere: {numbers} none, another receiver may have them",
                    numbers=numbers,
                )
            )
    return tuple(said)
