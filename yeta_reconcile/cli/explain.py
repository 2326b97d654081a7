"""One campaign's whole story: declared, recorded, live, and what is decided; as JSON values and as text.

Told from a plan that was made; it asks nothing itself, and shows counts and no row.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, tzinfo
from typing import Any

from yeta_reconcile.amounts import count
from yeta_reconcile.documents.models import Campaign
from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.moments import moment
from yeta_reconcile.plan.plan import Plan
from yeta_reconcile.plan.plan_json import plan_json
from yeta_reconcile.planning.diff.subject import Subject, Wave
from yeta_reconcile.planning.planned import Planned
from yeta_reconcile.planning.status import note_of
from yeta_reconcile.platform.coercion import instant
from yeta_reconcile.render.table import (
    clean,
    table,
)
from yeta_reconcile.render.text import plan_text
from yeta_reconcile.render.words import PHASE, attribute_name, attribute_value
from yeta_reconcile.waves.attributes import Attributes
from yeta_reconcile.waves.record import Phase, WaveRecord
from yeta_reconcile.wording import CLAUSES, listed, phrase, spoken, worded

FORMAT = "yeta-explain/1"
# What of a wave is told as a column: as it is recorded, and as it is live.
_RECORDED = {
    "wave": phrase("WAVE"),
    "phase": phrase("PHASE"),
    "rows": phrase("ROWS"),
    "dialled": phrase("DIALLED"),
    "pending": phrase("PENDING"),
    "missing_records": phrase("NO RECORD"),
    "edited": phrase("EDITED"),
    "removed": phrase("REMOVED"),
    "started": phrase("STARTED"),
}
_LIVE = {
    "wave": phrase("WAVE"),
    "task_id": phrase("TASK"),
    "status": phrase("STATUS"),
    "count_tel": phrase("NUMBERS"),
    "process_tel_count": phrase("DIALLED"),
    "process_through_count": phrase("CONNECTED"),
}


def story_of(planned: Planned, name: str) -> dict[str, Any]:
    """The story of a campaign as JSON values. Raises InvalidInput for one that is not in the plan."""
    subjects = planned.subjects.values()
    subject = planned.subjects.get(name) or next(
        (one for one in subjects if one.record and name in {one.record.name, *one.record.former}), None
    )
    if subject is None:
        raise InvalidInput(phrase("--explain names {name}, which --only leaves out", name=name))
    zone = planned.plan.created.tzinfo
    decision = plan_json(_part(planned.plan, subject.name))
    return {
        "format": FORMAT,
        "campaign": subject.name,
        "at": planned.plan.created.isoformat(timespec="seconds"),
        "declared": _declared(subject),
        "recorded": _recorded(subject, zone),
        "live": [_live(wave) for wave in subject.waves if wave.record.task_id],
        "orphans": [
            {"task_id": orphan.task.task_id, "status": orphan.task.status_words, "proven": orphan.proven}
            for orphan in subject.unrecorded.orphans
        ],
        "changes": decision["changes"],
        "diagnostics": decision["diagnostics"],
        "forecast": decision["forecast"],
    }


def _part(plan: Plan, name: str) -> Plan:
    """What a plan says of one campaign: findings at a place of its list are its too."""
    return Plan(
        plan.plan_id,
        plan.created,
        plan.expires,
        plan.commit,
        campaigns=1,
        changes=tuple(change for change in plan.changes if change.campaign == name),
        diagnostics=tuple(found for found in plan.diagnostics if found.campaign in {name, None}),
        forecast=tuple(forecast for forecast in plan.forecast if forecast.campaign == name),
        blocked=(name,) if name in plan.blocked else (),
    )


def _declared(subject: Subject) -> dict[str, Any] | None:
    declared = subject.declared
    if declared is None:
        return None
    place, delta = subject.at(), subject.delta
    pairs = Attributes.of(declared).changes_from(None)
    return {
        "file": place.file,
        "line": place.line,
        "kind": declared.kind,
        "state": declared.state if isinstance(declared, Campaign) else None,
        "attributes": {name: new for name, (_, new) in pairs.items()},
        "list": declared.contacts.csv,
        "rows": delta.declared,
        "rows_in_no_wave": delta.new,
        "rows_set_aside": delta.set_aside,
        "rows_not_called": delta.blocked,
    }


def _recorded(subject: Subject, zone: tzinfo | None) -> dict[str, Any] | None:
    record = subject.record
    if record is None:
        return None
    return {
        "name": record.name,
        "former_names": list(record.former),
        "protect": record.protect,
        "gone_since": _time(record.gone_at, zone),
        "waves": [_wave(wave, subject, zone) for wave in record.waves if wave.phase is not Phase.DISCARDED],
        "discarded_attempts": sum(wave.phase is Phase.DISCARDED for wave in record.waves),
    }


def _wave(wave: WaveRecord, subject: Subject, zone: tzinfo | None) -> dict[str, Any]:
    delta = subject.delta
    own = ("attempt", "phase", "outside_yeta", "task_id", "rows", "dialled", "pending", "unknown")
    return {
        "wave": wave.number,
        **{name: getattr(wave, name) for name in own},
        "missing_records": wave.missing_records,
        "edited": delta.edited.get(wave.wave_id, 0),
        "removed": delta.removed.get(wave.wave_id, 0),
        "started": _time(wave.started_at, zone),
        "detail": note_of(wave),
    }


def _live(wave: Wave) -> dict[str, Any]:
    task = wave.task
    if task is None:
        return {"wave": wave.record.number, "task_id": wave.record.task_id, "status": None}
    shown = asdict(task)
    kept = ("count_tel", "process_tel_count", "process_through_count", "count_recalled", "remaining")
    return {
        "wave": wave.record.number,
        "task_id": task.task_id,
        "name": task.name,
        "status": task.status_words,
        **{name: shown[name] for name in kept},
    }


def _time(ms: int | None, zone: tzinfo | None) -> str | None:
    moment = instant(ms, zone)
    return moment.isoformat(timespec="seconds") if moment else None


def story_text(story: dict[str, Any], plan: Plan) -> str:
    """The story of a campaign of a plan as a person reads it, ending with a newline."""
    decided = plan_text(_part(plan, story["campaign"]))
    parts = [
        spoken(listed([clean(story["campaign"]), moment(datetime.fromisoformat(story["at"]))], by=CLAUSES)),
        "\n".join([worded("Declared"), *_declared_lines(story["declared"])]),
        "\n".join([worded("Recorded"), *_recorded_lines(story["recorded"])]),
        "\n".join([worded("Live"), *_live_lines(story)]),
        "\n".join([worded("Decided"), *(f"  {line}".rstrip() for line in decided.splitlines())]),
    ]
    return "\n\n".join(parts) + "\n"


def _declared_lines(declared: dict[str, Any] | None) -> list[str]:
    if declared is None:
        return [f"  {worded('by no document')}"]
    rows = [phrase("{rows} in {list}", rows=count(declared["rows"], "row"), list=clean(declared["list"]))]
    if declared["rows_in_no_wave"]:
        rows.append(phrase("{number:,} in no wave yet", number=declared["rows_in_no_wave"]))
    if declared["rows_set_aside"]:
        rows.append(phrase("{number:,} set aside", number=declared["rows_set_aside"]))
    if declared["rows_not_called"]:
        rows.append(phrase("{number:,} not called", number=declared["rows_not_called"]))
    kind = [declared["kind"], *([declared["state"]] if declared["state"] else [])]
    lines = [f"  {clean(declared['file'])}:{declared['line']}: {spoken(listed(kind, 0, by=CLAUSES))}"]
    lines += [
        f"  {attribute_name(name)}: {attribute_value(name, value)}"
        for name, value in declared["attributes"].items()
    ]
    return [*lines, f"  {spoken(listed(rows, 0, by=CLAUSES))}"]


def _recorded_lines(recorded: dict[str, Any] | None) -> list[str]:
    if recorded is None:
        return [f"  {worded('nothing: it was never applied')}"]
    lines = []
    if recorded["former_names"]:
        lines.append(f"  {worded('formerly {names}', names=listed(map(clean, recorded['former_names']), 0))}")
    if recorded["protect"]:
        lines.append(f"  {worded('protected')}")
    if recorded["gone_since"]:
        lines.append(f"  {worded('not declared since {at}', at=recorded['gone_since'])}")
    if recorded["waves"]:
        rows = [[_wave_cell(key, wave[key]) for key in _RECORDED] for wave in recorded["waves"]]
        right = {head for key, head in _RECORDED.items() if key not in {"phase", "started"}}
        lines += table([*_RECORDED.values()], rows, right=right, indent=2)
    else:
        lines.append(f"  {worded('no wave')}")
    if recorded["discarded_attempts"]:
        lines.append(
            "  "
            + worded(
                "{attempts} discarded before the start",
                attempts=count(recorded["discarded_attempts"], "attempt"),
            )
        )
    return lines


def _wave_cell(key: str, value: Any) -> object:
    if key == "started" and value:
        return moment(datetime.fromisoformat(value))
    return PHASE[value] if key == "phase" else value


def _live_cell(key: str, value: Any) -> object:
    return value or phrase("gone") if key == "status" else value


def _live_lines(story: dict[str, Any]) -> list[str]:
    lines = [
        f"  {worded('orphan task {id}: {status}', id=task['task_id'], status=task['status'])}"
        for task in story["orphans"]
    ]
    if story["live"]:
        rows = [[_live_cell(key, task.get(key)) for key in _LIVE] for task in story["live"]]
        right = {head for key, head in _LIVE.items() if key not in {"task_id", "status"}}
        lines += table([*_LIVE.values()], rows, right=right, indent=2)
    return lines or [f"  {worded('no task')}"]
