"""A declared campaign under decision: its declaration and waves, and the shapes of what is decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yeta_reconcile.campaign import Attributes, Campaign
from yeta_reconcile.diff.decision import UNRESOLVED, find
from yeta_reconcile.diff.subject import key_headers
from yeta_reconcile.plan import Action, Change, Reason

if TYPE_CHECKING:
    from yeta_reconcile.diff.decision import Decision
    from yeta_reconcile.diff.subject import Subject, Wave


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
        self.in_doubt = any(found.exit_code == UNRESOLVED for found in decision.findings)
        """Whether whom a task without a record called needs a person (see `orphans`, which come first)."""

    @property
    def key(self) -> tuple[str, ...]:
        """The CSV headers that identify a row."""
        return key_headers(self.declared, self.subject.columns)

    def change(self, wave: Wave, action: Action, reason: Reason, **fields: object) -> None:
        """Decide to do something to a recorded wave."""
        places: dict[Reason, tuple[str, ...]] = {
            Reason.DECLARED_PAUSED: ("state",),
            Reason.DECLARED_RUNNING: ("state",),
            Reason.ROWS_ADDED: ("contacts",),
            Reason.ROWS_CHANGED: ("contacts",),
            Reason.ROWS_REMOVED: ("contacts",),
        }
        path = places.get(reason, ())
        attributes = fields.get("attributes")
        if reason is Reason.ATTRIBUTES_CHANGED and isinstance(attributes, dict):
            path = attribute_path(next(iter(attributes)))
        self.decision.changes.append(
            Change(
                self.subject.name,
                wave.record.number,
                action,
                reason,
                wave_id=wave.record.wave_id,
                position=self.subject.at(*path),
                **{"rows": wave.rows_left, **fields},  # type: ignore[arg-type]
            )
        )

    def wait(self, wave: Wave, reason: Reason, rows: int, detail: str) -> None:
        """Decide to wait for something."""
        self.change(wave, Action.WAIT, reason, rows=rows, detail=detail)

    def find(self, code: str, exit_code: int, summary: str, hint: str = "", *path: object) -> None:
        """Note a finding."""
        find(self.decision, self.subject, code, exit_code, summary, hint, *path)


def attribute_path(name: str) -> tuple[str, ...]:
    """Where an attribute stands in a document."""
    if name in {"begin", "end", "windows"}:
        return ("schedule", name)
    if name.startswith("recall_"):
        return ("recall", name.removeprefix("recall_"))
    return ("robot",) if name == "columns" else (name,)
