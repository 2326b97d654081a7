"""A plan as JSON and back: what `plan --format json` prints and a saved plan keeps (contract)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from yeta_reconcile.diagnostics import (
    _place,
    _restored_place,
    diagnostic_json,
    restore_diagnostic,
)
from yeta_reconcile.errors import PlanRejected
from yeta_reconcile.plan.foresight import forecast_json, held_json, restore_forecast, restore_held
from yeta_reconcile.plan.plan import FORMAT, Action, Change, ChangeKind, Plan, Reason
from yeta_reconcile.wording import phrase

# The order of the contract; what stands after `unchanged` came later.
_COUNTED = (
    Action.CREATE,
    Action.START,
    Action.PAUSE,
    Action.RESUME,
    Action.DELETE,
    Action.REPLACE,
    Action.WAIT,
    Action.CALL,
)
_COUNTED_TOO = (Action.ADOPT, Action.FORGET)


def plan_json(plan: Plan) -> dict[str, Any]:
    """The plan as JSON values, whole: `restore_plan` gives it back. Times are ISO 8601."""
    return {
        "format": FORMAT,
        "id": plan.plan_id,
        "created": plan.created.isoformat(),
        "expires": plan.expires.isoformat(),
        "commit": plan.commit,
        "summary": _summary(plan),
        "changes": [_change(change) for change in plan.changes],
        "diagnostics": [diagnostic_json(found) for found in plan.diagnostics],
        "forecast": [forecast_json(forecast) for forecast in plan.forecast],
        "timetable": [held_json(held) for held in plan.timetable],
        "facts": dict(plan.facts),
        "state": plan.state_id,
        "owner": plan.owner,
        "blocked": list(plan.blocked),
        "gone": list(plan.gone),
    }


def _summary(plan: Plan) -> dict[str, int]:
    summary = plan.summary
    return {
        **{str(action): summary.counts[action] for action in _COUNTED},
        "new_numbers": summary.new_numbers,
        "ringing_numbers": summary.ringing_numbers,
        "recall_numbers": summary.recall_numbers,
        "waiting_numbers": summary.waiting_numbers,
        "repeat_numbers": summary.repeat_numbers,
        "removed_numbers": summary.removed_numbers,
        "campaigns": summary.campaigns,
        "unchanged": summary.unchanged,
        "blocked": summary.blocked,
        **{str(action): summary.counts[action] for action in _COUNTED_TOO},
        "passed_over": summary.passed_over,
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "campaign": change.campaign,
        "wave": change.wave,
        "action": str(change.action),
        "reason": str(change.reason),
        "rows": change.rows,
        "rings": change.rings,
        "attributes": {name: list(pair) for name, pair in change.attributes.items()},
        "detail": change.detail,
        **_place(change.position),
        "new_rows": change.new_rows,
        "repeat_rows": change.repeat_rows,
        "recall_rows": change.recall_rows,
        "waiting_rows": change.waiting_rows,
        "tries": str(change.tries) if change.tries else None,
        "deletes": change.deletes,
        "removed_rows": change.removed_rows,
        "wave_id": change.wave_id,
        "task_id": change.task_id,
        **({"kind": str(change.kind)} if change.kind is not ChangeKind.PLAIN else {}),
    }


def restore_plan(saved: dict[str, Any]) -> Plan:
    """The plan that `plan_json` gave. Raises PlanRejected for anything else."""
    if not isinstance(saved, dict) or saved.get("format") != FORMAT:
        raise PlanRejected(
            phrase("this is no saved plan of the format {format}", format=FORMAT),
            hint=phrase("yeta plan -o FILE writes one"),
        )
    try:
        return _restored(saved)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise PlanRejected(
            phrase("the saved plan is damaged: a part of it is missing or is not what it should be"),
            hint=phrase("plan again: yeta plan -o FILE"),
        ) from problem


def _restored(saved: dict[str, Any]) -> Plan:
    return Plan(
        plan_id=saved["id"],
        created=datetime.fromisoformat(saved["created"]),
        expires=datetime.fromisoformat(saved["expires"]),
        commit=saved["commit"],
        campaigns=saved["summary"]["campaigns"],
        changes=tuple(_restored_change(change) for change in saved["changes"]),
        diagnostics=tuple(restore_diagnostic(found) for found in saved["diagnostics"]),
        forecast=tuple(restore_forecast(forecast) for forecast in saved["forecast"]),
        timetable=tuple(restore_held(held) for held in saved.get("timetable", ())),
        facts=dict(saved["facts"]),
        state_id=saved["state"],
        owner=saved["owner"],
        passed_over=saved["summary"].get("passed_over", 0),
        blocked=tuple(saved.get("blocked", ())),
        gone=tuple(saved.get("gone", ())),
    )


def _restored_change(saved: dict[str, Any]) -> Change:
    return Change(
        campaign=saved["campaign"],
        wave=saved["wave"],
        action=Action(saved["action"]),
        reason=Reason(saved["reason"]),
        rows=saved["rows"],
        rings=saved["rings"],
        attributes={name: (old, new) for name, (old, new) in saved["attributes"].items()},
        detail=saved["detail"],
        position=_restored_place(saved),
        wave_id=saved["wave_id"],
        task_id=saved["task_id"],
        new_rows=saved["new_rows"],
        repeat_rows=saved["repeat_rows"],
        recall_rows=saved.get("recall_rows", 0),
        waiting_rows=saved.get("waiting_rows", 0),
        tries=Action(saved["tries"]) if saved.get("tries") else None,
        deletes=saved.get("deletes", False),
        removed_rows=saved.get("removed_rows", 0),
        kind=ChangeKind(saved.get("kind", ChangeKind.PLAIN)),
    )
