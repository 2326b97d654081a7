"""A plan: frozen, complete data about what an apply will do and why. Rendering is `render/`'s.

Floor 2: pure values; no number and no dynamic value is in it. How its fields are spelled in JSON, and what is
said of them in its schema, stands at them; `plan/plan_json.py` writes and reads them by it.
"""

from collections import Counter
from dataclasses import field
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from yeta_reconcile.diagnostics import Diagnostic, Position
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.plan.foresight import Count, Forecast, LineUse, Moment
from yeta_reconcile.wording import UNSAID, Text, phrase

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


# What a change does, as it is named; the other actions have sentences of their own.
ACTION = {
    Action.CREATE: phrase("create"),
    Action.START: phrase("start"),
    Action.PAUSE: phrase("pause"),
    Action.RESUME: phrase("resume"),
    Action.REPLACE: phrase("replace"),
    Action.DELETE: phrase("delete"),
    Action.ADOPT: phrase("adopt"),
    Action.FORGET: phrase("forget"),
    Action.CALL: phrase("call"),
    Action.WAIT: phrase("wait"),
}


class Reason(StrEnum):
    """Why; shown and searched for, never branched on."""

    NEW = "new"
    UNFINISHED = "unfinished"
    DECLARED_RUNNING = "declared-running"
    DECLARED_PAUSED = "declared-paused"
    PAUSED_OUTSIDE = "paused-outside-yeta"
    HALTED = "paused-by-halt"
    START_UNCONFIRMED = "start-unconfirmed"
    ROWS_ADDED = "rows-added"
    ROWS_RELEASED = "rows-released"
    ROWS_CHANGED = "rows-changed"
    ROWS_REMOVED = "rows-removed"
    ATTRIBUTES_CHANGED = "attributes-changed"
    CHANGED_OUTSIDE = "changed-outside-yeta"
    EDIT_REVERTED = "edit-reverted"
    NOTHING_LEFT = "nothing-left-to-carry"
    END_EXTENDED = "end-extended"
    DELETED_OUTSIDE = "deleted-outside-yeta"
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
    AFTER_CANARY = "after-canary"
    ABORTED = "aborted"
    OUTCOME_UNKNOWN = "outcome-unknown"
    CONTINUED = "continued"
    DIRECT_CALL = "direct-call"


REASON = {
    Reason.NEW: phrase("the campaign is new"),
    Reason.UNFINISHED: phrase("an earlier apply left it unfinished"),
    Reason.DECLARED_RUNNING: phrase("it is declared running"),
    Reason.DECLARED_PAUSED: phrase("it is declared paused"),
    Reason.PAUSED_OUTSIDE: phrase("it is declared running, but somebody paused it"),
    Reason.HALTED: phrase("it is declared running, but a halt paused it"),
    Reason.START_UNCONFIRMED: phrase("its start was sent, never confirmed; the same task is asked again"),
    Reason.ROWS_ADDED: phrase("rows were added; a started task takes none, so they get a further wave"),
    Reason.ROWS_RELEASED: phrase("rows that were settled or accounted as undialled get a further wave"),
    Reason.ROWS_CHANGED: phrase("rows of the list were edited"),
    Reason.ROWS_REMOVED: phrase("rows were removed from the list and should not be called any more"),
    Reason.ATTRIBUTES_CHANGED: phrase("its settings were changed"),
    Reason.CHANGED_OUTSIDE: phrase("somebody changed the task's settings before it was started"),
    Reason.EDIT_REVERTED: phrase(
        "the edit was taken back, or is about nobody whom the wave has yet to call: it goes on as it was"
    ),
    Reason.NOTHING_LEFT: phrase("nobody undialled is left to carry over, so the wave is left to finish"),
    Reason.END_EXTENDED: phrase("its end was moved; those not dialled in time get a further wave"),
    Reason.DELETED_OUTSIDE: phrase("somebody deleted the task; those not dialled get a new one"),
    Reason.DECLARED_AGAIN: phrase("the campaign is declared again; those not dialled get a further wave"),
    Reason.DOCUMENT_REMOVED: phrase("its document was removed"),
    Reason.DESTROY: phrase("everything is to be removed (--destroy)"),
    Reason.NOTHING_TO_CALL: phrase("nobody is left in it to call"),
    Reason.ORPHAN: phrase("the task carries our mark, but no record knows it; it was never started"),
    Reason.RECORDS_MISSING: phrase("waits for call records; without them nobody knows who was dialled"),
    Reason.DRAINING: phrase("waits for the calls in progress to end"),
    Reason.LINE_TAKEN: phrase("waits for a line that another task uses"),
    Reason.CONTINUED: phrase("waits for a campaign that it continues"),
    Reason.AFTER: phrase("begins when another campaign is over"),
    Reason.DAY_OFF: phrase("waits for a day on which it may call"),
    Reason.NEXT_DAY: phrase("its last day was over; those not dialled in time get a further wave"),
    Reason.NEXT_ROUND: phrase("those whose last call came to what recall.again names are called again"),
    Reason.CANARY: phrase("waits for what the call records of the canary say"),
    Reason.AFTER_CANARY: phrase("the canary is over, and the rest follows it"),
    Reason.ABORTED: phrase("is not called, since the canary was no success"),
    Reason.OUTCOME_UNKNOWN: phrase("waits until it is known whether an earlier request was carried out"),
    Reason.DIRECT_CALL: phrase("every row of a direct call is called out once"),
}


