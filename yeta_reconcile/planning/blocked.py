"""Which campaigns an error or a guard keeps from anything: one computation for every form of a plan. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from yeta_reconcile.exits import Exit
from yeta_reconcile.plan.plan import Action, Change
from yeta_reconcile.planning.diff import Finding, Subject


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
