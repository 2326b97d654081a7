"""Whether what was approved is what would be done now: a saved plan against the plan of this moment.

Pure. What only progress moved (records that came, a wave that finished) is no difference.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import field

from yeta_reconcile.amounts import count
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.plan.plan import ACTION, REASON, Action, Change, ChangeKind, Plan
from yeta_reconcile.wording import Text, phrase

# What stops or clears away may turn out to be needless; what was to ring may not.
_MAY_LAPSE = frozenset({Action.PAUSE, Action.DELETE})
_STAGING = frozenset({Action.CREATE, Action.REPLACE})


@dataclass(frozen=True, slots=True)
class Since:
    """What was done since a plan was made: ids of waves that were resumed, by campaign how many rows rang.

    Who pauses again what was resumed has a reason.
    """

    resumed: Collection[int] = ()
    rung: Mapping[str, int] = field(default_factory=dict)


NOTHING_SINCE = Since()


def moved_documents(approved: Plan, now: Plan, files: Callable[[str], tuple[str, str]]) -> list[Text]:
    """Sentences on documents and lists that are not those the plan was made from.

    `files`: of a campaign, that of its document and its list.
    """
    moved = []
    for name in sorted({*approved.facts, *now.facts}):
        then, today = approved.facts.get(name), now.facts.get(name)
        if then is None or today is None:
            moved.append(phrase("{name} was added" if then is None else "{name} was removed", name=name))
        elif then.split("/")[0] != today.split("/")[0]:
            moved.append(_otherwise_declared(name, then, today, *files(name)))
    return moved


def _otherwise_declared(name: str, then: str, today: str, document: str, csv: str) -> Text:
    """Which file it was: what stands neither in the document nor in the list is of the settings."""
    former, present = then.split("/"), today.split("/")
    if former[2:3] == present[2:3]:
        return phrase("the list of {name} ({file}) changed, or who of it may be called", name=name, file=csv)
    file = "yeta.yaml" if former[3:] == present[3:] else document
    return phrase("{name} is declared otherwise now in {file}", name=name, file=file)


def moved_changes(approved: Plan, now: Plan) -> list[Text]:
    """Sentences on what would be done now without approval, and on what was approved and is not needed."""
    moved = []
    for name in sorted({change.campaign for change in approved.asking}):
        then, today = approved.facts.get(name, ""), now.facts.get(name, "")
        if then.split("/")[1:2] != today.split("/")[1:2]:
            moved.append(phrase("the waves of {name} changed", name=name))
    left = left_out(approved, now)
    before = {_essence(change) for change in approved.asking}
    added = [
        change for change in now.asking if change.campaign not in left and _essence(change) not in before
    ]
    after = {_essence(change) for change in now.asking}
    waiting = _waits(now)
    dropped = {
        _deed(change): change
        for change in approved.asking
        if _essence(change) not in after
        and change.action not in _MAY_LAPSE
        and not change.again
        and (change.campaign, change.wave) not in waiting
    }
    for change in added:
        former = dropped.pop(_deed(change), None)
        what = _named(change)
        moved.append(_otherwise(former, change) if former else phrase("{change} was not in it", change=what))
    moved += _called_again(approved, now)
    left_undone = map(_named, dropped.values())
    return moved + [phrase("{change} is not needed any more", change=what) for what in left_undone]


def moved_rest(approved: Plan, now: Plan, since: Since = NOTHING_SINCE) -> list[Text]:
    """As `moved_changes`, for a plan that was begun: what is left of it may take other forms.

    Whom it rang already is not left of it: a row that came free since is no row that was approved.
    """
    left = left_out(approved, now)
    moved = []
    for name, changes in _by_campaign(now.asking):
        if name in left:
            continue
        given = [change for change in approved.asking if change.campaign == name]
        moved += [
            phrase("{change} was not in it", change=_named(change))
            for change in changes
            if not _goes_on(change, given)
        ]
        moved += [
            phrase("{change} was done, and it was paused outside yeta since", change=_named(change))
            for change in changes
            if change.kind is ChangeKind.AFTER_OUTSIDE and change.wave_id in since.resumed
        ]
        ringing = sum(change.rows for change in changes if _rings_anew(change))
        allowed = sum(change.rows for change in given if _rings_anew(change))
        if ringing > max(allowed - since.rung.get(name, 0), 0):
            moved.append(_too_many(name, ringing, allowed, since.rung.get(name, 0)))
    again = _called_again(approved, now, since)
    return moved + [words for words in again if words.partition(":")[0] not in left]


def _too_many(name: str, ringing: int, allowed: int, rung: int) -> Text:
    if not rung:
        return phrase(
            "{name}: {ringing} would ring, {allowed} were in it", name=name, ringing=ringing, allowed=allowed
        )
    return phrase(
        "{name}: {ringing} would ring, {allowed} were in it, and {rung} of them it rang already",
        name=name,
        ringing=ringing,
        allowed=allowed,
        rung=rung,
    )


def _called_again(approved: Plan, now: Plan, since: Since = NOTHING_SINCE) -> list[Text]:
    """Sentences on people whom another campaign called since: that they are called again was not approved.

    Once somebody else rang, whom it rang itself already counts as those of it who were to be called again:
    which of them were, nothing tells.
    """
    moved = []
    others = since.rung.keys() - {change.campaign for change in approved.asking}
    for name, changes in _by_campaign(now.asking):
        again = sum(change.repeat_rows for change in changes)
        allowed = sum(change.repeat_rows for change in approved.asking if change.campaign == name)
        if again > max(allowed - (since.rung.get(name, 0) if others else 0), 0):
            moved.append(
                phrase(
                    "{name}: {people} would be called again, {allowed} were in it",
                    name=name,
                    people=count(again, "person", "people"),
                    allowed=allowed,
                )
            )
    return moved


def left_out(approved: Plan, now: Plan) -> frozenset[str]:
    """Campaigns that only waited when the plan was made and can go on now: that is for the next plan.

    So is what goes on after those who were to come from another campaign were waited for: a further wave.
    """
    given: dict[str, set[int]] = {}
    for change in approved.asking:
        given.setdefault(change.campaign, set()).add(change.wave)
    coming = {c.campaign for c in approved.changes if c.action is Action.WAIT and c.wave_id is None}
    waiting = {name for name, _ in _waits(approved)}
    return frozenset(
        name
        for name, changes in _by_campaign(now.asking)
        if (name in waiting and name not in given)
        or (name in coming and not any(change.wave in given[name] for change in changes))
    )


def nothing_left(approved: Plan, now: Plan) -> bool:
    """Whether everything but the plan's own waits is done."""
    left = left_out(approved, now)
    doing = [change for change in now.doing if change.campaign not in left]
    return not doing and _waits(now) <= _waits(approved)


