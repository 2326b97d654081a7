"""What the state holds of campaigns, waves and rows: the values the diff reads and the store keeps.

Pure. The table of a wave's phases stands in `waves/lifecycle.py`; nothing here decides.
"""

from __future__ import annotations

from dataclasses import field
from enum import IntEnum, StrEnum
from typing import NamedTuple

from yeta_reconcile.frozen import dataclass
from yeta_reconcile.platform.resources import Address, Left
from yeta_reconcile.waves.attributes import (
    Attributes,
)
from yeta_reconcile.wording import UNSAID, Text


class Phase(StrEnum):
    """Where a wave stands (docs/architecture.md, a wave's life)."""

    PLANNED = "planned"
    CREATING = "creating"
    FILLING = "filling"
    VERIFIED = "verified"
    STARTED = "started"
    PAUSED = "paused"
    DRAINING = "draining"
    COMPLETED = "completed"
    EXPIRED = "expired"
    DELETED = "deleted"
    LOST = "lost"
    DISCARDED = "discarded"

    @property
    def staged(self) -> bool:
        """Never started, as far as is known."""
        return _MEANS[self].staged

    @property
    def live(self) -> bool:
        """Started, and not over."""
        return _MEANS[self].live

    @property
    def stopped(self) -> bool:
        """Live, and nobody is called until it goes on."""
        return _MEANS[self].stopped

    @property
    def over(self) -> bool:
        """No way leads back into calls, but from what turns out not to be lost."""
        return _MEANS[self].over

    @property
    def ended(self) -> bool:
        """Over, and it is known how: what was lost may ring."""
        return _MEANS[self].ended

    @property
    def cut_short(self) -> bool:
        """Ended before everybody was called: its count may grow at first, and its rows may go free."""
        return _MEANS[self].cut_short


class _Means(NamedTuple):
    staged: bool = False
    live: bool = False
    stopped: bool = False
    over: bool = False
    ended: bool = False
    cut_short: bool = False


_MEANS = {
    Phase.PLANNED: _Means(staged=True),
    Phase.CREATING: _Means(staged=True),
    Phase.FILLING: _Means(staged=True),
    Phase.VERIFIED: _Means(staged=True),
    Phase.STARTED: _Means(live=True),
    Phase.PAUSED: _Means(live=True, stopped=True),
    Phase.DRAINING: _Means(live=True, stopped=True),
    Phase.COMPLETED: _Means(over=True, ended=True),
    Phase.EXPIRED: _Means(over=True, ended=True, cut_short=True),
    Phase.DELETED: _Means(over=True, ended=True, cut_short=True),
    Phase.LOST: _Means(over=True),
    Phase.DISCARDED: _Means(over=True, ended=True),
}


class RowState(IntEnum):
    """The outcome of a row in its wave.

    PENDING and HELD rows may be dialled or have been; RELEASED rows are proven undialled and may enter
    another wave; SET_ASIDE rows were refused by the platform; UNKNOWN rows were in a call-out that was
    never answered.
    """

    PENDING = 0
    DIALLED = 1
    SET_ASIDE = 2
    RELEASED = 3
    HELD = 4
    UNKNOWN = 5


# Calls to try a robot (`yeta call`) are kept under a name that no document can have.
SINGLE_CALLS = "~call"
# What tasks called of which nobody knows whose they are stands under another such name.
NOBODY = "~nobody"
# What is left of campaigns that were forgotten stands under a third.
FORGOTTEN = "~forgotten"
# What the canary of a campaign is once a person said that the rest may follow.
PASSED = "passed"
# Not a set: a member of an enumeration is compared far sooner than it is hashed.
FREE_STATES = (RowState.SET_ASIDE, RowState.RELEASED)


