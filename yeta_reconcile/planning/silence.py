"""Whether calls are made of which nothing is heard: one rule for the receiver, a look and messages. Pure.

Where the platform's counts are known they are the proof. Where they are not, as in a receiver, a started
wave with somebody left to call makes calls while its windows are open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from yeta_reconcile.amounts import count
from yeta_reconcile.planning.openings import Opening
from yeta_reconcile.platform.coercion import PLATFORM
from yeta_reconcile.platform.resources import Line, Task
from yeta_reconcile.waves.record import Phase, WaveRecord
from yeta_reconcile.waves.traffic import DAY_MS, HOUR_MS, Traffic
from yeta_reconcile.wording import Text, phrase

# So long records may be late before anybody is told; and so long after a task's end nobody is any more.
SILENT_HOURS = 2
# Where a wave has no windows of its own, nobody here knows its lines' hours.
WITHOUT_WINDOWS_HOURS = 24


def overdue(wave: WaveRecord, task: Task | None, now: int, lines: Mapping[str, Line] | None = None) -> int:
    """How many records of numbers that the platform dialled should have come long since; `now` in ms.

    With its `lines`, none where it misses no more than may be calls in progress on them: while pushes come
    these are as new as they are.
    """
    missing = max(((task.process_tel_count if task else None) or 0) - wave.dialled, 0)
    over = task.time_finish if task else None
    if task and lines and missing <= in_progress(wave, task, lines):
        return 0
    going_on = wave.phase.live or (over is not None and now - over < DAY_MS)
    began = wave.started_at
    return missing if going_on and began is not None and now - began >= SILENT_HOURS * HOUR_MS else 0


def in_progress(wave: WaveRecord, task: Task, lines: Mapping[str, Line]) -> int:
    """How many calls its lines may be making for a task that is not over."""
    if task.phase.over or task.remaining == 0:
        return 0
    return sum(lines[line].concurrents or 0 for line in wave.attributes.lines if line in lines)


def unheard(
    waves: Iterable[tuple[WaveRecord, Task | None]], last_push: int | None, now: int
) -> Iterator[WaveRecord]:
    """The waves that call, or should, while no push has come for hours; times in ms."""
    silence = now - (last_push or 0)
    for wave, task in waves:
        if task is not None and task.process_tel_count is not None:
            if silence >= SILENT_HOURS * HOUR_MS and overdue(wave, task, now):
                yield wave
        elif _should_have_called(wave, last_push, now):
            yield wave


def _should_have_called(wave: WaveRecord, last_push: int | None, now: int) -> bool:
    if wave.phase is not Phase.STARTED or not wave.pending or wave.started_at is None:
        return False
    windows = wave.attributes.windows or ()
    hours = SILENT_HOURS if windows else WITHOUT_WINDOWS_HOURS
    since, until = max(wave.started_at, last_push or 0) / 1000, now / 1000
    stretches = Opening.of(windows, PLATFORM).stretches(since, until) if until > since else ()
    return sum(min(part.end, until) - max(part.begin, since) for part in stretches) >= hours * 3600


def alerts(
    traffic: Traffic,
    waves: Iterable[tuple[WaveRecord, Task | None]],
    now: int,
    lines: Mapping[str, Line] | None = None,
) -> tuple[Text, ...]:
    """Sentences, worst first; waves with their tasks, and the platform's lines; `now` in ms."""
    known = [*waves]
    late = sum(overdue(wave, task, now) for wave, task in known)
    numbers = count(late, "dialled number has", "dialled numbers have")
    last = traffic.last_push
    silent = late and any(unheard(((wave, task) for wave, task in known if task), last, now))
    said = []
    if silent and last is None:
        said.append(phrase("no push has ever come, and calls are made: {numbers} no record", numbers=numbers))
    elif silent and last is not None:
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
        late = sum(overdue(wave, task, now, lines) for wave, task in known)
        if late and len(said) == 1:
            numbers = count(late, "dialled number has", "dialled numbers have")
            said.append(
                phrase(
                    "records of ours come from nowhere: {numbers} none, another receiver may have them",
                    numbers=numbers,
                )
            )
    return tuple(said)
