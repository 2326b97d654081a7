from __future__ import annotations

import json
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.render.plans import a_change, a_plan, the_busy_day, the_new_campaign
from yeta_reconcile.diagnostics import Diagnostic, Position
from yeta_reconcile.errors import PlanRejected
from yeta_reconcile.plan.foresight import Forecast, Held
from yeta_reconcile.plan.plan import Action, Change, Plan, Reason
from yeta_reconcile.plan.plan_json import plan_json, restore_plan

words = st.text(max_size=12)
counts = st.integers(0, 10**9)
moments = st.datetimes(timezones=st.just(UTC))
positions = st.builds(Position, words, counts, counts)
values = st.none() | words | counts | st.lists(words, max_size=3)
changes = st.builds(
    Change,
    campaign=words,
    wave=counts,
    action=st.sampled_from(Action),
    reason=st.sampled_from(Reason),
    rows=counts,
    rings=st.booleans(),
    attributes=st.dictionaries(words, st.tuples(values, values), max_size=3),
    detail=words,
    position=st.none() | positions,
    wave_id=st.none() | counts,
    task_id=st.none() | words,
    new_rows=counts,
    repeat_rows=counts,
    removed_rows=counts,
)
found = st.builds(
    Diagnostic,
    st.sampled_from(["error", "warning", "note"]),
    words,
    words,
    st.none() | positions,
    words,
    st.none() | words,
)
forecasts = st.builds(
    Forecast, words, finish=st.none() | moments, fits=st.booleans(), detail=words, start=st.none() | moments,
    finish_late=st.none() | moments, calls=counts, minutes=st.floats(0, 1e9),
    cost=st.none() | st.floats(0, 1e9), currency=words, source=words,
    waits_for=st.lists(words, max_size=2).map(tuple),
)  # fmt: skip
holds = st.builds(
    Held, words, since=moments, until=st.none() | moments, campaign=st.none() | words,
    wave=st.none() | counts, holder=words,
)  # fmt: skip
plans = st.builds(
    Plan,
    plan_id=words,
    created=moments,
    expires=moments,
    commit=st.none() | words,
    campaigns=counts,
    changes=st.lists(changes, max_size=3).map(tuple),
    diagnostics=st.lists(found, max_size=2).map(tuple),
    forecast=st.lists(forecasts, max_size=2).map(tuple),
    timetable=st.lists(holds, max_size=2).map(tuple),
    facts=st.dictionaries(words, words, max_size=3),
    state_id=words,
    owner=words,
    blocked=st.lists(words, max_size=2).map(tuple),
    gone=st.lists(words, max_size=2).map(tuple),
)


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
