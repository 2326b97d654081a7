"""Whom the campaigns that one continues called or may call yet: people who are not called here, and why not.

It reads the state and, of campaigns that are declared, their lists; it changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple

from yeta_reconcile.documents.located import Located
from yeta_reconcile.documents.models import Calling, Campaign
from yeta_reconcile.documents.relations import standing_for
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.planning.delta import Hold, hold
from yeta_reconcile.planning.ledger import STAGING, Ledger
from yeta_reconcile.store import Store
from yeta_reconcile.waves.record import CampaignRecord, Phase, Recorded, RowRecord, RowState, WaveRecord
from yeta_reconcile.waves.renames import known_as, record_of


class Elsewhere(IntEnum):
    """How a campaign that is continued holds a number; of several holds the greatest counts."""

    LEAVING = 0
    """One of its waves has it, and may let it go: its list does not want it there any more."""
    THEIRS = 1
    """Its list has it: it is to be called there."""
    POSSIBLY = 2
    CALLED = 3


class HeldElsewhere(NamedTuple):
    """Who holds a number, and how; `wave_id` is the wave that may let it go."""

    campaign: str
    how: Elsewhere
    wave_id: int = 0


@dataclass(frozen=True, slots=True)
class Continued:
    """A campaign that another one continues: what is recorded of it, and the document that stands for it."""

    record: CampaignRecord | None
    located: Located[Calling] | None

    @property
    def name(self) -> str:
        """Its name of today."""
        return self.located.model.name if self.located else self.record.name if self.record else ""

    def may_call(self, now: datetime) -> bool:
        """Whether it is declared, and its end is to come."""
        model = self.located.model if self.located else None
        end = model.schedule.end if isinstance(model, Campaign) else None
        return model is not None and (end is None or end > now)


def continued_by(
    model: Calling, recorded: Recorded, callings: Mapping[str, Located[Calling]]
) -> list[Continued]:
    """The campaigns that one continues, and those that they continue, renames followed."""
    if not model.continues:
        return []
    standing = {
        record.name: located
        for located in callings.values()
        if (record := record_of(located.model, recorded, callings))
    }
    own = record_of(model, recorded, callings)
    found: dict[str, Continued] = {}
    names = list(model.continues)
    for name in names:  # it grows
        for one in _meant(name, recorded, callings, standing):
            itself = one.name == model.name or (one.record is not None and one.record is own)
            if not itself and one.name not in found:
                found[one.name] = one
                names += one.located.model.continues if one.located else ()
    return list(found.values())


def recorded_of(continued: Iterable[Continued]) -> list[CampaignRecord]:
    """What is recorded of them."""
    return [one.record for one in continued if one.record]


def _meant(
    name: str,
    recorded: Recorded,
    callings: Mapping[str, Located[Calling]],
    standing: Mapping[str, Located[Calling]],
) -> Iterator[Continued]:
    """What a name stands for: a ledger, and a document, which need not go on with that one."""
    record = known_as(name, recorded)
    goes_on = standing.get(record.name) if record else None
    if record:
        yield Continued(record, goes_on)
    named = standing_for(name, callings)
    if named and named is not goes_on:
        yield Continued(None, named)


def held_by(
    store: Store,
    campaigns: Iterable[Continued],
    now: datetime | None = None,
    numbers_of: Callable[[Located[Calling]], Collection[bytes]] = lambda _: (),
) -> dict[bytes, HeldElsewhere]:
    """The numbers that campaigns called or may call yet; `numbers_of` reads the list of a declared one."""
    found: dict[bytes, HeldElsewhere] = {}
    for one in campaigns:
        theirs = numbers_of(one.located) if one.located and now and one.may_call(now) else ()
        for number, held in _held(store, one, theirs):
            if number not in found or found[number].how < held.how:
                found[number] = held
    return found


def _held(store: Store, one: Continued, theirs: Collection[bytes]) -> Iterator[tuple[bytes, HeldElsewhere]]:
    record, theirs = one.record, frozenset(theirs)
    for number in theirs:
        yield number, HeldElsewhere(one.name, Elsewhere.THEIRS)
    if record is None:
        return
    waves = {wave.wave_id: wave for wave in record.waves}
    holds = {wave_id: hold(wave) for wave_id, wave in waves.items()}
    doubted = [wave.wave_id for wave in record.waves if wave.doubts_free]
    ledger = Ledger.read(store, record, holds, doubted)
    # What is staged goes with a document that nobody declares any more.
    for row in (*ledger.holders(), *ledger.called_before(), *(ledger.staged.values() if one.located else ())):
        how = _how(row, waves.get(row.wave_id), holds.get(row.wave_id))
        if how is Elsewhere.LEAVING and row.number_digest in theirs:
            continue
        yield row.number_digest, HeldElsewhere(one.name, how, row.wave_id if how is Elsewhere.LEAVING else 0)


def _how(row: RowRecord, wave: WaveRecord | None, hold: Hold | None) -> Elsewhere:
    if row.state is RowState.DIALLED:
        return Elsewhere.CALLED
    if row.state is not RowState.PENDING or wave is None or wave.phase is Phase.LOST:
        return Elsewhere.POSSIBLY
    if hold in (*STAGING, Hold.HOLDING):
        return Elsewhere.LEAVING
    return Elsewhere.CALLED if wave.all_dialled else Elsewhere.POSSIBLY
