"""From documents, state and platform to a plan: gathers what `diff` decides on, for every campaign.

It asks the platform and reads the state; it changes neither.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import field
from datetime import datetime, timedelta
from functools import partial

from yeta_reconcile.diagnostics import Diagnostic, once
from yeta_reconcile.documents.relations import unknown_predecessors
from yeta_reconcile.documents.repository import Repository
from yeta_reconcile.errors import PlanRejected
from yeta_reconcile.exits import Exit, worst
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.plan.plan import Action, Change, Plan
from yeta_reconcile.planning.address_book import misled
from yeta_reconcile.planning.almanac import Almanac
from yeta_reconcile.planning.console import console_findings, unplanned
from yeta_reconcile.planning.continued import Continued, continued_by, held_by, recorded_of
from yeta_reconcile.planning.delta import Hold
from yeta_reconcile.planning.diff.case import Finding
from yeta_reconcile.planning.diff.decide import decide_all
from yeta_reconcile.planning.diff.subject import Subject
from yeta_reconcile.planning.forecast import Foreseen
from yeta_reconcile.planning.gathering import Gathering
from yeta_reconcile.planning.ledger import Ledger
from yeta_reconcile.planning.lines import (
    MAY_RING_STATUSES,
    claims,
    holders_after,
    in_turn,
    who_holds,
)
from yeta_reconcile.planning.list_diff import Comparison
from yeta_reconcile.planning.observe import Questions, observe, young
from yeta_reconcile.planning.planned import Planned, blocked_by
from yeta_reconcile.planning.preflight import check_campaign
from yeta_reconcile.planning.prospect import Prospect
from yeta_reconcile.planning.queue import LineHolder, Queue, queue
from yeta_reconcile.planning.refusals import refusals
from yeta_reconcile.planning.signatures import fingerprint_of, keyed, signature_of
from yeta_reconcile.planning.whereabouts import HINT, misplaced
from yeta_reconcile.planning.withdrawn import finding_of, is_withdrawn, kept_back, without
from yeta_reconcile.platform.resources import Left
from yeta_reconcile.store import Store
from yeta_reconcile.waves.record import CampaignRecord, Recorded
from yeta_reconcile.wording import Text, phrase

LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Planner:
    """Makes plans for one repository and state. `only` and `destroy` are as on the command line.

    `halted` is the halt's own words while one is on, `halted_tasks` are those that it paused. `salt` stands
    in for a state's key that the next command would not have: what the plan says of the lists is made with
    it instead. `bound`: it says what it was made from, as one must that is kept and held against a later one.
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
    bound: bool = True

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
        gathered = Gathering(
            self.declared,
            self.store,
            recorded,
            observed,
            Almanac(self.declared, observed.config, now),
            now,
            self.only,
            self.destroy,
            self.salt,
            self.bound,
            self.halted_tasks,
        )
        return _Making(self, gathered).planned()

    def fingerprint(self, subject: Subject, now: datetime) -> str:
        """What a campaign's list says `now`, as a signature of it begins."""
        spec = self.declared.called_list(self.declared.callings[subject.name], now)
        return keyed(fingerprint_of(spec, subject.columns), self.store.key)

    def signature(
        self, subject: Subject, record: CampaignRecord, holds: Mapping[int, Hold], now: datetime
    ) -> str:
        """What `Planned.signatures` would say of a campaign as it is `now`."""
        continued = recorded_of(self._continued(subject.name))
        return signature_of(self.fingerprint(subject, now), record, holds, continued, subject.rounds)

    def comparison(
        self, subject: Subject, holds: Mapping[int, Hold], withheld: Collection[int], now: datetime
    ) -> Comparison:
        """A campaign's list against the ledger as it is `now`; whom others had called counts in any case.

        What one of the waves `withheld` let go is held all the same.
        """
        located, key = self.declared.callings[subject.name], self.store.key
        record = self.store.waves.campaign(subject.name)
        ledger = Ledger.read(self.store, record, holds, withheld, subject.rounds)
        held = held_by(self.store, self._continued(subject.name)) | {**subject.lineage.continued}
        spec = self.declared.called_list(located, now)
        return Comparison(spec, subject.columns, key, ledger, held, subject.trial.choice)

    def _continued(self, name: str) -> list[Continued]:
        """The campaigns that one continues, as they are recorded now."""
        model = self.declared.callings[name].model
        recorded = self.store.waves.recorded() if model.continues else Recorded()
        return continued_by(model, recorded, self.declared.callings)


