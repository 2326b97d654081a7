"""What the decision table decides about, made of a few words: documents, waves, tasks, rows.

Whatever is not said is the plainest there is: a running campaign of one line, a wave as its document asks, a
task that says of the wave what the state says. Nothing here touches a file, a state or a platform.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, TypeVar

from yeta_reconcile.diagnostics import Position
from yeta_reconcile.documents.models import (
    Calling,
    Campaign,
    DirectCall,
)
from yeta_reconcile.marks import Mark
from yeta_reconcile.planning.calendar import Days
from yeta_reconcile.planning.delta import Met, RowsDelta, StagedDelta, Strange
from yeta_reconcile.planning.diff.subject import (
    Allowed,
    Doubts,
    Lineage,
    LineFacts,
    Subject,
    Unrecorded,
    Wave,
    with_observed,
)
from yeta_reconcile.planning.further_rounds import rule_of
from yeta_reconcile.planning.judgement import judge, weigh
from yeta_reconcile.planning.observed import Orphan
from yeta_reconcile.planning.trial import Choice, Trial
from yeta_reconcile.platform.call import RESULTS, ResultMeaning
from yeta_reconcile.platform.resources import Left, Task
from yeta_reconcile.waves.accounting import Results
from yeta_reconcile.waves.attributes import (
    Attributes,
)
from yeta_reconcile.waves.recalls import Recalls
from yeta_reconcile.waves.record import CampaignRecord, Intent, Phase, WaveRecord
from yeta_reconcile.waves.rounds import Rounds

NAME = "renewal"
COLUMNS = ("客户手机号码", "姓名")
NOW = datetime(2026, 12, 10, 9, 0, tzinfo=UTC)
DRAIN_QUIET = timedelta(minutes=10)

Side = TypeVar("Side", Lineage, Unrecorded, LineFacts, Allowed)

STATUS = {
    "new": 0, "started": 1, "running": 2, "paused": 3, "completed": 4, "between rounds": 5,
    "out of hours": 6, "expired": 7, "unheard of": 99, "not told": None,
}  # fmt: skip

_SPAN = re.compile(r"(\d+)([smhd])")
_UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def span(words: str) -> timedelta:
    """A duration as documents write it."""
    found = _SPAN.fullmatch(words)
    assert found, f"{words} is no duration"
    return timedelta(**{_UNIT[found[2]]: int(found[1])})


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def ago(words: str) -> int:
    """A moment before now, in ms."""
    return ms(NOW - span(words))


def document(given: Mapping[str, Any] | None = None) -> Calling:
    """A declared campaign or direct call; `end: past` and `end: ahead` stand for moments."""
    said = dict(given or {})
    direct = said.pop("kind", "Campaign") == "DirectCall"
    end = said.pop("end", None)
    if end:
        moment = NOW + timedelta(days=1) if end == "ahead" else NOW - span(end.removesuffix(" ago"))
        said["schedule"] = {"end": moment} | said.get("schedule", {})
    contacts = {"csv": f"{NAME}.csv"} | said.pop("contacts", {})
    common = {"name": NAME, "robot": "719", "contacts": contacts}
    if direct:
        return DirectCall.model_validate({"kind": "DirectCall", "line": "100"} | common | said)
    return Campaign.model_validate({"kind": "Campaign", "state": "running", "lines": ["100"]} | common | said)


def wave_record(number: int = 1, *, asked: Mapping[str, Any] | None = None, **given: Any) -> WaveRecord:
    """A recorded wave; `asked` are the keys of the document it was made from, where they differ.

    `started`, `created`, `quiet` are spans before now; `stretch` are the two moments between which its task
    lives. It has a task unless it is planned or its create is under way.
    """
    said = dict(given)
    since, until = map(datetime.fromisoformat, said.pop("stretch", ())) if "stretch" in said else (None, None)
    attributes = Attributes.of(document(asked), since, until)
    phase = Phase(said.pop("phase", "started"))
    counts = {name: said.pop(name, 0) for name in ("pending", "dialled", "released", "unknown", "held")}
    started = said.pop("started", "1h" if phase not in _NEVER_STARTED else None)
    quiet = said.pop("quiet", None)
    said |= {"created_at": ago(said.pop("created"))} if "created" in said else {}
    made: dict[str, Any] = {
        "campaign": NAME,
        "attempt": 1,
        "task_name": f"{NAME}~w{number}",
        "columns": COLUMNS,
        "task_id": None if phase in {Phase.PLANNED, Phase.CREATING} else f"t{number}",
        "started_at": ago(started) if started else None,
        "quiet_since": ago(quiet) if quiet else None,
        "halted": Left.said(said.pop("halted", None)),
    }
    return WaveRecord(number, number=number, phase=phase, attributes=attributes, **(made | counts | said))


_NEVER_STARTED = {Phase.PLANNED, Phase.CREATING, Phase.FILLING, Phase.VERIFIED, Phase.DISCARDED}
_NATURAL = {
    Phase.FILLING: "new", Phase.VERIFIED: "new", Phase.STARTED: "running", Phase.PAUSED: "paused",
    Phase.DRAINING: "paused", Phase.COMPLETED: "completed", Phase.EXPIRED: "expired",
    Phase.DELETED: "deleted", Phase.DISCARDED: "deleted",
}  # fmt: skip


def task(status: str, task_id: str = "t1", name: str = "", **given: Any) -> Task:
    """A task as the platform shows it: `of` numbers, `called` of them, `in_process` now."""
    said = dict(given)
    called, of = said.pop("called", 0), said.pop("of", 0)
    deleted = status.startswith("deleted")
    begun = said.pop("begun", status not in {"new", "deleted"} or bool(called))
    return Task(
        task_id,
        name or f"{NAME}~w1",
        STATUS[status.removeprefix("deleted").strip(" ,") or ("completed" if called else "new")]
        if deleted
        else STATUS[status],
        deleted=deleted,
        count_tel=of,
        process_count=said.pop("calls", called),
        process_tel_count=called,
        remaining=said.pop("in_process", 0),
        time_start=ago("1h") if begun else None,
        **said,
    )


def task_of(wave: WaveRecord, said: Any) -> Task | None:
    """The task of a wave: "gone", a status, or a mapping with `is`; by default what the state says."""
    natural = _NATURAL.get(wave.phase)
    given = dict(said) if isinstance(said, dict) else {"is": said or natural}
    status = given.pop("is", natural)
    if status in {"gone", None}:
        return None
    shown = {"of": wave.rows - wave.released, "called": wave.dialled} | given
    return task(status, wave.task_id or "", wave.task_name, **shown)


def orphan(said: Mapping[str, Any], number: int) -> Orphan:
    """A task with our mark and without a record."""
    given = {"of": 3} | dict(said)
    proven, wave = given.pop("proven", True), given.pop("wave", number)
    mark = Mark(given.pop("campaign", NAME), wave, "0" * 8, "1" * 8, "2" * 8)
    return Orphan(task(given.pop("is"), f"orphan{number}", str(mark), **given), mark, proven)


def rows(said: Mapping[str, Any]) -> RowsDelta:
    """How the list differs from the ledger; `staged` maps a wave to its rows that are still declared.

    `leaving` names a campaign and its waves that may let go of rows.
    `coming` says how long it is until how many rows are called again. `look_alikes` are gone campaigns with
    how many of how many people are shared, in lists of the same length.
    """
    known = {field.name for field in fields(RowsDelta)} | {"look_alikes"}
    assert set(said) <= known, f"{set(said) - known} is nothing that rows can be"
    made = dict(said)
    staged = made.get("staged", {})
    made["staged"] = {
        wave: StagedDelta(**(given if isinstance(given, dict) else {"rows": given}))
        for wave, given in staged.items()
    }
    made["leaving"] = {
        (name, wave): count
        for name, waves in made.get("leaving", {}).items()
        for wave, count in waves.items()
    }
    made["coming"] = {ms(NOW + span(ahead)): count for ahead, count in made.get("coming", {}).items()}
    made["strange"] = {name: Strange(**given) for name, given in made.get("strange", {}).items()}
    look_alikes = made.pop("look_alikes", {})
    gone = {
        name: Met(people=people, shared=shared, gone=True) for name, (shared, people) in look_alikes.items()
    }
    made["met"] = gone | {name: Met(**given) for name, given in made.get("met", {}).items()}
    return RowsDelta(**{"declared": max((met.people for met in gone.values()), default=0)} | made)


def place(*path: object) -> Position:
    """Where a key stands: here its path, as if that were the file."""
    return Position(".".join(map(str, path)) or "document", 1, 1)


def of_canary(
    declared: Calling | None, waves: Sequence[Wave], records: Mapping[int, Any], given: Mapping[str, Any]
) -> tuple[Trial, RowsDelta]:
    """How a canary stands by its `records` (of each wave how many had which result, the last call `ago`).

    `new` rows of the list are of the canary, and `later` ones the rest.
    """
    results = {}
    for wave, said in records.items():
        counts = {code: rows for code, rows in said.items() if code != "ago"}
        by_result = tuple((code, "", rows) for code, rows in counts.items())
        reached = sum(
            rows for code, rows in counts.items() if RESULTS[code].meaning is ResultMeaning.CONNECTED
        )
        results[wave] = Results(sum(counts.values()), reached, 0, by_result, ago(said.get("ago", "1h")))

    def read(choice: Choice | None) -> RowsDelta:
        everybody = given.get("new", 0) + given.get("later", 0)
        return rows(given if choice else {**given, "new": everybody, "later": 0})

    return weigh(judge(declared, waves, results, NOW), read)


def doubts(said: Mapping[int, Mapping[str, str]] | None) -> Doubts | None:
    """By wave (0: of none), the calls of which nobody knows, and how long they can be under way no more.

    What the platform does not show after five seconds it does not show at all.
    """
    if said is None:
        return None
    calls = [(wave or None, call, over) for wave, told in said.items() for call, over in told.items()]
    intents = [
        Intent(number, wave, call, None, 0, ago(over), ago(over))
        for number, (wave, call, over) in enumerate(calls)
    ]
    return Doubts.of(intents, ms(NOW), 5000)


def subject(case: Mapping[str, Any]) -> Subject:
    """All that is known of one campaign, as a case tells it."""
    said = dict(case)
    base = said.pop("declared", {})
    waves, tasks = _recorded(said.pop("waves", ()), base)
    there, tasks_there = _recorded(said.pop("unknown_there", ()), base)
    record = _campaign(said.pop("recorded", None), waves)
    declared = None if base is None else document(base)
    rule = rule_of(declared) if declared else None
    days = declared.schedule.days if isinstance(declared, Campaign) else "every-day"
    zone = timezone(timedelta(hours=said.pop("zone", 0)))
    halted = {key: Left(**left) for key, left in said.pop("halted", {}).items()}
    untold, tampered = said.pop("untold", {}), said.pop("tampered", ())
    recalls = {wave: Recalls(**given) for wave, given in said.pop("recalls", {}).items()}
    said.setdefault("concurrents", {"100": 5})
    said.setdefault("next_wave", len(waves) + 1)
    said["orphans"] = tuple(orphan(given, number) for number, given in enumerate(said.get("orphans", ()), 1))
    observed_waves = tuple(
        replace(
            wave,
            untold=tuple(untold.get(wave.record.wave_id, wave.untold)),
            recalls=recalls.get(wave.record.wave_id),
            tampered=wave.record.wave_id in tampered,
        )
        for wave in with_observed(record, tasks, halted, doubts(said.pop("doubts", None)))
    )
    trial, delta = of_canary(declared, observed_waves, said.pop("records", {}), said.pop("rows", {}))
    return Subject(
        NAME,
        declared,
        record,
        observed_waves,
        delta,
        NOW.astimezone(zone),
        int(DRAIN_QUIET.total_seconds() * 1000),
        columns=tuple(said.pop("columns", COLUMNS)),
        at=place,
        list_label="list",
        lineage=part(Lineage, said, unknown_there=with_observed(_campaign(None, there), tasks_there)),
        unrecorded=part(Unrecorded, said),
        lines=part(LineFacts, said),
        allowed=part(Allowed, said, days=Days(days, zone) if days != "every-day" else None),
        rounds=Rounds(rule, ms(NOW), **said.pop("rounds", {})),
        trial=trial,
        **said,
    )


def part(kind: type[Side], said: dict[str, Any], **made: Any) -> Side:
    """What a case tells of one side of a campaign; it is taken out of what is `said`."""
    return kind(**made, **{one.name: said.pop(one.name) for one in fields(kind) if one.name in said})


def _recorded(
    said: dict[str, Any] | list[dict[str, Any]], declared: Mapping[str, Any] | None
) -> tuple[list[WaveRecord], dict[str, Task | None]]:
    """Waves with their tasks by id; the end of a wave is that of its document where nothing else is said."""
    waves: list[WaveRecord] = []
    tasks: dict[str, Task | None] = {}
    campaign = declared is not None and declared.get("kind") != "DirectCall"
    end = declared.get("end") if declared and campaign else None
    for number, given in enumerate([said] if isinstance(said, dict) else said, 1):
        told = dict(given)
        shown = told.pop("task", None)
        asked = {"end": end, **told.pop("asked", {})}
        wave = wave_record(told.pop("number", number), asked=asked, **told)
        waves.append(wave)
        if wave.task_id and shown != "not asked":
            tasks[wave.task_id] = task_of(wave, shown)
    return waves, tasks


def _campaign(said: Mapping[str, Any] | None, waves: Sequence[WaveRecord]) -> CampaignRecord | None:
    if not waves and said is None:
        return None
    told: dict[str, Any] = {"name": NAME, "kind": "Campaign", **(said or {})}
    gone = told.pop("gone", None)
    told["key"] = tuple(told.get("key", ()))
    return CampaignRecord(waves=tuple(waves), gone_at=ago(gone) if gone else None, **told)
