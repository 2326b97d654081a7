"""The JSON Schema of a plan, out of the fields of `plan/plan.py` and what stands below them.

Nothing asks for it in a run: `docs/plan.schema.json` is made by it.
"""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from tests.documents.document_schema import meanings, plain
from yeta_reconcile import diagnostics
from yeta_reconcile.plan import foresight, plan
from yeta_reconcile.plan.plan_json import HEAD

_MEANING = (
    "What `yeta plan --format json` prints, and what a saved plan holds under `plan`. "
    "Within yeta-plan/1 keys may be added; none goes away or changes its meaning."
)
_PLACE = {
    "file": {"type": ["string", "null"], "description": "Relative to the repository."},
    "line": {"type": ["integer", "null"], "minimum": 0, "description": "From 1; 0 is the whole file."},
    "column": {"type": ["integer", "null"], "minimum": 0, "description": "From 1; 0 is the whole file."},
}


def plan_schema() -> dict[str, Any]:
    """The schema of what `plan_json` says (draft 2020-12), as JSON values."""
    shapes: TypeAdapter[Any] = TypeAdapter(tuple[plan.Plan, plan.Summary])
    spelled, named = (shapes.json_schema(by_alias=by_alias)["$defs"] for by_alias in (True, False))
    for model, field, meaning in meanings(plan, foresight, diagnostics):
        if model not in spelled:  # what is kept beside a plan
            continue
        key = dict(zip(named[model]["properties"], spelled[model]["properties"], strict=True))[field]
        spelled[model]["properties"][key]["description"] = " ".join(meaning.split())
    definitions = {name: _whole(definition) for name, definition in plain(spelled).items()}
    del definitions["Position"]
    properties = definitions.pop("Plan")["properties"]
    for counted in ("campaigns", "passed_over"):
        del properties[counted]
    head = {key: properties.pop(key) for key in HEAD}
    summary = {"$ref": "#/$defs/Summary"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "yeta plan",
        "description": _MEANING,
        **_whole(
            {
                "type": "object",
                "properties": {"format": {"const": plan.FORMAT}, **head, "summary": summary, **properties},
            }
        ),
        "$defs": definitions,
    }


def _whole(definition: dict[str, Any]) -> dict[str, Any]:
    """A definition as it is written: each key but `kind` is always there, and a place is three of them."""
    if "properties" not in definition:
        return {key: value for key, value in definition.items() if key != "description"}
    properties: dict[str, Any] = {}
    for key, value in definition["properties"].items():
        value.pop("default", None)
        properties |= _PLACE if key == "position" else {key: value}
    required = [key for key in properties if key != "kind"]
    return {"type": "object", "required": required, "properties": properties}
