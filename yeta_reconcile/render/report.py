"""What `status`, `drift`, `history`, `why` and `state list` report: frozen values, rendered by `render/`.

Floor 2: pure. Numbers are masked before they get here. Times are aware.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar

from yeta_reconcile.plan.foresight import Forecast, LineUse
from yeta_reconcile.waves.record import Phase, RowState
from yeta_reconcile.wording import UNSAID, Text


@dataclass(frozen=True, slots=True)
class WaveStatus:
    """One wave. `live` is the platform's status in words; None is what the platform did not say.

    `missing` counts dialled numbers without a record (0: complete, None: cannot be told yet); `backfill`
    can fetch them from `fetchable_from` on (None: they are too old), of today tomorrow. `again` counts rows
    that the platform may still try again, not before `again_from`; of `again_unrecorded` of them it is known
    that they were dialled and nothing more. Of the `missing` records so many are `on_the_way`: calls have
    only just been made. `round` is the latest one in which a row of it is called. `lines` are the results
    by the line of each row's last call; `tags` and `tags_min` count the highest and the lowest tags of their
    last dialogs.
    """

    number: int
    phase: Phase
    task_id: str | None = None
    live: str = ""
    rows: int = 0
    dialled: int | None = None
    connected: int | None = None
    results: dict[str, int] = field(default_factory=dict)
    missing: int | None = 0
    fetchable_from: date | None = None
    detail: Text = UNSAID
    again: int = 0
    again_unrecorded: int = 0
    again_from: datetime | None = None
    on_the_way: int = 0
    round: int = 1
    lines: dict[str, dict[str, int]] = field(default_factory=dict)
    tags: dict[str, int] = field(default_factory=dict)
    tags_min: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NextRound:
    """So many `rows` at most are called again in a `round`, not before `since`."""

    round: int
    since: datetime
    rows: int


@dataclass(frozen=True, slots=True)
class CanaryStatus:
    """The canary of a campaign, by its call records: how it stands, and `words` on that.

    Of those who were `called` so many were `connected` or `refused`, and of the former so many `hung_up`;
    the rest follows at `until` (None: that is not known, or it follows already).
    """

    standing: str
    words: Text
    called: int = 0
    connected: int = 0
    refused: int = 0
    hung_up: int = 0
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class CampaignStatus:
    """One campaign. `declared` is its state in the documents, None if no document declares it.

    `finish` is the forecast, None if there is none; `fits` says whether that is before its end; `forecast`,
    and what stands behind `again_from`, as in `plan/foresight.py`. `unrecorded` are tasks that bear its mark
    and have no record: their ids, each with the platform's status in words.
    `again` and `again_from` are those of its waves together; of its `numbers`, each counted once in however
    many waves it stands, so many are `dialled`. `held_up_by` says in a word or two what keeps it from
    going on. There are `rounds` of calls at most, the first included; `next_round` is None if none is known
    to come; `canary` if it has none, or the rest of it was started.
    """

    name: str
    kind: str = "Campaign"
    declared: str | None = None
    waves: tuple[WaveStatus, ...] = ()
    finish: datetime | None = None
    fits: bool = True
    forecast: Text = UNSAID
    unrecorded: dict[str, Text] = field(default_factory=dict)
    again: int = 0
    again_from: datetime | None = None
    numbers: int = 0
    dialled: int = 0
    start: datetime | None = None
    finish_late: datetime | None = None
    calls: int = 0
    minutes: float = 0.0
    cost: float | None = None
    currency: str = ""
    source: str = ""
    waits_for: tuple[str, ...] = ()
    held_up_by: Text = UNSAID
    rounds: int = 1
    next_round: NextRound | None = None
    canary: CanaryStatus | None = None

    @property
    def ahead(self) -> Forecast:
        """The forecast by itself."""
        return Forecast(
            self.name,
            start=self.start,
            finish=self.finish,
            finish_late=self.finish_late,
            fits=self.fits,
            calls=self.calls,
            minutes=self.minutes,
            cost=self.cost,
            currency=self.currency,
            source=self.source,
            waits_for=self.waits_for,
            detail=self.forecast,
        )


@dataclass(frozen=True, slots=True)
class Status:
    """How every campaign stands. `halted` is the halt's own words, empty if there is none.

    `silent` says why the platform was not asked, or did not answer; then only what is recorded is shown.
    `timetable` is whose each line will be.
    `alerts` are sentences on records that do not come, or that are not ours.
    """

    FORMAT: ClassVar[str] = "yeta-status/1"

    at: datetime
    campaigns: tuple[CampaignStatus, ...] = ()
    halted: Text = UNSAID
    silent: Text = UNSAID
    timetable: tuple[LineUse, ...] = ()
    alerts: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs live: `what` is an attribute's name, or `state`, `task`, …"""

    campaign: str
    wave: int
    what: str
    applied: Any
    live: Any
    task_id: str | None = None


