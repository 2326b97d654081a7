"""What the campaigns of a repository have to do with one another, for one plan.

Who goes on with whose ledger, whose people count as called by another, who left one list as another took
them on. It reads the state and, where a list changed, that list; it changes nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property

from yeta_reconcile.diagnostics import Diagnostic
from yeta_reconcile.documents.contacts import ListReader
from yeta_reconcile.documents.located import Located
from yeta_reconcile.documents.models import Calling, Campaign, DirectCall
from yeta_reconcile.documents.relations import standing_for
from yeta_reconcile.documents.repository import Repository
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.planning.continued import Continued, HeldElsewhere, continued_by, held_by, recorded_of
from yeta_reconcile.planning.delta import LATER, Strange
from yeta_reconcile.planning.diff.case import rings_now
from yeta_reconcile.planning.diff.started import taken_apart
from yeta_reconcile.planning.diff.subject import Subject, Wave
from yeta_reconcile.planning.neighbours import Entering, Neighbours
from yeta_reconcile.planning.observed import Observed
from yeta_reconcile.planning.orphans import may_have_rung, orphans_by_name
from yeta_reconcile.planning.signatures import fingerprint_of, keyed, lists_same
from yeta_reconcile.store import Store
from yeta_reconcile.waves.record import (
    FORGOTTEN,
    NOBODY,
    SINGLE_CALLS,
    CampaignRecord,
    Recorded,
    RowState,
    WaveRecord,
)
from yeta_reconcile.waves.renames import known_as, record_of
from yeta_reconcile.wording import phrase

# Who called people, and cannot be declared.
_NO_CAMPAIGNS = (SINGLE_CALLS, NOBODY, FORGOTTEN)
LATELY_MS = 30 * 24 * 3600 * 1000


@dataclass(frozen=True)
class LookAlikes:
    """The campaigns of one plan. `observed_waves`: as the platform's answers show them; `now` in ms."""

    declared: Repository
    store: Store
    recorded: Recorded
    observed_waves: Mapping[str, tuple[Wave, ...]]
    observed: Observed
    now: int

    @cached_property
    def standing(self) -> dict[str, Located[Calling]]:
        """By recorded name the document that stands for it, renames followed."""
        callings = self.declared.callings
        found = ((record_of(one.model, self.recorded, callings), one) for one in callings.values())
        return {record.name: located for record, located in found if record}

    @cached_property
    def undeclared(self) -> list[str]:
        """Recorded campaigns that no document stands for."""
        return [name for name in self.recorded.campaigns if name not in self.standing]

    def continued(self, model: Calling) -> list[Continued]:
        """The campaigns that one continues, with their waves and what was observed of them."""
        return [
            replace(one, record=replace(one.record, waves=self._wave_records(one.record)))
            if one.record
            else one
            for one in continued_by(model, self.recorded, self.declared.callings)
        ]

    def _beside_continued(self, subject: Subject) -> Subject:
        """With the waves of whom it continues whose tasks hold numbers of which nobody knows whose."""
        if subject.declared is None or not subject.declared.continues:
            return subject
        records = recorded_of(self.continued(subject.declared))
        waves = (wave for record in records for wave in self.observed_waves[record.name])
        unknown = tuple(wave for wave in waves if wave.unknown_numbers)
        return replace(subject, lineage=replace(subject.lineage, unknown_there=unknown))

    def held(self, continued: list[Continued], now: datetime) -> dict[bytes, HeldElsewhere]:
        """The numbers that such campaigns called or may call yet."""
        return held_by(self.store, continued, now, self._numbers_of)

    def _numbers_of(self, located: Located[Calling]) -> set[bytes]:
        """The numbers of a declared list; none where its robot is not known, which is an error of its own."""
        robot = self.observed.config.robots.get(located.model.robot)
        if robot is None:
            return set()
        spec = self.declared.list_spec(located)
        reader = ListReader(spec, robot.columns, digest=self.store.key.row_digest)
        return {row.number_digest for row in reader}

    def _wave_records(self, record: CampaignRecord) -> tuple[WaveRecord, ...]:
        return tuple(wave.record for wave in self.observed_waves[record.name])

    def unknown(self) -> Iterator[Diagnostic]:
        """A warning for each campaign that is continued or repeated, and that nobody knows."""
        said = {found.position for found in self.declared.warnings}
        for name, located in self.declared.callings.items():
            for key in ("continues", "repeats"):
                for number, other in enumerate(getattr(located.model, key)):
                    place = located.at(key, number)
                    known = known_as(other, self.recorded) or standing_for(other, self.declared.callings)
                    if known is None and place not in said:
                        words = phrase(
                            "no document declares {other}, and nothing of it is recorded in the state",
                            other=other,
                        )
                        words = phrase("{words}: it changes nothing", words=words)
                        hint = phrase("take it off, or name one that called people")
                        yield Diagnostic("warning", key, words, place, hint, name)

    def asks(self, model: Calling, record: CampaignRecord | None) -> bool:
        """Whether there is anybody who may have called the people of a campaign before it."""
        own = model.contacts.same_number == "allow"
        several = len(self.declared.callings) > 1 or bool(self.observed.orphans or self.observed.vanished)
        several = several or self.store.waves.anybody_forgotten()
        known = self.recorded.campaigns.values()
        return several or any(one.has_ledger and (own or one is not record) for one in known)

    def among(
        self, subjects: dict[str, Subject], read: Mapping[str, Mapping[int, set[bytes]]]
    ) -> dict[str, Subject]:
        """The subjects with what those they would call have to do with other campaigns.

        `read` are, by name and then as `Comparison.entering` has them, the numbers of lists that were read.
        """
        subjects = {name: self._beside_continued(subject) for name, subject in subjects.items()}
        entering = {}
        for name, subject in subjects.items():
            one = self._entering(subject, read.get(name))
            if one is not None:
                entering[name] = one
        if not entering:
            return subjects
        waves = {name: [wave.record for wave in waves] for name, waves in self.observed_waves.items()}
        neighbours = Neighbours(
            self.store,
            self.recorded.campaigns,
            waves,
            self.now - LATELY_MS,
            self._leaving,
            self._gone,
            self.observed.vanished,
        )
        found = dict(subjects)
        met = neighbours.meet(entering)
        for name, one in entering.items():
            meeting, strange = met[name], self._strange(name, one)
            unknown = sum(other.numbers for other in strange.values())
            again = {
                wave: min(meeting.again(numbers) + unknown, len(numbers))
                for wave, numbers in one.called.items()
                if wave != LATER
            }
            delta = replace(
                subjects[name].delta,
                repeats=again.pop(0, 0),
                wave_repeats=again,
                met=neighbours.met(meeting, one),
                alongside={other: len(numbers) for other, numbers in meeting.alongside.items()},
                strange=strange,
            )
            found[name] = replace(subjects[name], delta=delta)
        return found

    def _strange(self, own: str, one: Entering) -> dict[str, Strange]:
        """By campaign, how many numbers its tasks hold of which nobody knows whose: they may be anybody's.

        Of a task without a record nobody knows any. A campaign waits for its own, and for those of whom it
        continues.
        """
        since, found = self.now - LATELY_MS, Counter[str]()
        unrecorded: dict[str, list[str]] = defaultdict(list)
        for name, waves in self.observed_waves.items():
            for wave in waves:
                begun = wave.record.started_at or wave.record.created_at
                if name in one.repeats or not wave.record.phase.over or begun >= since:
                    found[name] += wave.unknown_numbers
        for name, tasks in orphans_by_name(self.observed, self.declared.callings, self.recorded).items():
            for task in (orphan.task for orphan in tasks if may_have_rung(orphan)):
                if not task.phase.over or task.time_start is None or task.time_start >= since:
                    found[name] += task.count_tel or 0
                    unrecorded[name].append(task.task_id)
        known = {own, one.ledger, *one.continues}
        return {
            name: Strange(numbers, tuple(unrecorded[name]))
            for name, numbers in found.items()
            if numbers and name not in known
        }

    def _entering(self, subject: Subject, read: Mapping[int, set[bytes]] | None) -> Entering | None:
        model, record = subject.declared, subject.record
        if model is None or subject.destroy or not self.asks(model, record):
            return None
        called = {wave: read.get(wave, set()) for wave in (0, LATER)} if read is not None else {}
        if isinstance(model, Campaign):
            called |= self._in_waves(subject, model, read)
        if not any(called.values()):
            return None
        again = (known_as(name, self.recorded) for name in model.repeats)
        return Entering(
            ledger=record.name if record else model.name,
            repeats=frozenset(one.name for one in again if one),
            continues=frozenset(one.record.name for one in self.continued(model) if one.record),
            own=model.contacts.same_number == "allow",
            called=called,
            rings=isinstance(model, DirectCall) or rings_now(subject, model),
        )

    def _in_waves(
        self, subject: Subject, model: Campaign, read: Mapping[int, set[bytes]] | None
    ) -> Iterator[tuple[int, set[bytes]]]:
        """Whom staged waves would call that are to be started, and started ones by what takes their place."""
        for wave in subject.waves:
            key, starting = wave.record.wave_id, model.state == "running" and wave.record.staged
            if read is None and starting:
                rows = self.store.waves.rows(key)
                yield (
                    key,
                    {row.number_digest for row in rows if row.state is RowState.PENDING and row.round == 1},
                )
            elif read and key in read and (starting or taken_apart(subject, model, wave)):
                yield key, read[key]

    def _leaving(self, name: str, numbers: set[bytes]) -> set[bytes]:
        """Of numbers that a campaign called those that it declares no more since this change."""
        if name in _NO_CAMPAIGNS or not numbers:
            return set()
        record, located = self.recorded.campaigns[name], self.standing.get(name)
        if located is None:
            return numbers if record.gone_at is None else set()
        robot = self.observed.config.robots.get(located.model.robot)
        spec = self.declared.called_list(located, datetime.fromtimestamp(self.now / 1000, UTC))
        if robot is None or lists_same(keyed(fingerprint_of(spec, robot.columns), self.store.key), record):
            return set()
        return numbers - self._numbers_of(located)

    def _gone(self, name: str) -> bool:
        """Whether a campaign came to be declared no more, now or lately."""
        if name in _NO_CAMPAIGNS:
            return False
        gone_at = self.recorded.campaigns[name].gone_at
        lately = gone_at is None or self.now - gone_at <= LATELY_MS
        return lately and name not in self.standing
