"""What a campaign that has begun names, and the platform has withdrawn since: a robot, a line. Pure.

No document is wrong: what was done outside yeta, or time, keeps its own campaign from calling, no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from yeta_reconcile.diagnostics import Severity
from yeta_reconcile.exits import Exit
from yeta_reconcile.plan.plan import Action, Change
from yeta_reconcile.planning.diff.case import Finding
from yeta_reconcile.planning.diff.subject import Subject
from yeta_reconcile.planning.preflight import PathFinding, check_campaign
from yeta_reconcile.platform.resources import Config

_CODES = frozenset({"unpublished-robot", "deleted-robot", "expired-line"})
# What the platform would refuse, or would not call by.
_NEEDS_IT = frozenset({Action.CREATE, Action.START, Action.RESUME, Action.REPLACE, Action.CALL})


def is_withdrawn(check: PathFinding, subject: Subject) -> bool:
    """Whether a finding is of what was there when the campaign began."""
    return check.code in _CODES and not subject.new


def kept_back(
    subjects: Mapping[str, Subject], changes: Iterable[Change], config: Config, now: datetime
) -> frozenset[str]:
    """The campaigns that would call, or be made ready to, by what the platform has withdrawn."""
    asking = {change.campaign for change in changes if change.action in _NEEDS_IT}
    return frozenset(
        name
        for name in asking
        if (declared := subjects[name].declared) is not None
        and any(is_withdrawn(check, subjects[name]) for check in check_campaign(declared, config, now))
    )


def without(changes: Iterable[Change], kept: frozenset[str]) -> list[Change]:
    """The changes but for those that are kept back: what stops calls is carried out all the same."""
    return [change for change in changes if change.campaign not in kept or change.action not in _NEEDS_IT]


def finding_of(check: PathFinding, subject: Subject, kept: frozenset[str]) -> Finding:
    """A finding at its place: for a person where it keeps the campaign from anything, else a warning."""
    severity: Severity = "error" if subject.name in kept else "warning"
    return Finding.of(replace(check, severity=severity).at(subject.at, subject.name), Exit.UNRESOLVED)