@dataclass(frozen=True, slots=True)
class WaveRecord:
    """One attempt at one wave: at most one platform task. Times are ms since the epoch.

    `rows` counts those that are in it (set-aside ones are not); `dialled`, `pending`, `released`, `unknown`
    and `held` count them by state. `tel_count` is the platform's count of dialled numbers after the wave's
    end, None until it can grow no more: what accounting compares with `dialled`. `quiet_facts` stand still
    since `quiet_since`, both of the phase it is in. `strays` are numbers that its task called, as records
    tell, and that none of its rows has. `holds` is how many numbers its task has by the platform's count,
    where those may be more than are known, and `accepted` so many that a person knows to be nobody who is
    added. `round` is the latest one that a row of it is called in, and so many are `called_again` in one.
    `canary` is the size that was declared of the canary whose wave it is ("": of none), or `PASSED` once a
    person let the rest follow it. `promised` is a digest of what was declared to follow when it was staged.
    `to_discard`: what is staged is not what was asked, and is discarded; `reactivated`: it went on after
    its end, when rows of it had been freed already; `halted`: how a halt of ours left it. `detail` is for
    people.
    """

    wave_id: int
    campaign: str
    number: int
    attempt: int
    phase: Phase
    task_name: str
    attributes: Attributes
    columns: tuple[str, ...] = ()
    task_id: str | None = None
    kind: str = "Campaign"
    set_digest: str = ""
    promised: str = ""
    pending: int = 0
    dialled: int = 0
    released: int = 0
    unknown: int = 0
    held: int = 0
    full: bool = False
    doubted: bool = False
    imported: bool = False
    outside_yeta: bool = False
    tel_count: int | None = None
    created_at: int = 0
    started_at: int | None = None
    quiet_since: int | None = None
    quiet_facts: str = ""
    detail: Text = UNSAID
    to_discard: bool = False
    reactivated: bool = False
    halted: Left | None = None
    holds: int | None = None
    accepted: int | None = None
    strays: int = 0
    round: int = 1
    called_again: int = 0
    canary: str = ""

    @property
    def address(self) -> Address:
        """Its task, which has to bear the name that was recorded for it."""
        return Address(self.task_id or "", self.task_name)

    @property
    def staged(self) -> bool:
        """Whether it was never started, as far as is known."""
        return self.phase.staged

    @property
    def rows(self) -> int:
        """Those that are in it."""
        return self.pending + self.dialled + self.released + self.unknown + self.held

    def unknown_numbers(self, count_tel: int | None = None) -> int:
        """Numbers that its task holds, also by the count of a look, and that are nobody's known to be in it.

        Of rows that are held as possibly dialled none is known to be; nor, where it was taken in and the
        platform counts more dialled numbers than are known, or has not told yet, of those that a person says
        were not dialled: a mark stands for keys, and a key's number may have been another one.
        """
        missing = self.released if self.tel_count is None else max(self.missing_records - self.strays, 0)
        doubted = min(self.released, missing) if self.imported else 0
        known = max(self.rows - self.held - doubted + self.strays, self.accepted or 0)
        return max((self.holds or 0), count_tel or 0, known) - known

    @property
    def live(self) -> bool:
        """Whether it was started and is not over."""
        return self.phase.live

    @property
    def accounted(self) -> bool:
        """Whether every dialled number has its record, by a count read after it could not grow any more."""
        return self.tel_count is not None and self.tel_count == self.dialled and not self.held

    @property
    def frees(self) -> bool:
        """Whether rows of it without a record are proven undialled."""
        return self.phase.cut_short and self.accounted

    @property
    def doubts_free(self) -> bool:
        """Whether whom it let go may have been called since: it went on, and all it called is not known."""
        return self.reactivated and not self.accounted

    @property
    def unrecorded(self) -> int:
        """Rows that may have been dialled, and of which no record tells."""
        sure = self.kind != "Campaign" or self.staged or self.frees
        return 0 if sure else self.pending

    @property
    def all_dialled(self) -> bool:
        """Whether its task completed, and the platform counts everybody who has no record as dialled."""
        return self.phase is Phase.COMPLETED and self.missing_records >= self.pending > 0

    @property
    def missing_records(self) -> int:
        """Dialled numbers without a record, as far as is known."""
        return max((self.tel_count or 0) - self.dialled, 0)


@dataclass(frozen=True, slots=True)
class CampaignRecord:
    """A campaign the state knows, declared or gone. `gone_at` is ms since the epoch."""

    name: str
    kind: str
    key: tuple[str, ...] = ()
    former: tuple[str, ...] = ()
    protect: bool = False
    gone_at: int | None = None
    next_wave: int = 1
    generation: int = 0
    settled_list: str = ""
    settled_rows: int = 0
    settled_notes: tuple[str, ...] = ()
    waves: tuple[WaveRecord, ...] = ()

    @property
    def has_ledger(self) -> bool:
        """Whether it has rows that count; without, it is as good as new."""
        return bool(self.waves)

    @property
    def started(self) -> bool:
        """Whether any wave of it was ever started."""
        return any(wave.phase.live or wave.started_at for wave in self.waves)


@dataclass(frozen=True, slots=True)
class Recorded:
    """All the state holds, rows left out. `forgotten` are task ids of forgotten campaigns.

    `forgotten_waves` are the numbers with which the waves of these go on, by name.
    """

    campaigns: dict[str, CampaignRecord] = field(default_factory=dict)
    task_ids: frozenset[str] = frozenset()
    forgotten: frozenset[str] = frozenset()
    forgotten_waves: dict[str, int] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """Every name that a campaign of it has or had."""
        return frozenset(name for record in self.campaigns.values() for name in (record.name, *record.former))

    def next_wave(self, name: str, record: CampaignRecord | None) -> int:
        """The number of the next wave of a campaign; `record` is what is held of it, if anything is."""
        return record.next_wave if record else self.forgotten_waves.get(name, 1)


class RowRecord(NamedTuple):
    """A row of the ledger. `number` is None where the key is the number; `line` counts in its list.

    `round` is 1 where it is called for the first time, more in a further round by result (`waves/rounds.py`).
    A tuple, since a million of them are made to look at a list once.
    """

    wave_id: int
    key: bytes
    content: bytes
    batch: int
    line: int
    number: bytes | None = None
    state: RowState = RowState.PENDING
    round: int = 1

    @property
    def number_digest(self) -> bytes:
        """The digest of the number, whatever identifies the row."""
        return self.key if self.number is None else self.number


class Outcome(StrEnum):
    """What is known of a call that changes something (docs/architecture.md, section 6)."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Intent:
    """A mutating call as journalled. `outcome` None: we died before it was known. Times in ms.

    `deadline` is when its request can no longer be under way. `wave_id` None: an orphan's deletion.
    """

    intent_id: int
    wave_id: int | None
    call: str
    batch: int | None
    rows: int
    begun: int
    deadline: int
    outcome: Outcome | None = None
    code: int | None = None
    ended: int | None = None
