"""What calls cost in a day, a week or a month: what was called by its records, and what is still foreseen.

It reads the state and changes nothing. A limit on it is `planning/guards.py`'s.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import Literal

from yeta_reconcile.documents.models import Price
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.plan.foresight import Forecast
from yeta_reconcile.plan.plan import Action, Change
from yeta_reconcile.platform.coercion import moment
from yeta_reconcile.store import Store

Per = Literal["day", "week", "month"]
# Where nothing was called yet: half of the people answer, and talk for a minute.
TALK_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Spending:
    """What was `spent` in a stretch of time so far, and what campaigns have `ahead` in what is left of it."""

    spent: float
    ahead: Mapping[str, float]
    currency: str


def stretch_of(now: datetime, per: Per) -> tuple[datetime, datetime]:
    """The day, week (from Monday) or month that `now` is in, in its timezone: its begin and its end."""
    day = datetime.combine(now.date(), time(), tzinfo=now.tzinfo)
    if per == "day":
        return day, day + timedelta(days=1)
    if per == "week":
        begin = day - timedelta(days=day.weekday())
        return begin, begin + timedelta(days=7)
    begin = day.replace(day=1)
    return begin, (begin + timedelta(days=31)).replace(day=1)


def spending(
    store: Store,
    price: Price,
    forecasts: Iterable[Forecast],
    changes: Iterable[Change],
    now: datetime,
    per: Per,
) -> Spending:
    """What is spent in the stretch that `now` is in; `now` is in the project's timezone.

    Direct calls, of which there is no forecast, count once each, as long as calls were talked so far.
    """
    begin, end = stretch_of(now, per)
    calls, seconds = 0, 0.0
    for facts in store.calls.facts_since(int(begin.timestamp() * 1000)):
        calls += 1
        seconds += _talked(json.loads(facts))
    spent = calls * price.per_call + seconds / 60 * price.per_minute
    ahead = {one.campaign: (one.cost or 0.0) * _part(one, now, end) for one in forecasts}
    one_call = price.per_call + (seconds / calls if calls else TALK_SECONDS) / 60 * price.per_minute
    for change in changes:
        if change.action is Action.CALL:
            ahead[change.campaign] = ahead.get(change.campaign, 0.0) + change.rows * one_call
    return Spending(spent, ahead, price.currency)


def _talked(facts: Mapping[str, object]) -> float:
    """How long an answered call was talked, s: what the platform says, else from answer to end."""
    told = facts.get("duration_call")
    if isinstance(told, int | float) and not isinstance(told, bool) and told >= 0:
        return float(told)
    answered, ended = (moment(facts.get(name)) for name in ("time_answer", "time_hangup"))
    return (ended - answered) / 1000 if answered and ended and ended > answered else 0.0


def _part(forecast: Forecast, now: datetime, end: datetime) -> float:
    """How much of what a campaign has ahead falls before `end`, as if it were called evenly."""
    start = max(forecast.start or now, now)
    if start >= end:
        return 0.0
    if forecast.finish is None or forecast.finish <= end:
        return 1.0
    return (end - start) / (forecast.finish - start)
