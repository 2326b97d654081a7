"""A plan: frozen, complete data about what an apply will do and why. Rendering is `render/`'s.

Floor 2: pure values; no number and no dynamic value is in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from yeta_reconcile.wording import UNSAID, Text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from yeta_reconcile.diagnostics import Diagnostic, Position
    from yeta_reconcile.plan.foresight import Forecast, Held

FORMAT = "yeta-plan/1"


class Action(StrEnum):
    """What a change does to a wave."""

    CREATE = "create"
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    DELETE = "delete"
    REPLACE = "replace"
    WAIT = "wait"
    ADOPT = "adopt"
    FORGET = "forget"
    CALL = "call"


SYMBOL = {
    Action.CREATE: "+",
    Action.START: ">",
    Action.PAUSE: "=",
    Action.RESUME: ">",
    Action.DELETE: "-",
    Action.REPLACE: "±",
    Action.WAIT: "…",
    Action.ADOPT: "&",
    Action.FORGET: "x",
    Action.CALL: "!",
}


class Reason(StrEnum):
    """Why; shown and searched for, never branched on."""

    NEW = "new"
    UNFINISHED = "unfinished"
    DECLARED_RUNNING = "declared-running"
    DECLARED_PAUSED = "declared-paused"
    PAUSED_BY_HAND = "paused-by-another-hand"
    HALTED = "paused-by-halt"
    START_UNCONFIRMED = "start-unconfirmed"
    ROWS_ADDED = "rows-added"
    ROWS_RELEASED = "rows-released"
    ROWS_CHANGED = "rows-changed"
    ROWS_REMOVED = "rows-removed"
    ATTRIBUTES_CHANGED = "attributes-changed"
    CHANGED_BY_HAND = "changed-by-another-hand"
    EDIT_REVERTED = "edit-reverted"
    NOTHING_LEFT = "nothing-left-to-carry"
    END_EXTENDED = "end-extended"
    DELETED_BY_HAND = "deleted-by-another-hand"
    DECLARED_AGAIN = "declared-again"
    DOCUMENT_REMOVED = "document-removed"
    DESTROY = "destroy"
    NOTHING_TO_CALL = "nothing-to-call"
    ORPHAN = "orphan"
    RECORDS_MISSING = "records-missing"
    DRAINING = "draining"
    LINE_TAKEN = "line-taken"
    AFTER = "after-another"
    DAY_OFF = "day-off"
    NEXT_DAY = "next-day"
    NEXT_ROUND = "next-round"
    CANARY = "canary"
    ABORTED = "aborted"
    OUTCOME_UNKNOWN = "outcome-unknown"
    CONTINUED = "continued"
    DIRECT_CALL = "direct-call"
    IMPORT = "import"


class ChangeKind(StrEnum):
    """What is special about a change, for those who decide by it. Why it is made is its reason's to say."""

    PLAIN = "plain"
    START_AGAIN = "start-again"
    """A start that was sent before: whom it rings was counted then."""
    CARRY_LAPSED = "carry-lapsed"
    """A wave goes on, since nobody was left to carry over."""
    AFTER_HAND = "after-hand"
    """It sets going what another hand paused."""
    AFTER_HALT = "after-halt"
    """It sets going what a halt paused."""
    TIMED = "timed"
    """A wait that ends at a moment which is known."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing an apply will do. `rows` are those it concerns; `rings` is whether telephones ring by it.

    `wave_id` is the recorded wave it acts on (None: one that does not exist yet); `task_id` an orphan's
    task. `recall_rows` were called in vain and may be tried again by the platform; `deletes` is whether a
    replacement deletes a task that was started; `removed_rows` leave the wave since the list holds them no
    more. `waiting_rows` ring only once a line, a day, a canary, another campaign or a round lets them;
    `tries`: of this wait the platform's answer decides, so that it is asked to do that all the same, and they
    may ring. `position` names the file and line that caused it. `attributes` maps a name to (former, now).
    """

    campaign: str
    wave: int
    action: Action
    reason: Reason
    rows: int = 0
    rings: bool = False
    attributes: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    detail: Text = UNSAID
    position: Position | None = None
    wave_id: int | None = None
    task_id: str | None = None
    new_rows: int = 0
    repeat_rows: int = 0
    recall_rows: int = 0
    waiting_rows: int = 0
    tries: Action | None = None
    deletes: bool = False
    removed_rows: int = 0
    kind: ChangeKind = ChangeKind.PLAIN

    @property
    def again(self) -> bool:
        """Whether it is a start that was sent before."""
        return self.kind is ChangeKind.START_AGAIN

    @property
    def may_ring(self) -> bool:
        """Whether anybody may ring by it: as it says, or since the platform lets what it says waits."""
        return self.rings or self.tries is not None

    @property
    def ringing_rows(self) -> int:
        """Rows that may ring by it, those included that were called in vain and may be tried again."""
        return self.rows + self.recall_rows if self.rings else 0


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts over a plan's changes (contract: plan JSON)."""

    counts: dict[Action, int]
    new_numbers: int
    ringing_numbers: int
    recall_numbers: int
    waiting_numbers: int
    repeat_numbers: int
    removed_numbers: int
    campaigns: int
    unchanged: int
    blocked: int
    passed_over: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything an apply will do, in order, with its reasons and findings.

    `campaigns` are declared; `passed_over` of them were not looked at (`--only`), and the `blocked` ones are
    those that an error or a guard keeps from anything, whatever changes they would have.
    `gone` ones have changes, and no document declares them.
    `facts` binds a saved plan to the documents, lists and deciding facts it was made from, by campaign.
    """

    plan_id: str
    created: datetime
    expires: datetime
    commit: str | None
    campaigns: int
    changes: tuple[Change, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    forecast: tuple[Forecast, ...] = ()
    timetable: tuple[Held, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)
    state_id: str = ""
    owner: str = ""
    passed_over: int = 0
    blocked: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    @property
    def doing(self) -> tuple[Change, ...]:
        """The changes that do something: all but waits."""
        return tuple(change for change in self.changes if change.action is not Action.WAIT)

    @property
    def asking(self) -> tuple[Change, ...]:
        """The changes of which any call is sent: those that do something, and waits that are tried."""
        return tuple(change for change in self.changes if change.action is not Action.WAIT or change.tries)

    @property
    def summary(self) -> Summary:
        """The counts."""
        looked_at = self.campaigns - self.passed_over
        return summarise(self.changes, looked_at, self.passed_over, self.blocked, {*self.gone})


def summarise(
    changes: Iterable[Change], looked_at: int, passed_over: int, blocked: Collection[str], gone: set[str]
) -> Summary:
    """Counts over changes. `looked_at` campaigns are declared, and `passed_over` more; the `gone` are not."""
    counts = dict.fromkeys(Action, 0)
    touched = set()
    new = ringing = recalls = waiting = repeats = removed = 0
    for change in changes:
        counts[change.action] += 1
        touched.add(change.campaign)
        new += change.new_rows
        repeats += change.repeat_rows
        removed += change.removed_rows
        ringing += change.ringing_rows
        waiting += change.waiting_rows
        recalls += change.recall_rows if change.rings else 0
    unchanged = max(looked_at - len(touched - gone | {*blocked}), 0)
    everyone = looked_at + passed_over
    return Summary(
        counts,
        new,
        ringing,
        recalls,
        waiting,
        repeats,
        removed,
        everyone,
        unchanged,
        len(blocked),
        passed_over,
    )
