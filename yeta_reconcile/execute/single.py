"""One direct call to try a robot: journalled like every other, and never sent again if nobody answers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from yeta_reconcile.execute.change import Answer, Step, change
from yeta_reconcile.execute.settle import journalled
from yeta_reconcile.proof import Claim, prove
from yeta_reconcile.recorded import BY_HAND, Fate, Outcome, Phase, RowRecord, WaveRecord

if TYPE_CHECKING:
    from yeta_reconcile.campaign import Attributes
    from yeta_reconcile.execute.run import Run
    from yeta_reconcile.live import Inserted

KIND = "DirectCall"


def call_once(
    run: Run, attributes: Attributes, columns: tuple[str, ...], values: tuple[str, ...]
) -> Answer[Inserted]:
    """Call the number `values[0]`, the lock held; `values` follow `columns`. Raises what `change` raises.

    Each such call is a wave of its own, so that the same number may be tried again on purpose.
    """
    wave = _recorded(run, attributes, columns, values)
    keys = [run.store.key.row_digest(values[0])]
    step = Step(
        call="callout",
        wave=wave,
        batch=0,
        rows=1,
        before={"phase": Phase.STARTED, "started_at": run.now_ms()},
        undo={"phase": Phase.PLANNED},
        unknown=keys,
        rings=True,
    )
    robot, line, voice = attributes.robot, attributes.lines[0], attributes.voice
    try:
        answer = change(
            run,
            step,
            lambda: run.client.callout(robot, line, columns, [values], voice),
            lambda inserted: {
                "data_ids": list(zip(inserted.data_ids, keys, strict=False)),
                "fates": (keys, Fate.HELD),
            },
        )
    except BaseException:
        _give_up(run, wave)
        raise
    if answer.outcome is Outcome.REFUSED:
        _give_up(run, wave)
    else:
        run.store.waves.change_wave(wave.wave_id, phase=Phase.COMPLETED)
    return answer


def _recorded(
    run: Run, attributes: Attributes, columns: tuple[str, ...], values: tuple[str, ...]
) -> WaveRecord:
    waves, key = run.store.waves, run.store.key
    waves.declare(BY_HAND, KIND, (), protect=False)
    record = waves.campaign(BY_HAND)
    number = record.next_wave if record else 1
    planned = WaveRecord(
        wave_id=0,
        campaign=BY_HAND,
        number=number,
        attempt=0,
        phase=Phase.PLANNED,
        task_name=f"{BY_HAND}~w{number}",
        attributes=attributes,
        columns=columns,
        kind=KIND,
        created_at=run.now_ms(),
    )
    wave_id = waves.plan_wave(planned)
    row = RowRecord(wave_id, key.row_digest(values[0]), key.content_digest(values), batch=0, line=0)
    waves.add_rows(wave_id, [row])
    waves.seal_wave(wave_id)
    return replace(planned, wave_id=wave_id)


def _give_up(run: Run, wave: WaveRecord) -> None:
    """A call that was provably not made leaves nothing; one that may have been made stays unknown."""
    now = run.store.waves.wave(wave.wave_id)
    proof = prove(Claim.UNSENT, journalled(run, now))
    if proof is None or not run.store.waves.discard(proof):
        run.store.waves.change_wave(wave.wave_id, phase=Phase.COMPLETED)
