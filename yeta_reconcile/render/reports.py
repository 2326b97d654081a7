"""Reports as text and as JSON. Text is for eyes; the JSON's keys are the fields of `render/report.py`."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date
from enum import IntEnum
from itertools import count as count_up
from typing import TYPE_CHECKING, Any

from yeta_reconcile.amounts import count
from yeta_reconcile.moments import moment, since
from yeta_reconcile.plan.foresight import Held, held_json
from yeta_reconcile.render.overview import overview
from yeta_reconcile.render.report import (
    CampaignStatus,
    Drift,
    History,
    Report,
    StateList,
    StateShow,
    Status,
    Why,
)
from yeta_reconcile.render.table import (
    Paint,
    clean,
    table,
)
from yeta_reconcile.render.timetable import timetable_lines
from yeta_reconcile.render.words import attribute_name, attribute_value, forecast_said, listed, shortened
from yeta_reconcile.waves.record import Phase

if TYPE_CHECKING:
    from datetime import datetime

    from yeta_reconcile.render.report import (
        CampaignStatus,
        HistoryEntry,
        StateRow,
        StateWave,
        WaveStatus,
        WhyCall,
        WhyWave,
    )

_LONGEST_OUTCOME = 100
_COUNTED = ("ROWS", "TO CALL", "NO RECORD", "DIALLED", "HELD", "UNKNOWN")
_PHASE_COLOUR = {
    Phase.STARTED: "good",
    Phase.PAUSED: "careful",
    Phase.DRAINING: "careful",
    Phase.EXPIRED: "careful",
    Phase.LOST: "alarm",
}


def report_json(report: Report) -> dict[str, Any]:
    """A report as JSON values: its `format`, then its fields; times are ISO 8601."""
    return {"format": report.FORMAT, **_plain(report)}


def _plain(value: Any) -> Any:
    if isinstance(value, Held):
        return held_json(value)
    if is_dataclass(value):
        return {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, IntEnum):
        return value.name.lower().replace("_", "-")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value


def report_text(report: Report, *, color: bool = False) -> str:
    """A report as text for a terminal, ending with a newline."""
    paint = Paint(color)
    match report:
        case Status():
            lines = _status(report, paint)
        case Drift():
            lines = _drift(report, paint)
        case History():
            lines = _history(report, paint)
        case Why():
            lines = _why(report, paint)
        case StateList():
            lines = _state(report)
        case StateShow():
            lines = _state_show(report, paint)
    return "\n".join(lines) + "\n"


def _status(status: Status, paint: Paint) -> list[str]:
    lines = [paint(f"HALTED: {clean(status.halted)}", "alarm"), ""] if status.halted else []
    if status.silent:
        silent = f"THE PLATFORM DID NOT ANSWER: {clean(status.silent)}. This is what the state recorded."
        lines += [paint(silent, "careful"), ""]
    lines += _alerts(status.alerts, paint)
    if not status.campaigns:
        return [*lines, "No campaigns."]
    head, *rows = overview(status)
    lines += [paint(head, "faint"), *rows, ""]
    if len(status.campaigns) == 1:
        lines += [*_campaign(status.campaigns[0], paint, status.at), ""]
    if timetable := timetable_lines(status.timetable, status.at):
        lines += [*timetable, ""]
    dialled = sum(campaign.dialled for campaign in status.campaigns)
    numbers = sum(campaign.numbers for campaign in status.campaigns)
    total = f"{count(len(status.campaigns), 'campaign')}, {dialled:,} of {numbers:,} dialled"
    return [*lines, f"{total} at {moment(status.at)}."]


def _campaign(campaign: CampaignStatus, paint: Paint, at: datetime) -> list[str]:
    # Of a direct call there is nothing more to say than that it is declared.
    declared = campaign.declared and f"declared {campaign.declared}".removesuffix(" declared")
    kind = "" if campaign.kind == "Campaign" else f"{campaign.kind}, "
    lines = [f"{paint(clean(campaign.name), 'strong')}  {kind}{clean(declared or 'no longer declared')}"]
    lines += [
        f"  task {clean(task)} ({clean(words)}) bears its mark and has no record: see `yeta plan`"
        for task, words in campaign.unrecorded.items()
    ]
    if not campaign.waves:
        return lines if campaign.unrecorded else [*lines, "  nothing on the platform yet"]
    headers = ("WAVE", "PHASE", "TASK", "PLATFORM", "NUMBERS", "DIALLED", "CONNECTED", "RECORDS")
    counted = ("WAVE", "NUMBERS", "DIALLED", "CONNECTED")
    head, *rows = table(headers, (_wave(wave, at.date()) for wave in campaign.waves), right=counted, indent=2)
    lines.append(paint(head, "faint"))
    for row, wave in zip(rows, campaign.waves, strict=True):
        colour = _PHASE_COLOUR.get(wave.phase)
        lines.append(paint(row, colour) if colour else row)
        notes = [_results(wave), clean(wave.detail), _again(wave, at)]
        lines += [f"        {note}" for note in notes if note]
    return [*lines, *_finish(campaign, paint)]


def _wave(wave: WaveStatus, today: date) -> tuple[object, ...]:
    return (
        wave.number,
        wave.phase,
        wave.task_id,
        wave.live,
        wave.rows,
        _share(wave.dialled, wave.rows),
        _share(wave.connected, wave.dialled),
        _records(wave, today),
    )


def _share(part: int | None, whole: int | None) -> str | None:
    """`60 (50 %)`, rounded down so that 100 % means all."""
    if part is None or not whole:
        return None if part is None else f"{part:,}"
    return f"{part:,} ({part * 100 // whole} %)"


def _records(wave: WaveStatus, today: date) -> str:
    if wave.missing and wave.on_the_way == wave.missing:
        return f"{wave.missing:,} on the way"
    if wave.missing is None:
        return "not told yet"
    if not wave.missing:
        return "complete"
    if wave.fetchable_from is None:
        return f"{wave.missing:,} missing, too old for backfill"
    begin = "tomorrow" if wave.fetchable_from >= today else wave.fetchable_from
    return f"{wave.missing:,} missing, backfill can fetch them from {begin}"


def _again(wave: WaveStatus, now: datetime) -> str:
    """`14 may be tried again from 14:20`, and what is known of those of whom no record tells."""
    if not wave.again:
        return ""
    begin = "from now on" if not wave.again_from or wave.again_from <= now else since(wave.again_from, now)
    standing = ", once it goes on" if wave.phase in {Phase.PAUSED, Phase.DRAINING} else ""
    if wave.again_unrecorded == wave.again:
        return f"{wave.again:,} dialled, without a record yet; may be tried again {begin}{standing}"
    unsaid = f" ({wave.again_unrecorded:,} dialled, without a record yet)" if wave.again_unrecorded else ""
    return f"{wave.again:,} may be tried again {begin}{standing}{unsaid}"


def _results(wave: WaveStatus) -> str:
    ordered = sorted(wave.results.items(), key=lambda pair: (-pair[1], pair[0]))
    return listed([f"{clean(result)} {number:,}" for result, number in ordered], 8)


def _finish(campaign: CampaignStatus, paint: Paint) -> list[str]:
    if campaign.finish is None:
        return [f"  {clean(campaign.forecast)}"] if campaign.forecast else []
    said = forecast_said(campaign.ahead)
    return [f"  {said if campaign.fits else paint(said, 'careful')}"]


def _alerts(alerts: tuple[str, ...], paint: Paint) -> list[str]:
    said = [paint(f"ALERT: {clean(words)}", "careful") for words in alerts]
    return [*said, ""] if said else []


def _drift(drift: Drift, paint: Paint) -> list[str]:
    return [*_alerts(drift.alerts, paint), *_differences(drift, paint)]


def _differences(drift: Drift, paint: Paint) -> list[str]:
    looked = f"{count(drift.checked, 'wave')} looked at, {moment(drift.at)}"
    if not drift.differences:
        return [f"No drift ({looked})."]
    rows = [
        (
            found.campaign,
            found.wave,
            attribute_name(found.what),
            attribute_value(found.what, found.applied),
            attribute_value(found.what, found.live),
        )
        for found in drift.differences
    ]
    head, *lines = table(("CAMPAIGN", "WAVE", "WHAT", "APPLIED", "LIVE"), rows, right=("WAVE",))
    differences = count(len(rows), "difference")
    return [paint(head, "faint"), *lines, "", paint(f"{differences} ({looked}).", "careful")]


def _history(history: History, paint: Paint) -> list[str]:
    if not history.entries:
        return ["Nothing was applied yet.", *_broken(history, paint)]
    headers = ("NO", "AT", "WHO", "COMMAND", "COMMIT", "PLAN", "DID", "OUTCOME")
    head, *rows = table(headers, map(_entry, count_up(1), history.entries), right=("NO",))
    lines = [paint(head, "faint")]
    for row, entry in zip(rows, history.entries, strict=True):
        lines += [row, *_changes(entry)]
    return lines + _broken(history, paint)


def _broken(history: History, paint: Paint) -> list[str]:
    if history.broken_at is None:
        return []
    run = next((f" (of no {number})" for number, entry in enumerate(history.entries, 1)
                if history.broken_at in {entry.serial, entry.end_serial}), "")  # fmt: skip
    words = f"The chain breaks at link {history.broken_at}{run}: {clean(history.broken_why)}."
    return ["", paint(words, "alarm")]


def _changes(entry: HistoryEntry) -> list[str]:
    """What changed, in one line: `spring: create wave 1 (120 rows), start wave 1; autumn: delete wave 2`."""
    campaigns: dict[str, list[str]] = {}
    for change in entry.changes:
        wave = f" wave {change.wave}" if change.wave else ""
        rows = f" ({count(change.rows, 'row')})" if change.rows else ""
        campaigns.setdefault(change.campaign, []).append(f"{change.action}{wave}{rows}")
    words = [f"{clean(name)}: {listed(done)}" for name, done in campaigns.items()]
    return [f"      {listed(words, separator='; ')}"] if words else []


def _entry(number: int, entry: HistoryEntry) -> tuple[object, ...]:
    did = [f"{number:,} {name.replace('_', ' ')}" for name, number in entry.summary.items() if number]
    ended = "never ended" if entry.exit_code is None else f"exit {entry.exit_code}"
    # One line a run: the whole is in JSON, and what is left to do the next plan says.
    outcome = shortened(entry.outcome, _LONGEST_OUTCOME)
    return (
        number,
        moment(entry.at),
        f"{entry.who}@{entry.host}",
        entry.command,
        (entry.commit or "")[:8],
        entry.plan_id,
        ", ".join(did),
        f"{outcome} ({ended})" if outcome else ended,
    )


def _why(why: Why, paint: Paint) -> list[str]:
    if not why.waves and not why.calls:
        return [f"{clean(why.number)} is in no wave of this state."]
    lines = [paint(clean(why.number), "strong")]
    for wave in why.waves:
        lines += _why_wave(wave)
    if why.calls:
        lines += ["  in no wave:", *_calls(why.calls)]
    calls = len(why.calls) + sum(len(wave.calls) for wave in why.waves)
    return [*lines, f"{count(calls, 'call')} in {count(len(why.waves), 'wave')}."]


def _why_wave(wave: WhyWave) -> list[str]:
    detail = f" ({clean(wave.detail)})" if wave.detail else ""
    head = f"  {clean(wave.campaign)} wave {wave.wave} ({wave.phase}): {clean(wave.known)}{detail}"
    return [head, *(_calls(wave.calls) if wave.calls else [])]


def _calls(calls: tuple[WhyCall, ...]) -> list[str]:
    rows = [
        (
            moment(call.at) if call.at else "time unknown",
            call.result,
            call.description,
            "connected" if call.connected else "not connected",
            None if call.duration is None else f"{call.duration} s",
        )
        for call in calls
    ]
    return table(("CALL", "RESULT", "MEANING", "CONNECTED", "LASTED"), rows, indent=4)


def _state(listing: StateList) -> list[str]:
    if not listing.rows:
        return ["The state knows no campaign."]
    headers = (
        "CAMPAIGN",
        "KIND",
        "WAVES",
        "LIVE",
        "ROWS",
        "TO CALL",
        "NO RECORD",
        "DIALLED",
        "HELD",
        "UNKNOWN",
    )
    rows = [
        (
            row.campaign, row.kind, row.waves, row.live_waves, *_counts(row), _notes(row),
        )
        for row in listing.rows
    ]  # fmt: skip
    return table((*headers, "NOTES"), rows, right=headers[2:])


def _counts(of: StateRow | StateWave) -> tuple[int, ...]:
    return of.rows, of.pending - of.unrecorded, of.unrecorded, of.dialled, of.held, of.unknown


def _notes(row: StateRow) -> str:
    gone = f"gone since {moment(row.gone_at)}" if row.gone_at else ""
    return ", ".join(note for note in ("protected" if row.protect else "", gone) if note)


def _state_show(shown: StateShow, paint: Paint) -> list[str]:
    key = ", ".join(map(clean, shown.key)) or "the number"
    head = [f"{paint(clean(shown.campaign), 'strong')}  {shown.kind}, rows by {key}"]
    if shown.former:
        head.append(f"  formerly {', '.join(map(clean, shown.former))}")
    if shown.protect:
        head.append("  protected")
    headers = ("WAVE", "ATTEMPT", "PHASE", "TASK", "STARTED", *_COUNTED)
    rows = [
        (
            wave.number, wave.attempt, wave.phase, wave.task_id,
            moment(wave.started) if wave.started else None, *_counts(wave), _origin(wave),
        )
        for wave in shown.waves
    ]  # fmt: skip
    right = ("WAVE", "ATTEMPT", *_COUNTED)
    return [*head, *table((*headers, "NOTES"), rows, right=right, indent=2)]


def _origin(wave: StateWave) -> str:
    notes = (
        ("imported", wave.imported),
        ("by another hand", wave.by_another_hand),
        (f"{wave.released:,} went free for another wave", wave.released),
    )
    return ", ".join(words for words, holds in notes if holds)
