"""Whether a campaign may call anybody new: nothing of it in doubt, and nobody called again unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yeta_reconcile.amounts import count
from yeta_reconcile.documents.models import DirectCall
from yeta_reconcile.exits import Exit
from yeta_reconcile.planning.diff.case import (
    Decision,
    find,
)
from yeta_reconcile.waves.record import BY_HAND

if TYPE_CHECKING:
    from yeta_reconcile.planning.delta import Met
    from yeta_reconcile.planning.diff.subject import Subject

_MANY = "`limits.repeat_numbers` says how many may be"


def blocked(subject: Subject, decision: Decision) -> bool:
    """Whether no new wave may come: something of this campaign, or of one unknown, needs a person."""
    if any(finding.exit_code == Exit.UNRESOLVED for finding in decision.findings):
        return True
    _name_called(subject, decision)
    if _two_ledgers(subject, decision) or _renamed(subject, decision) or _moved(subject, decision):
        return True
    if subject.unsettled:
        find(
            decision, subject, "continued-unsettled", Exit.UNRESOLVED,
            f"{subject.name} gets no wave while a started task of {', '.join(subject.unsettled)}, which it "
            "continues, has no record: whom that called is not known",
            "settle that task first (see its own finding)", "continues",
        )  # fmt: skip
        return True
    if subject.state_lost and isinstance(subject.declared, DirectCall):
        find(
            decision, subject, "state-lost", Exit.UNRESOLVED,
            f"nobody of {subject.name} is called out while a started task of ours has no record: the state "
            "was lost or is an old copy, and direct calls leave no task that could tell who was called out",
            "`yeta state rebuild` holds its rows as possibly called",
        )  # fmt: skip
        return True
    if subject.callouts_missing:
        find(
            decision, subject, "call-outs-missing", Exit.UNRESOLVED,
            f"nobody of {subject.name} is called out: call-outs were sent with the state in this place that "
            "it does not know; it is an older copy, or a new one",
            "put the newest copy back; else `yeta state rebuild` holds its rows as possibly called",
        )  # fmt: skip
        return True
    if subject.strangers_block and subject.new:
        find(
            decision, subject, "stranger-started", Exit.UNRESOLVED,
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
        decision, subject, "two-ledgers", Exit.REFUSED,
        f"{declared.name} called people of its own before it was said to be what became of "
        f"{declared.renamed_from}: one campaign cannot go on with two ledgers",
        f"take another name, or `yeta state forget {declared.name}` if its people may be called again",
        "renamed_from",
    )  # fmt: skip
    return True


def _renamed(subject: Subject, decision: Decision) -> bool:
    met = subject.delta.met.get(subject.successor)
    if not subject.new or met is None:
        return False
    find(
        decision, subject, "renamed-before", Exit.REFUSED,
        f"{subject.name} became {subject.successor}, which has {met.shared} of these people in its waves: "
        "under the former name they would be called a second time",
        f"take this document off, or say `repeats: [{subject.successor}]` to call them again", "name",
    )  # fmt: skip
    return True


def _moved(subject: Subject, decision: Decision) -> bool:
    """Whether people come from another campaign, and nothing says how they are meant."""
    moved = False
    for name, met in subject.delta.met.items():
        shorter = min(met.people, subject.delta.declared)
        if subject.new and met.gone and met.shared * 2 >= shorter > 0:
            find(
                decision, subject, "looks-renamed", Exit.REFUSED,
                f"{subject.name} looks like {name}, which is gone: they share {met.shared} of "
                f"{count(shorter, 'person', 'people')}",
                f"say `renamed_from: {name}` if it is the same campaign, `continues: [{name}]` if those it "
                f"called are not to be called again, or `repeats: [{name}]` to call them again",
                "name",
            )  # fmt: skip
            moved = True
        elif met.moved:
            find(
                decision, subject, "people-moved", Exit.REFUSED,
                f"{count(met.moved, 'person', 'people')} whom {name} {_has_called(met)} "
                f"{'leaves' if met.moved == 1 else 'leave'} it, and {subject.name} would call them again",
                f"say `continues: [{name}]` if they are not to be called again, `repeats: [{name}]` if they "
                f"are, or `renamed_from: {name}` if it is the same campaign",
                "contacts", "csv",
            )  # fmt: skip
            moved = True
    return moved


def _name_called(subject: Subject, decision: Decision) -> None:
    """Say of each campaign how many of its people would be called again, lately or because it is repeated."""
    for name, met in subject.delta.met.items():
        if not met.called:
            continue
        find(
            decision, subject, "called-lately", Exit.DONE,
            f"{met.called} of the people whom {subject.name} would call {_called_by(name, met)}",
            "" if met.repeated else _MANY, "contacts", "csv",
        )  # fmt: skip
    for name, people in subject.delta.alongside.items():
        find(
            decision, subject, "called-by-two", Exit.DONE,
            f"{people} of the people whom {subject.name} would call are called by {name} as well, by "
            "the same plan",
            _MANY, "contacts", "csv",
        )  # fmt: skip
    for name, numbers in subject.delta.strange.items():
        held = count(numbers, "number", "numbers")
        words = f"the tasks of {name} hold {held} of which nobody knows whose: whom {subject.name} would call"
        find(
            decision, subject, "called-perhaps", Exit.DONE, f"{words} may be among them",
            f"call records tell, or `yeta state resolve {name}` settles it", "contacts", "csv",
        )  # fmt: skip


def _called_by(name: str, met: Met) -> str:
    """What is known of those whom a campaign called, may have called, or is about to call."""
    who = "`yeta call`" if name == BY_HAND else name
    when = "and are to be called again" if met.repeated else "in the last 30 days"
    if not met.untold:
        return f"were called by {who} {when}"
    if met.untold == met.called:
        standing = " and are to be called again" if met.repeated else ""
        return f"are in a started wave of {who}, and no record tells yet whether it called them{standing}"
    return (
        f"were called by {who} {when}, or may be yet: of {met.untold} no record tells whether it called them"
    )


def _has_called(met: Met) -> str:
    return "called" if not met.untold else "called, or may have called,"
