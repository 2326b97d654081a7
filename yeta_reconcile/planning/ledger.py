"""The rows of a campaign's waves by key, sorted by what holds them: what a list is compared with.

It reads the state; what a declared row comes to is `planning/list_diff.py`'s.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import field

from yeta_reconcile.frozen import dataclass
from yeta_reconcile.planning.delta import Hold
from yeta_reconcile.store import Store
from yeta_reconcile.waves.record import FREE_STATES, CampaignRecord, RowRecord, RowState
from yeta_reconcile.waves.rounds import NONE, Next, Rounds, Try, asks, contradicted, next_round

# What is known of a row that several waves hold: that it was called, that one has yet to call it, nothing.
_CERTAIN = (RowState.DIALLED, RowState.PENDING, RowState.UNKNOWN, RowState.HELD)
STAGING = (Hold.STAGED, Hold.FULL)


@dataclass(slots=True)
class Ledger:
    """A campaign's rows by key, sorted by what holds them.

    Of the holding rows `own` are the keys that are numbers, and `numbers` maps the others' numbers to keys; a
    key that was held with several numbers has the first in `holding`, the rest in `further`. `released` are
    keys that a wave held and let go, `again` rows that a wave has yet to call although another one called
    them. `unreached` tells which keys of a wave were called in vain, and may be tried again by it; `canaries`
    says of each wave the mark of the canary whose wave it is.

    Of a number that several waves called the latest round holds it, and `beside` has the rest. `begun` are
    rows of a further round that a wave let go; `tries` are the recorded calls by wave and key that tell who
    is called again, by the `rounds` of the campaign.
    """

    holds: Mapping[int, Hold] = field(default_factory=dict)
    holding: dict[bytes, RowRecord] = field(default_factory=dict)
    further: dict[bytes, list[RowRecord]] = field(default_factory=dict)
    own: set[bytes] = field(default_factory=set)
    numbers: dict[bytes, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    staged: dict[bytes, RowRecord] = field(default_factory=dict)
    freeing: dict[bytes, RowRecord] = field(default_factory=dict)
    released: set[bytes] = field(default_factory=set)
    aside: dict[bytes, tuple[bytes, str, int, int]] = field(default_factory=dict)
    doubled: Counter[int] = field(default_factory=Counter)
    again: list[RowRecord] = field(default_factory=list)
    unreached: Callable[[int, Collection[bytes]], set[bytes]] = lambda _wave, _keys: set()
    rounds: Rounds = NONE
    beside: dict[bytes, list[RowRecord]] = field(default_factory=lambda: defaultdict(list))
    begun: dict[bytes, RowRecord] = field(default_factory=dict)
    tries: dict[int, dict[bytes, list[Try]]] = field(default_factory=dict)
    canaries: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def read(
        cls,
        store: Store,
        record: CampaignRecord | None,
        holds: Mapping[int, Hold],
        withheld: Collection[int] = (),
        rounds: Rounds = NONE,
    ) -> Ledger:
        """The ledger of a campaign; `holds` are those of its waves by id.

        Rows that one of the waves `withheld` let go count as held.
        """
        ledger = cls(holds, rounds=rounds)
        if record is None:
            return ledger
        ledger.aside = store.waves.set_aside(record.name)
        ledger.canaries = {wave.wave_id: wave.canary for wave in record.waves}
        trying = {wave.wave_id for wave in record.waves if wave.live and wave.attributes.recall_count}
        ledger.unreached = lambda wave_id, keys: (
            store.calls.unreached(wave_id, keys) if wave_id in trying else set()
        )
        for kept in store.waves.ledger(record.name):
            held = kept.state is RowState.RELEASED and kept.wave_id in withheld
            row = kept._replace(state=RowState.HELD) if held else kept
            ledger._take(row, holds.get(row.wave_id))
        ledger._hear(store)
        return ledger

    def _take(self, row: RowRecord, hold: Hold | None) -> None:
        if row.state is RowState.RELEASED and hold is not None:  # not out of a staged wave that was discarded
            self.released.add(row.key)
            self._begin(row)
        if row.state in FREE_STATES or (hold is None and row.state is not RowState.DIALLED):
            return
        if row.state is RowState.PENDING and hold in STAGING:
            self.doubled[row.wave_id] += row.key in self.staged
            self.staged[row.key] = row
        elif row.state is RowState.PENDING and hold is Hold.FREEING:
            self.freeing[row.key] = row
            self._begin(row)
        elif row.key not in self.holding:
            self.holding[row.key] = row
            self._index(row)
        else:
            self._hold_again(row)

    def _hold_again(self, row: RowRecord) -> None:
        """A key that a wave holds already: with the same number, or after it was changed."""
        former = self.exact(row.key, row.number_digest)
        if former is None:
            self.further.setdefault(row.key, []).append(row)
            self._index(row)
            return
        row, other = sorted((row, former), key=lambda held: (-held.round, _CERTAIN.index(held.state)))
        if row.round == other.round and row.state is RowState.DIALLED and other.state is RowState.PENDING:
            self.again.append(other)
        self.beside[row.key].append(other)
        if self.holding[row.key] == former:
            self.holding[row.key] = row
        else:
            self.further[row.key] = [row if one == former else one for one in self.further[row.key]]

    def _begin(self, row: RowRecord) -> None:
        if row.round > 1 and row.round > self.begun.get(row.key, row._replace(round=1)).round:
            self.begun[row.key] = row

    def _hear(self, store: Store) -> None:
        """Read what the calls came to by which somebody may be called again, or be called in a round now."""
        over = self.rounds.over
        if not (over or self.begun or self.beside):
            return
        wanted: dict[int, set[bytes]] = defaultdict(set)
        for row in self.holders():
            if row.state is RowState.DIALLED and (row.wave_id in over or row.key in self.begun):
                wanted[row.wave_id].add(row.key)
            for before in self._before(row) if row.state is RowState.PENDING and row.round > 1 else ():
                wanted[before.wave_id].add(before.key)
        self.tries = {wave_id: store.rounds.tries(wave_id, keys) for wave_id, keys in wanted.items()}
        for row in self.holders() if self.beside else ():
            since = self.rounds.made.get(row.wave_id, 0)
            if self.may_ring(row) and any(
                contradicted(self.rounds.rule, self._tries(before), since) for before in self._before(row)
            ):
                self.again.append(row)

    def _before(self, row: RowRecord) -> list[RowRecord]:
        """The rows of earlier rounds that stand for the same number."""
        beside = self.beside.get(row.key, ()) if row.round > 1 else ()
        return [one for one in beside if one.number_digest == row.number_digest and one.round < row.round]

    def _tries(self, row: RowRecord) -> list[Try]:
        return self.tries.get(row.wave_id, {}).get(row.key, [])

    def next_round(self, key: bytes, number: bytes) -> Next | None:
        """In which further round a declared key may be called with its number, if in any."""
        if not self.tries or key not in self.holding:
            return None
        row = self.exact(key, number)
        if row is None or not (tries := self._tries(row)):
            return None
        beside = [one for one in self.beside.get(key, ()) if one.number_digest == number]
        begun = self.begun.get(key)
        if begun is not None and begun.number_digest != number:
            begun = None
        return next_round(self.rounds, [row, *beside], tries, begun)

    def unheard(self, row: RowRecord) -> bool:
        """Whether a row of a wave that is over counts as called, and no record tells what came of it."""
        return row.state is RowState.DIALLED and row.wave_id in self.rounds.closed and not self._tries(row)

    def may_be_named(self, row: RowRecord) -> bool:
        """Whether a row's calls came to what calls it again, or may have, where not all is known of them."""
        rule = self.rounds.rule
        if rule is None or row.round > rule.rounds:
            return False
        tries = self._tries(row)
        return (
            asks(rule, tries) if tries else row.state in (RowState.DIALLED, RowState.PENDING, RowState.HELD)
        )

    def _index(self, row: RowRecord) -> None:
        if row.number is None:
            self.own.add(row.key)
        else:
            self.numbers[row.number].append(row.key)

    def of_key(self, key: bytes) -> list[RowRecord]:
        """The rows that hold a key, one for each number it was held with."""
        return [self.holding[key], *self.further.get(key, ())]

    def exact(self, key: bytes, number: bytes) -> RowRecord | None:
        """The row that holds a key with just this number."""
        row = self.holding[key]
        if row.number_digest == number or key not in self.further:
            return row if row.number_digest == number else None
        return next((one for one in self.further[key] if one.number_digest == number), None)

    def standing_for(self, key: bytes, number: bytes) -> RowRecord:
        """The row that holds a declared one: with its number, else one that may ring yet, else any."""
        found = self.exact(key, number)
        return found or next(filter(self.may_ring, self.of_key(key)), self.holding[key])

    def holders(self) -> Iterator[RowRecord]:
        """Every holding row."""
        yield from self.holding.values()
        for rows in self.further.values():
            yield from rows

    def called_before(self) -> Iterator[RowRecord]:
        """Rows that were called in a round before the one that holds them now."""
        for rows in self.beside.values():
            yield from (row for row in rows if row.state is RowState.DIALLED)

    def may_ring(self, row: RowRecord) -> bool:
        """Whether a holding row may be called yet by its wave, for all that is known."""
        return self.holds.get(row.wave_id) is Hold.HOLDING and row.state in (RowState.PENDING, RowState.HELD)

    def called_under(self, number: bytes, key: bytes) -> list[bytes]:
        """The other keys under which the number of the row `key` is held."""
        own = [number] if number != key and number in self.own else []
        return own + [other for other in self.numbers.get(number, ()) if other != key]

    def knows(self, key: bytes) -> bool:
        """Whether anything is recorded of a key."""
        # Asked for each row of a list: written out, it takes a quarter of the time.
        return (
            key in self.holding
            or key in self.staged
            or key in self.freeing
            or key in self.released
            or key in self.aside
        )

    def stood(self, key: bytes) -> bool:
        """Whether a wave held a key that is in none now."""
        return key in self.freeing or key in self.released

    @property
    def empty(self) -> bool:
        """Whether nothing of the campaign was ever recorded."""
        return not (self.holding or self.staged or self.freeing or self.released or self.aside)
