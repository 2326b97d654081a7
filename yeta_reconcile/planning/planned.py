"""A plan with all that it was made of: what an apply and whoever is told of it ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field

from yeta_reconcile.exits import Exit
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.plan.foresight import Called
from yeta_reconcile.plan.plan import Action, Change, Plan
from yeta_reconcile.planning.diff.case import Finding
from yeta_reconcile.planning.diff.subject import Subject
from yeta_reconcile.planning.observed import Observed
from yeta_reconcile.waves.record import Recorded


@dataclass(slots=True)
class Planned:
    """A plan and what it was made of. `exit_code` is what its findings force."""

    plan: Plan
    subjects: dict[str, Subject]
    observed: Observed
    recorded: Recorded
    signatures: dict[str, str] = field(default_factory=dict)
    exit_code: Exit = Exit.DONE
    blocked: frozenset[str] = frozenset()
    called: Called = field(default_factory=dict)
    """By when how many more will have been called, by campaign."""
    calendar: str = ""
    order: tuple[str, ...] = ()
    refusals: int = 0
    """For how many reasons it may not be carried out at all: documents are invalid, or a guard refuses."""

    @property
    def forbidden(self) -> bool:
        """Whether it may not be carried out at all."""
        return self.refusals > 0


def blocked_by(
    findings: Iterable[Finding], changes: Iterable[Change], subjects: Mapping[str, Subject]
) -> tuple[str, ...]:
    """Declared ones of which something is refused, and all that have changes in a plan that is refused."""
    codes: dict[str | None, set[Exit]] = {}
    for found in findings:
        codes.setdefault(found.diagnostic.campaign, set()).add(found.exit_code)
    kept = {name for name, exits in codes.items() if name is not None and any(exits)}
    kept |= {
        name
        for name, subject in subjects.items()
        if any(found.severity == "error" for found in subject.delta.diagnostics)
    }
    if any({Exit.INVALID, Exit.REFUSED} & exits for exits in codes.values()):
        kept |= {change.campaign for change in changes if change.action is not Action.WAIT}
    return tuple(sorted(name for name in kept if name in subjects and subjects[name].declared is not None))
