"""A plan with all that it was made of: what an apply and whoever is told of it ask for."""

from __future__ import annotations

from dataclasses import dataclass, field

from yeta_reconcile.exits import Exit
from yeta_reconcile.plan.foresight import Called
from yeta_reconcile.plan.plan import Plan
from yeta_reconcile.planning.diff import Subject
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
