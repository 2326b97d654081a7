"""The JSON that other programs read: its schema holds for what is printed, and every form is described."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from tests.gitops.pipeline import TOP
from tests.render.plans import the_busy_day
from yeta_reconcile.render.plan_json import plan_json

if TYPE_CHECKING:
    from tests.support.served import Served

SCHEMA = json.loads((TOP / "docs" / "plan.schema.json").read_text("utf-8"))
FORMATS = sorted(
    {
        name
        for path in (TOP / "yeta_reconcile").rglob("*.py")
        for name in re.findall(r"\"(yeta-[a-z-]+/\d+)\"", path.read_text("utf-8"))
    }
)


def undescribed(schema: dict[str, Any], value: Any, path: str = "") -> list[str]:
    """Keys of a value that its schema does not name."""
    if isinstance(value, list):
        items = schema.get("items", {})
        return [
            name for index, item in enumerate(value) for name in undescribed(items, item, f"{path}[{index}]")
        ]
    if not isinstance(value, dict) or "additionalProperties" in schema:
        return []
    known = schema.get("properties", {})
    missing = [f"{path}.{key}" for key in value if key not in known]
    return missing + [
        name
        for key, inner in value.items()
        if key in known
        for name in undescribed(known[key], inner, f"{path}.{key}")
    ]


def hold(plan: dict[str, Any]) -> None:
    Draft202012Validator(SCHEMA).validate(plan)
    assert undescribed(SCHEMA, plan) == []


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_it_holds_for_a_plan_that_has_some_of_everything() -> None:
    hold(json.loads(json.dumps(plan_json(the_busy_day()))))


def test_it_holds_for_what_is_printed_saved_and_applied(here: Served) -> None:
    here.campaign("spring", range(3))
    here.campaign("wrong", range(10, 13), robot='"9999"')
    hold(here.main("plan", "--format", "json").json)
    (here.root / "wrong.yaml").unlink()
    assert here.main("plan", "-o", "it.plan").code == 0
    hold(json.loads((here.root / "it.plan").read_text("utf-8"))["plan"])
    hold(here.main("apply", "it.plan", "--format", "json").lines[0]["plan"])
    here.campaign("spring", range(1, 5), lines='["200"]')
    hold(here.main("plan", "--format", "json").json)
    hold(here.main("plan", "--destroy", "--format", "json").json)


def test_it_refuses_what_is_no_plan() -> None:
    plan = plan_json(the_busy_day())
    for broken in ({**plan, "format": "yeta-plan/2"}, {**plan, "changes": [{}]}, {}):
        assert not Draft202012Validator(SCHEMA).is_valid(broken)


@pytest.mark.parametrize("name", FORMATS)
def test_every_form_is_described(name: str) -> None:
    assert f"`{name}`" in (TOP / "docs" / "json.md").read_text("utf-8")


def test_every_event_of_an_apply_is_described() -> None:
    text = (TOP / "docs" / "json.md").read_text("utf-8")
    sources = [path.read_text("utf-8") for path in (TOP / "yeta_reconcile" / "execute").glob("*.py")]
    said = {name for source in sources for name in re.findall(r"\.say\(\s*\"([a-z-]+)\"", source)}

    assert said >= {"planned", "inserted", "verified", "started", "problem"}
    assert [
        name for name in sorted(said | {"resumed", "plan", "note", "end"}) if f"`{name}`" not in text
    ] == []
