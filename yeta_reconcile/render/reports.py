"""Reports as text and as JSON. Text is for eyes; the JSON's keys are the fields of `render/report.py`."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date
from enum import IntEnum
from itertools import count as count_up
from typing import TYPE_CHECKING, Any

from yeta_reconcile.amounts import count
from yeta_reconcile.moments import moment, since
from yeta_reconcile.plan.foresight import Held
from yeta_reconcile.plan.plan_json import held_json
from yeta_reconcile.render.ledger import state_lines, state_show_lines
from yeta_reconcile.render.outcomes import outcome_lines
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
from yeta_reconcile.render.words import (
    ACTION,
    PHASE,
    attribute_name,
    attribute_value,
    forecast_said,
    shortened,
)
from yeta_reconcile.waves.record import Phase
from yeta_reconcile.wording import CLAUSES, PARTS, Text, listed, phrase, spoken, worded

if TYPE_CHECKING:
    from datetime import datetime

    from yeta_reconcile.render.report import (
        CampaignStatus,
        HistoryEntry,
        WaveStatus,
        WhyCall,
        WhyWave,
    )

_LONGEST_OUTCOME = 100
DECLARED = {
    "running": phrase("declared running"),
    "paused": phrase("declared paused"),
    "staged": phrase("declared staged"),
    "declared": phrase("declared"),
}
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
            lines = state_lines(report)
        case StateShow():
            lines = state_show_lines(report, paint)
    return "\n".join(lines) + "\n"


def _status(status: Status, paint: Paint) -> list[str]:
    lines = (
        [paint(worded("HALTED: {why}", why=clean(spoken(status.halted))), "alarm"), ""]
        if status.halted
        else []
    )
    if status.silent:
        silent = worded(
            "THE PLATFORM DID NOT ANSWER: {why}. This is what the state recorded.",
            why=clean(spoken(status.silent)),
        )
        lines += [paint(silent, "careful"), ""]
    lines += _alerts(status.alerts, paint)
    if not status.campaigns:
        return [*lines, worded("No campaigns.")]
    head, *rows = overview(status)
    lines += [paint(head, "faint"), *rows, ""]
    if len(status.campaigns) == 1:
        lines += [*_campaign(status.campaigns[0], paint, status.at), ""]
    if timetable := timetable_lines(status.timetable, status.at):
        lines += [*timetable, ""]
    dialled = sum(campaign.dialled for campaign in status.campaigns)
    numbers = sum(campaign.numbers for campaign in status.campaigns)
    total = worded(
        "{campaigns}, {dialled:,} of {numbers:,} dialled at {at}.",
        campaigns=count(len(status.campaigns), "campaign"),
        dialled=dialled,
        numbers=numbers,
        at=moment(status.at),
    )
    return [*lines, total]


def _campaign(campaign: CampaignStatus, paint: Paint, at: datetime) -> list[str]:
    # Of a direct call there is nothing more to say than that it is declared.
    declared = DECLARED.get(campaign.declared or "", phrase("no longer declared"))
    kind = [] if campaign.kind == "Campaign" else [campaign.kind]
    said = spoken(listed([*kind, declared], 0, by=CLAUSES))
    lines = [f"{paint(clean(campaign.name), 'strong')}  {clean(said)}"]
    for task, words in campaign.unrecorded.items():
        unknown = worded(
            "task {task} ({words}) bears its mark and has no record: see `yeta plan`",
            task=clean(task),
            words=clean(spoken(words)),
        )
        lines.append(f"  {unknown}")
    if not campaign.waves:
        return lines if campaign.unrecorded else [*lines, f"  {worded('nothing on the platform yet')}"]
    of_wave, *counted = phrase("WAVE"), phrase("NUMBERS"), phrase("DIALLED"), phrase("CONNECTED")
    headers = (of_wave, phrase("PHASE"), phrase("TASK"), phrase("PLATFORM"), *counted, phrase("RECORDS"))
    head, *rows = table(
        headers, (_wave(wave, at.date()) for wave in campaign.waves), right=(of_wave, *counted), indent=2
    )
    lines.append(paint(head, "faint"))
    for row, wave in zip(rows, campaign.waves, strict=True):
        colour = _PHASE_COLOUR.get(wave.phase)
        lines.append(paint(row, colour) if colour else row)
        notes = [_round(wave, campaign), *outcome_lines(wave), clean(spoken(wave.detail)), _again(wave, at)]
        lines += [f"        {note}" for note in notes if note]
    return [*lines, *_next_round(campaign, at), *_canary(campaign, paint), *_finish(campaign, paint)]


def _round(wave: WaveStatus, campaign: CampaignStatus) -> str:
    """In which round a wave calls, where that is not the first."""
    most = max(wave.round, campaign.rounds)
    return worded("round {round} of {most}", round=wave.round, most=most) if wave.round > 1 else ""


def _next_round(campaign: CampaignStatus, now: datetime) -> list[str]:
    found = campaign.next_round
    if found is None:
        return []
    said = worded(
        "round {round} of {most}: up to {numbers} may be called again {begin}",
        round=found.round,
        most=campaign.rounds,
        numbers=count(found.rows, "number"),
        begin=phrase("from now on") if found.since <= now else since(found.since, now),
    )
    return [f"  {said}"]


def _canary(campaign: CampaignStatus, paint: Paint) -> list[str]:
    """How the canary stands, and what its records are so far."""
    if (canary := campaign.canary) is None:
        return []
    stands = worded("canary: {words}", words=clean(spoken(canary.words)))
    counts = worded(
        "{called:,} called, {connected:,} reached, {refused:,} refused, {hung_up:,} hung up on the robot",
        called=canary.called,
        connected=canary.connected,
        refused=canary.refused,
        hung_up=canary.hung_up,
    )
    aborted = canary.standing == "aborted"
    said = [f"  {paint(stands, 'alarm') if aborted else stands}"]
    return [*said, f"        {counts}"] if canary.called else said


def _wave(wave: WaveStatus, today: date) -> tuple[object, ...]:
    return (
        wave.number,
        PHASE[wave.phase],
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
        return worded("{number:,} on the way", number=wave.missing)
    if wave.missing is None:
        return worded("not told yet")
    if not wave.missing:
        return worded("complete")
    if wave.fetchable_from is None:
        return worded("{number:,} missing, too old for backfill", number=wave.missing)
    begin = phrase("tomorrow") if wave.fetchable_from >= today else wave.fetchable_from
    return worded("{number:,} missing, backfill can fetch them from {day}", number=wave.missing, day=begin)


def _again(wave: WaveStatus, now: datetime) -> str:
    """`14 may be tried again from 14:20`, and what is known of those of whom no record tells."""
    if not wave.again:
        return ""
    begin: str = (
        phrase("from now on")
        if not wave.again_from or wave.again_from <= now
        else since(wave.again_from, now)
    )
    if wave.phase in {Phase.PAUSED, Phase.DRAINING}:
        begin = phrase("{begin}, once it goes on", begin=begin)
    if wave.again_unrecorded == wave.again:
        return worded(
            "{number:,} dialled, without a record yet; may be tried again {begin}",
            number=wave.again,
            begin=begin,
        )
    if not wave.again_unrecorded:
        return worded("{number:,} may be tried again {begin}", number=wave.again, begin=begin)
    return worded(
        "{number:,} may be tried again {begin} ({unrecorded:,} dialled, without a record yet)",
        number=wave.again,
        begin=begin,
        unrecorded=wave.again_unrecorded,
    )


def _finish(campaign: CampaignStatus, paint: Paint) -> list[str]:
    if campaign.finish is None:
        return [f"  {clean(spoken(campaign.forecast))}"] if campaign.forecast else []
    said = forecast_said(campaign.ahead)
    return [f"  {said if campaign.fits else paint(said, 'careful')}"]


def _alerts(alerts: tuple[Text, ...], paint: Paint) -> list[str]:
    said = [paint(worded("ALERT: {words}", words=clean(spoken(words))), "careful") for words in alerts]
    return [*said, ""] if said else []


def _drift(drift: Drift, paint: Paint) -> list[str]:
    return [*_alerts(drift.alerts, paint), *_differences(drift, paint)]


def _differences(drift: Drift, paint: Paint) -> list[str]:
    looked = phrase("{waves} looked at, {at}", waves=count(drift.checked, "wave"), at=moment(drift.at))
    if not drift.differences:
        return [worded("No drift ({looked}).", looked=looked)]
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
    wave = phrase("WAVE")
    headers = (phrase("CAMPAIGN"), wave, phrase("WHAT"), phrase("APPLIED"), phrase("LIVE"))
    head, *lines = table(headers, rows, right=(wave,))
    said = worded("{differences} ({looked}).", differences=count(len(rows), "difference"), looked=looked)
    return [paint(head, "faint"), *lines, "", paint(said, "careful")]


def _history(history: History, paint: Paint) -> list[str]:
    if not history.entries:
        return [worded("Nothing was applied yet."), *_broken(history, paint)]
    number = phrase("NO")
    headers = (
        number, phrase("AT"), phrase("WHO"), phrase("COMMAND"), phrase("COMMIT"), phrase("PLAN"),
        phrase("DID"), phrase("OUTCOME"),
    )  # fmt: skip
    head, *rows = table(headers, map(_entry, count_up(1), history.entries), right=(number,))
    lines = [paint(head, "faint")]
    for row, entry in zip(rows, history.entries, strict=True):
        lines += [row, *_changes(entry)]
    return lines + _broken(history, paint)


def _broken(history: History, paint: Paint) -> list[str]:
    if history.broken_at is None:
        return []
    why = clean(spoken(history.broken_why))
    number = next((number for number, entry in enumerate(history.entries, 1)
                   if history.broken_at in {entry.serial, entry.end_serial}), None)  # fmt: skip
    link: Text = phrase("link {link}", link=history.broken_at)
    if number is not None:
        link = phrase("link {link} (of no {number})", link=history.broken_at, number=number)
    return ["", paint(worded("The chain breaks at {link}: {why}.", link=link, why=why), "alarm")]


def _changes(entry: HistoryEntry) -> list[str]:
    """What changed, in one line: `spring: create wave 1 (120 rows), start wave 1; autumn: delete wave 2`."""
    campaigns: dict[str, list[Text]] = {}
    done = {str(action): words for action, words in ACTION.items()}
    for change in entry.changes:
        did = done.get(change.action, Text(change.action))
        if change.wave:
            did = phrase("{action} wave {number}", action=did, number=change.wave)
        if (change.round or 1) > 1:
            did = phrase("{did} in round {round}", did=did, round=change.round)
        if change.rows:
            did = phrase("{did} ({rows})", did=did, rows=count(change.rows, "row"))
        campaigns.setdefault(change.campaign, []).append(did)
    words = [f"{clean(name)}: {spoken(listed(done))}" for name, done in campaigns.items()]
    return [f"      {spoken(listed(words, by=PARTS))}"] if words else []


def _entry(number: int, entry: HistoryEntry) -> tuple[object, ...]:
    did = [f"{number:,} {name.replace('_', ' ')}" for name, number in entry.summary.items() if number]
    ended = worded("never ended") if entry.exit_code is None else worded("exit {code}", code=entry.exit_code)
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
        worded("{outcome} ({ended})", outcome=outcome, ended=ended) if outcome else ended,
    )


def _why(why: Why, paint: Paint) -> list[str]:
    if not why.waves and not why.calls:
        return [worded("{number} is in no wave of this state.", number=clean(why.number))]
    lines = [paint(clean(why.number), "strong")]
    for wave in why.waves:
        lines += _why_wave(wave)
    if why.calls:
        lines += [f"  {worded('in no wave:')}", *_calls(why.calls)]
    calls = len(why.calls) + sum(len(wave.calls) for wave in why.waves)
    return [
        *lines,
        worded("{calls} in {waves}.", calls=count(calls, "call"), waves=count(len(why.waves), "wave")),
    ]


def _why_wave(wave: WhyWave) -> list[str]:
    known = clean(spoken(wave.known))
    if wave.detail:
        known = worded("{known} ({detail})", known=known, detail=clean(spoken(wave.detail)))
    phase = PHASE[wave.phase]
    if wave.round > 1:
        phase = phrase("{phase}, round {round}", phase=phase, round=wave.round)
    head = worded(
        "{campaign} wave {number} ({phase}): {known}",
        campaign=clean(wave.campaign),
        number=wave.wave,
        phase=phase,
        known=known,
    )
    return [f"  {head}", *(_calls(wave.calls) if wave.calls else [])]


def _meaning(call: WhyCall) -> str:
    if not call.incoming:
        return call.description
    if not call.description:
        return phrase("incoming call")
    return phrase("{words} (incoming call)", words=call.description)


def _calls(calls: tuple[WhyCall, ...]) -> list[str]:
    rows = [
        (
            moment(call.at) if call.at else phrase("time unknown"),
            call.result,
            _meaning(call),
            phrase("connected") if call.connected else phrase("not connected"),
            None if call.duration is None else phrase("{number} s", number=call.duration),
        )
        for call in calls
    ]
    return table(
        (phrase("CALL"), phrase("RESULT"), phrase("MEANING"), phrase("CONNECTED"), phrase("LASTED")),
        rows,
        indent=4,
    )
