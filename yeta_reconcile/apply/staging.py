"""A wave until it may be started: planned, created, filled, verified; in doubt discarded and staged anew.

Nothing here rings anybody. Each step begins from what the state says, so that a run that died goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from yeta_reconcile.amounts import count
from yeta_reconcile.apply.inserting import Filling, ListChanged
from yeta_reconcile.apply.journaled import Answer, Step, change
from yeta_reconcile.apply.run import RUN_AGAIN, Run
from yeta_reconcile.apply.seeing import sync
from yeta_reconcile.apply.settling import BAD_NUMBER, look, settle_wave, twins
from yeta_reconcile.exits import Exit
from yeta_reconcile.planning.diff.subject import Subject
from yeta_reconcile.planning.list_diff import Comparison
from yeta_reconcile.planning.observe import new_and_empty
from yeta_reconcile.planning.orphans import settled_by
from yeta_reconcile.platform.codes import Meaning
from yeta_reconcile.platform.hours import (
    windows_of,
)
from yeta_reconcile.platform.resources import Address, Inserted, Line, Task
from yeta_reconcile.waves.proof import Claim, Journalled, Look, prove
from yeta_reconcile.waves.readback import read_back, request_of
from yeta_reconcile.waves.record import Outcome, Phase, WaveRecord
from yeta_reconcile.wording import PARTS, Text, listed, phrase

RESTAGES = 3


@dataclass(slots=True)
class Staging:
    """Brings one recorded wave to VERIFIED. `lines` are the platform's, for windows nobody declared."""

    run: Run
    subject: Subject
    comparison: Comparison
    lines: Mapping[str, Line]
    warned: set[str] = field(default_factory=set)

    def stage(self, wave_id: int) -> bool:
        """Create, fill and verify. False: it has to be discarded, or a problem was noted."""
        run = self.run
        settle_wave(run, wave_id)
        wave = run.store.waves.wave(wave_id)
        if wave.phase is Phase.PLANNED:
            self._create(wave)
        wave = run.store.waves.wave(wave_id)
        if wave.phase is Phase.FILLING and self._fill(wave):
            wave = run.store.waves.wave(wave_id)
            if wave.pending:
                self._verify(wave)
            else:
                # A task without a number would hold its line, and call nobody.
                self._set_to_discard(
                    wave, phrase("holds no number, since the platform took none of its rows")
                )
        return run.store.waves.wave(wave_id).phase is Phase.VERIFIED

    # Create

    def _create(self, wave: WaveRecord) -> None:
        """What is not in its phase afterwards was noted as a problem."""
        answer = self._send_create(wave)
        if answer.meaning is Meaning.WAIT and self._remove_twins(wave):
            answer = self._send_create(wave)
        words = phrase("could not be created: {words}", words=answer.words)
        if answer.done:
            return
        if answer.outcome is Outcome.UNKNOWN:
            settle_wave(self.run, wave.wave_id)
            if self.run.store.waves.wave(wave.wave_id).phase is not Phase.FILLING:
                self._problem(Exit.INCOMPLETE, wave, words, RUN_AGAIN)
        elif answer.meaning is Meaning.WAIT:
            self.run.waits_for_line(wave, answer.words, self._holders())
        else:
            self._problem(answer.exit_code, wave, words, answer.hint)

    def _send_create(self, wave: WaveRecord) -> Answer[str]:
        # Whole seconds, so that a platform which keeps no more reads back what was asked.
        now = self.run.now_ms() // 1000 * 1000
        request = request_of(wave, self._windows(wave), now)
        step = Step(
            call="create",
            wave=wave,
            before={"phase": Phase.CREATING, "created_at": now},
            undo={"phase": Phase.PLANNED},
        )
        return change(
            self.run,
            step,
            lambda: self.run.client.create(request),
            lambda task_id: {"task_id": task_id, "phase": Phase.FILLING},
        )

    def _windows(self, wave: WaveRecord) -> tuple[str, ...]:
        return windows_of(wave.attributes.lines, self.lines, self.subject.allowed.hours)

    def _remove_twins(self, wave: WaveRecord) -> bool:
        """A task that a create, settled as not done, made all the same may hold our line."""
        removed = False
        for task in twins(self.run, wave):
            if new_and_empty(task):
                remove_orphan(self.run, wave.campaign, task.address)
                removed = True
        return removed

    def _holders(self) -> Text:
        return listed(
            (
                phrase("line {line} is in use by {holder}", line=line, holder=holder)
                for line, holder in self.subject.lines.taken.items()
            ),
            0,
            by=PARTS,
        )

    # Fill

    def _fill(self, wave: WaveRecord) -> bool:
        """Submit every row that is not proven to be in. False: a problem was noted, or it is discarded."""
        intents, stalled, proven = self.run.store.intents, 0, -1
        while not wave.to_discard:
            try:
                answer = Filling(self.run, wave, self.comparison).run_all()
            except ListChanged:
                why = phrase("its contact list changed meanwhile")
                return self._unfilled(Exit.INCOMPLETE, wave, why, RUN_AGAIN)
            if answer is None:
                break
            if answer.outcome is not Outcome.UNKNOWN:
                return self._not_filled(wave, answer)
            settle_wave(self.run, wave.wave_id)
            wave = self.run.store.waves.wave(wave.wave_id)
            former, proven = proven, len(intents.done_batches(wave.wave_id))
            stalled = stalled + 1 if proven == former else 0
            if stalled == RESTAGES:
                return self._unfilled(Exit.INCOMPLETE, wave, answer.words, RUN_AGAIN)
        return not self.run.store.waves.wave(wave.wave_id).to_discard

    def _not_filled(self, wave: WaveRecord, answer: Answer[Inserted]) -> bool:
        if answer.meaning is Meaning.ENDED:
            sync(self.run, wave, look(self.run, wave))
        return self._unfilled(answer.exit_code, wave, answer.words, answer.hint)

    def _unfilled(self, exit_code: Exit, wave: WaveRecord, words: str, hint: Text) -> bool:
        self._problem(exit_code, wave, phrase("could not be filled: {words}", words=words), hint)
        return False

    # Verify

    def _verify(self, wave: WaveRecord) -> None:
        """Compare what the platform holds with what was asked; what differs is discarded."""
        run = self.run
        patience = run.now_ms() + run.pauses.settle_ms
        if self._doubted(wave):
            # The count may still be on its way past the right number.
            run.wait(run.pauses.settle)
        while True:
            task = look(run, wave)
            if task is None or not task.never_rang or task.deleted:
                sync(run, wave, task)
                self._problem(Exit.INCOMPLETE, wave, phrase("was changed outside yeta"), RUN_AGAIN)
                return
            if task.count_tel == wave.pending:
                break
            if run.now_ms() >= patience:
                if task.count_tel is None and not self._doubted(wave):
                    # Each batch was answered for, and nobody needs a count that the platform does not tell.
                    self._warn(wave, phrase("how many numbers it holds cannot be read back"))
                    break
                self._set_to_discard(wave, _miscounted(task, wave))
                return
            run.wait(run.pauses.look)
        found = read_back(request_of(wave, self._windows(wave), wave.created_at), task)
        for name, wanted, told in found.mild:
            self._warn(
                wave,
                phrase(
                    "{name} reads back as {told}, {wanted} was asked", name=name, told=told, wanted=wanted
                ),
            )
        for name in found.untold:
            self._warn(wave, phrase("{name} cannot be read back", name=name))
        if found.other:
            self._set_to_discard(
                wave, phrase("came back with another {other} than was asked", other=listed(found.other, 0))
            )
            return
        run.store.waves.change_wave(wave.wave_id, phase=Phase.VERIFIED)
        run.say("verified", wave.campaign, wave=wave.number, rows=wave.pending)

    def _doubted(self, wave: WaveRecord) -> bool:
        """Whether the count alone tells what is in its task."""
        return wave.doubted or self.run.store.intents.refused_with(wave.wave_id, BAD_NUMBER)

    def _set_to_discard(self, wave: WaveRecord, why: Text) -> None:
        self.run.store.waves.change_wave(wave.wave_id, to_discard=True)
        self.run.say("doubted", wave.campaign, wave=wave.number, why=why)

    def _warn(self, wave: WaveRecord, words: Text) -> None:
        if words not in self.warned:
            self.warned.add(words)
            self.run.say("warning", wave.campaign, wave=wave.number, summary=words)

    def _problem(self, exit_code: Exit, wave: WaveRecord, words: str, hint: Text) -> None:
        self.run.problem(
            exit_code, wave.campaign, phrase("wave {number} {words}", number=wave.number, words=words), hint
        )