def _goes_on(change: Change, given: list[Change]) -> bool:
    """Whether a change is the rest of an approved one that broke half-way.

    | approved | may go on as |
    |---|---|
    | create | create, of a further wave too where the platform took no more rows |
    | replace | replace, create of its successor; resume, where nobody was left to carry over |
    | start, or a replace that rings | start |
    | pause, resume, delete | the same of the same wave |
    | call | call |
    | any | the deletion of a task that was never started and that an unanswered create left behind |
    """
    actions = {other.tries or other.action for other in given}
    action = change.tries or change.action
    if change.task_id is not None:  # an orphan
        return bool(given)
    if action in {Action.PAUSE, Action.RESUME, Action.DELETE}:
        whole = {(other.tries or other.action, other.wave) for other in given}
        lapsed = change.kind is ChangeKind.CARRY_LAPSED and (Action.REPLACE, change.wave) in whole
        return lapsed or (action, change.wave) in whole
    if action is Action.CREATE:
        return bool(actions & _STAGING)
    if action is Action.START:
        return Action.START in actions or any(
            other.rings and other.action is Action.REPLACE for other in given
        )
    return action in actions


def _rings_anew(change: Change) -> bool:
    """Whether it rings whom nothing rang before, as a resume and a start that is sent again do not."""
    resumes = (change.tries or change.action) is Action.RESUME
    return change.may_ring and not resumes and not change.again


def _waits(plan: Plan) -> set[tuple[str, int]]:
    return {(change.campaign, change.wave) for change in plan.changes if change.action is Action.WAIT}


def _by_campaign(changes: Iterable[Change]) -> Iterator[tuple[str, list[Change]]]:
    grouped: dict[str, list[Change]] = {}
    for change in changes:
        grouped.setdefault(change.campaign, []).append(change)
    yield from grouped.items()


def _named(change: Change) -> Text:
    what = (
        phrase("task {id}", id=change.task_id)
        if change.task_id
        else phrase("wave {number}", number=change.wave)
    )
    action = ACTION[change.action]
    return phrase("{campaign}: {action} {what}", campaign=change.campaign, action=action, what=what)


def _otherwise(former: Change, change: Change) -> Text:
    """That the same is to be done for another reason, to others, or in another way."""
    was, now = (
        phrase("{rows}: {reason}", rows=count(one.rows, "row"), reason=REASON[one.reason])
        for one in (former, change)
    )
    if was == now:
        return phrase("{change} was in it ({was}) and is done otherwise now", change=_named(change), was=was)
    return phrase(
        "{change} was in it ({was}) and is another now ({now})", change=_named(change), was=was, now=now
    )


def _deed(change: Change) -> tuple[object, ...]:
    """What is done to what."""
    return change.campaign, change.wave, change.tries or change.action, change.task_id


def _essence(change: Change) -> tuple[object, ...]:
    """What makes two changes the same to a reviewer; counts that progress moves are left out."""
    return (
        *_deed(change),
        change.may_ring,
        change.rows if change.wave_id is None else None,
        change.new_rows,
        json.dumps(change.attributes, ensure_ascii=False, sort_keys=True),
    )
