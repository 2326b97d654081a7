"""Guards over a plan: what goes beyond a limit is an error at the limit's place."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from yeta_reconcile.diagnostics import Diagnostic, Position
from yeta_reconcile.documents.limits import Exemption, Limits
from yeta_reconcile.plan.plan import Action, Change, Reason
from yeta_reconcile.planning.guards import Guards

TODAY = date(2026, 12, 1)


def a_change(campaign: str = "renewal", action: Action = Action.CREATE, **fields: Any) -> Change:
    return Change(campaign, 1, action, Reason.NEW, **fields)


def judged(limits: dict[str, Any], *changes: Change, **given: Any) -> list[Diagnostic]:
    exemptions = given.get("exempt", {})
    guards = Guards(
        Limits.model_validate(limits),
        exemptions,
        TODAY,
        lambda *path: Position("yeta.yaml", 7, len(path)),
    )
    return [*guards.judge(changes, given.get("frequent", {}))]


@pytest.mark.parametrize(
    ("limit", "change"),
    [
        ("new_numbers", a_change(new_rows=11)),
        ("ringing_numbers", a_change(action=Action.START, rows=11, rings=True)),
        ("repeat_numbers", a_change(repeat_rows=11)),
    ],
)
def test_a_plan_that_goes_beyond_a_limit_is_refused_and_one_that_reaches_it_is_not(
    limit: str, change: Change
) -> None:
    (refused,) = judged({limit: 10}, change)

    assert refused.severity == "error"
    assert str(refused).startswith("yeta.yaml:7:2: error: 11 ")
    assert f"limits.{limit} is 10" in refused.summary
    assert judged({limit: 11}, change) == []


def test_counts_are_those_of_all_campaigns_together() -> None:
    deletes = [a_change(name, Action.DELETE, rows=5) for name in ("one", "two", "three")]

    (refused,) = judged({"deletes": 2}, *deletes)

    assert refused.summary == "3 tasks would be deleted at once; limits.deletes is 2 (one 1, three 1, two 1)"
    assert judged({"deletes": 3}, *deletes) == []


def test_an_exempt_campaign_counts_nowhere_and_is_named_until_its_last_day() -> None:
    def exempt(until: str) -> dict[str, tuple[Exemption, ...]]:
        given = {"limit": "new_numbers", "reason": "agreed", "until": until}
        return {"renewal": (Exemption.model_validate(given),)}

    change = a_change(new_rows=11)

    (note,) = judged({"new_numbers": 10}, change, exempt=exempt("2026-12-01"))
    assert (note.severity, note.campaign) == ("note", "renewal")
    (refused,) = judged({"new_numbers": 10}, change, exempt=exempt("2026-11-30"))
    assert refused.severity == "error"


def test_numbers_called_too_often_are_refused_by_campaign() -> None:
    limits = {"frequency": {"times": 2, "within": "7d"}}

    (refused,) = judged(limits, frequent={"renewal": 12, "other": 0})

    assert refused.summary == "12 numbers of renewal would be called more than 2 times within 7 days"
    assert refused.campaign == "renewal"


def test_without_limits_everything_may_be_done() -> None:
    assert judged({}, a_change(new_rows=10**6, repeat_rows=10**6), frequent={"renewal": 3}) == []
