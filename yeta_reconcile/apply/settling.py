"""Doubts of the journal, settled by asking: creates by their mark, inserts by the count, the rest by status.

It changes nothing at the platform. A call-out that was never answered stays unknown for ever.
"""

from __future__ import annotations

from collections import defaultdict

from yeta_reconcile.apply.run import Run
from yeta_reconcile.exits import Exit
from yeta_reconcile.planning.observe import new_and_empty, young
from yeta_reconcile.platform.resources import Task
from yeta_reconcile.waves.lifecycle import Doubt, left_by, settle_control, settle_inserts, shows_by
from yeta_reconcile.waves.proof import Claim, Journalled, Look, Proof, prove
from yeta_reconcile.waves.record import Intent, Outcome, Phase, RowState, WaveRecord
from yeta_reconcile.wording import Text, phrase

# Only of call-out is it said that a batch with a bad number is refused whole (openapi.md, section 3).
BAD_NUMBER = 200203


def settle_all(run: Run) -> None:
    """Settle every doubt that an earlier run, or its death, left. What came too late is looked at like it."""
    for late in run.store.intents.take_late():
        run.say("late-answer", "", call=late.call, outcome=late.outcome.value, code=late.code)
    intents = run.store.intents.open()
    orphans = [intent for intent in intents if intent.wave_id is None]
    if orphans:
        # Whether an orphan is gone, the next look tells; only its deletion must not be under way any more.
        _wait_for(run, orphans)
        run.store.intents.settle(orphans, Outcome.REFUSED, wave_id=None)
    for wave_id in dict.fromkeys(intent.wave_id for intent in intents):
        if wave_id is not None:
            settle_wave(run, wave_id)


def settle_wave(run: Run, wave_id: int) -> None:
    """Settle one wave's doubts, once its requests can no longer be under way."""
    intents = run.store.intents.open(wave_id)
    if not intents:
        return
    wave = run.store.waves.wave(wave_id)
    _wait_for(run, intents)
    by_call: dict[str, list[Intent]] = defaultdict(list)
    for intent in intents:
        by_call[intent.call].append(intent)
    for call, doubtful in by_call.items():
        if call == "create":
            _settle_create(run, wave, doubtful)
        elif call == "insert":
            _settle_inserts(run, wave, doubtful)
        elif call == "callout":
            # Its rows are unknown from the intent on: nothing of the wave changes.
            run.store.intents.settle(doubtful, Outcome.UNKNOWN, wave_id=None)
        else:
            _settle_control(run, wave, call, doubtful)


def _wait_for(run: Run, intents: list[Intent]) -> None:
    """Wait until what these calls do must be visible, if they did anything."""
    settle = run.pauses.settle_ms
    longest = max(intent.deadline - intent.begun for intent in intents)
    run.wait_until(max(shows_by(intent, settle) for intent in intents), longest + settle)


def look(run: Run, wave: WaveRecord) -> Task | None:
    """A wave's task as it is now. One created moments ago may not show yet: it is not gone for that."""
    patience = run.pauses.timeout + run.pauses.settle
    # A wave that a clock ahead of this one created stays young for longer than anybody waits.
    until = run.now_ms() + int(patience * 1000)
    while True:
        task = run.client.task(wave.address)
        now = run.now_ms()
        if task is not None or now >= until or not young(wave, now, patience):
            return task
        run.wait(run.pauses.look)


def _settle_create(run: Run, wave: WaveRecord, doubtful: list[Intent]) -> None:
    for look in range(2):
        if look:
            run.wait(run.pauses.settle)
        if answer := find_answer(run, wave):
            run.store.intents.settle(
                doubtful, Outcome.DONE, wave_id=wave.wave_id, task_id=answer.task_id, phase=Phase.FILLING
            )
            return
    run.store.intents.settle(doubtful, Outcome.REFUSED, wave_id=wave.wave_id, phase=Phase.PLANNED)


def find_answer(run: Run, wave: WaveRecord) -> Task | None:
    """The new and empty task that an unanswered create of this wave may have made."""
    return next((task for task in twins(run, wave) if new_and_empty(task)), None)


