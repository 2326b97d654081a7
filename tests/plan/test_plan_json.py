from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from tests.render.plans import a_change, a_plan, the_busy_day, the_new_campaign
from tests.support.any_plan import (
    plans,
)
from yeta_reconcile.errors import PlanRejected
from yeta_reconcile.plan.plan import Plan
from yeta_reconcile.plan.plan_json import plan_json, restore_plan

pytestmark = pytest.mark.sweep


@given(plans)
def test_a_saved_plan_gives_back_the_plan_it_was_made_of(plan: Plan) -> None:
    assert restore_plan(json.loads(json.dumps(plan_json(plan)))) == plan


def test_the_keys_of_the_contract_come_first_and_in_its_order() -> None:
    shown = plan_json(the_busy_day())
    assert list(shown)[:10] == [
        "format", "id", "created", "expires", "commit", "summary", "changes", "diagnostics",
        "forecast", "timetable",
    ]  # fmt: skip
    assert list(shown["summary"])[:17] == [
        "create", "start", "pause", "resume", "delete", "replace", "wait", "call",
        "new_numbers", "ringing_numbers", "recall_numbers", "waiting_numbers", "repeat_numbers",
        "removed_numbers",
        "campaigns", "unchanged", "blocked",
    ]  # fmt: skip
    assert list(shown["changes"][0])[:8] == [
        "campaign", "wave", "action", "reason", "rows", "rings", "attributes", "detail",
    ]  # fmt: skip
    assert list(shown["diagnostics"][0])[:6] == [
        "severity", "code", "summary", "file", "line", "column",
    ]  # fmt: skip
    assert list(shown["forecast"][0])[:8] == [
        "campaign", "start", "finish", "finish_late", "fits", "calls", "minutes", "cost",
    ]  # fmt: skip
    assert list(shown["timetable"][0])[:5] == ["line", "campaign", "wave", "from", "to"]


def test_the_summary_counts_what_the_contract_says() -> None:
    assert plan_json(the_new_campaign())["summary"] == {
        "create": 1, "start": 1, "pause": 0, "resume": 0, "delete": 0, "replace": 0, "wait": 0,
        "call": 0, "new_numbers": 120, "ringing_numbers": 120, "recall_numbers": 0, "waiting_numbers": 0,
        "repeat_numbers": 0, "removed_numbers": 0, "campaigns": 3, "unchanged": 2,
        "blocked": 0, "adopt": 0,        "forget": 0, "passed_over": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    "saved",
    [
        [],
        {},
        {"format": "yeta-plan/2"},
        {"format": "yeta-plan/1"},
        plan_json(a_plan()) | {"created": "yesterday"},
        plan_json(a_plan()) | {"changes": [{}]},
        plan_json(a_plan()) | {"changes": None},
        plan_json(a_plan()) | {"facts": 3},
        plan_json(a_plan()) | {"facts": {"spring": 3}},
        plan_json(a_plan()) | {"expires": "2026-12-01T09:00:00"},
        plan_json(a_plan()) | {"gone": [3]},
        plan_json(a_plan()) | {"summary": {"campaigns": True}},
        *(
            plan_json(a_plan()) | {"changes": [plan_json(a_plan(a_change()))["changes"][0] | edit]}
            for edit in ({"rows": "3"}, {"rows": -1}, {"rings": 0}, {"tries": "ring"}, {"campaign": None})
        ),
    ],
)
def test_a_file_that_is_no_whole_saved_plan_is_refused(saved: Any) -> None:
    with pytest.raises(PlanRejected):
        restore_plan(saved)