class ChangeKind(StrEnum):
    """What is special about a change, for those who decide by it. Why it is made is its reason's to say."""

    PLAIN = "plain"
    START_AGAIN = "start-again"
    """A start that was sent before: whom it rings was counted then."""
    CARRY_LAPSED = "carry-lapsed"
    """A wave goes on, since nobody is to be carried over any more."""
    AFTER_OUTSIDE = "after-outside"
    """It sets going what was paused outside yeta."""
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
    wave: Count
    action: Action
    reason: Annotated[Reason, WithJsonSchema({"type": "string"})]
    """Why, in one word of a list that may grow: to show, not to branch on."""
    rows: Count = 0
    """Rows it concerns."""
    rings: bool = False
    """Whether telephones ring by it."""
    attributes: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    """What changes: by name, the former value and the new one; null is not set."""
    detail: Text = UNSAID
    position: Position | None = None
    new_rows: Count = 0
    """Rows of it that were in no wave before."""
    repeat_rows: Count = 0
    """Rows of it whose people another campaign has called."""
    recall_rows: Count = 0
    """Rows beside these that were called in vain and may be tried again by it."""
    waiting_rows: Count = 0
    """Rows of it that ring only once a line, a day, a canary, another campaign or a further round lets
    them."""
    tries: Action | None = None
    """What apply asks the platform for all the same, so that they ring if it is done: whether a line is
    taken its answer alone says."""
    deletes: bool = False
    """Whether a replacement deletes a task that was started."""
    removed_rows: Count = 0
    """Rows that leave the wave since their list holds them no more."""
    wave_id: int | None = None
    """The recorded wave it acts on; null is one that does not exist yet."""
    task_id: str | None = None
    """The task of a change that concerns one no record knows."""
    kind: ChangeKind = ChangeKind.PLAIN
    """What is special about it; absent, nothing is."""

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

    create: Count
    start: Count
    pause: Count
    resume: Count
    delete: Count
    replace: Count
    wait: Count
    call: Count
    new_numbers: Count
    """Rows that enter a wave."""
    ringing_numbers: Count
    """Rows that may ring after this apply, recalls of a wave that is resumed included."""
    recall_numbers: Count
    """How many of them were called in vain and may be tried again, at most."""
    waiting_numbers: Count
    """Rows that ring only once a line, a day, a canary, another campaign or a further round lets them; none
    of them is in ringing_numbers."""
    repeat_numbers: Count
    """People a campaign has called who may be called again."""
    removed_numbers: Count
    """Rows that leave a staged or live wave since their list holds them no more."""
    campaigns: Count
    """Campaigns that are declared."""
    unchanged: Count
    """Campaigns that were looked at and have no change."""
    blocked: Count
    """Campaigns that an error or a guard keeps from anything, with changes or without; none of them is
    unchanged."""
    adopt: Count
    forget: Count
    passed_over: Count
    """Campaigns that were not looked at (--only)."""

    def of(self, action: Action) -> int:
        """How many changes do this."""
        counted: int = getattr(self, action)
        return counted


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything an apply will do, in order, with its reasons and findings.

    `campaigns` are declared; `passed_over` of them were not looked at (`--only`), and the `blocked` ones are
    those that an error or a guard keeps from anything, whatever changes they would have.
    `gone` ones have changes, and no document declares them.
    `facts` binds a saved plan to the documents, lists and deciding facts it was made from, by campaign.
    """

    plan_id: Annotated[str, Field(alias="id")]
    """Tells one plan from another; it stands in the history of what was applied."""
    created: Moment
    expires: Moment
    """From then on a saved plan is refused (exit 5)."""
    commit: str | None
    """What was checked out when it was made; recorded, never decisive."""
    campaigns: Count
    changes: tuple[Change, ...] = ()
    """What apply does, by campaign, in the order it is done."""
    diagnostics: tuple[Diagnostic, ...] = ()
    forecast: tuple[Forecast, ...] = ()
    timetable: tuple[LineUse, ...] = ()
    """Whose each line of the account will be, in order; without `campaign` and `holder` a line is idle."""
    facts: dict[str, str] = field(default_factory=dict)
    """By campaign, digests of what was decided on: its document and list, and its waves."""
    state_id: Annotated[str, Field(alias="state")] = ""
    """The state it was made from; empty if there was none yet."""
    owner: str = ""
    """project/environment."""
    passed_over: Count = 0
    blocked: tuple[str, ...] = ()
    """Campaigns that an error or a guard keeps from anything."""
    gone: tuple[str, ...] = ()
    """Campaigns with changes that no document declares."""
    halted: bool = False
    """A halt is on: none of the ringing_numbers rings until it is lifted and this is applied once more."""

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
        changes = self.changes
        done = Counter(change.action for change in changes)
        touched = {change.campaign for change in changes}.difference(self.gone).union(self.blocked)
        return Summary(
            **{str(action): done[action] for action in Action},
            new_numbers=sum(change.new_rows for change in changes),
            ringing_numbers=sum(change.ringing_rows for change in changes),
            recall_numbers=sum(change.recall_rows for change in changes if change.rings),
            waiting_numbers=sum(change.waiting_rows for change in changes),
            repeat_numbers=sum(change.repeat_rows for change in changes),
            removed_numbers=sum(change.removed_rows for change in changes),
            campaigns=self.campaigns,
            unchanged=max(self.campaigns - self.passed_over - len(touched), 0),
            blocked=len(self.blocked),
            passed_over=self.passed_over,
        )
