"""Carries a plan out: books, orphans, then the campaigns side by side; in each, what rings comes last."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial

from yeta_reconcile.apply import seeing, steering
from yeta_reconcile.apply.campaign import CampaignRun, compare
from yeta_reconcile.apply.run import Problem, Run, Stopped, rows_were
from yeta_reconcile.apply.staging import proven_gone, remove_orphan
from yeta_reconcile.clock import Clock
from yeta_reconcile.diagnostics import (
    kept_diagnostic,
)
from yeta_reconcile.documents.models import Campaign, DirectCall
from yeta_reconcile.errors import (
    Incomplete,
    StateError,
    StateLocked,
    Unreachable,
    Unresolved,
)
from yeta_reconcile.exits import Exit, worst
from yeta_reconcile.plan.plan import Action, Change
from yeta_reconcile.planning.continued import continued_by
from yeta_reconcile.planning.delta import RowsDelta, hold
from yeta_reconcile.planning.diff.subject import Subject, Wave, key_headers
from yeta_reconcile.planning.orphans import settled_by
from yeta_reconcile.planning.planned import Planned
from yeta_reconcile.planning.planner import Planner
from yeta_reconcile.planning.signatures import fingerprint_of, keyed
from yeta_reconcile.planning.whereabouts import settle_here
from yeta_reconcile.platform.errors import (
    OutcomeUnknown,
    PlatformError,
    StopEverything,
)
from yeta_reconcile.platform.hours import time_of_day, within
from yeta_reconcile.platform.resources import LivePhase
from yeta_reconcile.store.foreseen import keep_foreseen
from yeta_reconcile.waves.proof import Look
from yeta_reconcile.waves.record import Phase, RowState, WaveRecord
from yeta_reconcile.wording import UNSAID, listed, phrase, said_by


@dataclass(frozen=True, slots=True)
class Report:
    """What an apply came to. `problems` keep it from being complete."""

    changes: tuple[Change, ...]
    problems: tuple[Problem, ...]
    interrupted: bool = False

    @property
    def exit_code(self) -> Exit:
        """0, or that it was interrupted, or what the gravest problem means."""
        if self.interrupted:
            return Stopped.exit_code
        return worst(problem.exit_code for problem in self.problems)


def wave_list(planner: Planner, name: str) -> str:
    """The contact list that a campaign's lines count in."""
    repository = planner.declared
    return repository.list_spec(repository.callings[name]).label


def _called_so_far(planned: Planned) -> dict[str, int]:
    """Whom each campaign has called for the first time, as the platform or the records count."""
    return {
        name: sum(
            max(wave.record.dialled, (wave.task.process_tel_count if wave.task else None) or 0)
            for wave in subject.waves
            if wave.record.round == 1
        )
        for name, subject in planned.subjects.items()
    }


class Standing:
    """Whether what a plan was made from still stands: its documents and lists, asked right before each call.

    A list is read again where its file is another than at last.
    """

    def __init__(self, planner: Planner, planned: Planned, clock: Clock) -> None:
        self._clock = clock
        self._planner = planner
        self._planned = planned
        self._seen: dict[str, tuple[tuple[int, ...], ...]] = {}

    def why_stale(self, name: str) -> str | None:
        """Why a campaign is not what was planned any more; None if it is, or if nobody declared it."""
        repository = self._planner.declared
        located = repository.callings.get(name)
        if located is None:
            return None
        if not located.stands(repository.root):
            return phrase("the document of {name} changed meanwhile", name=name)
        by_calendar = isinstance(located.model, Campaign) and located.model.on_workdays
        if by_calendar and repository.calendar.digest != self._planned.calendar:
            return phrase("the calendar of workdays changed meanwhile")
        now = self._clock.now()
        if isinstance(located.model, DirectCall) and (hours := repository.hours(located, now)):
            clock = time_of_day(now)
            if not within(clock, hours):
                return phrase("it is {clock}, beyond limits.hours", clock=clock)
        signature, subject = self._planned.signatures.get(name), self._planned.subjects.get(name)
        spec = repository.called_list(located, now)
        looks = spec.looks()
        if signature is None or subject is None or (looks and self._seen.get(name) == looks):
            return None
        if (
            keyed(fingerprint_of(spec, subject.columns), self._planner.store.key)
            != signature.partition("/")[0]
        ):
            barred = phrase(", or whom nobody may call,") if spec.without else UNSAID
            return phrase("the contact list of {name}{barred} changed meanwhile", name=name, barred=barred)
        self._seen[name] = looks
        return None


