"""How every campaign stands, as text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from yeta_reconcile.amounts import count
from yeta_reconcile.moments import moment, since
from yeta_reconcile.platform.coercion import PLATFORM
from yeta_reconcile.render.overview import overview
from yeta_reconcile.render.report import (
    CampaignStatus,
    Status,
    WaveStatus,
)
from yeta_reconcile.render.table import (
    Paint,
    clean,
    table,
)
from yeta_reconcile.render.timetable import timetable_lines
from yeta_reconcile.render.words import (
    PHASE,
    forecast_said,
    result_said,
)
from yeta_reconcile.waves.record import Phase
from yeta_reconcile.wording import CLAUSES, NAMES, PARTS, Text, listed, phrase, spoken, worded

# Of results, and of tags, so many are told.
_MOST = 8
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


def status_lines(status: Status, paint: Paint) -> list[str]:
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
    lines += alert_lines(status.alerts, paint)
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
        headers,
        (_wave(wave, at.astimezone(PLATFORM).date()) for wave in campaign.waves),
        right=(of_wave, *counted),
        indent=2,
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


def alert_lines(alerts: tuple[Text, ...], paint: Paint) -> list[str]:
    said = [paint(worded("ALERT: {words}", words=clean(spoken(words))), "careful") for words in alerts]
    return [*said, ""] if said else []


def outcome_lines(wave: WaveStatus) -> list[str]:
    """Results of all, then by line where there is more than one; the highest and the lowest tags."""
    lines = [_results(wave.results)] if wave.results else []
    if len(wave.lines) > 1:
        for line, results in sorted(wave.lines.items()):
            name = clean(line) or phrase("unknown line")
            lines.append(worded("{line}: {results}", line=name, results=_results(results)))
    if wave.tags:
        lines.append(worded("highest tags: {tags}", tags=_counted(wave.tags)))
    # Where no dialog went below its highest tag, they are the same.
    if wave.tags_min and wave.tags_min != wave.tags:
        lines.append(worded("lowest tags: {tags}", tags=_counted(wave.tags_min)))
    return lines


def _result(words: str) -> str:
    return spoken(words) if isinstance(words, Text) else result_said("", words)


def _results(counts: Mapping[str, int]) -> str:
    """Of results some have a comma in their words."""
    return _counted({_result(name): number for name, number in counts.items()}, by=PARTS)


def _counted(counts: Mapping[str, int], by: str = NAMES) -> str:
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return spoken(listed([f"{clean(name)} {number:,}" for name, number in ordered], _MOST, by=by))
