"""What a diff comes to for one campaign: changes, and findings with the exit codes they force."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from yeta_reconcile.positions import Diagnostic, Severity

if TYPE_CHECKING:
    from yeta_reconcile.diff.subject import Subject
    from yeta_reconcile.plan import Change

INVALID, REFUSED, UNRESOLVED = 3, 4, 8


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnostic and the exit code it forces (0: none)."""

    diagnostic: Diagnostic
    exit_code: int = 0


@dataclass(slots=True)
class Decision:
    """What is to be done for one campaign, and what was found."""

    changes: list[Change] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def find(
    decision: Decision,
    subject: Subject,
    code: str,
    exit_code: int,
    summary: str,
    hint: str = "",
    *path: object,
) -> None:
    """Note a finding at a place of the document."""
    position = subject.at(*path) if subject.declared is not None else None
    severity: Severity = "error" if exit_code else "warning"
    diagnostic = Diagnostic(severity, code, summary, position, hint, subject.name)
    decision.findings.append(Finding(diagnostic, exit_code))
