"""A declared campaign under decision: its declaration and waves, and the shapes of what is decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from yeta_reconcile.diagnostics import Diagnostic, Position, Severity
from yeta_reconcile.documents.models import Campaign
from yeta_reconcile.exits import Exit
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.moments import moment
from yeta_reconcile.plan.plan import Action, Change, ChangeKind, Reason
from yeta_reconcile.planning.diff.subject import Subject, Wave
from yeta_reconcile.waves.attributes import attribute_path
from yeta_reconcile.waves.record import Phase, WaveRecord
from yeta_reconcile.wording import BOTH, UNSAID, Text, listed, phrase

TAKES_OUT = frozenset({Action.REPLACE, Action.DELETE, Action.WAIT})

# Where a document says it; what stands in no document's key is reasoned with the document.
_DECLARED_AT = {
    Reason.DECLARED_PAUSED: ("state",),
    Reason.DECLARED_RUNNING: ("state",),
    Reason.END_EXTENDED: ("schedule", "end"),
    Reason.DAY_OFF: ("schedule", "days"),
    Reason.NEXT_DAY: ("schedule", "days"),
    Reason.AFTER: ("after",),
    Reason.NEXT_ROUND: ("recall", "again"),
    Reason.CANARY: ("rollout",),
    Reason.AFTER_CANARY: ("rollout",),
    Reason.ABORTED: ("rollout", "abort_if"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnostic and the exit code it forces."""

    diagnostic: Diagnostic
    exit_code: Exit = Exit.DONE

    @classmethod
    def of(cls, diagnostic: Diagnostic, fatal: Exit) -> Finding:
        """An error forces `fatal`, anything else nothing."""
        return cls(diagnostic, fatal if diagnostic.severity == "error" else Exit.DONE)


@dataclass(slots=True)
class Decision:
    """What is to be done for one campaign, and what was found."""

    subject: Subject
    changes: list[Change] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def unresolved(self) -> bool:
        """Whether anything that was found needs a person."""
        return any(found.exit_code == Exit.UNRESOLVED for found in self.findings)

    def find(self, code: str, exit_code: Exit, summary: Text, hint: Text = UNSAID, *path: object) -> None:
        """Note a finding at a place of the document."""
        subject = self.subject
        position = subject.at(*path) if subject.declared is not None else None
        severity: Severity = "error" if exit_code else "warning"
        diagnostic = Diagnostic(severity, code, summary, position, hint, subject.name)
        self.findings.append(Finding(diagnostic, exit_code))

    def note(self, code: str, words: Text, place: Position) -> None:
        """Note what keeps nothing from anything."""
        diagnostic = Diagnostic("note", code, words, place, campaign=self.subject.name)
        self.findings.append(Finding(diagnostic))

    def wait(
        self,
        reason: Reason,
        rows: int,
        detail: Text,
        position: Position,
        record: WaveRecord | None = None,
        *,
        number: int | None = None,
        counted: bool = True,
        kind: ChangeKind = ChangeKind.PLAIN,
    ) -> None:
        """Decide that rows wait, in a recorded wave, else for that `number`, else for the next.

        `counted`: they ring only then, and are named so.
        """
        self.changes.append(
            Change(
                self.subject.name,
                record.number if record else number or self.subject.lineage.next_wave,
                Action.WAIT,
                reason,
                rows=rows,
                waiting_rows=rows if counted else 0,
                detail=detail,
                position=position,
                wave_id=record.wave_id if record else None,
                kind=kind,
            )
        )


