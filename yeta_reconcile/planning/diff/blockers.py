"""Whether a campaign may call anybody new: nothing of it in doubt, and nobody called again unseen."""

from __future__ import annotations

from yeta_reconcile.amounts import count
from yeta_reconcile.documents.models import DirectCall
from yeta_reconcile.exits import Exit
from yeta_reconcile.planning.delta import Met
from yeta_reconcile.planning.diff.case import Decision
from yeta_reconcile.waves.record import FORGOTTEN, NOBODY, SINGLE_CALLS
from yeta_reconcile.wording import UNSAID, Text, listed, phrase, plural

_SETTLE_FIRST = phrase("settle that task first (see its own finding)")
_MANY = phrase("`limits.repeat_numbers` says how many may be")

# Who calls and is no campaign.
_NOT_DECLARED = {
    SINGLE_CALLS: phrase("`yeta call`"),
    FORGOTTEN: phrase("a forgotten campaign"),
    NOBODY: phrase("a task that the platform shows no more and no state knows"),
}


def blocked(decision: Decision) -> bool:
    """Whether no new wave may come: something of this campaign, or of one unknown, needs a person."""
    if decision.unresolved:
        return True
    known = len(decision.findings)
    for rule in (_name_called, _two_ledgers, _renamed, _moved, _others_unsettled, _callouts_unknown):
        rule(decision)
        if any(found.exit_code for found in decision.findings[known:]):
            return True
    _name_strange(decision)
    return False


def _others_unsettled(decision: Decision) -> None:
    """A task of another campaign may have called these people, and nobody knows whom it called."""
    subject = decision.subject
    if subject.lineage.unsettled:
        words = phrase(
            "{name} gets no wave while a started task of {unsettled}, which it continues, has no record: "
            "whom that called is not known",
            name=subject.name,
            unsettled=listed(subject.lineage.unsettled, 0),
        )
        decision.find("continued-unsettled", Exit.UNRESOLVED, words, _SETTLE_FIRST, "continues")
    elif subject.unrecorded.undeclared_block and subject.new:
        words = phrase(
            "{name} gets no wave while a started task of ours belongs to a campaign nobody declares: it may "
            "be this one under a former name",
            name=subject.name,
        )
        decision.find("undeclared-orphan", Exit.UNRESOLVED, words, _SETTLE_FIRST)


def _callouts_unknown(decision: Decision) -> None:
    """People may have been called out of whom the state does not know it."""
    subject = decision.subject
    if subject.unrecorded.state_lost and isinstance(subject.declared, DirectCall):
        words = phrase(
            "nobody of {name} is called out while a started task of ours has no record: the state was lost "
            "or is an old copy, and direct calls leave no task that could tell who was called out",
            name=subject.name,
        )
        hint = phrase("`yeta state rebuild` holds its rows as possibly called")
        decision.find("state-lost", Exit.UNRESOLVED, words, hint)
    elif subject.unrecorded.callouts_missing:
        words = phrase(
            "nobody of {name} is called out: call-outs were sent with the state in this place that it does "
            "not know; it is an older copy, or a new one",
            name=subject.name,
        )
        hint = phrase("put the newest copy back; else `yeta state rebuild` holds its rows as possibly called")
        decision.find("call-outs-missing", Exit.UNRESOLVED, words, hint)


def _name_strange(decision: Decision) -> None:
    """Say of whom nobody knows whether others called them; where nobody is called, that is no news."""
    subject = decision.subject
    for name, strange in subject.delta.strange.items():
        words = phrase(
            "the tasks of {name} hold {held} of which nobody knows whose: whom {subject_name} would call "
            "may be among them",
            name=name,
            held=count(strange.numbers, "number", "numbers"),
            subject_name=subject.name,
        )
        hint = phrase("call records tell, or `yeta state resolve {name}` settles it", name=name)
        if strange.tasks:
            hint = phrase(
                "settle what has no record first, as the findings of {name} say: {tasks}",
                name=name,
                tasks=listed((phrase("task {id}", id=task) for task in strange.tasks), 0),
            )
        decision.find("called-perhaps", Exit.DONE, words, hint, "contacts", "csv")


