"""Direct calls: each row at most once. What was sent and not answered is never sent again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from yeta_reconcile.apply.inserting import Batch, as_listed, parted, pending
from yeta_reconcile.apply.journaled import Answer, Step, change
from yeta_reconcile.apply.run import Run
from yeta_reconcile.apply.settling import journalled
from yeta_reconcile.errors import Incomplete
from yeta_reconcile.planning.list_diff import Comparison
from yeta_reconcile.platform.codes import Meaning
from yeta_reconcile.platform.resources import Inserted
from yeta_reconcile.waves.attributes import Attributes
from yeta_reconcile.waves.proof import Claim, prove
from yeta_reconcile.waves.record import SINGLE_CALLS, Outcome, Phase, RowRecord, RowState, WaveRecord
from yeta_reconcile.wording import phrase

KIND = "DirectCall"


class Callout:
    """Calls out the pending rows of one recorded wave, batch by batch, in the order of the list."""

    def __init__(self, run: Run, wave: WaveRecord, comparison: Comparison) -> None:
        self.run = run
        self.wave = wave
        self.comparison = comparison

    def call_all(self) -> None:
        """Call every pending row out. What keeps it from being complete is noted as a problem."""
        stack = list(reversed(self._batches()))
        while stack:
            batch = stack.pop()
            try:
                answer = self._send(batch)
            except Incomplete as halted:
                self.run.gave_up(self.wave.campaign, halted)
                return
            if answer.done:
                self.run.say("called", self.wave.campaign, wave=self.wave.number, rows=len(batch.rows))
            elif answer.meaning is Meaning.BAD_ROWS:
                parts = parted(self.run, self.wave, batch, self.comparison.spec.label)
                stack.extend(reversed(parts))
            elif answer.outcome is Outcome.UNKNOWN:
                # Its rows are named at the end of the run, with those of earlier runs.
                self.run.say("unanswered", self.wave.campaign, wave=self.wave.number, why=answer.words)
            else:
                self._refused(answer)
                return
        self.run.store.waves.change_wave(self.wave.wave_id, phase=Phase.COMPLETED)

    def _batches(self) -> list[Batch]:
        wanted = {row.key: row for row in pending(self.run, self.wave.wave_id)}
        batches: dict[int, Batch] = {}
        for row, values in as_listed(self.comparison, wanted):
            if values is not None:
                batches.setdefault(row.batch, Batch(row.batch)).add(row, values)
        # Rows that the list no longer holds, or holds changed, are not called as they were.
        return list(batches.values())

    def _send(self, batch: Batch) -> Answer[Inserted]:
        keys = [row.key for row in batch.rows]
        return _call_out(self.run, self.wave, batch.number, keys, batch.values)

    def _refused(self, answer: Answer[Inserted]) -> None:
        became = phrase("waits") if answer.meaning.passes else phrase("was refused")
        words = phrase(
            "wave {number} {became}: {words}", number=self.wave.number, became=became, words=answer.words
        )
        self.run.problem(answer.exit_code, self.wave.campaign, words, answer.hint)


def _call_out(
    run: Run,
    wave: WaveRecord,
    batch: int,
    keys: list[bytes],
    values: list[tuple[str, ...]],
    *,
    before: dict[str, Any] | None = None,
    undo: dict[str, Any] | None = None,
) -> Answer[Inserted]:
    """Call rows of a wave out as it asks: from the intent on each of them may have rung."""
    asked = wave.attributes
    step = Step(
        call="callout", wave=wave, batch=batch, rows=len(keys), unknown=keys, rings=True,
        before=before, undo=undo,
    )  # fmt: skip
    return change(
        run,
        step,
        lambda: run.client.callout(asked.robot, asked.lines[0], wave.columns, values, asked.voice),
        lambda inserted: {
            "data_ids": list(zip(inserted.data_ids, keys, strict=False)),
            "states": (keys, RowState.HELD),
        },
    )


def call_once(
    run: Run, attributes: Attributes, columns: tuple[str, ...], values: tuple[str, ...]
) -> Answer[Inserted]:
    """Call the number `values[0]`, the lock held; `values` follow `columns`. Raises what `change` raises.

    Each such call is a wave of its own, so that the same number may be tried again on purpose.
    """
    wave = _recorded(run, attributes, columns, values)
    keys = [run.store.key.row_digest(values[0])]
    begun = {"phase": Phase.STARTED, "started_at": run.now_ms()}
    try:
        answer = _call_out(run, wave, 0, keys, [values], before=begun, undo={"phase": Phase.PLANNED})
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
    run.store.campaigns.declare(SINGLE_CALLS, KIND, (), protect=False)
    record = waves.campaign(SINGLE_CALLS)
    number = record.next_wave if record else 1
    planned = WaveRecord(
        wave_id=0,
        campaign=SINGLE_CALLS,
        number=number,
        attempt=0,
        phase=Phase.PLANNED,
        task_name=f"{SINGLE_CALLS}~w{number}",
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
