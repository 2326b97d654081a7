"""Starting, pausing, resuming and deleting tasks that exist: each checked right before, and right after."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from yeta_reconcile.amounts import count
from yeta_reconcile.apply.journaled import Answer, Step, change
from yeta_reconcile.apply.settling import absent, journalled, look, settle_wave
from yeta_reconcile.errors import Incomplete
from yeta_reconcile.exits import Exit
from yeta_reconcile.platform.codes import Meaning
from yeta_reconcile.platform.resources import LivePhase, Task
from yeta_reconcile.waves.lifecycle import (
    AFTER,
    carry_readiness,
    ended_as,
    missing_records,
    quiet_facts,
    reactivated,
    seen,
    stands,
    unread,
)
from yeta_reconcile.waves.proof import Claim, Look, prove
from yeta_reconcile.waves.readback import (
    reads_otherwise,
)
from yeta_reconcile.waves.record import Fate, Outcome, Phase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from yeta_reconcile.apply.run import Run
    from yeta_reconcile.platform.resources import Line
    from yeta_reconcile.waves.record import WaveRecord

OVER = frozenset(phase for phase in LivePhase if phase.over)
STILL = OVER | {LivePhase.PAUSED}


def start(run: Run, wave: WaveRecord, lines: Mapping[str, Line], hours: tuple[str, ...] = ()) -> bool:
    """Start a verified wave for the first time, or again if its start never arrived.

    Its task is read once more right before: nothing rings that is not proven to be what was declared. `lines`
    are the platform's, and `hours` those in which anybody may be called, for windows nobody declared.
    """
    # Asked again right before the call; but a task that is over since says so in other words.
    if not _may_go_on(run, wave):
        return False
    task = look(run, wave)
    if task is None or not task.never_rang or task.deleted:
        sync(run, wave, task)
        run.problem(
            Exit.INCOMPLETE, wave.campaign, f"wave {wave.number} was changed by another hand", "run again"
        )
        return False
    # Of a start that does not show for long, records may have come already.
    asked = wave.pending + wave.dialled + wave.held
    wrong = f"holds {count(task.count_tel or 0, 'number')}, not {asked}" if task.count_tel != asked else ""
    if not wrong and (names := reads_otherwise(wave, task, lines, hours)):
        wrong = f"has another {', '.join(names)} than was asked"
    if wrong and wave.phase is Phase.STARTED:
        words = f"wave {wave.number}, whose start was sent, {wrong}"
        run.problem(
            Exit.UNRESOLVED, wave.campaign, words, "delete its task, then `yeta state resolve` settles it"
        )
        return False
    if wrong:
        run.store.waves.change_wave(wave.wave_id, phase=Phase.FILLING, to_discard=True)
        run.problem(
            Exit.INCOMPLETE, wave.campaign, f"wave {wave.number} {wrong}: it is staged anew", "run again"
        )
        return False
    step = Step(
        call="start",
        wave=wave,
        before={
            "phase": Phase.STARTED,
            "started_at": run.now_ms(),
            "by_hand": False,
            "to_discard": False,
            "halted": None,
        },
        undo={"phase": wave.phase, "started_at": wave.started_at},
        rings=True,
    )
    return _rung(run, wave, step)


def resume(run: Run, wave: WaveRecord) -> bool:
    """Resume a paused wave."""
    step = Step(
        call="resume",
        wave=wave,
        # Whose the pause was is known until it is over.
        before={"phase": Phase.STARTED},
        undo={"phase": wave.phase, "quiet_since": wave.quiet_since, "quiet_facts": wave.quiet_facts},
        rings=True,
    )
    return _rung(run, wave, step)


def _may_go_on(run: Run, wave: WaveRecord) -> bool:
    try:
        run.may_go_on(wave, rings=False)
    except Incomplete as late:
        run.problem(Exit.INCOMPLETE, wave.campaign, late.message, late.hint)
        return False
    return True


def _rung(run: Run, wave: WaveRecord, step: Step) -> bool:
    if doubts := run.store.intents.open(wave.wave_id):
        words = f"whether {doubts[0].call} of wave {wave.number} was done is not known; nothing is started"
        run.problem(Exit.INCOMPLETE, wave.campaign, words, "run again")
        return False
    try:
        answer = change(run, step, lambda: run.client.start(wave.address), lambda _: AFTER[step.call])
    except Incomplete as halted:
        run.problem(Exit.INCOMPLETE, wave.campaign, halted.message, halted.hint)
        return False
    if answer.done:
        run.say("started" if step.call == "start" else "resumed", wave.campaign, wave=wave.number)
        return True
    if answer.meaning is Meaning.WAIT:
        run.waits_for_line(wave, answer.words)
        return False
    return _unfinished(run, wave, answer)


def pause(run: Run, wave: WaveRecord, *, drain: bool = False) -> bool:
    """Pause a started wave; `drain`: in order to replace it."""
    phase = Phase.DRAINING if drain else Phase.PAUSED
    if wave.phase is Phase.PAUSED:
        run.store.waves.change_wave(wave.wave_id, phase=phase, by_hand=False)
        return True
    step = Step(call="drain" if drain else "pause", wave=wave)
    fields = {"phase": phase, "by_hand": False, "quiet_since": run.now_ms(), "quiet_facts": ""}
    answer = change(run, step, lambda: run.client.pause(wave.address), lambda _: fields)
    if answer.done:
        run.say("paused", wave.campaign, wave=wave.number)
        return True
    return _unfinished(run, wave, answer)


def delete(run: Run, wave: WaveRecord) -> bool:
    """Delete a started wave's task. Its rows stay held until they are accounted."""
    fields: dict[str, Any] = {"phase": Phase.DELETED, "by_hand": False}
    if wave.phase is Phase.DRAINING:
        # Since when it stands still is known, and its deletion sets nothing going.
        fields |= {"quiet_since": wave.quiet_since, "quiet_facts": wave.quiet_facts}
    # That it was deleted already is believed once it shows.
    answer = change(
        run,
        Step(call="delete", wave=wave),
        lambda: run.client.delete(wave.address),
        lambda now: fields if now else {},
    )
    if not answer.done and not _unfinished(run, wave, answer):
        return False
    if wave.phase is Phase.DRAINING:
        # Calls in progress may have been counted between the last look and the deletion.
        run.wait(run.pauses.settle)
    task = _once_it_shows(run, wave, OVER)
    if task is None and answer.value is False:
        run.store.waves.change_wave(wave.wave_id, phase=Phase.DELETED, by_hand=True)
    sync(run, run.store.waves.wave(wave.wave_id), task)
    if task is not None and not task.phase.over:
        words = (
            f"task {wave.task_id} of wave {wave.number} is said to be deleted, and it is {task.status_words}"
        )
        run.problem(Exit.UNRESOLVED if answer.value else Exit.INCOMPLETE, wave.campaign, words, "run again")
        return False
    run.say("deleted", wave.campaign, wave=wave.number)
    return True


