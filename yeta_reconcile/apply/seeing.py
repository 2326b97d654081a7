"""What a look at the platform makes of a wave: the state takes it in, and nothing is sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from yeta_reconcile.amounts import count
from yeta_reconcile.apply.run import Run
from yeta_reconcile.apply.settling import absent, journalled
from yeta_reconcile.platform.resources import Task
from yeta_reconcile.waves.lifecycle import (
    ended_as,
    quiet_facts,
    reactivated,
    seen,
    stands,
    unread,
)
from yeta_reconcile.waves.proof import Claim, Look, prove
from yeta_reconcile.waves.record import Phase, RowState, WaveRecord
from yeta_reconcile.wording import phrase


def watch(run: Run, wave: WaveRecord, task: Task) -> None:
    """Note since when nothing moves in a wave that drains or was cut short, and its count if it stands."""
    facts, now, pauses = quiet_facts(wave, task), run.now_ms(), run.pauses
    if facts != wave.quiet_facts:
        run.store.waves.change_wave(wave.wave_id, quiet_facts=facts, quiet_since=now)
    elif unread(wave, task) and stands(wave, task, now, pauses.settle_ms, pauses.drain_quiet_ms):
        run.store.waves.change_wave(wave.wave_id, tel_count=task.process_tel_count)


def sync(
    run: Run,
    wave: WaveRecord,
    task: Task | None,
    *,
    refused_as_over: bool = False,
    looked_at: int | None = None,
) -> Phase:
    """Record what the platform's answer makes of a wave; `refused_as_over`: a call was answered 3010101.

    `looked_at`: when the task was as it is given here, if not just now; ms.
    """
    now = seen(wave, task)
    if now.phase is Phase.DISCARDED and wave.phase is not now.phase:
        task, wave = _discarded(run, wave, Look(looked_at or run.now_ms(), task))
        if wave.phase is Phase.DISCARDED:
            return wave.phase
        now = seen(wave, task)
        if now.phase is Phase.DISCARDED:
            # Nothing says that it rang, and that it did not is not proven.
            now = replace(now, phase=Phase.DELETED)
    if refused_as_over and task is not None and now.phase is Phase.COMPLETED:
        now = replace(now, phase=ended_as(task))
    fields: dict[str, Any] = {}
    if now.phase is not wave.phase:
        quiet_since = run.now_ms() if now.phase is Phase.PAUSED else None
        fields |= {"phase": now.phase, "quiet_since": quiet_since, "quiet_facts": ""}
    if now.outside_yeta != wave.outside_yeta:
        fields["outside_yeta"] = now.outside_yeta
    known = not now.phase.cut_short or wave.tel_count is not None
    if known and now.tel_count != wave.tel_count:
        fields["tel_count"] = now.tel_count
        if now.tel_count is None:
            fields |= {"quiet_since": None, "quiet_facts": ""}
    if reactivated(wave, task) and not wave.reactivated:
        fields["reactivated"] = True
    if now.phase in {Phase.STARTED, Phase.PAUSED} and wave.started_at is None:
        fields["started_at"] = run.now_ms()
    ran = now.phase.live or (now.phase.ended and now.phase is not Phase.DISCARDED)
    if ran and (wave.phase is Phase.FILLING or _short(wave, task)):
        _release_absent(run, wave, task)
    if fields:
        run.store.waves.change_wave(wave.wave_id, **fields)
        wave = run.store.waves.wave(wave.wave_id)
    if task is not None and unread(wave, task):
        watch(run, wave, task)
    return now.phase


def _discarded(run: Run, wave: WaveRecord, first: Look) -> tuple[Task | None, WaveRecord]:
    """A staged wave whose task is deleted: as if it had never been, once a second look proves it."""
    run.wait_since(first.at, run.pauses.settle_ms)
    last = Look(run.now_ms(), run.client.task(wave.address, remaining=True))
    proof = prove(Claim.NEVER_RANG, journalled(run, wave), first, last, run.pauses.settle_ms)
    if proof is not None:
        # False where a record came meanwhile, which proves that it was started.
        run.store.waves.discard(proof)
    return last.task, run.store.waves.wave(wave.wave_id)


def _short(wave: WaveRecord, task: Task | None) -> bool:
    """Whether fewer numbers are in a wave's task than belong into it."""
    belong = wave.pending + wave.dialled + wave.held
    return not (wave.imported or task is None or task.count_tel is None) and task.count_tel < belong


def _release_absent(run: Run, wave: WaveRecord, task: Task | None) -> None:
    """A task that was being filled was started outside yeta: rows proven not in it are for a further wave."""
    done = run.store.intents.done_batches(wave.wave_id)
    rows = run.store.waves.rows(wave.wave_id)
    left = [row.key for row in rows if row.state is RowState.PENDING and row.batch not in done]
    if left and (proof := absent(run, wave, task)):
        run.store.waves.release(proof, left)
        out = count(len(left), "row is", "rows are")
        words = phrase(
            "wave {number} was started outside yeta before it was full; {out} not in it",
            number=wave.number,
            out=out,
        )
        run.incomplete(wave.campaign, words, phrase("run again to put them into a further wave"))
