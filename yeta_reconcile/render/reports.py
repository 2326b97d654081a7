"""Reports as text and as JSON. Text is for eyes; the JSON's keys are the fields of `render/report.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date
from enum import IntEnum
from itertools import count as count_up
from typing import Any

from yeta_reconcile.amounts import count
from yeta_reconcile.moments import moment
from yeta_reconcile.plan.foresight import LineUse
from yeta_reconcile.plan.plan import ACTION
from yeta_reconcile.plan.plan_json import line_use_json
from yeta_reconcile.render.holdings import state_lines, state_show_lines
from yeta_reconcile.render.report import (
    Drift,
    HistoryEntry,
    HistoryReport,
    Report,
    StateList,
    StateShow,
    Status,
    Why,
    WhyCall,
    WhyWave,
)
from yeta_reconcile.render.status import alert_lines, status_lines
from yeta_reconcile.render.table import (
    Paint,
    clean,
    table,
)
from yeta_reconcile.render.words import (
    PHASE,
    attribute_name,
    attribute_value,
    result_said,
    shortened,
)
from yeta_reconcile.waves.record import Phase, RowState, WaveRecord
from yeta_reconcile.wording import PARTS, Text, listed, phrase, spoken, worded

_LONGEST_OUTCOME = 100


_OF_STATE = {
    RowState.DIALLED: phrase("dialled"),
    RowState.SET_ASIDE: phrase("set aside: the platform refused the number"),
    RowState.RELEASED: phrase("not dialled, free for another wave"),
    RowState.HELD: phrase("held: possibly dialled"),
    RowState.UNKNOWN: phrase("unknown: its call-out was never answered"),
}
_WITHOUT_RECORD = {
    Phase.STARTED: phrase("no record yet: to be called, or dialled already"),
    Phase.PAUSED: phrase("no record yet: dialled already, or not while the wave stands still"),
    Phase.DRAINING: phrase("no record yet: dialled already, or not while the wave stands still"),
    Phase.EXPIRED: phrase("no record tells whether it was dialled: held until all who were have one"),
    Phase.DELETED: phrase("no record tells whether it was dialled: held until all who were have one"),
    Phase.LOST: phrase("no record tells whether it was dialled, and its task is gone"),
    Phase.DISCARDED: phrase("in a task that was discarded"),
}


def report_json(report: Report) -> dict[str, Any]:
    """A report as JSON values: its `format`, then its fields; times are ISO 8601."""
    return {"format": report.FORMAT, **_plain(report)}


def _plain(value: Any) -> Any:
    if isinstance(value, LineUse):
        return line_use_json(value)
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
            lines = status_lines(report, paint)
        case Drift():
            lines = _drift(report, paint)
        case HistoryReport():
            lines = _history(report, paint)
        case Why():
            lines = _why(report, paint)
        case StateList():
            lines = state_lines(report)
        case StateShow():
            lines = state_show_lines(report, paint)
    return "\n".join(lines) + "\n"


def _drift(drift: Drift, paint: Paint) -> list[str]:
    return [*alert_lines(drift.alerts, paint), *_differences(drift, paint)]


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


def _history(history: HistoryReport, paint: Paint) -> list[str]:
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


def _broken(history: HistoryReport, paint: Paint) -> list[str]:
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
    words = [
        phrase("{campaign}: {words}", campaign=clean(name), words=listed(done))
        for name, done in campaigns.items()
    ]
    return [f"      {spoken(listed(words, by=PARTS))}"] if words else []


# What a run's summary counts, by its names there.
_COUNTED: dict[str, Callable[[int], Text]] = {
    "campaigns": lambda number: count(number, "campaign", "campaigns"),
    "new_numbers": lambda number: count(number, "new number", "new numbers"),
    "ringing_numbers": lambda number: count(number, "ringing number", "ringing numbers"),
    "waiting_numbers": lambda number: count(number, "waiting number", "waiting numbers"),
    "repeat_numbers": lambda number: count(number, "number called again", "numbers called again"),
    "recall_numbers": lambda number: count(number, "number recalled", "numbers recalled"),
    "removed_numbers": lambda number: count(number, "removed number", "removed numbers"),
    "unchanged": lambda number: count(number, "campaign unchanged", "campaigns unchanged"),
    "blocked": lambda number: count(number, "campaign blocked", "campaigns blocked"),
    "passed_over": lambda number: count(number, "campaign passed over", "campaigns passed over"),
    "paused": lambda number: count(number, "task paused", "tasks paused"),
    "held": lambda number: count(number, "row held", "rows held"),
    "rows": lambda number: count(number, "row"),
    "waves": lambda number: count(number, "wave"),
    "tasks": lambda number: count(number, "task"),
    "tables": lambda number: count(number, "table"),
}


def _entry(number: int, entry: HistoryEntry) -> tuple[object, ...]:
    words = {str(action): word for action, word in ACTION.items()}
    did = [
        _COUNTED[name](number)
        if name in _COUNTED
        else phrase("{number:,} {to_do}", number=number, to_do=words.get(name, Text(name.replace("_", " "))))
        for name, number in entry.summary.items()
        if number
    ]
    ended = worded("never ended") if entry.exit_code is None else worded("exit {code}", code=entry.exit_code)
    # One line a run: the whole is in JSON, and what is left to do the next plan says.
    outcome = shortened(spoken(entry.outcome), _LONGEST_OUTCOME)
    return (
        number,
        moment(entry.at),
        f"{entry.who}@{entry.host}",
        entry.command,
        (entry.commit or "")[:8],
        entry.plan_id,
        spoken(listed(did, 0)),
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
    words = result_said(call.result, call.description) if call.result or call.description else ""
    if not call.incoming:
        return words
    return phrase("{words} (incoming call)", words=words) if words else phrase("incoming call")


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


def row_words(state: RowState, wave: WaveRecord) -> Text:
    """What is known of one row of a wave, by what the state holds of both."""
    if wave.kind != "Campaign" and state in {RowState.PENDING, RowState.HELD}:
        return (
            phrase("to be called out") if state is RowState.PENDING else phrase("called out, no record yet")
        )
    if state is not RowState.PENDING:
        return _OF_STATE[state]
    if wave.staged:
        return phrase("in a wave that is not started")
    if wave.frees:
        return _OF_STATE[RowState.RELEASED]
    if wave.phase is Phase.COMPLETED:
        return (
            phrase("dialled, no record")
            if wave.all_dialled
            else phrase("its task completed; no record tells whether it was dialled")
        )
    return _WITHOUT_RECORD[wave.phase]
