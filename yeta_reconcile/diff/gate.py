"""Whether a campaign may have a new wave at all: nothing of it in doubt, and not another one renamed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yeta_reconcile.campaign import DirectCall
from yeta_reconcile.diff.decision import REFUSED, UNRESOLVED, Decision, find

if TYPE_CHECKING:
    from yeta_reconcile.diff.subject import Subject


def blocked(subject: Subject, decision: Decision) -> bool:
    """Whether no new wave may come: something of this campaign, or of one unknown, needs a person."""
    if any(finding.exit_code == UNRESOLVED for finding in decision.findings):
        return True
    if _two_ledgers(subject, decision) or _renamed(subject, decision) or _kin(subject, decision):
        return True
    if subject.state_lost and isinstance(subject.declared, DirectCall):
        find(
            decision, subject, "state-lost", UNRESOLVED,
            f"nobody of {subject.name} is called out while a started task of ours has no record: the state "
            "was lost or is an old copy, and direct calls leave no task that could tell who was called out",
            "`yeta state rebuild` holds its rows as possibly called",
        )  # fmt: skip
        return True
    if subject.strangers_block and subject.new:
        find(
            decision, subject, "stranger-started", UNRESOLVED,
            f"{subject.name} gets no wave while a started task of ours belongs to a campaign nobody "
            "declares: it may be this one under a former name",
            "settle that task first (see its own finding)",
        )  # fmt: skip
        return True
    return False


def _two_ledgers(subject: Subject, decision: Decision) -> bool:
    declared = subject.declared
    if not subject.two_ledgers or declared is None:
        return False
    find(
        decision, subject, "two-ledgers", REFUSED,
        f"{declared.name} called people of its own before it was said to be what became of "
        f"{declared.renamed_from}: one campaign cannot go on with two ledgers",
        f"take another name, or `yeta state forget {declared.name}` if its people may be called again",
        "renamed_from",
    )  # fmt: skip
    return True


def _renamed(subject: Subject, decision: Decision) -> bool:
    shared, _ = subject.delta.kin.get(subject.successor, (0, 0))
    if not subject.new or not shared:
        return False
    find(
        decision, subject, "renamed-before", REFUSED,
        f"{subject.name} became {subject.successor}, which called {shared} of these people: under the former "
        "name they would be called a second time",
        f"take this document off, or say `repeats: [{subject.successor}]` to call them again", "name",
    )  # fmt: skip
    return True


def _kin(subject: Subject, decision: Decision) -> bool:
    declared = subject.declared
    if not subject.new or declared is None:
        return False
    kin = [name for name, (shared, shorter) in subject.delta.kin.items() if shared * 2 >= shorter > 0]
    for name in kin:
        shared, shorter = subject.delta.kin[name]
        find(
            decision, subject, "looks-renamed", REFUSED,
            f"{subject.name} looks like {name}, which is gone: they share {shared} of {shorter} people",
            f"say `renamed_from: {name}` if it is the same campaign, or `repeats: [{name}]` to call them "
            "again",
            "name",
        )  # fmt: skip
    return bool(kin)