class Case:
    """One declared campaign, its decision in the making."""

    def __init__(self, decision: Decision, declared: Campaign) -> None:
        subject = self.subject = decision.subject
        self.declared = declared
        self.decision = decision
        self.find = decision.find
        self.delta = subject.delta
        self.attributes = subject.attributes
        self.ended = subject.ended
        self.running = declared.state == "running"
        self.delay = _delay(subject, declared)
        """Why nothing of it may begin or go on to ring now though it is declared running; None: it may."""
        self.in_doubt = decision.unresolved or any(wave.record.doubts_free for wave in subject.waves)
        """Whether whom a task called is not known: one without a record, or that went on (see `orphans`)."""

    def cause(self, reason: Reason, wave_id: int = 0, *attributes: str) -> Position:
        """Where that stands by which a change is reasoned: in the list, the document, or the defaults."""
        lines = {
            Reason.ROWS_ADDED: self.delta.new_line,
            Reason.ROWS_RELEASED: self.delta.new_line,
            Reason.ROWS_CHANGED: self.delta.edited_lines.get(wave_id, 0),
            Reason.ROWS_REMOVED: 0,
            Reason.NOTHING_TO_CALL: 0,
        }
        line = lines.get(reason)
        if line is not None:
            return self.subject.in_list(line)
        changed = {Reason.ATTRIBUTES_CHANGED: attribute_path(attributes[0])} if attributes else {}
        return self.subject.at(*(_DECLARED_AT | changed).get(reason, ()))

    def change(
        self,
        wave: Wave,
        action: Action,
        reason: Reason,
        *,
        attributes: Mapping[str, tuple[object, object]] | None = None,
        **fields: object,
    ) -> None:
        """Decide to do something to a recorded wave."""
        self.decision.changes.append(
            Change(
                self.subject.name,
                wave.record.number,
                action,
                reason,
                wave_id=wave.record.wave_id,
                position=self.cause(reason, wave.record.wave_id, *attributes or ()),
                attributes=dict(attributes or {}),
                **{"rows": wave.rows_left, "removed_rows": self._removed(wave, action), **fields},  # type: ignore[arg-type]
            )
        )

    def _removed(self, wave: Wave, action: Action) -> int:
        """Rows that leave a wave since the list holds them no more; counted once, also while that waits."""
        record = wave.record
        leaving = action in TAKES_OUT and (record.staged or record.live)
        said = any(
            change.wave_id == record.wave_id and change.removed_rows for change in self.decision.changes
        )
        return self.delta.left.get(record.wave_id, 0) if leaving and not said else 0

    def changes_of(self, wave: Wave) -> dict[str, tuple[object, object]]:
        """Name: (former, now) for what of a wave's task is not as it is declared; its stretch of days too."""
        former = wave.record.attributes
        changed = self.attributes.changes_from(former)
        other = former.until != self.attributes.until if wave.record.staged else not self.keeps_days(wave)
        if other:
            changed["days"] = (former.stretch, self.attributes.stretch)
        return changed

    def keeps_days(self, wave: Wave) -> bool:
        """Whether a wave, if it goes on as it is, calls on allowed days only."""
        days = self.subject.allowed.days
        if days is None or days.every:
            return True
        asked, now = wave.record.attributes, self.subject.now
        begins = max(filter(None, (now, asked.opens)))
        return days.keeps(begins, asked.closes)

    def day_over(self, wave: Wave) -> bool:
        """Whether the days are over for which a wave was made."""
        until = wave.record.attributes.until
        return until is not None and until <= self.subject.now

    def defer(self, rows: int, wave: Wave | None = None) -> None:
        """Decide that rows wait for their day, or for another campaign; `wave`: they stand in it already."""
        assert self.delay is not None
        record = wave.record if wave else None
        self.decision.wait(self.delay.reason, rows, self.delay.detail, self.cause(self.delay.reason), record)

    def stop(self, wave: Wave) -> None:
        """Decide to pause a wave, if it goes on: it is declared paused, or would call on a day off."""
        if wave.record.phase is Phase.STARTED:
            self.change(wave, Action.PAUSE, Reason.DAY_OFF if self.running else Reason.DECLARED_PAUSED)

    def wait(self, wave: Wave, reason: Reason, rows: int, detail: Text) -> None:
        """Decide to wait for something."""
        self.change(wave, Action.WAIT, reason, rows=rows, detail=detail)


@dataclass(frozen=True, slots=True)
class Delay:
    """Why a campaign that is declared running does not begin, or go on, now."""

    reason: Reason
    detail: Text


def rings_now(subject: Subject, declared: Campaign) -> bool:
    """Whether nothing that is declared keeps a campaign from calling whom it has."""
    running = declared.state == "running" and not subject.ended
    return running and _delay(subject, declared) is None


def _delay(subject: Subject, declared: Campaign) -> Delay | None:
    """Who has to be over first, then the day; what began does not wait for others any more."""
    if why := subject.no_day:
        return Delay(Reason.DAY_OFF, why)
    if declared.state != "running":
        return None
    begun = subject.record is not None and subject.record.started
    before = subject.allowed.before
    if before and not begun:
        return Delay(Reason.AFTER, phrase("until {before}", before=listed(before, 0, by=BOTH)))
    stretch = subject.stretch
    if stretch is not None and stretch.begin.date() > subject.soonest.astimezone(stretch.begin.tzinfo).date():
        return Delay(Reason.DAY_OFF, phrase("until {begin}", begin=moment(stretch.begin)))
    return None
