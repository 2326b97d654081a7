"""What only a person can settle: rows of which neither records nor counts tell whether they were dialled.

A decision is about rows of one wave: dialled (never called again by it) or not dialled (free).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from yeta_reconcile.amounts import count
from yeta_reconcile.apply import steering
from yeta_reconcile.apply.run import RUN_AGAIN, Run
from yeta_reconcile.errors import Incomplete, RefusedByGuard
from yeta_reconcile.planning.diff.subject import Wave
from yeta_reconcile.store import Store
from yeta_reconcile.waves.lifecycle import carry_readiness
from yeta_reconcile.waves.record import PASSED, Phase, RowRecord, RowState
from yeta_reconcile.wording import PARTS, UNSAID, Text, listed, phrase

_DOUBTFUL = (RowState.HELD, RowState.UNKNOWN)
_OPEN = (RowState.PENDING, *_DOUBTFUL)


class Ruling(StrEnum):
    """What a person says of rows."""

    DIALLED = "dialled"
    UNDIALLED = "undialled"

    @property
    def state(self) -> RowState:
        """What rows become by it."""
        return RowState.DIALLED if self is Ruling.DIALLED else RowState.RELEASED


@dataclass(frozen=True, slots=True)
class Unsettled:
    """What is unsettled about one wave: `rows` of it, and why. Not `pressing`: records may settle it yet."""

    wave: Wave
    rows: int
    why: Text
    pressing: bool = True


def doubts(waves: Iterable[Wave], now: int, drain_quiet: int) -> list[Unsettled]:
    """Everything about a campaign's waves that waits for a person. Times in ms."""
    return [doubt for wave in waves for doubt in _doubts(wave, now, drain_quiet)]


def _doubts(wave: Wave, now: int, drain_quiet: int) -> Iterator[Unsettled]:
    record = wave.record
    if record.phase is Phase.LOST:
        why = phrase("task {task_id} is gone from the platform", task_id=record.task_id)
        yield Unsettled(wave, record.pending + record.held + record.unknown, why)
        return
    if record.unknown:
        yield Unsettled(wave, record.unknown, phrase("called out and never answered for"))
    if record.held and record.kind == "Campaign":
        yield Unsettled(wave, record.held, phrase("held as possibly dialled: imported or rebuilt"))
    elif record.held:
        yield Unsettled(wave, record.held, phrase("called out; no record has come yet"), pressing=False)
    elif wave.unknown_numbers:
        why = phrase(
            "numbers of its task that are not known: undialled, if nobody who was added is among them"
        )
        yield Unsettled(wave, wave.unknown_numbers, why)
    if record.reactivated and not record.accounted:
        yield Unsettled(wave, record.released, phrase("freed before its task went on after its end"))
    if why := _unaccountable(wave, now, drain_quiet):
        yield Unsettled(wave, record.pending, why)


def _unaccountable(wave: Wave, now: int, drain_quiet: int) -> Text:
    """Why a wave's undialled rows cannot be told from its dialled ones; empty if they can, or need not be."""
    record = wave.record
    if not record.pending:
        return UNSAID
    if record.phase is Phase.DRAINING and wave.task is not None:
        ready = carry_readiness(record, wave.task, now, drain_quiet)
        return (
            UNSAID if ready.ready else phrase("paused in order to be replaced: {detail}", detail=ready.detail)
        )
    if record.phase.cut_short and not record.accounted:
        counted = count(record.tel_count or 0, "number")
        return phrase(
            "over: {records}, {counted} dialled by the platform's count",
            records=count(record.dialled, "call record"),
            counted=counted,
        )
    return UNSAID