def _two_ledgers(decision: Decision) -> None:
    declared = decision.subject.declared
    if not decision.subject.lineage.two_ledgers or declared is None:
        return
    decision.find(
        "two-ledgers",
        Exit.REFUSED,
        phrase(
            "{name} called people of its own before it was said to be {renamed_from} under a new name: "
            "one campaign cannot go on with two ledgers",
            name=declared.name,
            renamed_from=declared.renamed_from,
        ),
        phrase(
            "take another name, or `yeta state forget {name}` if its people may be called again",
            name=declared.name,
        ),
        "renamed_from",
    )


def _renamed(decision: Decision) -> None:
    subject = decision.subject
    met = subject.delta.met.get(subject.lineage.successor)
    if not subject.new or met is None:
        return
    decision.find(
        "renamed-before",
        Exit.REFUSED,
        phrase(
            "{name} became {successor}, which has {shared} of these people in its waves: under the "
            "former name they would be called a second time",
            name=subject.name,
            successor=subject.lineage.successor,
            shared=met.shared,
        ),
        phrase(
            "take this document off, or say `repeats: [{successor}]` to call them again",
            successor=subject.lineage.successor,
        ),
        "name",
    )


def _moved(decision: Decision) -> None:
    """People come from another campaign, and nothing says how they are meant."""
    subject = decision.subject
    for name, met in subject.delta.met.items():
        shorter = min(met.people, subject.delta.declared)
        if subject.new and met.gone and met.shared * 2 >= shorter > 0:
            decision.find(
                "looks-renamed",
                Exit.REFUSED,
                phrase(
                    "{name} looks like {name_2}, which is gone: they share {shared} of {people}",
                    name=subject.name,
                    name_2=name,
                    shared=met.shared,
                    people=count(shorter, "person", "people"),
                ),
                phrase(
                    "say `renamed_from: {name}` if it is the same campaign, `continues: [{name}]` if those "
                    "it called are not to be called again, or `repeats: [{name}]` to call them again",
                    name=name,
                ),
                "name",
            )
        elif met.moved:
            decision.find(
                "people-moved",
                Exit.REFUSED,
                _leaving(name, subject.name, met),
                phrase(
                    "say `continues: [{name}]` if they are not to be called again, `repeats: [{name}]` if "
                    "they are, or `renamed_from: {name}` if it is the same campaign",
                    name=name,
                ),
                "contacts",
                "csv",
            )


def _name_called(decision: Decision) -> None:
    """Say of each campaign how many of its people would be called again, lately or because it is repeated."""
    subject = decision.subject
    for name, met in subject.delta.met.items():
        if not met.called:
            continue
        decision.find(
            "called-lately",
            Exit.DONE,
            phrase(
                "{called} of the people whom {name} would call {called_by}",
                called=met.called,
                name=subject.name,
                called_by=_called_by(name, met),
            ),
            UNSAID if met.repeated else _MANY,
            "contacts",
            "csv",
        )
    for name, people in subject.delta.alongside.items():
        decision.find(
            "called-by-two",
            Exit.DONE,
            phrase(
                "{people} of the people whom {name} would call are called by {name_2} as well, by the "
                "same plan",
                people=people,
                name=subject.name,
                name_2=name,
            ),
            _MANY,
            "contacts",
            "csv",
        )


def _called_by(name: str, met: Met) -> str:
    """What is known of those whom a campaign called, may have called, or is about to call."""
    who = _NOT_DECLARED.get(name, name)
    when = phrase("and are to be called again") if met.repeated else phrase("in the last 30 days")
    if not met.untold:
        return phrase("were called by {who} {when}", who=who, when=when)
    if met.untold == met.called:
        standing = phrase(" and are to be called again") if met.repeated else UNSAID
        return phrase(
            "are in a started wave of {who}, and no record tells yet whether it called them{standing}",
            who=who,
            standing=standing,
        )
    return phrase(
        "were called by {who} {when}, or may be yet: of {untold} no record tells whether it called them",
        who=who,
        when=when,
        untold=met.untold,
    )


def _leaving(name: str, new: str, met: Met) -> Text:
    """Who leaves one campaign and would be called by another."""
    if met.untold:
        return plural(
            met.moved,
            "{number} person whom {name} called, or may have called, leaves it, "
            "and {new} would call them again",
            "{number} people whom {name} called, or may have called, leave it, "
            "and {new} would call them again",
            name=name,
            new=new,
        )
    return plural(
        met.moved,
        "{number} person whom {name} called leaves it, and {new} would call them again",
        "{number} people whom {name} called leave it, and {new} would call them again",
        name=name,
        new=new,
    )