@dataclass(frozen=True, slots=True)
class Drift:
    """What differs live from what was applied; `checked` counts the waves that were looked at.

    `alerts` are as in a status: they are no difference.
    """

    FORMAT: ClassVar[str] = "yeta-drift/1"

    at: datetime
    checked: int
    differences: tuple[Difference, ...] = ()
    alerts: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryChange:
    """One change of a plan that was carried out; `action` and `rows` as in the plan.

    `round` is the latest in which a row of the wave is called, None where the state knows the wave no more.
    """

    campaign: str
    action: str
    wave: int
    rows: int
    round: int | None = None


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One run that changed something. `exit_code` and `ended` None: it never came to its end, or has not yet.

    `digest` covers what it was about to do, link `serial`, and `previous` the link before it; `end_digest`
    covers what came of it, if that is a link of its own, `end_serial`.
    """

    serial: int
    at: datetime | None
    who: str
    host: str
    command: str
    commit: str | None = None
    plan_id: str | None = None
    summary: dict[str, int] = field(default_factory=dict)
    outcome: str = ""
    exit_code: int | None = None
    digest: str = ""
    previous: str = ""
    end_digest: str = ""
    ended: datetime | None = None
    changes: tuple[HistoryChange, ...] = ()
    end_serial: int | None = None


@dataclass(frozen=True, slots=True)
class HistoryReport:
    """Every run, oldest first. `broken_at` is the first link at which the chain does not hold, with why.

    `links` counts the chain's and `head` is the newest one's digest; both are signed. The first `bare` are
    from before histories were signed.
    """

    FORMAT: ClassVar[str] = "yeta-history/1"

    entries: tuple[HistoryEntry, ...] = ()
    broken_at: int | None = None
    links: int = 0
    head: str = ""
    bare: int = 0
    broken_why: Text = UNSAID


@dataclass(frozen=True, slots=True)
class WhyCall:
    """One call to a number, or from it: the platform's result and its words for it; `duration` is seconds."""

    at: datetime | None
    result: str = ""
    description: str = ""
    connected: bool = False
    duration: int | None = None
    incoming: bool = False


@dataclass(frozen=True, slots=True)
class WhyWave:
    """A wave a number is in, its outcome there, and what is `known` of it, and its calls, oldest first.

    `round` is the one in which the number is called there: 1 is the first.
    """

    campaign: str
    wave: int
    row_state: RowState
    phase: Phase
    calls: tuple[WhyCall, ...] = ()
    detail: Text = UNSAID
    known: Text = UNSAID
    round: int = 1


@dataclass(frozen=True, slots=True)
class Why:
    """Every wave, call and result of one number. `number` is shown as it stands: mask it.

    `calls` are those that belong to no wave: incoming ones, and those of other tasks.
    """

    FORMAT: ClassVar[str] = "yeta-why/1"

    number: str
    waves: tuple[WhyWave, ...] = ()
    calls: tuple[WhyCall, ...] = ()


@dataclass(frozen=True, slots=True)
class StateRow:
    """A campaign in the state's ledger. `rows` are counted once, in however many waves they stand.

    The other counts are over all its waves; of `pending` rows the `unrecorded` may have been dialled.
    """

    campaign: str
    kind: str
    waves: int
    live_waves: int
    rows: int
    pending: int
    dialled: int
    held: int = 0
    unknown: int = 0
    protect: bool = False
    gone_at: datetime | None = None
    unrecorded: int = 0


@dataclass(frozen=True, slots=True)
class StateList:
    """The campaigns the state knows, declared or gone."""

    FORMAT: ClassVar[str] = "yeta-state/1"

    rows: tuple[StateRow, ...] = ()


@dataclass(frozen=True, slots=True)
class StateWave:
    """A wave as the state holds it; counts are rows by state, `counted` the platform's of dialled numbers.

    Of `pending` rows the `unrecorded` may have been dialled; `released` ones went free for another wave.
    """

    number: int
    attempt: int
    phase: Phase
    task_id: str | None
    rows: int
    pending: int
    dialled: int
    held: int = 0
    unknown: int = 0
    counted: int | None = None
    started: datetime | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    imported: bool = False
    outside_yeta: bool = False
    released: int = 0
    unrecorded: int = 0


@dataclass(frozen=True, slots=True)
class StateShow:
    """One campaign in the state: `key` are the headers that identify a row, `former` its earlier names."""

    FORMAT: ClassVar[str] = "yeta-state-show/1"

    campaign: str
    kind: str
    key: tuple[str, ...]
    former: tuple[str, ...]
    protect: bool
    next_wave: int
    waves: tuple[StateWave, ...] = ()


Report = Status | Drift | HistoryReport | Why | StateList | StateShow