@dataclass(frozen=True, slots=True)
class Settlement:
    """A verdict on one wave, or on those of its rows that `keys` names."""

    wave: Wave
    verdict: Ruling
    keys: frozenset[bytes] | None = None

    @property
    def states(self) -> tuple[RowState, ...]:
        """Which rows it is about.

        | wave                              | all of it     | rows that were named |
        |-----------------------------------|---------------|----------------------|
        | direct call                       | unknown       | held, unknown        |
        | the same, rebuilt                 | held, unknown | held, unknown        |
        | started, paused                   | held, unknown | held, unknown        |
        | draining                          | every open    | held, unknown        |
        | completed (the others were called) | held, unknown | every open           |
        | deleted, expired, lost            | every open    | every open           |
        | the same, live again since        | open, freed   | open, freed          |
        """
        record, named = self.wave.record, self.keys is not None
        if record.kind != "Campaign":
            # What the platform took is called, whether its record has come or not.
            return _DOUBTFUL if named or record.imported else (RowState.UNKNOWN,)
        if record.phase in {Phase.STARTED, Phase.PAUSED}:
            return _DOUBTFUL
        if record.phase is Phase.DRAINING and named:
            return _DOUBTFUL
        if record.phase is Phase.COMPLETED and not named:
            return _DOUBTFUL
        if record.reactivated:
            return (*_OPEN, RowState.RELEASED)
        return _OPEN

    @property
    def deletes(self) -> bool:
        """Whether the wave's task has to be deleted first, so that none of its rows can ring any more."""
        return self.wave.record.phase is Phase.DRAINING and self.keys is None

    @property
    def settles_unknown(self) -> bool:
        """Whether it says that nobody who was added since is in the wave's task, whoever is.

        Rows that are held are settled before: they are another question.
        """
        whole = self.keys is None and self.verdict is Ruling.UNDIALLED and not self.wave.record.held
        return whole and self.wave.unknown_numbers > 0

    def check(self) -> None:
        """Raise RefusedByGuard if it could make a person ring twice."""
        record = self.wave.record
        if record.staged:
            raise RefusedByGuard(
                phrase("wave {number} was never started: there is nothing to settle", number=record.number),
                hint=phrase("apply finishes it, or discards it"),
            )
        live = record.phase in {Phase.STARTED, Phase.PAUSED} and record.kind == "Campaign"
        live |= record.reactivated and self.wave.task is not None and self.wave.task.phase.may_ring
        if live and self.keys is None and self.verdict is Ruling.UNDIALLED:
            raise RefusedByGuard(
                phrase(
                    "wave {number} goes on: its task may still call every row of it", number=record.number
                ),
                hint=phrase(
                    "name rows that are not in the task with --line or --numbers, or delete the task first"
                ),
            )

    def rows(self, store: Store) -> list[RowRecord]:
        """The rows it is about."""
        states = self.states
        return [
            row
            for row in store.waves.rows(self.wave.record.wave_id)
            if row.state in states and (self.keys is None or row.key in self.keys)
        ]


def stop_first(run: Run, decision: Settlement) -> None:
    """Delete the task of a wave that is to be settled whole. Raises Incomplete."""
    record = decision.wave.record
    if decision.deletes and not steering.delete(run, record):
        why = listed((str(problem) for problem in run.problems), 0, by=PARTS)
        raise Incomplete(
            phrase("the task of wave {number} could not be deleted: {why}", number=record.number, why=why),
            hint=RUN_AGAIN,
        )


def settle(store: Store, decision: Settlement) -> int:
    """Write the decision down, in the state alone; how many rows."""
    record = decision.wave.record
    count = store.waves.settle_rows(
        record.wave_id, decision.states, decision.verdict.state, keys=decision.keys
    )
    now = store.waves.wave(record.wave_id)
    if record.phase is Phase.LOST and not now.pending + now.held + now.unknown:
        # Nothing of it is in doubt any more; what the platform does not know cannot ring.
        store.waves.change_wave(record.wave_id, phase=Phase.DELETED)
    if decision.settles_unknown:
        task = decision.wave.task
        counts = (record.holds or 0, (task.count_tel or 0) if task else 0)
        store.waves.change_wave(record.wave_id, accepted=max(counts))
    if record.reactivated and decision.keys is None:
        store.waves.change_wave(record.wave_id, reactivated=False)
    return count


def let_follow(store: Store, waves: Iterable[Wave]) -> None:
    """Write down that the rest of a campaign may follow these waves, its canary, whatever records say."""
    for wave in waves:
        store.waves.change_wave(wave.record.wave_id, canary=PASSED)


def keys_of(
    rows: Iterable[RowRecord], lines: Collection[int], numbers: Collection[bytes]
) -> frozenset[bytes]:
    """The keys of rows by their lines (as messages name them) or their numbers' digests."""
    return frozenset(row.key for row in rows if row.line in lines or row.number_digest in numbers)
