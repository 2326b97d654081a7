"""What `diff` decides on, for every campaign: list, ledger, waves, tasks and hours as they are now.

It reads the state and the lists, and has what was observed; it changes nothing and decides nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import field, replace
from datetime import datetime
from functools import cached_property, partial
from urllib.parse import urlsplit

from yeta_reconcile.documents.listspec import ListSpec
from yeta_reconcile.documents.located import Located
from yeta_reconcile.documents.models import Calling, Campaign, DirectCall
from yeta_reconcile.documents.repository import Repository
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.marks import stretched
from yeta_reconcile.planning.almanac import Almanac
from yeta_reconcile.planning.continued import Continued, HeldElsewhere, recorded_of
from yeta_reconcile.planning.delta import RowsDelta, hold
from yeta_reconcile.planning.diff.subject import (
    Allowed,
    Doubts,
    Lineage,
    LineFacts,
    Subject,
    Unrecorded,
    Wave,
    with_observed,
)
from yeta_reconcile.planning.further_rounds import rounds_of
from yeta_reconcile.planning.judgement import canary_waves, judge, weigh
from yeta_reconcile.planning.ledger import Ledger
from yeta_reconcile.planning.lines import (
    all_holders,
    our_holders,
)
from yeta_reconcile.planning.list_diff import Comparison
from yeta_reconcile.planning.lookalikes import LookAlikes
from yeta_reconcile.planning.observed import Observed
from yeta_reconcile.planning.orphans import may_have_rung, orphans_by_name
from yeta_reconcile.planning.predecessors import not_over
from yeta_reconcile.planning.queue import LineHolder
from yeta_reconcile.planning.signatures import as_settled, deciding_facts, fingerprint_of, keyed, signature_of
from yeta_reconcile.planning.trial import Choice
from yeta_reconcile.platform.resources import Left
from yeta_reconcile.platform.ways import is_loopback
from yeta_reconcile.store import Store
from yeta_reconcile.waves.accounting import Results
from yeta_reconcile.waves.readback import reads_otherwise
from yeta_reconcile.waves.recalls import NONE, Recalls, recalls, tries
from yeta_reconcile.waves.record import SINGLE_CALLS, CampaignRecord, Phase, Recorded
from yeta_reconcile.waves.renames import former_of, record_of, successor_of
from yeta_reconcile.waves.rounds import Rounds
from yeta_reconcile.wording import phrase


@dataclass
class Gathering:
    """The subjects of one plan. From `only` on to `halted_tasks`, what it is given is as a `Planner` has it.

    What is found on the way is kept beside them: what the plan says of each list and each campaign
    (`signatures`, `facts`), and the waves with what was observed of each (`observed_waves`).
    """

    declared: Repository
    store: Store
    recorded: Recorded
    observed: Observed
    almanac: Almanac
    now: datetime
    only: Collection[str]
    destroy: bool
    salt: str
    bound: bool
    halted_tasks: Mapping[str, Left]
    signatures: dict[str, str] = field(default_factory=dict, init=False)
    facts: dict[str, str] = field(default_factory=dict, init=False)
    observed_waves: dict[str, tuple[Wave, ...]] = field(init=False)
    look_alikes: LookAlikes = field(init=False)
    _entering: dict[str, Mapping[int, set[bytes]]] = field(default_factory=dict, init=False)
    _held: dict[str, Mapping[bytes, HeldElsewhere]] = field(default_factory=dict, init=False)
    _continued: dict[str, list[Continued]] = field(default_factory=dict, init=False)
    _taken: Mapping[str, LineHolder] = field(init=False)

    def __post_init__(self) -> None:
        settle = int(self.declared.project.platform.settle.total_seconds() * 1000)
        doubts = Doubts.of(self.store.intents.open(), self._now_ms, settle)
        self.observed_waves = {
            name: with_observed(record, self.observed.tasks, self.halted_tasks, doubts)
            for name, record in self.recorded.campaigns.items()
        }
        self.look_alikes = LookAlikes(
            self.declared, self.store, self.recorded, self.observed_waves, self.observed, self._now_ms
        )
        self._taken = all_holders(self.observed.config, our_holders(self.observed_waves))

    @property
    def _callings(self) -> Mapping[str, Located[Calling]]:
        return self.declared.callings

    @cached_property
    def _now_ms(self) -> int:
        return int(self.now.timestamp() * 1000)

    @cached_property
    def _near(self) -> bool:
        return is_loopback(urlsplit(self.declared.project.platform.base_url).hostname or "")

    def subjects(self) -> dict[str, Subject]:
        """By name: every declared campaign, and those that are gone and of which something is left."""
        orphans = orphans_by_name(self.observed, self._callings, self.recorded)
        undeclared = any(
            name not in self._callings and any(orphan.proven and may_have_rung(orphan) for orphan in found)
            for name, found in orphans.items()
        )
        unsettled = {name for name, found in orphans.items() if any(map(may_have_rung, found))}
        subjects: dict[str, Subject] = {}
        state_lost = any(map(may_have_rung, self.observed.orphans))
        for name, located in sorted(self._callings.items()):
            record = record_of(located.model, self.recorded, self._callings)
            if self._wanted(name):
                unrecorded = Unrecorded(
                    orphans=tuple(orphans.pop(name, ())),
                    undeclared_block=undeclared,
                    state_lost=state_lost,
                    callouts_missing=isinstance(located.model, DirectCall) and self.store.callouts.missing(),
                )
                subjects[name] = self._subject(name, located, record, unrecorded, unsettled)
        gone = {*self.look_alikes.undeclared} - {SINGLE_CALLS}
        for name in sorted({*gone, *(name for name in orphans if name not in self._callings)}):
            if self._wanted(name):
                subjects[name] = Subject(
                    name,
                    None,
                    self.recorded.campaigns.get(name),
                    self.observed_waves.get(name, ()),
                    RowsDelta(),
                    self.now,
                    self._drain_quiet,
                    destroy=self.destroy,
                    unrecorded=Unrecorded(tuple(orphans.get(name, ()))),
                )
        before = {name: self._before(one, subjects) for name, one in subjects.items()}
        for name, who in before.items():
            if who:
                one = subjects[name]
                subjects[name] = replace(one, allowed=replace(one.allowed, before=who))
        return self.look_alikes.among(subjects, self._entering)

    def _before(self, subject: Subject, subjects: Mapping[str, Subject]) -> tuple[str, ...]:
        """Who is not over yet of those after whom it comes, and why; one that is not looked at is not."""
        if not isinstance(subject.declared, Campaign):
            return ()
        names, known = subject.declared.after, self._callings
        found = {name: not_over(name, subjects, known, self.recorded) for name in names}
        return tuple(
            phrase("{name} is over ({why})", name=name, why=why) for name, why in found.items() if why
        )

    def _wanted(self, name: str) -> bool:
        return not self.only or name in self.only

    @property
    def _drain_quiet(self) -> int:
        return int(self.declared.project.platform.drain_quiet.total_seconds() * 1000)

    def _subject(
        self,
        name: str,
        located: Located[Calling],
        record: CampaignRecord | None,
        unrecorded: Unrecorded,
        unsettled: set[str],
    ) -> Subject:
        model, spec = located.model, self.declared.called_list(located, self.now)
        waves = self.observed_waves[record.name] if record else ()
        hours = self.declared.hours(located, self.now)
        columns = self._columns(model)
        rounds = rounds_of(model, waves, self.store, self._now_ms, self._drain_quiet)
        read = partial(self._delta, model, spec, record, waves, columns, rounds)
        trial = judge(
            model, waves, results_of(self.store, model, waves), self.now.astimezone(self.declared.zone)
        )
        trial, delta = weigh(trial, read) if columns else (trial, RowsDelta())
        return Subject(
            name,
            model,
            record,
            tuple(self._told(wave, hours) for wave in waves),
            delta,
            self.now,
            self._drain_quiet,
            columns=columns,
            destroy=self.destroy,
            started_outside=started_outside(model, waves, self.store),
            near=self._near,
            at=located.at,
            list_label=spec.label,
            lineage=self._lineage(model, record, unsettled),
            unrecorded=unrecorded,
            lines=LineFacts(
                self._concurrents(waves),
                {line: holder.words for line, holder in self._taken.items() if holder.campaign != name},
            ),
            allowed=Allowed(hours, self.almanac.days(located)),
            rounds=rounds,
            trial=trial,
        )

    def _lineage(self, model: Calling, record: CampaignRecord | None, unsettled: set[str]) -> Lineage:
        """Of a campaign whose list was read, which says whom it holds that another called."""
        name, former = model.name, former_of(model, self.recorded, self._callings)
        # A campaign with a ledger of its own is nobody's former self.
        later = None if record is not None and record.has_ledger else successor_of(model, self.recorded)
        continued = {one.name for one in self._continued.get(name, ())} | {*model.continues}
        return Lineage(
            next_wave=self.recorded.next_wave(name, record),
            two_ledgers=former is not None and former is not record,
            successor=later.name if later and later is not record else "",
            continued=self._held.get(name, {}),
            unsettled=tuple(sorted(unsettled & continued)),
        )

    def _columns(self, model: Calling) -> tuple[str, ...]:
        robot = self.observed.config.robots.get(model.robot)
        return robot.columns if robot else ()

    def _concurrents(self, waves: tuple[Wave, ...]) -> dict[str, int | None]:
        """How many calls each of their lines carries at once."""
        lines = self.observed.config.lines
        used = (line for wave in waves for line in wave.record.attributes.lines)
        return {line: lines[line].concurrents for line in used if line in lines}

    def _told(self, wave: Wave, hours: tuple[str, ...]) -> Wave:
        """A wave with what is known of it by the state, and by its task as it is to be read."""
        record, task = wave.record, wave.task
        # Of a call without a record nobody knows whether it is tried again: it counts.
        if task is not None and record.phase.stopped:
            return replace(wave, recalls=recalls_of(wave, self.store))
        if task is not None and record.phase is Phase.VERIFIED:
            tampered = bool(reads_otherwise(record, task, self.observed.config.lines, hours))
            return replace(wave, tampered=tampered)
        return wave

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
        holds = {wave.record.wave_id: hold(wave.record) for wave in waves}
        said = fingerprint_of(spec, columns)
        fingerprint = keyed(said, self.store.key)
        continued = self._continued[name] = self.look_alikes.continued(model)
        signature = signature_of(fingerprint, record, holds, recorded_of(continued), rounds)
        self.signatures[name] = signature
        if self.bound:
            known = stretched(said, self.salt) if self.salt else fingerprint
            self.facts[name] = deciding_facts(self._callings[name], known, waves)
        chosen = choice is not None and any(wave.record.staged for wave in waves)
        if record and fingerprint and record.settled_list == signature and not chosen:
            return as_settled(record, waves, holds)
        ledger = Ledger.read(self.store, record, holds, rounds=rounds)
        held = self._held[name] = self.look_alikes.held(continued, self.now)
        comparison = Comparison(spec, columns, self.store.key, ledger, held, choice)
        same = {wave.record.wave_id for wave in waves if wave.record.columns == columns}
        delta = comparison.delta(holds, same, collect=self.look_alikes.asks(model, record))
        self._entering[name] = comparison.entering
        return delta


def recalls_of(wave: Wave, store: Store) -> Recalls:
    """Whom the platform may try again on a wave; of one that is not live nothing is read."""
    most = tries(wave.record, wave.task) if wave.record.live else 0
    return recalls(wave.record, wave.task, store.calls.in_vain(wave.record.wave_id, most)) if most else NONE


def started_outside(declared: Calling, waves: Iterable[Wave], store: Store) -> bool:
    """Whether what goes on of a campaign that is declared staged goes on by no start of ours."""
    if not isinstance(declared, Campaign) or declared.state != "staged":
        return False
    live = [wave.record.wave_id for wave in waves if wave.record.live]
    return bool(live) and not any(store.intents.sent("start", wave_id) for wave_id in live)


def results_of(store: Store, declared: Calling | None, waves: Iterable[Wave]) -> dict[int, Results]:
    """What the records of a canary's waves add up to, by wave id; nothing is read where there is none."""
    found = (wave.record.wave_id for wave in canary_waves(declared, waves))
    return {wave_id: store.calls.results(wave_id) for wave_id in found}
