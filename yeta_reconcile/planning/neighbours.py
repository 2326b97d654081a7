"""Whom other campaigns of the project hold: who of those that a plan would call was called by one of them.

It reads the state, once however many campaigns ask, and only where somebody would be called for the first
time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import field

from yeta_reconcile.frozen import dataclass
from yeta_reconcile.planning.delta import LATER, Hold, Met, hold
from yeta_reconcile.store import Store
from yeta_reconcile.waves.record import FORGOTTEN, NOBODY, CampaignRecord, RowState, WaveRecord


@dataclass(slots=True)
class Entering:
    """Whom a campaign would call.

    `called` are the numbers of its new rows (under 0; `LATER`: once its canary is over), and by wave those of
    a staged one that is to be started, and those that stand in a started one with another number and go on in
    the next. `ledger` is the name its own calls are recorded under; they count where one number may stand
    under two keys (`own`). `repeats` are recorded names of campaigns whose people are to be called again,
    `continues` of those whose people count as called. `rings`: nothing declared holds it back.
    """

    ledger: str
    repeats: frozenset[str]
    continues: frozenset[str]
    own: bool = False
    called: Mapping[int, set[bytes]] = field(default_factory=dict)
    rings: bool = True

    def rings_now(self, number: bytes) -> bool:
        """Whether it calls a number by this plan."""
        return self.rings and number not in self.called.get(LATER, ())


@dataclass(slots=True)
class Meeting:
    """What was found for one campaign: numbers by the campaign that has them in its waves (`shared`).

    Of these it `called` some, or may have, or will; of the `known` ones a record or a person says so.
    `alongside` are numbers that the same plan rings for another campaign as well.
    """

    shared: dict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    known: dict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    called: dict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    alongside: dict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))

    def again(self, numbers: set[bytes]) -> int:
        """How many of some numbers would be called again."""
        return len(numbers.intersection(set().union(*self.called.values(), *self.alongside.values())))


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The campaigns of a state. `waves` are as the platform's answers show them; `since` in ms.

    `leaving` tells which numbers of a recorded campaign nobody declares in it since this change, `gone`
    whether it lately came to be declared no more. `vanished` are tasks that call records name, and that no
    state knows and no platform shows: they may be anybody's.
    """

    store: Store
    campaigns: Mapping[str, CampaignRecord]
    waves: Mapping[str, Collection[WaveRecord]]
    since: int
    leaving: Callable[[str, set[bytes]], set[bytes]]
    gone: Callable[[str], bool]
    vanished: Collection[str] = ()

    def meet(self, entering: Mapping[str, Entering]) -> dict[str, Meeting]:
        """By campaign that would call somebody, whom of them others hold, or would call before it."""
        askers: dict[bytes, tuple[str, ...]] = {}
        for name, one in entering.items():
            for number in set().union(*one.called.values()):
                askers[number] = (*askers.get(number, ()), name) if number in askers else (name,)
        found: dict[str, Meeting] = defaultdict(Meeting)
        for number, names in askers.items():
            first, *others = [name for name in names if entering[name].rings_now(number)] or names
            for name in others:
                if entering[name].rings_now(number):
                    found[name].alongside[first].add(number)
        for campaign, number, called, lately, known in self._hits(askers, self._asked(entering)):
            for name in askers[number]:
                one = entering[name]
                if campaign == one.ledger and not one.own:
                    continue
                found[name].shared[campaign].add(number)
                if called and (lately or campaign in one.repeats):
                    found[name].called[campaign].add(number)
                    if known:
                        found[name].known[campaign].add(number)
        return found

    def met(self, meeting: Meeting, one: Entering) -> dict[str, Met]:
        """The same in counts; where the document says what is meant, nobody is said to have moved."""
        meant = one.repeats | one.continues
        return {
            campaign: Met(
                people=sum(wave.rows - wave.released for wave in self.waves.get(campaign, ())),
                shared=len(numbers),
                called=len(meeting.called[campaign]),
                untold=len(meeting.called[campaign] - meeting.known[campaign]),
                moved=0 if campaign in meant else len(self.leaving(campaign, meeting.called[campaign])),
                gone=campaign not in meant and self.gone(campaign),
                repeated=campaign in one.repeats,
            )
            for campaign, numbers in meeting.shared.items()
        }

    def _asked(self, entering: Mapping[str, Entering]) -> dict[int, WaveRecord]:
        """The waves to look at: a campaign that asks alone need not look at its own."""
        alone = {one.ledger for one in entering.values() if not one.own} if len(entering) == 1 else set()
        return {
            wave.wave_id: wave
            for name, waves in self.waves.items()
            if name not in alone
            for wave in waves
            if wave.rows
        }

    def _hits(
        self, wanted: Collection[bytes], waves: Mapping[int, WaveRecord]
    ) -> Iterator[tuple[str, bytes, bool, bool, bool]]:
        """Campaign and number, whether it called it or may have, whether that was lately, and is known."""
        counts = {wave_id: wave.rows for wave_id, wave in waves.items()}
        doubted = {wave_id for wave_id, wave in waves.items() if wave.doubts_free}
        for wave_id, key, number, state in self.store.waves.rows_of_numbers(wanted, counts, doubted):
            wave = waves[wave_id]
            called = state is not RowState.PENDING or hold(wave) in (Hold.HOLDING, Hold.OVER)
            yield wave.campaign, number, called, called and self._lately(wave, key), _told(wave, state)
        for campaign, number, last in self.store.waves.called_strays():
            if number in wanted and campaign in self.waves:
                yield campaign, number, True, last >= self.since, True
        for number in self.store.waves.forgotten_since(self.since):
            if number in wanted:
                yield FORGOTTEN, number, True, True, True
        for number, at in self.store.calls.called_by_tasks(self.vanished):
            if number in wanted:
                yield NOBODY, number, True, at is None or at >= self.since, True

    def _lately(self, wave: WaveRecord, key: bytes) -> bool:
        if not wave.phase.over or (wave.started_at or wave.created_at) >= self.since:
            return True
        last = self.store.waves.last_call(wave.wave_id, key)
        return last is not None and last >= self.since


def _told(wave: WaveRecord, state: RowState) -> bool:
    """Whether a record, or the count of all who were in it, says that a wave called a row."""
    if state is RowState.PENDING:
        return wave.all_dialled
    return state is RowState.DIALLED or (state is RowState.HELD and wave.kind == "DirectCall")