class _Making:
    """One plan in the making."""

    def __init__(self, planner: Planner, gathered: Gathering) -> None:
        self.planner = planner
        self.gathered = gathered
        self.declared = planner.declared
        self.observed = gathered.observed
        self.taken: Mapping[str, LineHolder] = {}
        self.kept = frozenset[str]()

    def planned(self) -> Planned:
        """Decide every campaign."""
        gathered, now = self.gathered, self.gathered.now
        subjects = gathered.subjects()
        decisions = decide_all(subjects)
        decided = [change for decision in decisions.values() for change in decision.changes]
        self.kept = kept_back(subjects, decided, self.observed.config, now)
        changes = without(decided, self.kept)
        prospect = Prospect(self.declared, self.planner.store, gathered.recorded, self.observed.config, now)
        changes, lined_up, ahead = self._foreseen(prospect, subjects, changes)
        wanting = {change.campaign for change in changes if change.action in {Action.CREATE, Action.CALL}}
        said = (*_halt_in_words(self.planner.halted), *self.declared.warnings)
        forecasts, vanished = (*ahead.forecasts, *ahead.aside), self.observed.vanished
        store, waves = self.planner.store, gathered.observed_waves
        limits = refusals(self.declared, store, subjects, waves, changes, now, forecasts, vanished)
        limits += prospect.unfit(ahead, subjects)
        found = [
            *(Finding(d) for d in (*said, *gathered.look_alikes.unknown())),
            *self._checks(subjects, wanting),
            *(found for decision in decisions.values() for found in decision.findings),
            *unplanned(subjects),
            *(Finding.of(d, Exit.INVALID) for s in subjects.values() for d in s.delta.diagnostics),
            *(Finding.of(d, Exit.REFUSED) for d in limits),
        ]
        return Planned(
            self._plan(subjects, changes, found, ahead),
            subjects,
            self.observed,
            gathered.recorded,
            gathered.signatures,
            worst(one.exit_code for one in found),
            self.kept | {n for n, d in decisions.items() if any(f.exit_code for f in d.findings)},
            called=ahead.called(),
            calendar=gathered.almanac.digest,
            order=tuple(dict.fromkeys(claim.campaign for claim in lined_up.order)),
            refusals=len({one.diagnostic for one in found if one.exit_code in {Exit.INVALID, Exit.REFUSED}}),
        )

    def _plan(
        self,
        subjects: Mapping[str, Subject],
        changes: list[Change],
        found: list[Finding],
        ahead: Foreseen,
    ) -> Plan:
        store, callings, created = self.planner.store, self.declared.callings, self.gathered.now
        return Plan(
            plan_id=secrets.token_hex(8),
            created=created,
            expires=created + LIFETIME,
            commit=self.planner.commit,
            campaigns=len(callings),
            passed_over=sum(name not in subjects for name in callings),
            blocked=blocked_by(found, changes, subjects),
            gone=tuple(sorted({change.campaign for change in changes} - {*callings})),
            changes=tuple(changes),
            diagnostics=tuple(once(one.diagnostic for one in found)),
            forecast=ahead.forecasts,
            timetable=ahead.timetable,
            facts=self.gathered.facts,
            state_id="" if store.ephemeral else store.state_id,
            owner=f"{self.declared.project.name}/{self.declared.environment}",
            halted=bool(self.planner.halted),
        )

    def _foreseen(
        self, prospect: Prospect, subjects: Mapping[str, Subject], changes: list[Change]
    ) -> tuple[list[Change], Queue, Foreseen]:
        """The changes with their waits for lines, in which order lines are given out, and what lies ahead."""
        config, observed_waves = self.observed.config, self.gathered.observed_waves
        account = partial(self.planner.client.query, statuses=MAY_RING_STATUSES)
        asked = claims(changes, subjects, config, observed_waves)
        self.taken = who_holds(config, observed_waves, asked, account, self.declared.settings.zone)
        held = holders_after(observed_waves, changes, asked, self.taken)
        ahead = prospect.of_plan(subjects, observed_waves, changes, held)
        lined_up = queue(asked, held)
        limit = self.declared.project.limits.ringing_numbers
        return [*in_turn(changes, lined_up, ahead, limit)], lined_up, ahead

    def _checks(self, subjects: dict[str, Subject], wanting: set[str]) -> Iterator[Finding]:
        """What the configuration says of the documents; notes only on those that are `wanting` a line."""
        for unknown in unknown_predecessors(self.declared.callings, self.gathered.recorded.names):
            yield Finding(unknown, Exit.INVALID)
        yield from self.gathered.almanac.findings()
        yield from map(Finding, misled(self.declared, self.observed.config))
        holders = {line: holder.words for line, holder in self.taken.items()}
        for name, subject in subjects.items():
            if subject.declared is None or subject.destroy:
                continue
            config, hours = self.observed.config, subject.allowed.hours
            checks = check_campaign(subject.declared, config, self.gathered.now, holders, hours)
            for check in (*checks, *console_findings(subject, config)):
                if check.severity == "note" and name not in wanting:
                    continue
                if is_withdrawn(check, subject):
                    yield finding_of(check, subject, self.kept)
                else:
                    yield Finding.of(check.at(subject.at, name), Exit.INVALID)


def _halt_in_words(words: Text | None) -> Iterator[Diagnostic]:
    """A warning that nothing rings while a halt is on."""
    if words:
        hint = phrase("`yeta resume` lifts the halt")
        yield Diagnostic(
            "warning", "halted", phrase("{words}: until it is lifted nothing rings", words=words), None, hint
        )
