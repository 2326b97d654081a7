"""A declared campaign under decision: its declaration and waves, and the shapes of what is decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from yeta_reconcile.diagnostics import Diagnostic, Severity
from yeta_reconcile.exits import Exit
from yeta_reconcile.plan.plan import Action, Change, Reason
from yeta_reconcile.planning.diff.subject import key_headers
from yeta_reconcile.waves.attributes import (
    Attributes,
    attribute_path,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from yeta_reconcile.diagnostics import Position
    from yeta_reconcile.documents.models import (
        Campaign,
    )
    from yeta_reconcile.planning.diff.subject import Subject, Wave

_TAKES_OUT = frozenset({Action.REPLACE, Action.DELETE, Action.WAIT})

# Where a document says it; what stands in no document's key is reasoned with the document.
_DECLARED_AT = {
    Reason.DECLARED_PAUSED: ("state",),
    Reason.DECLARED_RUNNING: ("state",),
    Reason.END_EXTENDED: ("schedule", "end"),
}


class Case:
    """One declared campaign, its decision in the making."""

    def __init__(self, subject: Subject, declared: Campaign, decision: Decision) -> None:
        self.subject = subject
        self.declared = declared
        self.decision = decision
        self.delta = subject.delta
        self.attributes = Attributes.of(declared)
        end = declared.schedule.end
        self.ended = end is not None and end <= subject.now
        self.running = declared.state == "running"
        self.in_doubt = any(found.exit_code == Exit.UNRESOLVED for found in decision.findings)
        """Whether whom a task without a record called needs a person (see `orphans`, which come first)."""

    @property
    def key(self) -> tuple[str, ...]:
        """The CSV headers that identify a row."""
        return key_headers(self.declared, self.subject.columns)

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
        leaving = action in _TAKES_OUT and (record.staged or record.live)
        said = any(
            change.wave_id == record.wave_id and change.removed_rows for change in self.decision.changes
        )
        return self.delta.left.get(record.wave_id, 0) if leaving and not said else 0

    def wait(self, wave: Wave, reason: Reason, rows: int, detail: str) -> None:
        """Decide to wait for something."""
        self.change(wave, Action.WAIT, reason, rows=rows, detail=detail)

    def find(self, code: str, exit_code: Exit, summary: str, hint: str = "", *path: object) -> None:
        """Note a finding."""
        find(self.decision, self.subject, code, exit_code, summary, hint, *path)


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnostic and the exit code it forces."""

    diagnostic: Diagnostic
    exit_code: Exit = Exit.DONE


@dataclass(slots=True)
class Decision:
    """What is to be done for one campaign, and what was found."""

    changes: list[Change] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def find(
    decision: Decision,
    subject: Subject,
    code: str,
    exit_code: Exit,
    summary: str,
    hint: str = "",
    *path: object,
) -> None:
    """Note a finding at a place of the document."""
    position = subject.at(*path) if subject.declared is not None else None
    severity: Severity = "error" if exit_code else "warning"
    diagnostic = Diagnostic(severity, code, summary, position, hint, subject.name)
    decision.findings.append(Finding(diagnostic, exit_code))