def _once_it_shows(run: Run, wave: WaveRecord, awaited: frozenset[LivePhase]) -> Task | None:
    """A task once it shows what we just did to it, or as it is after the settling time."""
    patience = run.now_ms() + run.pauses.settle_ms
    while True:
        task = run.client.task(wave.address, remaining=True)
        if task is None or task.phase in awaited or run.now_ms() >= patience:
            return task
        run.wait(run.pauses.look)


def discard(run: Run, wave: WaveRecord) -> bool:
    """Throw a staged wave away. True: proven never started; its rows are free again."""
    settle_wave(run, wave.wave_id)
    wave = run.store.waves.wave(wave.wave_id)
    if wave.task_id is None:
        proof = prove(Claim.UNSENT, journalled(run, wave))
        if proof is None or not run.store.waves.discard(proof):
            words = f"whether wave {wave.number} has a task is not known"
            run.problem(Exit.INCOMPLETE, wave.campaign, words, "run again")
            return False
        return True
    task = look(run, wave)
    if task is None or wave.dialled or (not task.never_rang and not task.deleted):
        return _discarded(run, wave, task)
    answer = change(run, Step(call="discard", wave=wave), lambda: run.client.delete(wave.address))
    if answer.outcome is Outcome.UNKNOWN:
        settle_wave(run, wave.wave_id)
    # Somebody at the console may have started it between our look and our delete.
    task = _once_it_shows(run, wave, OVER) if answer.done else run.client.task(wave.address)
    if task is not None and task.never_rang and not task.deleted:
        why = answer.words or f"it is said to be deleted, and it is {task.status_words}"
        words = f"wave {wave.number} could not be thrown away: {why}"
        run.problem(answer.exit_code, wave.campaign, words, answer.hint or "run again")
        return False
    return _discarded(run, wave, task)


def _discarded(run: Run, wave: WaveRecord, task: Task | None) -> bool:
    # A record that came meanwhile proves that it was started.
    phase = sync(run, run.store.waves.wave(wave.wave_id), task)
    if phase is Phase.DISCARDED:
        run.say("discarded", wave.campaign, wave=wave.number)
        return True
    if phase is Phase.LOST:
        words = f"task {wave.task_id} of wave {wave.number} is gone; that it called nobody is not proven"
        run.problem(Exit.UNRESOLVED, wave.campaign, words, f"`yeta state resolve {wave.campaign}` settles it")
    elif phase is Phase.DELETED and not run.store.waves.wave(wave.wave_id).dialled:
        words = f"wave {wave.number} is deleted; that it called nobody is not proven yet: its rows are held"
        run.problem(Exit.INCOMPLETE, wave.campaign, words, "run again")
    else:
        words = f"wave {wave.number} was started before it could be thrown away"
        run.problem(Exit.INCOMPLETE, wave.campaign, words, "run again to see what it means")
    return False


