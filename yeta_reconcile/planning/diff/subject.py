"""What is known of one campaign: declared, recorded and observed, and how its waves hold rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any

from yeta_reconcile.diagnostics import Position
from yeta_reconcile.documents.models import Calling, Campaign
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.planning.calendar import Days, Stretch
from yeta_reconcile.planning.continued import HeldElsewhere
from yeta_reconcile.planning.delta import RowsDelta
from yeta_reconcile.planning.observed import Orphan
from yeta_reconcile.planning.trial import NO_TRIAL, Trial
from yeta_reconcile.platform.resources import Left, Task
from yeta_reconcile.waves.attributes import Attributes
from yeta_reconcile.waves.lifecycle import SeenPhase, foreseen, reactivated, seen
from yeta_reconcile.waves.recalls import Recalls
from yeta_reconcile.waves.record import CampaignRecord, Intent, Phase, WaveRecord
from yeta_reconcile.waves.rounds import NONE, Rounds
from yeta_reconcile.wording import UNSAID, Text, phrase


@dataclass(frozen=True, slots=True)
class Wave:
    """A recorded wave, with what was observed of its task."""

    record: WaveRecord
    task: Task | None
    untold: tuple[str, ...] = ()
    """Calls of which nobody knows whether they were carried out, until the next apply settles them."""
    recalls: Recalls | None = None
    """Whom the platform may try again once it goes on; None for one that does not stand still."""
    tampered: bool = False
    """Whether it is staged, and its task is not as it was asked any more."""

    @property
    def undialled(self) -> int:
        """Numbers the platform has not dialled, by its own counts where it gives them."""
        task = self.task
        if task is None or task.count_tel is None or task.process_tel_count is None:
            return self.record.pending
        return max(task.count_tel - task.process_tel_count, 0)

    @property
    def goes_on(self) -> bool:
        """Whether it is over, and its task calls people, or may: it was extended outside yeta, say."""
        return self.record.phase.ended and self.task is not None and self.task.phase.may_ring

    @property
    def unknown_numbers(self) -> int:
        """Numbers that its task holds, and that are nobody's who is known to be in it."""
        return (
            0
            if self.record.staged
            else self.record.unknown_numbers(self.task.count_tel if self.task else None)
        )

    @property
    def rows_left(self) -> int:
        """Rows that may still ring: neither called by a record, nor dialled by the platform's counts."""
        pending = self.record.pending
        return min(pending, self.undialled) if self.record.live else pending


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where the ledger of a campaign comes from, and who else went on with it."""

    next_wave: int = 1
    """The number of its next wave, of all that ever bore its name."""
    two_ledgers: bool = False
    """Whether it and its former name have a ledger each."""
    successor: str = ""
    """Another declared campaign that went on with the ledger of this name."""
    continued: Mapping[bytes, HeldElsewhere] = field(default_factory=dict)
    """Numbers that count as called, with the campaign that holds them."""
    unsettled: tuple[str, ...] = ()
    """Campaigns that it continues of which a task without a record called people."""
    unknown_there: tuple[Wave, ...] = ()
    """Waves of campaigns that it continues whose tasks hold numbers that nobody knows."""


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """What went on without a record of it in the state."""

    orphans: tuple[Orphan, ...] = ()
    """Tasks of this campaign."""
    undeclared_block: bool = False
    """Whether people were called by such a task of a campaign that nobody declares."""
    state_lost: bool = False
    """Whether people were called by such a task of any campaign of ours."""
    callouts_missing: bool = False
    """Whether call-outs were sent with the state in this place that it does not know."""


@dataclass(frozen=True, slots=True)
class LineFacts:
    """What is known of lines: how many calls each carries at once, and by whom those in use are taken."""

    concurrents: Mapping[str, int | None] = field(default_factory=dict)
    taken: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Allowed:
    """When it may call: in these hours (none: at any time), on these days, and once these are over."""

    hours: tuple[str, ...] = ()
    days: Days | None = None
    before: tuple[str, ...] = ()


@dataclass(frozen=True)
class Subject:
    """All that is known of one campaign; times in ms.

    `started_outside` is whether a campaign that is declared staged goes on by no start of ours. `rounds` is
    what further rounds by result depend on, `trial` how its canary stands. `at` gives the place of a declared
    value, `list_label` is its contact list relative to the repository. `near` is whether the platform is on
    this machine.
    """

    name: str
    declared: Calling | None
    record: CampaignRecord | None
    waves: tuple[Wave, ...]
    delta: RowsDelta
    now: datetime
    drain_quiet: int
    columns: tuple[str, ...] = ()
    destroy: bool = False
    started_outside: bool = False
    near: bool = False
    at: Callable[..., Position] = lambda *_: Position("")
    list_label: str = ""
    lineage: Lineage = Lineage()
    unrecorded: Unrecorded = Unrecorded()
    lines: LineFacts = LineFacts()
    allowed: Allowed = Allowed()
    rounds: Rounds = NONE
    trial: Trial = NO_TRIAL

    @cached_property
    def stretch(self) -> Stretch | None:
        """The allowed days in a row that a wave of it would call on; None: any, or none ever comes."""
        days = self.allowed.days
        return days.stretch(self.soonest) if days is not None else None

    @property
    def ended(self) -> bool:
        """Whether its end is past."""
        end = self.declared.schedule.end if isinstance(self.declared, Campaign) else None
        return end is not None and end <= self.now

    @property
    def soonest(self) -> datetime:
        """When it may call as far as the days do not matter: now, or when it is declared to begin."""
        begin = self.declared.schedule.begin if isinstance(self.declared, Campaign) else None
        return max(begin, self.now) if begin else self.now

    @property
    def no_day(self) -> Text:
        """Why there is no day on which it may call any more; "" if there is one."""
        days = self.allowed.days
        if days is None or days.every or not isinstance(self.declared, Campaign):
            return UNSAID
        if self.stretch is None:
            return phrase("there is no day within a year on which it may call")
        end = self.declared.schedule.end
        return (
            phrase("no day on which it may call is left before its end")
            if end and self.stretch.begin >= end
            else UNSAID
        )

    @cached_property
    def attributes(self) -> Attributes:
        """What a task of it would be created with now."""
        assert self.declared is not None
        if self.stretch is None:
            return Attributes.of(self.declared)
        return Attributes.of(self.declared, self.stretch.begin, self.stretch.end)

    @property
    def holding_unknown(self) -> tuple[Wave, ...]:
        """The waves, of its own and of whom it continues, whose tasks hold numbers that nobody knows."""
        return (*(wave for wave in self.waves if wave.unknown_numbers), *self.lineage.unknown_there)

    def in_list(self, line: int) -> Position:
        """The place of a row; 0 is one that is not there (any more)."""
        return Position(self.list_label, line or 1, 1)

    @property
    def now_ms(self) -> int:
        """Now, in ms since the epoch."""
        return int(self.now.timestamp() * 1000)

    @property
    def new(self) -> bool:
        """Whether nothing of it was ever recorded."""
        return self.record is None or not self.record.has_ledger


@dataclass(frozen=True, slots=True)
class Doubts:
    """The journal's open calls by wave, and when the platform was asked; `now` and `settle` in ms."""

    calls: Mapping[int, Sequence[Intent]] = field(default_factory=dict)
    now: int = 0
    settle: int = 0

    @classmethod
    def of(cls, intents: Iterable[Intent], now: int, settle: int) -> Doubts:
        """Those that concern a wave."""
        calls: dict[int, list[Intent]] = {}
        for intent in intents:
            if intent.wave_id is not None:
                calls.setdefault(intent.wave_id, []).append(intent)
        return cls(calls, now, settle)


