"""Gathers what the simulation needs of subjects, waves and records, and says what does not fit.

It reads the state, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import date, datetime
from functools import partial
from zoneinfo import ZoneInfo

from yeta_reconcile.diagnostics import Diagnostic, Severity
from yeta_reconcile.documents.models import Calling, Campaign, Project
from yeta_reconcile.documents.repository import Repository
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.plan.plan import Action, Change
from yeta_reconcile.planning.almanac import Almanac
from yeta_reconcile.planning.diff.subject import Subject, Wave
from yeta_reconcile.planning.forecast import Foreseen, foresee
from yeta_reconcile.planning.foreign import foreign_tasks
from yeta_reconcile.planning.further_rounds import coming, rounds_of, share
from yeta_reconcile.planning.habits import Habits, Whose, habits
from yeta_reconcile.planning.lines import all_holders, foreseen_holders, our_holders
from yeta_reconcile.planning.queue import LineClaim, LineHolder
from yeta_reconcile.planning.remedies import unfit
from yeta_reconcile.planning.simulation import Trunk, Work
from yeta_reconcile.planning.works import Conditions, Undone, standing, works
from yeta_reconcile.platform.resources import Config
from yeta_reconcile.store import Store
from yeta_reconcile.store.lengths import Timed
from yeta_reconcile.waves.record import SINGLE_CALLS, CampaignRecord, Recorded
from yeta_reconcile.waves.rounds import Coming, Rounds
from yeta_reconcile.wording import UNSAID

# More calls of one campaign than the most tell nothing that matters; of all campaigns together, so many are
# read in some tenths of a second.
MOST, FEW, TOGETHER = 500, 100, 40_000
# The latest waves tell how people answer now.
WAVES = 20


@dataclass(slots=True)
class Prospect:
    """What lies ahead for the campaigns of one project, by one look at state and platform."""

    declared: Repository
    store: Store
    recorded: Recorded
    config: Config
    now: datetime
    _almanac: Almanac = field(init=False)
    _known: dict[str, Sequence[Timed]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # What is shown is in the project's zone, whatever zone the caller counts in.
        self.now = self.now.astimezone(ZoneInfo(self.project.timezone))
        self._almanac = Almanac(self.declared, self.config, self.now)

    @property
    def project(self) -> Project:
        """The settings."""
        return self.declared.project

    def _allowed(self, model: Campaign) -> Callable[[date], bool] | None:
        """On which days a campaign may call; None: on every day."""
        days = self._almanac.days(self.declared.callings[model.name])
        return None if days is None or days.every else days.allows

    def _hours(self, model: Campaign) -> tuple[str, ...]:
        """In which hours a campaign may call, exemptions counted; none: at any time."""
        return self.declared.hours(self.declared.callings[model.name], self.now)

    def of_plan(
        self,
        subjects: Mapping[str, Subject],
        observed_waves: Mapping[str, tuple[Wave, ...]],
        changes: Sequence[Change],
        holders: Mapping[str, LineHolder],
    ) -> Foreseen:
        """If the changes of a plan are carried out; waves of campaigns that it does not look at go on.

        `holders` have the lines once it is, tasks of the account that are none of ours among them.

        What has no change begins nothing new: if it has rows for that, something keeps it from them.
        """
        changing = {change.campaign for change in changes}
        again = {change.wave_id for change in changes if change.action is Action.REPLACE and change.wave_id}
        undone = [
            self._undone_of(subject, frozenset(again), begins=name in changing)
            for name, subject in subjects.items()
            if isinstance(subject.declared, Campaign) and not subject.destroy
        ]
        beside = {name: waves for name, waves in observed_waves.items() if name not in subjects}
        unseen = self.declared.callings.keys() - subjects.keys()
        return self.foresee(undone, beside, holders, unseen)

    def of_status(
        self,
        known: Mapping[str, tuple[Calling | None, CampaignRecord | None]],
        observed_waves: Mapping[str, tuple[Wave, ...]],
        to_begin: Mapping[str, int],
    ) -> Foreseen:
        """If what is recorded goes on as declared; waves that no document declares go on as they stand.

        `to_begin`: of campaigns that nothing goes on of, by name, how many rows a wave would begin with.
        """
        undone, beside, asked = [], {}, []
        for name, (declared, record) in known.items():
            if not isinstance(declared, Campaign):
                beside[name] = observed_waves[name]
                continue
            left = self.undone(declared, record, observed_waves[name])
            number = self.recorded.next_wave(name, record)
            undone.append(replace(left, fresh=to_begin.get(name, 0), next_wave=number))
            staged = [
                wave.record
                for wave in observed_waves[name]
                if wave.record.staged and declared.state == "running"
            ]
            asked += [LineClaim(name, one.number, one.attributes.lines, declared.priority) for one in staged]
        held = foreseen_holders(all_holders(self.config, our_holders(observed_waves)), observed_waves, asked)
        return self.foresee(undone, beside, held)

    def unfit(self, ahead: Foreseen, subjects: Mapping[str, Subject]) -> list[Diagnostic]:
        """What will not be through before its end."""
        severity: Severity = "error" if self.project.forecast.must_fit else "warning"
        return unfit(ahead, subjects, self.config.lines, self.now, severity)

    def foresee(
        self,
        undone: Iterable[Undone],
        beside: Mapping[str, tuple[Wave, ...]],
        holders: Mapping[str, LineHolder],
        unseen: Collection[str] = (),
    ) -> Foreseen:
        """Waves `beside` those of the campaigns go on as they stand, and nothing follows them.

        Of `unseen` campaigns nobody knows when they are over.
        """
        listed = list(undone)
        quiet = self.project.platform.drain_quiet.total_seconds()
        terms = Conditions(self.config.lines, self.now, quiet, self._hours, self._allowed)
        todo = [work for one in listed for work in works(one, terms)]
        todo += self._standing(beside, terms)
        habits = partial(self.habits, record=None)
        todo += foreign_tasks(holders.values(), self.config.lines, habits)
        return foresee(todo, self._trunks(todo, holders), self.now, self.project.price, unseen)

    def _standing(self, beside: Mapping[str, tuple[Wave, ...]], terms: Conditions) -> Iterator[Work]:
        for name, waves in beside.items():
            record, last_calls = self.recorded.campaigns.get(name), self._last_calls(waves)
            for wave in waves:
                if wave.record.live:
                    habits = self.habits(wave.record.attributes.robot, record)
                    yield standing(wave, habits, last_calls.get(wave.record.wave_id), terms, name)

    def undone(self, declared: Campaign, record: CampaignRecord | None, waves: tuple[Wave, ...]) -> Undone:
        """What is left of a campaign by its waves alone: its list is not looked at."""
        staged = {wave.record.wave_id: wave.record.pending for wave in waves if wave.record.staged}
        rounds = self.rounds(declared, waves)
        return Undone(
            declared,
            waves,
            self.habits(declared.robot, record),
            staged=staged,
            last_calls=self._last_calls(waves),
            rounds=rounds,
            coming=tuple(coming(rounds, waves, self.store)),
            share=share(rounds, waves, self.store),
            begun=record is not None and record.started,
        )

    def rounds(self, declared: Calling, waves: Iterable[Wave]) -> Rounds:
        """What further rounds of a campaign depend on."""
        quiet = int(self.project.platform.drain_quiet.total_seconds() * 1000)
        return rounds_of(declared, waves, self.store, int(self.now.timestamp() * 1000), quiet)

    def _undone_of(self, subject: Subject, replaced: frozenset[int], *, begins: bool) -> Undone:
        declared, delta = subject.declared, subject.delta
        assert isinstance(declared, Campaign)
        leaving = delta.removed if declared.on_removed_rows == "carry-over" else {}
        return Undone(
            declared,
            subject.waves,
            self.habits(declared.robot, subject.record),
            staged={wave: staged.rows for wave, staged in delta.staged.items()} if begins else {},
            removed=leaving,
            last_calls=self._last_calls(subject.waves),
            fresh=delta.new if begins else 0,
            next_wave=subject.lineage.next_wave,
            replaced=replaced,
            rounds=subject.rounds,
            fresh_round=min(delta.rounds, default=1) if sum(delta.rounds.values()) == delta.new else 1,
            coming=tuple(_coming(subject)) if begins else (),
            share=share(subject.rounds, subject.waves, self.store),
            rest=delta.later if begins and not subject.trial.pressing else 0,
            rest_pause=declared.rollout.wait.total_seconds() if declared.rollout else 0.0,
            rest_from=(subject.trial.until or self.now).timestamp(),
            begun=subject.record is not None and subject.record.started,
        )

    def _last_calls(self, waves: Iterable[Wave]) -> dict[int, int]:
        """Of waves that wait for their next recalls."""
        waiting = [wave for wave in waves if wave.record.live and not wave.undialled]
        found = {wave.record.wave_id: self.store.lengths.last_call(wave.record.wave_id) for wave in waiting}
        return {wave_id: at for wave_id, at in found.items() if at is not None}

    def habits(self, robot: str, record: CampaignRecord | None) -> Habits:
        """How the people of a campaign answer, by the nearest records that are enough."""

        def records(source: Whose) -> Sequence[Timed]:
            if source is Whose.OWN:
                each = min(max(TOGETHER // (len(self.recorded.campaigns) or 1), FEW), MOST)
                return self._calls(_latest([record]) if record else [], each)
            key = robot if source is Whose.ROBOT else ""
            if key not in self._known:
                others = [one for name, one in self.recorded.campaigns.items() if name != SINGLE_CALLS]
                self._known[key] = self._calls(_latest(others, key), MOST)
            return self._known[key]

        return habits(records)

    def _calls(self, wave_ids: Sequence[int], most: int) -> Sequence[Timed]:
        return self.store.lengths.of_waves(wave_ids[:WAVES], most) if wave_ids else []

    def _trunks(self, todo: Iterable[Work], holders: Mapping[str, LineHolder]) -> dict[str, Trunk]:
        """The lines; of those that nobody of the simulation has, and somebody holds, who that is."""
        listed = list(todo)
        ours = {line for work in listed if work.holding for line in work.lines}
        coming = {(work.campaign, work.wave) for work in listed}
        trunks = {}
        for line in self.config.lines.values():
            holder = holders.get(line.number)
            known = holder is None or line.number in ours or (holder.campaign, holder.wave) in coming
            words = UNSAID if holder is None or known else holder.words
            trunks[line.number] = Trunk(line.number, line.concurrents, words)
        return trunks


def _coming(subject: Subject) -> Iterator[Coming]:
    """Whom a campaign calls again once their moment has come; the latest round that they may be in."""
    after = {one.since: 1 for one in subject.rounds.closed.values()}
    for wave in subject.waves:
        if one := subject.rounds.closed.get(wave.record.wave_id):
            after[one.since] = max(after[one.since], wave.record.round)
    for since, rows in subject.delta.coming.items():
        yield Coming(after.get(since, 1) + 1, since, rows)


def _latest(records: Iterable[CampaignRecord], robot: str = "") -> list[int]:
    """The waves that called somebody, of one robot or of any, the latest first."""
    found = [
        (wave.started_at or wave.created_at, wave.wave_id)
        for record in records
        for wave in record.waves
        if wave.dialled and (not robot or wave.attributes.robot == robot)
    ]
    return [wave_id for _, wave_id in sorted(found, reverse=True)]
