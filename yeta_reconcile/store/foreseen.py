"""What the last apply or round of the controller foresaw, as a flag of the state: for report and metrics.

Beside it stands how each campaign was foreseen to go when that began which it calls at present: by that is
seen what came late.
It decides nothing, and whoever shows it says as of when it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from pydantic import TypeAdapter, ValidationError

from yeta_reconcile.plan.foresight import Called, Course, Outlook, course
from yeta_reconcile.plan.plan import Action, Plan
from yeta_reconcile.store.store import Store
from yeta_reconcile.wording import kept, retold

FLAG = "foreseen"


@cache
def _outlooks() -> TypeAdapter[Outlook]:
    return TypeAdapter(Outlook)


def keep_foreseen(
    store: Store, plan: Plan, called: Called | None = None, done: Mapping[str, int] | None = None
) -> None:
    """Put down what a plan foresees, in place of what was; of campaigns that it passed over that stays.

    `done` are those whom the platform has called so far, by campaign.
    """
    forecast, before = plan.forecast, foreseen(store)
    if plan.passed_over and before:
        looked_at = {one.campaign for one in forecast} | {change.campaign for change in plan.changes}
        forecast = (*forecast, *(one for one in before.forecast if one.campaign not in looked_at))
    outlook = Outlook(plan.created, forecast, plan.timetable, called or {})
    lines = {
        one.campaign: course(plan.created, (done or {}).get(one.campaign, 0), more, one.finish)
        for one in plan.forecast
        if (more := outlook.called.get(one.campaign))
    }
    outlook = replace(outlook, first=_first(store, plan, lines, before.first if before else {}))
    said = {
        "outlook": _outlooks().dump_python(outlook, by_alias=True),
        "holders": [kept(held.holder) for held in plan.timetable],
    }
    store.set_flag(FLAG, json.dumps(said, ensure_ascii=False))


def _first(
    store: Store, plan: Plan, lines: Mapping[str, Course], before: Mapping[str, Course]
) -> dict[str, Course]:
    """As before, but of whom it calls more than was foreseen, or carries over what it calls: that is anew."""
    known = store.waves.recorded().campaigns
    first = {name: line for name, line in before.items() if name in known}
    carried = {change.campaign for change in plan.changes if change.action is Action.REPLACE}
    more = {change.campaign for change in plan.changes if change.action is Action.CREATE and change.new_rows}
    for name, line in lines.items():
        if name not in first or name in carried or (name in more and line[-1][1] > first[name][-1][1]):
            first[name] = line
    return first


def foreseen(store: Store) -> Outlook | None:
    """What was put down last; None if nothing was, or what a later version put down is of another form."""
    try:
        said = json.loads(store.flag(FLAG) or "null")
        outlook = _outlooks().validate_json(json.dumps(said["outlook"]), strict=True)
        told = [
            replace(held, holder=retold(parts, held.holder))
            for held, parts in zip(outlook.timetable, said["holders"], strict=True)
        ]
    except (KeyError, TypeError, ValueError, ValidationError):
        return None
    return replace(outlook, timetable=tuple(told))