def with_observed(
    record: CampaignRecord | None,
    tasks: dict[str, Task | None],
    halted: Mapping[str, Left] = MappingProxyType({}),
    doubts: Doubts | None = None,
) -> tuple[Wave, ...]:
    """A campaign's waves with the phases that the platform's answers give them; discarded ones left out.

    `halted` are tasks that our own halt paused: their waves say so before any apply has noted it, unless the
    counts show that they went on since. What settling the `doubts` would make of a wave is foreseen.
    """
    waves = []
    doubts = doubts or Doubts()
    for recorded in record.waves if record else ():
        calls = doubts.calls.get(recorded.wave_id, ())
        if recorded.task_id is None or recorded.task_id not in tasks:
            # Without an answer about its task nothing is foreseen.
            waves.append(Wave(recorded, None, foreseen(recorded, None, calls, 0, doubts.settle)[1]))
            continue
        task = tasks[recorded.task_id]
        wave, untold = foreseen(recorded, task, calls, doubts.now, doubts.settle)
        now: SeenPhase = seen(wave, task)
        if now.phase is not Phase.DISCARDED:
            left = halted.get(recorded.task_id, wave.halted)
            if now.phase is Phase.PAUSED and task is not None and left is not None and left.ran_on(task):
                left = None  # Whoever set it going in between has paused it since.
            told: dict[str, Any] = {
                "phase": now.phase,
                "outside_yeta": now.outside_yeta,
                "tel_count": now.tel_count,
                "halted": left,
                "reactivated": wave.reactivated or reactivated(wave, task),
            }
            # Of most waves nothing is new, and a record takes long to make.
            new = {name: value for name, value in told.items() if getattr(wave, name) != value}
            waves.append(Wave(replace(wave, **new) if new else wave, task, untold))
    return tuple(waves)


def key_headers(declared: Calling, columns: Iterable[str]) -> tuple[str, ...]:
    """The CSV headers that identify a row; empty where the number does, whatever its header is called."""
    number = next(iter(columns), "")
    key = declared.contacts.key or ()
    return () if key == (declared.contacts.columns.get(number, number),) else key
