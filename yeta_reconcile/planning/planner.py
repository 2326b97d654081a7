"""From documents, state and platform to a plan: gathers what `diff` decides on, for every campaign.

It asks the platform and reads the state; it changes neither.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from yeta_reconcile.diagnostics import Diagnostic, once
from yeta_reconcile.documents.models import Campaign, DirectCall
from yeta_reconcile.documents.relations import unknown_predecessors
from yeta_reconcile.errors import PlanRejected
from yeta_reconcile.exits import Exit, worst
from yeta_reconcile.marks import stretched
from yeta_reconcile.plan.plan import Action, Plan
from yeta_reconcile.planning.almanac import Almanac
from yeta_reconcile.planning.blocked import blocked_by
from yeta_reconcile.planning.canary import judge, weigh
from yeta_reconcile.planning.console import console_findings
from yeta_reconcile.planning.continued import Continued, Held, continued_by, held_by, recorded_of
from yeta_reconcile.planning.delta import Grip, RowsDelta
from yeta_reconcile.planning.diff import (
    Doubts,
    Finding,
    Subject,
    Wave,
    decide_all,
    grip,
    with_observed,
)
from yeta_reconcile.planning.ledger import Ledger
from yeta_reconcile.planning.limits import refusals
from yeta_reconcile.planning.lines import (
    ASTIR_STATUSES,
    all_holders,
    claims,
    in_turn,
    line_up,
    our_holders,
    who_holds,
)
from yeta_reconcile.planning.list_diff import Comparison
from yeta_reconcile.planning.lookalikes import LookAlikes
from yeta_reconcile.planning.observe import Questions, observe, young
from yeta_reconcile.planning.orphans import may_have_rung, orphans_by_name
from yeta_reconcile.planning.outlook import (
    differing,
    halt_in_words,
    misled,
    recalls_of,
    results_of,
    started_by_hand,
)
from yeta_reconcile.planning.planned import Planned
from yeta_reconcile.planning.predecessors import not_over
from yeta_reconcile.planning.preflight import check_campaign
from yeta_reconcile.planning.prospect import Prospect
from yeta_reconcile.planning.rounds import rounds_of
from yeta_reconcile.planning.signatures import as_settled, deciding_facts, fingerprint_of, keyed, signature_of
from yeta_reconcile.planning.whereabouts import HINT, misplaced
from yeta_reconcile.waves.readback import reads_otherwise
from yeta_reconcile.waves.record import BY_HAND, Phase, Recorded
from yeta_reconcile.waves.renames import former_of, record_of, successor_of
from yeta_reconcile.waves.rounds import NONE, Rounds
from yeta_reconcile.wording import Text, phrase

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from yeta_reconcile.documents.listspec import ListSpec
    from yeta_reconcile.documents.located import Located
    from yeta_reconcile.documents.models import Calling
    from yeta_reconcile.documents.repository import Repository
    from yeta_reconcile.plan.plan import Change
    from yeta_reconcile.planning.canary import Choice
    from yeta_reconcile.planning.forecast import Foreseen
    from yeta_reconcile.planning.observed import Observed, Orphan
    from yeta_reconcile.planning.queue import Queue
    from yeta_reconcile.platform.resources import Left
    from yeta_reconcile.store import Store
    from yeta_reconcile.waves.recalls import Recalls
    from yeta_reconcile.waves.record import CampaignRecord

LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Planner:
    """Makes plans for one repository and state. `only` and `destroy` are as on the command line.

    `halted` is the halt's own words while one is on, `halted_tasks` are those that it paused. `salt` stands
    in for a state's key that the next command would not have: what the plan says of the lists is made with
    it instead.
    """

    declared: Repository
    store: Store
    client: Questions
    only: Collection[str] = ()
    destroy: bool = False
    commit: str | None = None
    halted: Text | None = None
    halted_tasks: Mapping[str, Left] = field(default_factory=dict)
    salt: str = ""

    def plan(self, now: datetime) -> Planned:
        """Look, compare and decide. `now` is aware.

        Raises InvalidInput, PlatformError, Unreachable; PlanRejected if the state was used elsewhere.
        """
        recorded = self.store.waves.recorded()
        if words := misplaced(self.store, self.client, recorded):
            raise PlanRejected(words, hint=HINT)
        project = self.declared.project
        patience = (project.platform.timeout + project.platform.settle).total_seconds()
        now_ms = int(now.timestamp() * 1000)
        observed = observe(
            self.client,
            recorded,
            self.store,
            project.name,
            self.declared.environment,
            lambda wave: young(wave, now_ms, patience),
        )
        gathered = _Gathering(self, recorded, observed, now)
        return gathered.planned()

    def signature(
        self,
        name: str,
        columns: tuple[str, ...],
        record: CampaignRecord,
        grips: Mapping[int, Grip],
        now: datetime,
        rounds: Rounds = NONE,
    ) -> str:
        """What `Planned.signatures` would say of a campaign as it is `now`."""
        located = self.declared.callings[name]
        spec = self.declared.called_list(located, now)
        fingerprint = keyed(fingerprint_of(spec, columns), self.store.key)
        return signature_of(fingerprint, record, grips, recorded_of(self._continued(located.model)), rounds)

    def comparison(
        self,
        name: str,
        columns: tuple[str, ...],
        grips: Mapping[int, Grip],
        now: datetime,
        continued: Mapping[bytes, Held] | None = None,
        withheld: Collection[int] = (),
        rounds: Rounds = NONE,
        choice: Choice | None = None,
    ) -> Comparison:
        """A campaign's list against the ledger as it is `now`; `continued` counts as called in any case.

        What one of the waves `withheld` let go is held all the same. `choice` says who is called first.
        """
        located = self.declared.callings[name]
        ledger = Ledger.read(self.store, self.store.waves.campaign(name), grips, withheld, rounds)
        held = held_by(self.store, self._continued(located.model)) | {**(continued or {})}
        spec = self.declared.called_list(located, now)
        return Comparison(spec, columns, self.store.key, ledger, held, choice)

    def _continued(self, model: Calling) -> list[Continued]:
        """The campaigns that one continues, as they are recorded now."""
        recorded = self.store.waves.recorded() if model.continues else Recorded()
        return continued_by(model, recorded, self.declared.callings)


class _Gathering:
    """One plan in the making."""

    def __init__(self, planner: Planner, recorded: Recorded, observed: Observed, now: datetime) -> None:
        self.planner = planner
        self.declared = planner.declared
        self.store = planner.store
        self.recorded = recorded
        self.observed = observed
        self.now = now
        self.here = now.astimezone(planner.declared.zone)
        self.now_ms = int(now.timestamp() * 1000)
        self.callings = planner.declared.callings
        self.signatures: dict[str, str] = {}
        self._entering: dict[str, Mapping[int, set[bytes]]] = {}
        self._held: dict[str, Mapping[bytes, Held]] = {}
        self._continued: dict[str, list[Continued]] = {}
        self.facts: dict[str, str] = {}
        settle = int(self.declared.project.platform.settle.total_seconds() * 1000)
        doubts = Doubts.of(self.store.intents.open(), self.now_ms, settle)
        self.lit: dict[str, tuple[Wave, ...]] = {
            name: with_observed(record, observed.tasks, planner.halted_tasks, doubts)
            for name, record in recorded.campaigns.items()
        }
        self.kin = LookAlikes(self.declared, self.store, recorded, self.lit, observed, self.now_ms)
        self.taken = all_holders(observed.config, our_holders(self.lit))
        self.almanac = Almanac(planner.declared, observed.config, now)

    def planned(self) -> Planned:
        """Decide every campaign."""
        subjects = self._subjects()
        decisions = decide_all(subjects)
        changes = [change for decision in decisions.values() for change in decision.changes]
        prospect = Prospect(self.declared, self.store, self.recorded, self.observed.config, self.now)
        changes, lined_up, ahead = self._foreseen(prospect, subjects, changes)
        wanting = {change.campaign for change in changes if change.action in {Action.CREATE, Action.CALL}}
        findings = [*self._checks(subjects, wanting), *(f for d in decisions.values() for f in d.findings)]
        findings += differing(subjects)
        diagnostics = [
            *halt_in_words(self.planner.halted),
            *self.declared.warnings,
            *self.kin.strangers(),
            *(found.diagnostic for found in findings),
            *(d for subject in subjects.values() for d in subject.delta.diagnostics),
        ]
        limits = refusals(self.declared, self.store, subjects, changes, self.now, ahead.forecasts)
        limits += prospect.unfit(ahead, subjects)
        findings += [Finding(d, Exit.REFUSED if d.severity == "error" else Exit.DONE) for d in limits]
        diagnostics += limits
        listed = (d for subject in subjects.values() for d in subject.delta.diagnostics)
        findings += [Finding(d, Exit.INVALID) for d in listed if d.severity == "error"]
        forbidding = {
            found.diagnostic for found in findings if found.exit_code in {Exit.INVALID, Exit.REFUSED}
        }
        plan = Plan(
            plan_id=secrets.token_hex(8),
            created=self.now,
            expires=self.now + LIFETIME,
            commit=self.planner.commit,
            campaigns=len(self.callings),
            passed_over=sum(name not in subjects for name in self.callings),
            blocked=blocked_by(findings, changes, subjects),
            gone=tuple(sorted({change.campaign for change in changes} - {*self.callings})),
            changes=tuple(changes),
            diagnostics=tuple(once(diagnostics)),
            forecast=ahead.forecasts,
            timetable=ahead.timetable,
            facts=self.facts,
            state_id="" if self.store.ephemeral else self.store.state_id,
            owner=f"{self.declared.project.name}/{self.declared.environment}",
        )
        blocked = frozenset(n for n, d in decisions.items() if any(f.exit_code for f in d.findings))
        return Planned(
            plan,
            subjects,
            self.observed,
            self.recorded,
            self.signatures,
            worst(found.exit_code for found in findings),
            blocked,
            calendar=self.almanac.digest,
            order=tuple(dict.fromkeys(claim.campaign for claim in lined_up.order)),
            refusals=len(forbidding),
        )

    def _foreseen(
        self, prospect: Prospect, subjects: Mapping[str, Subject], changes: list[Change]
    ) -> tuple[list[Change], Queue, Foreseen]:
        """The changes with their waits for lines, in which order lines are given out, and what lies ahead."""
        config, zone = self.observed.config, self.declared.settings.zone
        account = partial(self.planner.client.query, statuses=ASTIR_STATUSES)
        asked = claims(changes, subjects, config, self.lit)
        self.taken = who_holds(config, self.lit, asked, account, zone)
        ahead = prospect.of_plan(subjects, self.lit, changes, self.taken.values())
        lined_up = line_up(self.lit, changes, asked, self.taken)
        limit = self.declared.project.limits.ringing_numbers
        return [*in_turn(changes, lined_up, ahead, limit)], lined_up, ahead

    def _subjects(self) -> dict[str, Subject]:
        orphans = orphans_by_name(self.observed, self.callings, self.recorded)
        strangers = any(
            name not in self.callings and any(orphan.proven and may_have_rung(orphan) for orphan in found)
            for name, found in orphans.items()
        )
        unsettled = {name for name, found in orphans.items() if any(map(may_have_rung, found))}
        subjects: dict[str, Subject] = {}
        for name, located in sorted(self.callings.items()):
            record = record_of(located.model, self.recorded, self.callings)
            if self._wanted(name):
                subject = self._subject(name, located, record, orphans.pop(name, ()), strangers)
                names = {one.name for one in self._continued.get(name, ())} | {*located.model.continues}
                waiting = tuple(sorted(unsettled & names))
                held = self._held.get(name, {})
                subjects[name] = replace(subject, unsettled=waiting, continued=held)
        gone = {*self.kin.undeclared} - {BY_HAND}
        for name in sorted({*gone, *(name for name in orphans if name not in self.callings)}):
            if self._wanted(name):
                subjects[name] = Subject(
                    name,
                    None,
                    self.recorded.campaigns.get(name),
                    self.lit.get(name, ()),
                    RowsDelta(),
                    self.now,
                    self._drain_quiet,
                    orphans=tuple(orphans.get(name, ())),
                    destroy=self.planner.destroy,
                )
        subjects = {name: replace(one, before=self._before(one, subjects)) for name, one in subjects.items()}
        return self.kin.among(subjects, self._entering)

    def _before(self, subject: Subject, subjects: Mapping[str, Subject]) -> tuple[str, ...]:
        """Who is not over yet of those after whom it comes, and why; one that is not looked at is not."""
        if not isinstance(subject.declared, Campaign):
            return ()
        names, known = subject.declared.after, self.callings
        found = {name: not_over(name, subjects, known, self.recorded) for name in names}
        return tuple(
            phrase("{name} is over ({why})", name=name, why=why) for name, why in found.items() if why
        )

    def _wanted(self, name: str) -> bool:
        return not self.planner.only or name in self.planner.only

    @property
    def _drain_quiet(self) -> int:
        return int(self.declared.project.platform.drain_quiet.total_seconds() * 1000)

    def _subject(
        self,
        name: str,
        located: Located[Calling],
        record: CampaignRecord | None,
        orphans: Collection[Orphan],
        strangers: bool,
    ) -> Subject:
        model, spec = located.model, self.declared.called_list(located, self.now)
        waves = self.lit[record.name] if record else ()
        hours = self.declared.hours(located, self.now)
        robot = self.observed.config.robots.get(model.robot)
        columns = robot.columns if robot else ()
        lines = self.observed.config.lines
        rounds = rounds_of(model, waves, self.store, self.now_ms, self._drain_quiet)
        former = former_of(model, self.recorded, self.callings)
        read = partial(self._delta, model, spec, record, waves, columns, rounds)
        trial = judge(model, waves, results_of(self.store, model, waves), self.here)
        trial, delta = weigh(trial, read) if columns else (trial, RowsDelta())
        # A campaign with a ledger of its own is nobody's former self.
        later = None if record is not None and record.has_ledger else successor_of(model, self.recorded)
        return Subject(
            name,
            model,
            record,
            waves,
            delta,
            self.now,
            self._drain_quiet,
            concurrents={
                line: lines[line].concurrents
                for wave in waves
                for line in wave.record.attributes.lines
                if line in lines
            },
            taken={line: holder.words for line, holder in self.taken.items() if holder.campaign != name},
            columns=columns,
            next_wave=self.recorded.next_wave(name, record),
            orphans=tuple(orphans),
            strangers_block=strangers,
            state_lost=any(map(may_have_rung, self.observed.orphans)),
            callouts_missing=isinstance(model, DirectCall) and self.store.callouts.missing(),
            destroy=self.planner.destroy,
            two_ledgers=former is not None and former is not record,
            successor=later.name if later and later is not record else "",
            started_by_hand=started_by_hand(model, waves, self.store),
            tampered=frozenset(self._tampered(waves, hours)),
            recalls=self._recalls(waves),
            at=located.at,
            list_label=spec.label,
            hours=hours,
            days=self.almanac.days(located),
            rounds=rounds,
            trial=trial,
        )

    def _recalls(self, waves: tuple[Wave, ...]) -> dict[int, Recalls]:
        """Whom waves that stand still may try again; of a call without a record nobody knows: it counts."""
        return {
            wave.record.wave_id: recalls_of(wave, self.store)
            for wave in waves
            if wave.record.phase.stopped and wave.task is not None
        }

    def _tampered(self, waves: tuple[Wave, ...], hours: tuple[str, ...]) -> Iterator[int]:
        """Verified waves whose task is not as it was asked any more."""
        lines = self.observed.config.lines
        for wave in waves:
            staged = wave.record.phase is Phase.VERIFIED
            if staged and wave.task and reads_otherwise(wave.record, wave.task, lines, hours):
                yield wave.record.wave_id

    def _delta(
        self,
        model: Calling,
        spec: ListSpec,
        record: CampaignRecord | None,
        waves: tuple[Wave, ...],
        columns: tuple[str, ...],
        rounds: Rounds,
        choice: Choice | None,
    ) -> RowsDelta:
        """Rows against the ledger; not read at all if the list is known to ask for nothing.

        Who is staged may have to leave its wave for a canary.
        """
        name = model.name
        grips = {wave.record.wave_id: grip(wave.record) for wave in waves}
        said = fingerprint_of(spec, columns)
        fingerprint = keyed(said, self.store.key)
        continued = self._continued[name] = self.kin.continued(model)
        signature = signature_of(fingerprint, record, grips, recorded_of(continued), rounds)
        self.signatures[name] = signature
        self.facts[name] = deciding_facts(
            model, stretched(said, self.planner.salt) if self.planner.salt else fingerprint, waves
        )
        chosen = choice is not None and any(wave.record.staged for wave in waves)
        if record and fingerprint and record.settled_list == signature and not chosen:
            return as_settled(record, waves, grips)
        ledger = Ledger.read(self.store, record, grips, rounds=rounds)
        held = self._held[name] = self.kin.held(continued, self.now)
        comparison = Comparison(spec, columns, self.store.key, ledger, held, choice)
        same = {wave.record.wave_id for wave in waves if wave.record.columns == columns}
        delta = comparison.delta(grips, same, collect=self.kin.asks(model, record))
        self._entering[name] = comparison.entering
        return delta

    def _checks(self, subjects: dict[str, Subject], wanting: set[str]) -> list[Finding]:
        """What the configuration says of the documents; notes only on those that are `wanting` a line."""
        found = [Finding(d, Exit.INVALID) for d in unknown_predecessors(self.callings, self.recorded.names)]
        found += self.almanac.findings()
        found += (Finding(d, Exit.DONE) for d in misled(self.declared, self.observed.config))
        holders = {line: holder.words for line, holder in self.taken.items()}
        for name, subject in subjects.items():
            if subject.declared is None or subject.destroy:
                continue
            config = self.observed.config
            checks = check_campaign(subject.declared, config, self.now, holders, subject.hours)
            for check in (*checks, *console_findings(subject, config)):
                if check.severity == "note" and name not in wanting:
                    continue
                place, fatal = subject.at(*check.path), check.severity == "error"
                said = Diagnostic(check.severity, check.code, check.summary, place, check.hint, name)
                found.append(Finding(said, Exit.INVALID if fatal else Exit.DONE))
        return found