def _miscounted(task: Task, wave: WaveRecord) -> Text:
    if task.count_tel is None:
        return phrase(
            "does not tell how many numbers it holds, and {pending} were submitted", pending=wave.pending
        )
    return phrase(
        "holds {numbers}, and {pending} were submitted",
        numbers=count(task.count_tel, "number"),
        pending=wave.pending,
    )


def remove_orphan(run: Run, campaign: str, address: Address) -> bool:
    """Delete a task that bears our mark, has no record and was never started."""
    task_id = address.task_id
    before = run.client.task(address)
    if before is not None and not before.never_rang:
        run.problem(
            Exit.UNRESOLVED,
            campaign,
            phrase("orphan task {task_id} was started before it could be deleted", task_id=task_id),
            settled_by(campaign),
        )
        return False
    answer = change(run, Step(call="discard", wave=None, address=address), lambda: run.client.delete(address))
    first = Look(run.now_ms(), run.client.task(address))
    if first.task is not None and not proven_gone(run, address, first):
        after = run.client.task(address)
        if after is not None and after.never_rang and not after.deleted:
            why = answer.words or phrase("it is said to be deleted, and is there")
            words = phrase("orphan task {task_id} could not be deleted: {why}", task_id=task_id, why=why)
            run.incomplete(campaign, words)
        else:
            run.problem(
                Exit.UNRESOLVED,
                campaign,
                phrase(
                    "that orphan task {task_id} called nobody before its end is not proven", task_id=task_id
                ),
                settled_by(campaign),
            )
        return False
    run.say("orphan-deleted", campaign, task=task_id)
    return True


def proven_gone(run: Run, address: Address, first: Look) -> bool:
    """Whether a deleted task without a record is proven to have called nobody; it waits for a second look."""
    run.wait_since(first.at, run.pauses.settle_ms)
    last = Look(run.now_ms(), run.client.task(address))
    if first.task is not None and not first.task.deleted:
        # It may take as long to show that it is deleted.
        first = last
        run.wait(run.pauses.settle)
        last = Look(run.now_ms(), run.client.task(address))
    known = Journalled(called=run.store.calls.without_row(address.task_id))
    return prove(Claim.NEVER_RANG, known, first, last, run.pauses.settle_ms) is not None