def carry(run: Run, wave: WaveRecord) -> bool:
    """Take a started wave out of the way: pause → drain → account → delete. True: its rows are free."""
    if wave.phase is not Phase.DRAINING and not pause(run, wave, drain=True):
        return False
    wave = run.store.waves.wave(wave.wave_id)
    if wave.phase is Phase.DRAINING:
        if not _drained(run, wave) or not delete(run, run.store.waves.wave(wave.wave_id)):
            return False
        wave = run.store.waves.wave(wave.wave_id)
    return not wave.phase.cut_short or account(run, wave)


def account(run: Run, wave: WaveRecord) -> bool:
    """Whether every dialled number of a wave that was cut short has its record. False: a problem was noted.

    A count that would do is read again after the settling time; if it moved meanwhile, once more.
    """
    for last in (False, False, True):
        if wave.accounted:
            return True
        task = run.client.task(wave.address, remaining=True)
        sync(run, wave, task)
        wave = run.store.waves.wave(wave.wave_id)
        would_do = not wave.held and seen(wave, task).tel_count == wave.dialled
        if wave.accounted or last or not would_do or wave.quiet_since is None:
            break
        run.wait_until(wave.quiet_since + run.pauses.settle_ms)
    if wave.accounted:
        return True
    words, hint = "its calls may still be in progress", "run again"
    if wave.tel_count is not None:
        words, hint = missing_records(wave.missing_records), "run again once they are there"
    run.problem(Exit.INCOMPLETE, wave.campaign, f"wave {wave.number} is over; {words}", hint)
    return False


def _drained(run: Run, wave: WaveRecord) -> bool:
    """Wait for calls in progress and their records, as long as that is a matter of seconds."""
    patience = run.now_ms() + run.pauses.settle_ms
    while True:
        task = _once_it_shows(run, wave, STILL)
        if task is None or task.phase is not LivePhase.PAUSED:
            sync(run, wave, task)
            run.problem(
                Exit.INCOMPLETE, wave.campaign, f"wave {wave.number} was changed by another hand", "run again"
            )
            return False
        watch(run, wave, task)
        wave = run.store.waves.wave(wave.wave_id)
        ready = carry_readiness(wave, task, run.now_ms(), run.pauses.drain_quiet_ms)
        if ready.ready:
            return True
        if run.now_ms() >= patience:
            code = Exit.UNRESOLVED if ready.hopeless else Exit.INCOMPLETE
            hint = "`yeta state resolve` settles it" if ready.hopeless else "run again"
            run.problem(code, wave.campaign, f"wave {wave.number} is draining: {ready.detail}", hint)
            return False
        run.wait(run.pauses.look)


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
        task, wave = _thrown_away(run, wave, Look(looked_at or run.now_ms(), task))
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
    if now.by_hand != wave.by_hand:
        fields["by_hand"] = now.by_hand
    known = not now.phase.cut_short or wave.tel_count is not None
    if known and now.tel_count != wave.tel_count:
        fields["tel_count"] = now.tel_count
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


def _thrown_away(run: Run, wave: WaveRecord, first: Look) -> tuple[Task | None, WaveRecord]:
    """A staged wave whose task is deleted: as if it had never been, once a second look proves it."""
    run.wait((first.at - run.now_ms() + run.pauses.settle_ms) / 1000)
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
    """Another hand started a task that was being filled: rows proven not in it are for a further wave."""
    done = run.store.intents.done_batches(wave.wave_id)
    rows = run.store.waves.rows(wave.wave_id)
    left = [row.key for row in rows if row.fate is Fate.PENDING and row.batch not in done]
    if left and (proof := absent(run, wave, task)):
        run.store.waves.release(proof, left)
        out = count(len(left), "row is", "rows are")
        words = f"another hand started wave {wave.number} before it was full; {out} not in it"
        run.problem(Exit.INCOMPLETE, wave.campaign, words, "run again to put them into a further wave")


def _unfinished(run: Run, wave: WaveRecord, answer: Answer[Any]) -> bool:
    """A call on an existing task that was not simply done. True: what was wanted holds all the same."""
    if answer.outcome is Outcome.UNKNOWN:
        settle_wave(run, wave.wave_id)
        before = run.store.waves.wave(wave.wave_id)
        phase = sync(run, before, run.client.task(wave.address))
        if run.store.intents.open(wave.wave_id) or phase is wave.phase:
            run.problem(Exit.INCOMPLETE, wave.campaign, f"wave {wave.number}: {answer.words}", "run again")
            return False
        return True
    if answer.meaning is Meaning.ENDED:
        sync(run, wave, run.client.task(wave.address), refused_as_over=True)
        run.problem(
            Exit.INCOMPLETE, wave.campaign, f"wave {wave.number} is over: {answer.words}", "run again"
        )
        return False
    if answer.meaning is Meaning.DONE_ALREADY:
        sync(run, wave, run.client.task(wave.address))
        run.problem(
            Exit.INCOMPLETE, wave.campaign, f"wave {wave.number} was deleted by another hand", "run again"
        )
        return False
    run.problem(answer.exit_code, wave.campaign, f"wave {wave.number}: {answer.words}", answer.hint)
    return False
