"""Starting, pausing, resuming and deleting tasks that exist: each checked right before, and right after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from yeta_reconcile.amounts import count
from yeta_reconcile.apply.elsewhere import started_elsewhere
from yeta_reconcile.apply.journaled import Answer, Step, change
from yeta_reconcile.apply.run import RUN_AGAIN, Run
from yeta_reconcile.apply.seeing import sync, watch
from yeta_reconcile.apply.settling import journalled, look, settle_wave
from yeta_reconcile.errors import Incomplete
from yeta_reconcile.exits import Exit
from yeta_reconcile.platform.codes import Meaning
from yeta_reconcile.platform.resources import Line, LivePhase, Task
from yeta_reconcile.waves.lifecycle import (
    AFTER,
    carry_readiness,
    missing_records,
    seen,
)
from yeta_reconcile.waves.proof import Claim, prove
from yeta_reconcile.waves.readback import (
    reads_otherwise,
)
from yeta_reconcile.waves.record import Outcome, Phase, WaveRecord
from yeta_reconcile.wording import UNSAID, Text, listed, phrase

OVER = frozenset(phase for phase in LivePhase if phase.over)
STILL = OVER | {LivePhase.PAUSED}


def start(run: Run, wave: WaveRecord, lines: Mapping[str, Line], hours: tuple[str, ...]) -> bool:
    """Start a verified wave for the first time, or again if its start never arrived.

    Its task is read once more right before: nothing rings that is not proven to be what was declared. `lines`
    are the platform's, and `hours` those in which anybody may be called, for windows nobody declared.
    """
    # Asked again right before the call; but a task that is over since says so in other words.
    if not _may_go_on(run, wave) or started_elsewhere(run, wave):
        return False
    # The last look is the one at what it holds: nothing else is asked between it and the call.
    task = look(run, wave)
    if task is None or not task.never_rang or task.deleted:
        sync(run, wave, task)
        _say_changed(run, wave)
        return False
    # Of a start that does not show for long, records may have come already.
    asked = wave.pending + wave.dialled + wave.held
    wrong = _not_as_asked(wave, task, asked, lines, hours)
    if wrong:
        _say_wrong(run, wave, wrong)
        return False
    step = Step(
        call="start",
        wave=wave,
        rows=asked,
        before={
            "phase": Phase.STARTED,
            "started_at": run.now_ms(),
            "outside_yeta": False,
            "to_discard": False,
            "halted": None,
        },
        undo={"phase": wave.phase, "started_at": wave.started_at},
        rings=True,
    )
    return _rung(run, wave, step)


def _say_changed(run: Run, wave: WaveRecord) -> None:
    run.incomplete(wave.campaign, phrase("wave {number} was changed outside yeta", number=wave.number))


def _say_wrong(run: Run, wave: WaveRecord, wrong: Text) -> None:
    """What is not as it was asked is staged anew, unless its start was sent: that is for a person."""
    if wave.phase is Phase.STARTED:
        run.problem(
            Exit.UNRESOLVED,
            wave.campaign,
            phrase("wave {number}, whose start was sent, {wrong}", number=wave.number, wrong=wrong),
            phrase(
                "delete its task at the platform, then `yeta state resolve {campaign}` settles it",
                campaign=wave.campaign,
            ),
        )
        return
    run.store.waves.change_wave(wave.wave_id, phase=Phase.FILLING, to_discard=True)
    words = phrase("wave {number} {wrong}: it is staged anew", number=wave.number, wrong=wrong)
    run.incomplete(wave.campaign, words)


def _not_as_asked(
    wave: WaveRecord, task: Task, asked: int, lines: Mapping[str, Line], hours: tuple[str, ...]
) -> Text:
    """What is wrong with a task that is about to be started, in words; empty: nothing."""
    if task.count_tel is None and wave.doubted:
        return phrase("does not tell how many numbers it holds")
    if task.count_tel not in (None, asked):
        return phrase("holds {numbers}, not {asked}", numbers=count(task.count_tel, "number"), asked=asked)
    names = reads_otherwise(wave, task, lines, hours)
    return phrase("has another {names} than was asked", names=listed(names, 0)) if names else UNSAID


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
        run.gave_up(wave.campaign, late)
        return False
    return True


def _rung(run: Run, wave: WaveRecord, step: Step) -> bool:
    if doubts := run.store.intents.open(wave.wave_id):
        words = phrase(
            "whether {call} of wave {number} was done is not known; nothing is started",
            call=doubts[0].call,
            number=wave.number,
        )
        run.incomplete(wave.campaign, words)
        return False
    try:
        answer = change(run, step, lambda: run.client.start(wave.address), lambda _: AFTER[step.call])
    except Incomplete as halted:
        run.gave_up(wave.campaign, halted)
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
        run.store.waves.change_wave(wave.wave_id, phase=phase, outside_yeta=False)
        return True
    step = Step(call="drain" if drain else "pause", wave=wave)
    fields = {"phase": phase, "outside_yeta": False, "quiet_since": run.now_ms(), "quiet_facts": ""}
    answer = change(run, step, lambda: run.client.pause(wave.address), lambda _: fields)
    if answer.done:
        run.say("paused", wave.campaign, wave=wave.number)
        return True
    return _unfinished(run, wave, answer)


def delete(run: Run, wave: WaveRecord) -> bool:
    """Delete a started wave's task. Its rows stay held until they are accounted."""
    fields: dict[str, Any] = {"phase": Phase.DELETED, "outside_yeta": False}
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
        run.store.waves.change_wave(wave.wave_id, phase=Phase.DELETED, outside_yeta=True)
    sync(run, run.store.waves.wave(wave.wave_id), task)
    if task is not None and not task.phase.over:
        words = phrase(
            "task {task_id} of wave {number} is said to be deleted, and it is {status_words}",
            task_id=wave.task_id,
            number=wave.number,
            status_words=task.status_words,
        )
        hint = phrase("run again; if it stays so, delete it at the platform")
        run.problem(Exit.UNRESOLVED if answer.value else Exit.INCOMPLETE, wave.campaign, words, hint)
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
    """Discard a staged wave. True: proven never started; its rows are free again."""
    settle_wave(run, wave.wave_id)
    wave = run.store.waves.wave(wave.wave_id)
    if wave.task_id is None:
        proof = prove(Claim.UNSENT, journalled(run, wave))
        if proof is None or not run.store.waves.discard(proof):
            words = phrase("whether wave {number} has a task is not known", number=wave.number)
            run.incomplete(wave.campaign, words)
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
        why = answer.words or phrase("it is said to be deleted, and it is {status}", status=task.status_words)
        words = phrase("wave {number} could not be discarded: {why}", number=wave.number, why=why)
        run.problem(answer.exit_code, wave.campaign, words, answer.hint or RUN_AGAIN)
        return False
    return _discarded(run, wave, task)