class Apply:
    """One plan under way."""

    def __init__(self, run: Run, planner: Planner, planned: Planned) -> None:
        self.run = run
        self.planner = planner
        self.planned = planned
        self.changes: dict[str, list[Change]] = {}
        self.deferred: set[str] = set()
        self._runs: dict[str, CampaignRun] = {}
        run.waits = {
            (change.campaign, change.wave): change.detail for change in planned.plan.changes if change.tries
        }
        self.looked_at = run.now_ms()
        """By when the plan's look at the platform was over."""
        run.stale = Standing(planner, planned, run.clock).why_stale
        for change in planned.plan.changes:
            self.changes.setdefault(change.campaign, []).append(change)

    def carry_out(self) -> Report:
        """Do what the plan shows. Raises what stops everything (see `change`)."""
        for found in self.planned.plan.diagnostics:
            if found.severity == "error" and found.campaign in self.planned.blocked:
                self.run.problem(Exit.UNRESOLVED, found.campaign or "", found.summary, found.hint)
        # What was seen before a long question must not be written over what a successor saw since.
        self.run.still_holds()
        settle_here(self.run.store, self.run.client)
        self._keep_books()
        keep_foreseen(self.run.store, self.planned.plan, self.planned.called, _called_so_far(self.planned))
        self._remove_orphans()
        # What frees a line goes before what wants one.
        names = sorted(self.changes, key=lambda name: (not self._frees(name), name))
        freeing = [name for name in names if self._frees(name)]
        self._side_by_side(freeing)
        going = [name for name in names if name not in freeing]
        waiting = [name for name in going if self._only_waits(name)]
        self._side_by_side([name for name in going if name not in waiting])
        self._side_by_side(waiting, ring=False)
        place = {name: number for number, name in enumerate(self.planned.order)}
        for name in sorted(waiting, key=lambda name: (place.get(name, 0), name)):
            if name in self._runs:  # what was stopped before has none
                self._guarded(name, self._runs[name].ring)
        self._name_unknown_rows()
        self.run.raise_fatal()
        self._remember_quiet_lists()
        return Report(self.planned.plan.changes, tuple(self.run.problems), self.run.interrupted)

    def _remove_orphans(self) -> None:
        """Where one stays, whom it may have called gets no new wave: not by its name, nor by a new one."""
        orphans = {orphan.task.task_id: orphan.task for orphan in self.planned.observed.orphans}
        kept = {
            change.campaign
            for change in self.planned.plan.changes
            if change.task_id in orphans
            and not remove_orphan(self.run, change.campaign, orphans[change.task_id].address)
        }
        for name in self.changes if kept else ():
            if name in kept or self.planned.subjects[name].new:
                self.deferred.add(name)
                words = phrase(
                    "gets no wave while a task that {kept} left behind is there", kept=listed(sorted(kept), 0)
                )
                self.run.incomplete(name, words)

    def _frees(self, name: str) -> bool:
        return all(change.action in {Action.DELETE, Action.PAUSE} for change in self.changes[name])

    def _only_waits(self, name: str) -> bool:
        """Whether nothing of a campaign rings but what somebody else's line lets."""
        changes = self.changes[name]
        return any(change.tries for change in changes) and not any(change.rings for change in changes)

    def _side_by_side(self, names: Sequence[str], *, ring: bool = True) -> None:
        if not names:
            return
        with ThreadPoolExecutor(self.run.max_in_flight, thread_name_prefix="campaign") as pool:
            steps = {name: partial(self._follow, name, ring=ring) for name in names}
            futures = [pool.submit(self._guarded, name, step) for name, step in steps.items()]
            for future in as_completed(futures):
                future.result()

    def _follow(self, name: str, *, ring: bool) -> None:
        following = self._runs[name] = CampaignRun(self.run, self.planner, self.planned, name)
        going_on = name not in self.deferred and self._account(name)
        following.follow(new_waves=going_on, ring=ring)

    def _guarded(self, name: str, step: Callable[[], None]) -> None:
        """One campaign; what fails in it alone is its problem, what fails everywhere stops all."""
        run = self.run
        try:
            run.check()
            step()
        except Stopped:
            run.incomplete(name, phrase("stopped before it was done"))
        except (StateError, StateLocked, StopEverything) as error:
            run.fail(error)
        except (Unresolved, Incomplete) as error:
            run.gave_up(name, error)
        except (PlatformError, Unreachable) as error:
            passes = isinstance(error, Unreachable) or error.meaning.passes
            code = Exit.INCOMPLETE if passes else Exit.FAILED
            run.problem(code, name, error.message, error.hint)
        except OutcomeUnknown as error:
            run.incomplete(name, said_by(error))

    def _account(self, name: str) -> bool:
        """Look again at what the plan takes for free: a query may not show yet who is being called.

        False: whom a deleted task without a record called is not known, and nobody may be called again.
        """
        if not any(change.action in {Action.CREATE, Action.REPLACE} for change in self.changes[name]):
            return True
        for wave in self._freeing_waves(self.planned.subjects[name]):
            if wave.record.phase.cut_short and wave.record.accounted:
                steering.account(self.run, self.run.store.waves.wave(wave.record.wave_id))
        orphans = self.planned.subjects[name].unrecorded.orphans
        gone = [orphan.task for orphan in orphans if orphan.task.deleted]
        for task in gone:
            if not proven_gone(self.run, task.address, Look(self.looked_at, task)):
                words = phrase(
                    "that task {task_id} called nobody before it was deleted is not proven",
                    task_id=task.task_id,
                )
                self.run.problem(Exit.UNRESOLVED, name, words, settled_by(name))
                return False
        return True

    def _freeing_waves(self, subject: Subject) -> list[Wave]:
        """The waves that may let go whom a campaign would call: its own, and those of whom it continues."""
        callings = self.planner.declared.callings
        others = continued_by(subject.declared, self.planned.recorded, callings) if subject.declared else ()
        found = (self.planned.subjects.get(one.name) for one in others)
        return [*subject.waves, *(wave for other in found if other for wave in other.waves)]

    def _name_unknown_rows(self) -> None:
        """Rows that were called out without an answer, by any run: only a record or a person settles them."""
        for name, subject in self.planned.subjects.items():
            record = self.run.store.waves.campaign(name) if subject.declared else None
            for wave in record.waves if record else ():
                if wave.unknown:
                    rows = self.run.store.waves.rows(wave.wave_id)
                    lines = sorted(row.line for row in rows if row.state is RowState.UNKNOWN)
                    words = phrase(
                        "{rows} called out without an answer: {wave_list} lines {lines}",
                        rows=rows_were(wave.unknown, wave.number),
                        wave_list=wave_list(self.planner, name),
                        lines=listed(map(str, lines), 0),
                    )
                    hint = phrase("a call record settles them, or `yeta state resolve {name}`", name=name)
                    self.run.problem(Exit.UNRESOLVED, name, words, hint)

    # Books

    def _keep_books(self) -> None:
        """Record what is declared and what the platform said; nothing is sent."""
        campaigns = self.run.store.campaigns
        if self.planned.observed.foreign:
            self.run.store.calls.keep_foreign(self.planned.observed.foreign)
        for name, subject in self.planned.subjects.items():
            record, declared = subject.record, subject.declared
            if declared is not None and not subject.destroy:
                if record is not None and record.name != name:
                    campaigns.rename(record.name, name)
                protect = isinstance(declared, Campaign) and declared.protect
                key = key_headers(declared, subject.columns)
                if record is None or (record.kind, record.key, record.protect, record.gone_at) != (
                    declared.kind, key, protect, None
                ):  # fmt: skip
                    campaigns.declare(name, declared.kind, key, protect=protect)
            elif record is not None and record.gone_at is None:
                campaigns.set_gone(record.name, self.run.now_ms())
        for record in self.planned.recorded.campaigns.values():
            for wave in record.waves:
                self._sync(wave)

    def _sync(self, wave: WaveRecord) -> None:
        task_id = wave.task_id
        if task_id is None or task_id not in self.planned.observed.tasks:
            return
        task = self.planned.observed.tasks[task_id]
        seeing.sync(self.run, wave, task, looked_at=self.looked_at)
        if wave.halted is not None and task is not None and task.phase is LivePhase.LIVE:
            # Somebody set it ringing again: a later pause is not the halt's any more.
            self.run.store.waves.change_wave(wave.wave_id, halted=None)
        if wave.phase is Phase.DRAINING and task is not None:
            seeing.watch(self.run, wave, task)

    def _remember_quiet_lists(self) -> None:
        """The next plan need not read a list of which every row is where it belongs."""
        for name, subject in self.planned.subjects.items():
            if subject.declared is None or subject.destroy or not subject.columns:
                continue
            if name in self.changes or subject.delta.unasked:
                self._look_once_more(name, subject)
            elif subject.delta.quiet:
                self._remember(name, self.planned.signatures[name], subject.delta)

    def _look_once_more(self, name: str, subject: Subject) -> None:
        """At list and ledger as both are by now; whom no wave is to call any more is let go.

        What is remembered is signed before it is read: what is added, or recorded, meanwhile is read again.
        """
        complete = not any(problem.campaign == name for problem in self.run.problems)
        record = self.run.store.waves.campaign(name)
        if not (complete or subject.delta.unasked) or record is None:
            return
        holds = {wave.wave_id: hold(wave) for wave in record.waves}
        signature = self.planner.signature(subject, record, holds, self.run.clock.now())
        found = compare(self.run, self.planner, subject)
        if found.failed:
            return
        for proof in found.proofs:
            if unasked := found.comparison.unasked.get(proof.wave_id):
                self.run.store.waves.release(proof, unasked)
        if complete and found.delta.quiet and found.holds == holds:
            self._remember(name, signature, found.delta)

    def _remember(self, name: str, signature: str, delta: RowsDelta) -> None:
        record = self.run.store.waves.campaign(name)
        if record is not None and signature and record.settled_list != signature:
            notes = [json.dumps(kept_diagnostic(found), ensure_ascii=False) for found in delta.diagnostics]
            self.run.store.campaigns.settle_list(name, signature, delta.declared, notes)
