"""Carries a plan out: books, orphans, then the campaigns side by side; in each, what rings comes last."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from yeta_reconcile.campaign import Attributes, Campaign
from yeta_reconcile.diff import Subject, grip, key_headers
from yeta_reconcile.errors import (
    OutcomeUnknown,
    PlatformError,
    StateError,
    StateLocked,
    StopEverything,
    Unreachable,
)
from yeta_reconcile.execute import control
from yeta_reconcile.execute.callout import Callout
from yeta_reconcile.execute.run import Problem, Run, Stopped
from yeta_reconcile.execute.staging import BATCH, RESTAGES, Staging, remove_orphan
from yeta_reconcile.journal import seen
from yeta_reconcile.plan import Action, Change, Reason
from yeta_reconcile.planner import Planned, Planner, note_of
from yeta_reconcile.recorded import CampaignRecord, Phase, RowRecord, WaveRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from yeta_reconcile.delta import Grip, RowsDelta
    from yeta_reconcile.rows import Comparison

# Of several exit codes the first counts (contract: exit codes).
WEIGHT = (8, 4, 1, 7)


@dataclass(frozen=True, slots=True)
class Report:
    """What an apply came to. `problems` keep it from being complete."""

    changes: tuple[Change, ...]
    problems: tuple[Problem, ...]

    @property
    def exit_code(self) -> int:
        """0, or what the gravest problem means."""
        codes = {problem.exit_code for problem in self.problems}
        return next((code for code in WEIGHT if code in codes), 0)


class Apply:
    """One plan under way."""

    def __init__(self, run: Run, planner: Planner, planned: Planned) -> None:
        self.run = run
        self.planner = planner
        self.planned = planned
        self.changes: dict[str, list[Change]] = {}
        for change in planned.plan.changes:
            self.changes.setdefault(change.campaign, []).append(change)

    def carry_out(self) -> Report:
        """Do what the plan shows. Raises what stops everything (see `change`)."""
        for found in self.planned.plan.diagnostics:
            if found.severity == "error" and found.campaign in self.planned.blocked:
                self.run.problem(8, found.campaign or "", found.summary, found.hint)
        self._keep_books()
        orphans = [change for change in self.planned.plan.changes if change.task_id]
        for change in orphans:
            remove_orphan(self.run, change.campaign, change.task_id or "")
        # What frees a line goes before what wants one.
        names = sorted(self.changes, key=lambda name: (not self._frees(name), name))
        freeing = [name for name in names if self._frees(name)]
        self._side_by_side(freeing)
        self._side_by_side([name for name in names if name not in freeing])
        self.run.raise_fatal()
        self._remember_quiet_lists()
        return Report(self.planned.plan.changes, tuple(self.run.problems))

    def _frees(self, name: str) -> bool:
        return all(change.action in {Action.DELETE, Action.PAUSE} for change in self.changes[name])

    def _side_by_side(self, names: Sequence[str]) -> None:
        if not names:
            return
        with ThreadPoolExecutor(self.run.max_in_flight, thread_name_prefix="campaign") as pool:
            futures = [pool.submit(self._guarded, name) for name in names]
            for future in as_completed(futures):
                future.result()

    def _guarded(self, name: str) -> None:
        """One campaign; what fails in it alone is its problem, what fails everywhere stops all."""
        run = self.run
        try:
            run.check()
            _Course(self, name).follow()
        except Stopped:
            run.problem(7, name, "stopped before it was done", "run again")
        except (StateError, StateLocked, StopEverything) as error:
            run.fail(error)
        except (PlatformError, Unreachable) as error:
            run.problem(1 if isinstance(error, PlatformError) else 7, name, error.message, error.hint)
        except OutcomeUnknown as error:
            run.problem(7, name, str(error), "run again")

    # Books

    def _keep_books(self) -> None:
        """Record what is declared and what the platform said; nothing is sent."""
        waves = self.run.store.waves
        for name, subject in self.planned.subjects.items():
            record, declared = subject.record, subject.declared
            if declared is not None and not subject.destroy:
                if record is not None and record.name != name:
                    waves.rename(record.name, name)
                protect = isinstance(declared, Campaign) and declared.protect
                key = key_headers(declared, subject.columns)
                if record is None or (record.kind, record.key, record.protect, record.gone_at) != (
                    declared.kind, key, protect, None
                ):  # fmt: skip
                    waves.declare(name, declared.kind, key, protect=protect)
            elif record is not None and record.gone_at is None:
                waves.set_gone(record.name, self.run.now_ms())
        for record in self.planned.recorded.campaigns.values():
            for wave in record.waves:
                self._sync(wave)

    def _sync(self, wave: WaveRecord) -> None:
        task_id = wave.task_id
        if task_id is None or task_id not in self.planned.observed.tasks:
            return
        task = self.planned.observed.tasks[task_id]
        now = seen(wave, task)
        if (now.phase, now.by_hand) != (wave.phase, wave.by_hand) or now.tel_count != wave.tel_count:
            control.sync(self.run, wave, task)
        if wave.phase is Phase.DRAINING and task is not None:
            control.watch(self.run, wave, task)

    def _remember_quiet_lists(self) -> None:
        """The next plan need not read a list of which every row is where it belongs."""
        for name, subject in self.planned.subjects.items():
            if subject.declared is None or subject.destroy or not subject.columns:
                continue
            if name in self.changes:
                self._remember_after_changes(name, subject)
            elif subject.delta.quiet:
                self._remember(name, self.planned.signatures[name], subject.delta)

    def _remember_after_changes(self, name: str, subject: Subject) -> None:
        record = self.run.store.waves.recorded().campaigns.get(name)
        if record is None or any(problem.campaign == name for problem in self.run.problems):
            return
        comparison, delta, grips = compare(self, name, subject)
        del comparison
        if delta.quiet:
            self._remember(name, self.planner.signature(name, subject.columns, record, grips), delta)

    def _remember(self, name: str, signature: str, delta: RowsDelta) -> None:
        record = self.run.store.waves.recorded().campaigns.get(name)
        if record is not None and signature and record.settled_list != signature:
            notes = [note_of(diagnostic) for diagnostic in delta.diagnostics]
            self.run.store.waves.settle_list(name, signature, delta.declared, notes)


def compare(apply: Apply, name: str, subject: Subject) -> tuple[Comparison, RowsDelta, dict[int, Grip]]:
    """A campaign's list against its ledger as both are now."""
    record = apply.run.store.waves.recorded().campaigns.get(name)
    waves = record.waves if record else ()
    grips = {wave.wave_id: grip(wave) for wave in waves}
    same = {wave.wave_id for wave in waves if wave.columns == subject.columns}
    comparison = apply.planner.comparison(name, subject.columns, grips)
    return comparison, comparison.delta(grips, same), grips


