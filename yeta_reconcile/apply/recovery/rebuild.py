"""A lost state from the live tasks: waves and their rows out of marks and declared lists.

It writes the state alone, and takes in what was ever started; what never rang is left to apply.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

from yeta_reconcile.amounts import every
from yeta_reconcile.apply.recovery.adopt import (
    Adoption,
    DeclaredList,
    adoption,
    earlier_sets,
    record_adoption,
)
from yeta_reconcile.documents.located import Located
from yeta_reconcile.documents.models import Calling
from yeta_reconcile.documents.repository import Repository
from yeta_reconcile.planning.judgement import canary_mark
from yeta_reconcile.planning.observed import Observed, Orphan
from yeta_reconcile.platform.resources import Config, LivePhase
from yeta_reconcile.store import Store
from yeta_reconcile.waves.attributes import (
    Attributes,
)
from yeta_reconcile.waves.record import (
    FREE_STATES,
    CampaignRecord,
    Phase,
    Recorded,
    RowRecord,
    RowState,
    WaveRecord,
)
from yeta_reconcile.waves.renames import record_of
from yeta_reconcile.wording import Text, phrase


@dataclass(slots=True)
class Recovery:
    """What a rebuild would write; in words what it cannot prove, leaves to others, and what differs live."""

    adoptions: list[tuple[Calling, Adoption]] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    to_apply: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Rebuild:
    """Finds what the state of a repository lacks. `now` in ms."""

    declared: Repository
    store: Store
    recorded: Recorded
    observed: Observed
    now: int

    def find(self) -> Recovery:
        """As waves: started tasks of ours without a record, and direct calls. Raises InvalidInput."""
        recovery = Recovery()
        by_campaign: dict[str, list[Orphan]] = defaultdict(list)
        for orphan in self.observed.orphans:
            self._sort(orphan, by_campaign, recovery)
        for name, orphans in sorted(by_campaign.items()):
            self._campaign(self.declared.callings[name], orphans, recovery)
        self._direct_calls(recovery)
        return recovery

    def record(self, recovery: Recovery, together: AbstractContextManager[None]) -> None:
        """Write it down; all of it counts from one transaction on, which `together` makes."""
        written = []
        for model, taken in recovery.adoptions:
            # A rename, if there is one, is done by the first wave of its campaign.
            recorded = self.store.waves.recorded()
            former = record_of(model, recorded, self.declared.callings)
            written.append(record_adoption(self.store, model, former, taken))
        with together:
            for wave_id in written:
                self.store.waves.seal_wave(wave_id)

    def _sort(self, orphan: Orphan, by_campaign: dict[str, list[Orphan]], recovery: Recovery) -> None:
        task, mark = orphan.task, orphan.mark
        what = phrase(
            "task {task_id} ({status_words}) of {campaign} wave {wave}",
            task_id=task.task_id,
            status_words=task.status_words,
            campaign=mark.campaign,
            wave=mark.wave,
        )
        name = self._today(mark.campaign)
        if not orphan.proven:
            hint = phrase(
                "put the right key back, or `yeta import {campaign} {task_id}`",
                campaign=mark.campaign,
                task_id=task.task_id,
            )
            recovery.left.append(
                phrase("{what} cannot be proven with this key: {hint}", what=what, hint=hint)
            )
        elif task.never_rang:
            if not task.deleted:
                recovery.to_apply.append(phrase("{what} was never started: apply deletes it", what=what))
        elif name is None:
            hint = phrase(
                "`yeta state forget {campaign}` gives it up, or declare the campaign again",
                campaign=mark.campaign,
            )
            recovery.left.append(
                phrase("{what} was started, and no document declares it: {hint}", what=what, hint=hint)
            )
        else:
            by_campaign[name].append(orphan)

    def _today(self, name: str) -> str | None:
        """The name under which a campaign is declared today, if it is."""
        if name in self.declared.campaigns:
            return name
        for today, located in self.declared.campaigns.items():
            record = self._record(located.model)
            if located.model.renamed_from == name or (record and name in {record.name, *record.former}):
                return today
        return None

    def _record(self, model: Calling) -> CampaignRecord | None:
        return record_of(model, self.recorded, self.declared.callings)

    @property
    def _config(self) -> Config:
        return self.observed.config

    def _list(self, located: Located[Calling]) -> DeclaredList:
        robot = self._config.robots.get(located.model.robot)
        columns = robot.columns if robot else ()
        spec, barred = self.declared.list_spec(located), self.declared.do_not_call
        return DeclaredList.read(spec, columns, self.store.key, barred)

    def _campaign(self, located: Located[Calling], orphans: list[Orphan], recovery: Recovery) -> None:
        """One campaign's tasks, earlier waves first: what they hold, later ones cannot."""
        listed = self._list(located)
        sets = earlier_sets(self.store, self._record(located.model))
        taken: set[bytes] = set()
        proven: list[tuple[Orphan, tuple[RowRecord, ...] | None]] = []
        for orphan in sorted(orphans, key=lambda orphan: (orphan.mark.wave, orphan.task.task_id)):
            others = [taken, *(known | taken for known in sets)]
            rows = listed.proven_by(orphan.mark, self.store.key, orphan.task.count_tel, others)
            proven.append((orphan, rows))
            if rows is not None and orphan.task.count_tel == len(rows):
                taken = taken | {row.key for row in rows}
        for at, (orphan, rows) in enumerate(proven):
            task, mark = orphan.task, orphan.mark
            found = adoption(
                located.model,
                task,
                rows,
                listed,
                number=mark.wave,
                config=self._config,
                now=self.now,
                elsewhere=_elsewhere(proven, at) if rows is None else (),
            )
            # What a lost state knew of a canary it knows no more: the rest waits until records tell again.
            wave = replace(found.wave, canary=canary_mark(located.model))
            recovery.adoptions.append((located.model, replace(found, wave=wave)))
            what = phrase(
                "{campaign} wave {wave}, task {task_id}",
                campaign=located.model.name,
                wave=mark.wave,
                task_id=task.task_id,
            )
            if found.doubt:
                recovery.unproven.append(phrase("{what}: {doubt}", what=what, doubt=found.doubt))
            if found.differing:
                recovery.differing.append(phrase("{what}: {differing}", what=what, differing=found.differing))
        self._missing_waves(located, listed, orphans, recovery)

    def _missing_waves(
        self, located: Located[Calling], listed: DeclaredList, orphans: list[Orphan], recovery: Recovery
    ) -> None:
        """Waves of a campaign from before these tasks that neither the state nor the platform shows.

        Whom they called nobody can tell: whoever is known to be in no other wave is held, and whoever is
        added to the list waits.
        """
        model, record = located.model, self._record(located.model)
        names = {model.name, *((record.name, *record.former) if record else ())}
        first = max(self.recorded.forgotten_waves.get(name, 1) for name in names)
        marks = [orphan.mark.wave for orphan in orphans]
        known = {*marks, *(self.store.waves.numbers(record.name) if record else ())}
        missing = [number for number in range(first, max(marks)) if number not in known]
        elsewhere = {row.key for of, taken in recovery.adoptions if of is model for row in taken.rows}
        elsewhere |= self._settled(record, over=True)
        rows = [row for row in listed.rows if row.key not in elsewhere]
        if not missing:
            return
        held = every(
            len(rows),
            "declared row that no other wave holds is",
            "declared rows that no other wave holds are",
        )
        doubt = phrase(
            "neither the state nor the platform shows it, so {held} held as possibly called, and nobody who "
            "is added is called, until `yeta state resolve {name}` settles both",
            held=held,
            name=model.name,
        )
        # How many more it called than are declared nobody knows: for one, those who are added wait.
        self._hold(model, missing[0], rows, listed.columns, doubt, recovery, holds=len(rows) + 1)
        recovery.unproven.append(
            phrase("{name} wave {wave}: {doubt}", name=model.name, wave=missing[0], doubt=doubt)
        )

    def _direct_calls(self, recovery: Recovery) -> None:
        """Direct calls leave no task: what was called out and is not recorded, nobody can tell.

        A state that was put back shows by nothing that it is not the last one, so this is always offered.
        """
        for name, located in sorted(self.declared.direct_calls.items()):
            record = self._record(located.model)
            settled = self._settled(record)
            listed = self._list(located)
            rows = [row for row in listed.rows if row.key not in settled]
            if not rows:
                continue
            held = (
                every(
                    len(rows),
                    "declared row that it does not know as called is",
                    "declared rows that it does not know as called are",
                )
                if settled
                else every(len(rows), "declared row is", "declared rows are")
            )
            doubt = phrase(
                "direct calls leave no task, so {held} held as possibly called; `yeta state resolve "
                "{name}` frees them",
                held=held,
                name=name,
            )
            number = self.recorded.next_wave(name, record)
            self._hold(located.model, number, rows, listed.columns, doubt, recovery)
            recovery.unproven.append(phrase("{name}: {doubt}", name=name, doubt=doubt))

    def _hold(
        self,
        model: Calling,
        number: int,
        rows: Sequence[RowRecord],
        columns: tuple[str, ...],
        doubt: Text,
        recovery: Recovery,
        holds: int | None = None,
    ) -> None:
        """Rows that may have been called by what no task stands for, as a wave that is over."""
        wave = WaveRecord(
            wave_id=0,
            campaign=model.name,
            number=number,
            attempt=0,
            phase=Phase.COMPLETED,
            task_name=f"{model.name}~w{number}",
            attributes=Attributes.of(model),
            columns=columns,
            kind=model.kind,
            imported=True,
            created_at=self.now,
            holds=holds,
        )
        held = tuple(row._replace(state=RowState.HELD) for row in rows)
        recovery.adoptions.append((model, Adoption(wave, held, doubt)))

    def _settled(self, record: CampaignRecord | None, *, over: bool = False) -> set[bytes]:
        """Rows that an old copy of the state knows as called; any other may have been since.

        With `over` also those that a wave which is not over has yet to call.
        """
        rows = self.store.waves.ledger(record.name) if record else ()
        going_on = {wave.wave_id for wave in record.waves if over and not wave.phase.over} if record else ()
        return {
            row.key
            for row in rows
            if row.state not in {RowState.PENDING, *FREE_STATES}
            or (row.state is RowState.PENDING and row.wave_id in going_on)
        }


def _elsewhere(proven: Sequence[tuple[Orphan, tuple[RowRecord, ...] | None]], at: int) -> set[bytes]:
    """Rows that a task other than the one at this place proves, and that this one did therefore not call.

    A later task got none that an earlier one had called. What an earlier one held may have been carried over
    to this one, unless it holds it still.
    """
    return {
        row.key
        for place, (orphan, rows) in enumerate(proven)
        if place > at or orphan.task.phase not in {LivePhase.DELETED, LivePhase.EXPIRED}
        for row in (rows if rows is not None and orphan.task.count_tel == len(rows) else ())
    }
