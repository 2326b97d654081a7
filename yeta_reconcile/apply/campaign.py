"""One campaign's changes, carried out in the order: stop, take out of the way, stage, start."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from yeta_reconcile.amounts import count
from yeta_reconcile.apply import steering
from yeta_reconcile.apply.approval import Approval
from yeta_reconcile.apply.callout import Callout
from yeta_reconcile.apply.inserting import batch_numbers
from yeta_reconcile.apply.run import Run
from yeta_reconcile.apply.settling import BAD_NUMBER, journalled
from yeta_reconcile.apply.staging import RESTAGES, Staging
from yeta_reconcile.documents.models import Campaign
from yeta_reconcile.exits import Exit
from yeta_reconcile.plan.plan import Action, Change
from yeta_reconcile.planning.delta import Hold, RowsDelta, hold
from yeta_reconcile.planning.diff.subject import Subject
from yeta_reconcile.planning.list_diff import Comparison
from yeta_reconcile.planning.planned import Planned
from yeta_reconcile.planning.planner import Planner
from yeta_reconcile.planning.staged_before import promise_of, promised_with
from yeta_reconcile.waves.proof import Claim, Proof, prove
from yeta_reconcile.waves.record import CampaignRecord, Phase, RowRecord, WaveRecord
from yeta_reconcile.wording import phrase


@dataclass(frozen=True, slots=True)
class Compared:
    """A campaign's list against its ledger at one moment; `holds` by wave id, `proofs` of those that free."""

    comparison: Comparison
    delta: RowsDelta
    holds: dict[int, Hold]
    proofs: tuple[Proof, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether the list cannot be used any more."""
        return any(found.severity == "error" for found in self.delta.diagnostics)


def compare(run: Run, planner: Planner, subject: Subject, approval: Approval | None = None) -> Compared:
    """Read list and ledger as both are now; rows that an `approval` did not count are not free."""
    record = run.store.waves.campaign(subject.name)
    waves = record.waves if record else ()
    holds = approval.holds(waves) if approval else {wave.wave_id: hold(wave) for wave in waves}
    withheld = approval.withheld(waves) if approval else frozenset()
    proofs = []
    for wave in waves:
        if holds[wave.wave_id] is Hold.FREEING:
            claim = Claim.ACCOUNTED if wave.kind == "Campaign" else Claim.NOT_CALLED_OUT
            if proof := prove(claim, journalled(run, wave)):
                proofs.append(proof)
            else:
                holds[wave.wave_id] = Hold.HOLDING
    same = {wave.wave_id for wave in waves if wave.columns == subject.columns}
    comparison = planner.comparison(subject, holds, withheld, run.clock.now())
    return Compared(comparison, comparison.delta(holds, same), holds, tuple(proofs))


class CampaignRun:
    """What is to be done for one campaign."""

    def __init__(self, run: Run, planner: Planner, planned: Planned, name: str) -> None:
        self.run = run
        self.planner = planner
        self.planned = planned
        self.name = name
        self.subject = planned.subjects[name]
        self.changes = [change for change in planned.plan.changes if change.campaign == name]
        self._tampered = {wave.record.wave_id for wave in self.subject.waves if wave.tampered}
        self._new: set[int] = set()
        self._ready = False
        self._approval = Approval(self.subject, self.changes)

    def follow(self, *, new_waves: bool, ring: bool) -> None:
        """Do it; what keeps it from being complete is noted as a problem.

        Without `new_waves` only waves that were started are steered; without `ring` what is staged is left to
        `ring`, which comes once whoever gets the line before it was tried.
        """
        going_on = new_waves
        for change in self.changes:
            if change.wave_id is not None:
                going_on &= self._existing(change)
            elif change.action is Action.WAIT:
                self._waits(change)
            elif change.action is Action.CALL and new_waves:
                self._call_out()
        stages = any(change.action in {Action.CREATE, Action.REPLACE} for change in self.changes)
        self._ready = going_on and (not stages or self._stage())
        if ring:
            self.ring()

    def ring(self) -> None:
        """Start what is staged, and ask for what waits for its line by the plan: the platform decides."""
        if not self._ready:
            return
        for change in self.changes:
            if change.tries is Action.RESUME and change.wave_id is not None:
                steering.resume(self.run, self.run.store.waves.wave(change.wave_id))
        starts = {Action.START, Action.REPLACE}
        if any(
            change.may_ring and (change.tries or change.action) in starts and not change.again
            for change in self.changes
        ):
            self._start_staged()

    def _existing(self, change: Change) -> bool:
        """What is to be done with a recorded wave. False: the campaign cannot go on now."""
        assert change.wave_id is not None
        wave = self.run.store.waves.wave(change.wave_id)
        if change.action is Action.WAIT:
            self._waits(change)
            return True
        if change.action is Action.DELETE:
            return steering.discard(self.run, wave) if wave.staged else steering.delete(self.run, wave)
        if change.action is Action.PAUSE:
            return steering.pause(self.run, wave)
        if change.action is Action.RESUME:
            return steering.resume(self.run, wave)
        if change.action is Action.START and change.again:
            return self._start(wave)
        if change.action is Action.REPLACE:
            self._approval.free(wave)
            return not wave.live or steering.carry(self.run, wave)
        return True

    def _waits(self, change: Change) -> None:
        if change.tries:
            return
        rows = count(change.rows, "row waits", "rows wait")
        who = rows if change.rows and not change.wave_id else phrase("wave {wave} waits", wave=change.wave)
        words = phrase(
            "{who}, as planned: {detail}" if change.waiting_rows else "{who}: {detail}",
            who=who,
            detail=change.detail,
        )
        self.run.incomplete(self.name, words, phrase("run again later"), waits=True)

    # Staging

    def _stage(self) -> bool:
        """Bring every row that belongs into a wave into a verified one."""
        restaged = learned = 0
        while restaged <= RESTAGES:
            self.run.check()
            found = self._compare()
            if found.failed or self._list_moved():
                return self._list_changed()
            staged = [wave for wave in self._record().waves if wave.staged]
            wrong = next((wave for wave in staged if not self._as_declared(wave, found.delta)), None)
            if wrong:
                if not steering.discard(self.run, wrong):
                    return False
                # What was planned here and is not as declared, planning once more does not make right.
                if wrong.to_discard or wrong.wave_id in self._new:
                    # Of finitely many rows each can be found to go alone, or to be bad, once.
                    before, learned = learned, self._learned()
                    restaged = restaged + 1 if learned <= before else 1
                again = self._compare()
                if not self._counted(again):
                    return False
                self._plan_wave(again, wrong)
                continue
            unfinished = next((wave for wave in staged if wave.phase is not Phase.VERIFIED), None)
            if unfinished:
                if not self._fill(unfinished, found.comparison):
                    return False
            elif found.delta.new:
                if not self._counted(found):
                    return False
                if self._plan_wave(found, None) is None:
                    return self._list_changed()
            else:
                if not staged and not self._new:
                    self._name_missing()
                return True
        self.run.problem(
            Exit.UNRESOLVED,
            self.name,
            phrase(
                "a wave was staged {restages} times over and never came back as it was asked",
                restages=RESTAGES,
            ),
            phrase("compare the task with the document (`yeta drift`), or ask the platform"),
        )
        return False

    def _name_missing(self) -> None:
        """With nothing staged: say so if the plan counted somebody."""
        if any(change.rows for change in self.changes if change.action is Action.CREATE):
            words = phrase("whom the plan counted is not free yet: nothing is staged")
            self.run.incomplete(self.name, words)

    def _learned(self) -> int:
        """Of how many rows it is known that they go alone into the next task, or not at all."""
        waves = self.run.store.waves
        return len(waves.refused_rows(self.name, BAD_NUMBER)) + len(waves.set_aside(self.name))

    def _compare(self) -> Compared:
        return compare(self.run, self.planner, self.subject, self._approval)

    def _fill(self, wave: WaveRecord, comparison: Comparison) -> bool:
        """False: a problem was noted. A wave in doubt is for the next look."""
        lines = self.planned.observed.config.lines
        if Staging(self.run, self.subject, comparison, lines).stage(wave.wave_id):
            return True
        return self.run.store.waves.wave(wave.wave_id).to_discard

    def _list_moved(self) -> bool:
        """Whether the list is another than the one that was planned: what nobody saw is not called."""
        now = self.planner.fingerprint(self.subject, self.run.clock.now())
        return now != self.planned.signatures[self.name].partition("/")[0]

    def _list_changed(self) -> bool:
        self.run.incomplete(self.name, phrase("its contact list changed meanwhile"))
        return False

    def _record(self) -> CampaignRecord:
        record = self.run.store.waves.campaign(self.name)
        assert record is not None
        return record

    def _start(self, wave: WaveRecord) -> bool:
        lines, hours = self.planned.observed.config.lines, self.subject.allowed.hours
        return steering.start(self.run, wave, lines, hours)

    def _as_declared(self, wave: WaveRecord, delta: RowsDelta) -> bool:
        asked = self.subject.attributes
        staged = delta.staged.get(wave.wave_id)
        return (
            not wave.to_discard
            and wave.wave_id not in self._tampered
            and staged is not None
            and staged.same
            and not asked.changes_from(wave.attributes)
            and wave.attributes.until == asked.until
            and wave.columns == self.subject.columns
            and (wave.full or not delta.new)
        )

    def _plan_wave(self, found: Compared, former: WaveRecord | None) -> WaveRecord | None:
        """Record the next wave, or the next attempt at a discarded one, with its rows."""
        # A full wave is tried again, as such, with as many rows as it took; the rest go into a further one.
        full = former is not None and former.full
        most = former.pending if former is not None and full else None
        rows = []
        for row in islice(found.comparison.select(), most):
            other = None if row.number_digest == row.digest else row.number_digest
            content = found.comparison.content_digest(row)
            round_ = found.comparison.round_of(row)
            rows.append(RowRecord(0, row.digest, content, 0, row.line, other, round=round_))
        if not rows:
            return None
        if self._list_moved():
            self._list_changed()
            return None
        # Where a refused batch left rows behind, its rows go one by one: so nothing can be left behind again.
        alone = self.run.store.waves.refused_rows(self.name, BAD_NUMBER)
        numbers = batch_numbers((row.key for row in rows), alone)
        rows = [row._replace(batch=number) for row, number in zip(rows, numbers, strict=True)]
        number = former.number if former else self._record().next_wave
        wave_id = self._record_wave(number, rows, full=full)
        self._new.add(wave_id)
        self.run.store.waves.seal_wave(wave_id, take_from=found.proofs)
        self.run.say("planned", self.name, wave=number, rows=len(rows))
        return self.run.store.waves.wave(wave_id)

    def _record_wave(self, number: int, rows: list[RowRecord], *, full: bool) -> int:
        """Put a planned wave with its rows on disk; it counts once it is sealed."""
        declared, key = self.subject.declared, self.run.store.key
        assert declared is not None
        choice = self.subject.trial.choice
        repository = self.planner.declared
        ordered = sorted(rows)  # by their keys
        digest = key.set_digest(row.key for row in ordered)
        mark = key.mark(repository.project.name, repository.environment, declared.name, number, digest)
        wave_id = self.run.store.waves.plan_wave(
            WaveRecord(
                wave_id=0,
                campaign=declared.name,
                number=number,
                attempt=0,
                phase=Phase.PLANNED,
                task_name=str(mark),
                attributes=self.subject.attributes,
                columns=self.subject.columns,
                kind=declared.kind,
                set_digest=digest.hex(),
                full=full,
                created_at=self.run.now_ms(),
                round=max(row.round for row in rows),
                called_again=sum(row.round > 1 for row in rows),
                canary=choice.mark if choice else "",
                promised=promised_with(declared, self._promise, self.subject.waves),
            )
        )
        self.run.store.waves.add_rows(wave_id, ordered)
        return wave_id

    def _promise(self) -> str:
        """What is declared now of those who may follow a wave."""
        located = self.planner.declared.callings[self.name]
        assert isinstance(located.model, Campaign)
        spec = self.planner.declared.called_list(located, self.run.clock.now())
        return promise_of(located.model, spec, self.subject.columns, self.run.store.key)

    def _counted(self, found: Compared) -> bool:
        """Whether the plan counted as many rows as would then be staged. False: a problem was noted."""
        waves = self._record().waves
        if self._approval.vanished(waves):
            words = phrase(
                "a wave that held its rows when the plan was made is no more: nothing of it is staged"
            )
            self.run.incomplete(
                self.name, words, phrase("run again: the next plan shows who is free by that")
            )
            return False
        staged = sum(wave.pending for wave in waves if wave.staged)
        return self._within(staged + found.delta.new, self._approval.rows)

    def _within(self, rows: int, approved: int) -> bool:
        if rows <= approved:
            return True
        words = phrase(
            "{rows} would go out where the plan showed {approved}: nothing of it is started",
            rows=count(rows, "row"),
            approved=approved,
        )
        self.run.incomplete(self.name, words, phrase("run again: the next plan shows them"))
        return False

    def _start_staged(self) -> None:
        """Start what the plan named, and what was staged here out of the rows it showed; nothing else."""
        named = {change.wave for change in self.changes if (change.tries or change.action) is Action.START}
        waves = [
            wave
            for wave in self._record().waves
            if wave.phase is Phase.VERIFIED and (wave.number in named or wave.wave_id in self._new)
        ]
        if self._within(sum(wave.pending for wave in waves), self._approval.ringing):
            for wave in waves:
                self._start(wave)

    # Direct calls

    def _call_out(self) -> None:
        found = self._compare()
        if found.failed or self._list_moved():
            self._list_changed()
            return
        if not self._within(found.delta.new, self._approval.ringing):
            return
        # Rows that an earlier run recorded and never sent go out with whatever is declared now.
        wave = self._plan_wave(found, None)
        if wave is not None:
            self.run.store.waves.change_wave(wave.wave_id, phase=Phase.STARTED)
            Callout(self.run, wave, found.comparison).call_all()
