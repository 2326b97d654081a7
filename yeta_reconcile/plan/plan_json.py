"""A plan as JSON and back: what `plan --format json` prints and a saved plan keeps (contract).

The keys are the fields of `plan/plan.py`, but for a position, whose keys stand beside the others.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from yeta_reconcile.diagnostics import NOWHERE, diagnostic_json
from yeta_reconcile.errors import PlanRejected
from yeta_reconcile.plan.foresight import LineUse
from yeta_reconcile.plan.plan import FORMAT, ChangeKind, Plan
from yeta_reconcile.wording import phrase

# Of a plan, what stands before its counts.
HEAD = ("id", "created", "expires", "commit")


@cache
def _plans() -> TypeAdapter[Plan]:
    """Made where one is needed: to build it takes longer than to read a plan."""
    return TypeAdapter(Plan)


@cache
def _holds() -> TypeAdapter[LineUse]:
    return TypeAdapter(LineUse)


def plan_json(plan: Plan) -> dict[str, Any]:
    """The plan as JSON values, whole: `restore_plan` gives it back. Times are ISO 8601."""
    said = _plans().dump_python(plan, by_alias=True)
    for counted in ("campaigns", "passed_over"):
        del said[counted]
    return {
        "format": FORMAT,
        **{key: said.pop(key) for key in HEAD},
        "summary": asdict(plan.summary),
        **said,
        "changes": [_spread(change) for change in said["changes"]],
        "diagnostics": [diagnostic_json(found) for found in plan.diagnostics],
    }


def line_use_json(held: LineUse) -> dict[str, Any]:
    """As JSON values, as in a plan; without a campaign or a holder the line is idle."""
    said: dict[str, Any] = _holds().dump_python(held, by_alias=True)
    return said


def _spread(change: dict[str, Any]) -> dict[str, Any]:
    """A change with the keys of its place beside the others; nothing special about it is not said."""
    said: dict[str, Any] = {}
    for key, value in change.items():
        if key == "position":
            said |= value or NOWHERE
        elif (key, value) != ("kind", ChangeKind.PLAIN):
            said[key] = value
    return said


def restore_plan(saved: Any) -> Plan:
    """The plan that `plan_json` gave, also of an earlier version. Raises PlanRejected for anything else."""
    if not isinstance(saved, dict) or saved.get("format") != FORMAT:
        raise PlanRejected(
            phrase("this is no saved plan of the format {format}", format=FORMAT),
            hint=phrase("yeta plan -o FILE writes one"),
        )
    try:
        # Read as JSON once more: strict, a text is a moment there, and a list is a tuple.
        return _plans().validate_json(json.dumps(_gathered(saved)), strict=True)
    except (KeyError, TypeError, AttributeError, ValidationError) as problem:
        raise PlanRejected(
            phrase("the saved plan is damaged: a part of it is missing or is not what it should be"),
            hint=phrase("plan again: yeta plan -o FILE"),
        ) from problem


def _gathered(saved: dict[str, Any]) -> dict[str, Any]:
    """What `plan_json` said, as its fields are."""
    summary = saved["summary"]
    return {
        **saved,
        "campaigns": summary["campaigns"],
        "passed_over": summary.get("passed_over", 0),
        "changes": [_placed(change) for change in saved["changes"]],
        "diagnostics": [_placed(found) for found in saved["diagnostics"]],
    }


def _placed(said: dict[str, Any]) -> dict[str, Any]:
    place = {key: said[key] for key in NOWHERE}
    return {**said, "position": place if place["file"] is not None else None}
