"""What the last apply or round of the controller foresaw, as a flag of the state: for report and metrics.

It decides nothing, and whoever shows it says as of when it is.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

from pydantic import TypeAdapter, ValidationError

from yeta_reconcile.plan.foresight import Called, Outlook
from yeta_reconcile.plan.plan import Plan
from yeta_reconcile.store.store import Store
from yeta_reconcile.wording import kept, retold

FLAG = "foreseen"


@cache
def _outlooks() -> TypeAdapter[Outlook]:
    return TypeAdapter(Outlook)


def keep_foreseen(store: Store, plan: Plan, called: Called | None = None) -> None:
    """Put down what a plan foresees, in place of what was; of campaigns that it passed over that stays."""
    forecast = plan.forecast
    if plan.passed_over and (before := foreseen(store)):
        looked_at = {one.campaign for one in forecast} | {change.campaign for change in plan.changes}
        forecast = (*forecast, *(one for one in before.forecast if one.campaign not in looked_at))
    outlook = Outlook(plan.created, forecast, plan.timetable, called or {})
    said = {
        "outlook": _outlooks().dump_python(outlook, by_alias=True),
        "holders": [kept(held.holder) for held in plan.timetable],
    }
    store.set_flag(FLAG, json.dumps(said, ensure_ascii=False))


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