def _discarded(run: Run, wave: WaveRecord, task: Task | None) -> bool:
    # A record that came meanwhile proves that it was started.
    phase = sync(run, run.store.waves.wave(wave.wave_id), task)
    if phase is Phase.DISCARDED:
        run.say("discarded", wave.campaign, wave=wave.number)
        return True
    if phase is Phase.LOST:
        words = phrase(
            "task {task_id} of wave {number} is gone; that it called nobody is not proven",
            task_id=wave.task_id,
            number=wave.number,
        )
        run.problem(
            Exit.UNRESOLVED,
            wave.campaign,
            words,
            phrase("`yeta state resolve {campaign}` settles it", campaign=wave.campaign),
        )
    elif phase is Phase.DELETED and not run.store.waves.wave(wave.wave_id).dialled:
        words = phrase(
            "wave {number} is deleted; that it called nobody is not proven yet: its rows are held",
            number=wave.number,
        )
        run.incomplete(wave.campaign, words)
    else:
        words = phrase("wave {number} was started before it could be discarded", number=wave.number)
        run.incomplete(wave.campaign, words, phrase("run again to see what it means"))
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
        run.wait_until(wave.quiet_since + run.pauses.settle_ms, run.pauses.settle_ms)
    if wave.accounted:
        return True
    words, hint = phrase("its calls may still be in progress"), RUN_AGAIN
    if wave.tel_count is not None:
        words, hint = missing_records(wave.missing_records), phrase("run again once they are there")
    words = phrase("wave {number} is over; {words}", number=wave.number, words=words)
    run.incomplete(wave.campaign, words, hint, waits=True)
    return False


def _drained(run: Run, wave: WaveRecord) -> bool:
    """Wait for calls in progress and their records, as long as that is a matter of seconds."""
    patience = run.now_ms() + run.pauses.settle_ms
    while True:
        task = _once_it_shows(run, wave, STILL)
        if task is None or task.phase is not LivePhase.PAUSED:
            sync(run, wave, task)
            _say_changed(run, wave)
            return False
        watch(run, wave, task)
        wave = run.store.waves.wave(wave.wave_id)
        ready = carry_readiness(wave, task, run.now_ms(), run.pauses.drain_quiet_ms)
        if ready.ready:
            return True
        if run.now_ms() >= patience:
            code = Exit.UNRESOLVED if ready.hopeless else Exit.INCOMPLETE
            resolve = phrase("`yeta state resolve {campaign}` settles it", campaign=wave.campaign)
            hint = resolve if ready.hopeless else RUN_AGAIN
            run.problem(
                code,
                wave.campaign,
                phrase("wave {number} is draining: {detail}", number=wave.number, detail=ready.detail),
                hint,
                waits=not ready.hopeless,
            )
            return False
        run.wait(run.pauses.look)


def _unfinished(run: Run, wave: WaveRecord, answer: Answer[Any]) -> bool:
    """A call on an existing task that was not simply done. True: what was wanted holds all the same."""
    words = phrase("wave {number}: {words}", number=wave.number, words=answer.words)
    if answer.outcome is Outcome.UNKNOWN:
        settle_wave(run, wave.wave_id)
        before = run.store.waves.wave(wave.wave_id)
        phase = sync(run, before, run.client.task(wave.address))
        if run.store.intents.open(wave.wave_id) or phase is wave.phase:
            run.incomplete(wave.campaign, words)
            return False
        return True
    if answer.meaning is Meaning.ENDED:
        sync(run, wave, run.client.task(wave.address), refused_as_over=True)
        words = phrase("wave {number} is over: {words}", number=wave.number, words=answer.words)
        run.incomplete(wave.campaign, words)
        return False
    run.problem(answer.exit_code, wave.campaign, words, answer.hint)
    return False