class _Course:
    """One campaign's changes, carried out in the order: stop, take out of the way, stage, start."""

    def __init__(self, apply: Apply, name: str) -> None:
        self.apply = apply
        self.run = apply.run
        self.name = name
        self.subject = apply.planned.subjects[name]
        self.changes = apply.changes[name]

    def follow(self) -> None:
        going_on = True
        for change in self.changes:
            if change.wave_id is not None:
                going_on &= self._existing(change)
            elif change.action is Action.CALL:
                self._call_out()
        stages = any(change.action in {Action.CREATE, Action.REPLACE} for change in self.changes)
        starts = any(
            change.action is Action.START or (change.action is Action.REPLACE and change.rings)
            for change in self.changes
        )
        if stages and going_on and not self._stage():
            return
        if starts and going_on:
            self._start_staged()

    def _wave(self, change: Change) -> WaveRecord:
        assert change.wave_id is not None
        return self.run.store.waves.wave(change.wave_id)

    def _existing(self, change: Change) -> bool:
        """What is to be done with a recorded wave. False: the campaign cannot go on now."""
        wave = self._wave(change)
        if change.action is Action.WAIT:
            self.run.problem(7, self.name, f"wave {wave.number} waits: {change.detail}", "run again later")
            return True
        if change.action is Action.DELETE:
            return control.discard(self.run, wave) if wave.staged else control.delete(self.run, wave)
        if change.action is Action.PAUSE:
            return control.pause(self.run, wave)
        if change.action is Action.RESUME:
            return control.resume(self.run, wave)
        if change.action is Action.START and change.reason is Reason.START_UNCONFIRMED:
            return control.start(self.run, wave)
        if change.action is Action.REPLACE and wave.live:
            return control.carry(self.run, wave)
        return True

    # Staging

    def _stage(self) -> bool:
        """Bring every row that belongs into a wave into a verified one."""
        restaged = 0
        while restaged <= RESTAGES:
            comparison, delta, _ = compare(self.apply, self.name, self.subject)
            if any(found.severity == "error" for found in delta.diagnostics):
                self.run.problem(7, self.name, "its contact list changed meanwhile", "run again")
                return False
            staged = [wave for wave in self._record().waves if wave.staged]
            wrong = [wave for wave in staged if not self._as_declared(wave, delta)]
            if wrong:
                doubted = wrong[0].detail == "discard"
                if not control.discard(self.run, wrong[0]):
                    return False
                restaged += doubted
                self._plan_wave(comparison, wrong[0])
                continue
            unfinished = [wave for wave in staged if wave.phase is not Phase.VERIFIED]
            if unfinished:
                staging = Staging(
                    self.run, self.subject, comparison, self.apply.planned.observed.config.lines
                )
                if not staging.stage(unfinished[0].wave_id) and not self._doubted(unfinished[0]):
                    return False
                continue
            if not delta.new:
                return True
            self._plan_wave(comparison, None)
        self.run.problem(
            8, self.name, f"a wave was staged {RESTAGES} times over and never came back as it was asked",
            "compare the task with the document (`yeta drift`), or ask the platform",
        )  # fmt: skip
        return False

    def _doubted(self, wave: WaveRecord) -> bool:
        now = self.run.store.waves.wave(wave.wave_id)
        return now.detail == "discard" or now.full

    def _record(self) -> CampaignRecord:
        return self.run.store.waves.recorded().campaigns[self.name]

    def _as_declared(self, wave: WaveRecord, delta: RowsDelta) -> bool:
        declared = self.subject.declared
        assert declared is not None
        staged = delta.staged.get(wave.wave_id)
        return (
            wave.detail != "discard"
            and staged is not None
            and staged.same
            and not Attributes.of(declared).changes_from(wave.attributes)
            and wave.columns == self.subject.columns
            and (wave.full or not delta.new)
        )

    def _plan_wave(self, comparison: Comparison, former: WaveRecord | None) -> WaveRecord | None:
        """Record the next wave, or the next attempt at a discarded one, with its rows."""
        fresh_comparison, delta, grips = compare(self.apply, self.name, self.subject)
        del comparison
        rows = list(self._rows(fresh_comparison, delta, former))
        if not rows:
            return None
        record = self._record()
        number = former.number if former else record.next_wave
        wave_id = record_wave(self.run, self.apply.planner, self.subject, number, rows)
        freeing = [w for w, kind in grips.items() if kind.value == "freeing"]
        self.run.store.waves.seal_wave(wave_id, take_from=freeing)
        self.run.say("planned", self.name, wave=number, rows=len(rows))
        return self.run.store.waves.wave(wave_id)

    def _rows(self, comparison: Comparison, delta: RowsDelta, former: WaveRecord | None) -> list[RowRecord]:
        """The rows of the next wave in the order of the list, batch by batch."""
        del delta
        limit = former.rows if former is not None and former.full else None
        rows = []
        for index, row in enumerate(comparison.select(set())):
            if limit is not None and index >= limit:
                break
            number = None if row.number_digest == row.digest else row.number_digest
            content = comparison.content_digest(row)
            rows.append(RowRecord(0, row.digest, content, index // BATCH, row.line, number))
        return rows

    def _start_staged(self) -> None:
        for wave in self._record().waves:
            if wave.phase is Phase.VERIFIED:
                control.start(self.run, wave)

    # Direct calls

    def _call_out(self) -> None:
        waiting = [wave for wave in self._record().waves if wave.phase is Phase.PLANNED]
        comparison, delta, grips = compare(self.apply, self.name, self.subject)
        if any(found.severity == "error" for found in delta.diagnostics):
            self.run.problem(7, self.name, "its contact list changed meanwhile", "run again")
            return
        del grips
        for wave in waiting:
            # Its rows were never sent: they go out with whatever is declared now.
            self.run.store.waves.change_wave(wave.wave_id, phase=Phase.DISCARDED)
        if waiting:
            comparison, delta, _ = compare(self.apply, self.name, self.subject)
        wave_planned = self._plan_wave(comparison, None) if delta.new else None
        if wave_planned is None:
            return
        self.run.store.waves.change_wave(wave_planned.wave_id, phase=Phase.STARTED)
        Callout(self.run, wave_planned, comparison).call_all()


def record_wave(run: Run, planner: Planner, subject: Subject, number: int, rows: list[RowRecord]) -> int:
    """Put a planned wave with its rows on disk; it counts once it is sealed."""
    declared = subject.declared
    assert declared is not None
    key, project = run.store.key, planner.declared.project.name
    ordered = sorted(rows, key=lambda row: row.key)
    digest = key.set_digest(row.key for row in ordered)
    mark = key.mark(project, planner.declared.environment, declared.name, number, digest)
    wave_id = run.store.waves.plan_wave(
        WaveRecord(
            wave_id=0,
            campaign=declared.name,
            number=number,
            attempt=0,
            phase=Phase.PLANNED,
            task_name=str(mark),
            attributes=Attributes.of(declared),
            columns=subject.columns,
            kind=declared.kind,
            set_digest=digest.hex(),
            created_at=run.now_ms(),
        )
    )
    run.store.waves.add_rows(wave_id, (replace(row, wave_id=wave_id) for row in ordered))
    return wave_id