def twins(run: Run, wave: WaveRecord) -> list[Task]:
    """Tasks that bear a wave's mark and that no record knows."""
    return [
        task
        for task in run.client.query(name=wave.task_name)
        if task.name == wave.task_name and not task.deleted and not run.store.waves.knows_task(task.task_id)
    ]


def _settle_inserts(run: Run, wave: WaveRecord, doubtful: list[Intent]) -> None:
    task = look(run, wave)
    proven = rows_in(run, wave)
    count = task.count_tel if task else None
    left_behind = run.store.intents.refused_in_part(wave.wave_id, BAD_NUMBER)
    verdict = settle_inserts(proven, [intent.rows for intent in doubtful], count, left_behind=left_behind)
    outcome = Outcome.DONE if verdict is Doubt.IN else Outcome.REFUSED
    # A wave whose count proves neither is marked, and discarded by whoever fills it.
    marked = wave.to_discard or verdict is Doubt.DISCARD
    run.store.intents.settle(doubtful, outcome, wave_id=wave.wave_id, doubted=True, to_discard=marked)


def rows_in(run: Run, wave: WaveRecord) -> int:
    """Rows of a wave that are proven to be in its task."""
    done = run.store.intents.done_batches(wave.wave_id)
    rows = run.store.waves.rows(wave.wave_id)
    return sum(1 for row in rows if row.batch in done and row.state is not RowState.SET_ASIDE)


def journalled(run: Run, wave: WaveRecord, inside: int = 0) -> Journalled:
    """What we know of a wave ourselves, for a proof that rows of it were not called."""
    intents = run.store.intents
    return Journalled(
        wave_id=wave.wave_id,
        phase=wave.phase,
        direct=wave.kind != "Campaign",
        has_task=wave.task_id is not None,
        called=wave.dialled + wave.held + run.store.calls.without_row(wave.task_id),
        in_doubt=wave.unknown + len(intents.open(wave.wave_id)),
        partial=wave.to_discard or intents.refused_in_part(wave.wave_id, BAD_NUMBER),
        inside=inside,
        accounted=wave.accounted,
    )


def absent(run: Run, wave: WaveRecord, task: Task | None) -> Proof | None:
    """A proof that rows of no batch that was taken are not in the wave's task; it waits for a second look."""
    known = journalled(run, wave, rows_in(run, wave))
    first = Look(run.now_ms(), task)
    if prove(Claim.ABSENT, known, first, first) is None:
        # What one look does not show, a second one cannot prove.
        return None
    run.wait(run.pauses.settle)
    last = Look(run.now_ms(), look(run, wave))
    known = journalled(run, run.store.waves.wave(wave.wave_id), known.inside)
    return prove(Claim.ABSENT, known, first, last, run.pauses.settle_ms)


def _settle_control(run: Run, wave: WaveRecord, call: str, doubtful: list[Intent]) -> None:
    task = look(run, wave)
    outcome = settle_control(call, task)
    if outcome is Outcome.UNKNOWN and not (task is None and told(wave)):
        words = task.status_words if task else phrase("gone")
        run.problem(
            Exit.UNRESOLVED,
            wave.campaign,
            phrase(
                "whether {call} of wave {number} was done cannot be told: it is {words}",
                call=call,
                number=wave.number,
                words=words,
            ),
            _whose_word(wave, task),
        )
        return
    run.store.intents.settle(doubtful, outcome, wave_id=wave.wave_id, **left_by(wave, call, outcome))


def told(wave: WaveRecord) -> bool:
    """Whether records or a person tell the outcome of each row of a wave: no call matters any more."""
    return wave.phase.over and not wave.pending + wave.held + wave.unknown


def _whose_word(wave: WaveRecord, task: Task | None) -> Text:
    """Who can tell the outcome of a call of which the platform's answer says nothing."""
    if task is None:
        return phrase(
            "if it does not come back, `yeta state resolve {campaign}` settles whom it called",
            campaign=wave.campaign,
        )
    return phrase("look at the task at the platform and pause or delete it there; then run again")
