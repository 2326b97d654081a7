"""One call before a person's eyes: its facts, then who said what."""

from __future__ import annotations

from dataclasses import asdict
from datetime import tzinfo
from typing import Any

from yeta_reconcile.cli.output import say, show, show_json
from yeta_reconcile.moments import moment
from yeta_reconcile.records.dialog import CUSTOMER, ROBOT, Conversation, Utterance, conversation
from yeta_reconcile.render.table import clean, pad, table
from yeta_reconcile.render.words import result_said
from yeta_reconcile.store import Store
from yeta_reconcile.store.calls import CallRecord
from yeta_reconcile.wording import phrase, spoken, worded

FORMAT = "yeta-call/1"
WHO = {ROBOT: phrase("robot"), CUSTOMER: phrase("customer")}


def show_call(store: Store, record: CallRecord, zone: tzinfo, form: str, *, reveal: bool) -> None:
    """Print a call as text or JSON."""
    found = conversation(store, record, zone, reveal=reveal)
    if form == "json":
        show_json({"format": FORMAT, **_plain(asdict(found))})
        return
    whose = (
        phrase("{campaign}, wave {wave}", campaign=found.campaign, wave=found.wave)
        if found.campaign
        else phrase("no campaign")
    )
    number = found.number or phrase("an unknown number")
    say(
        phrase(
            "call from {number}: {whose}" if found.direction == "in" else "call to {number}: {whose}",
            number=number,
            whose=whose,
        )
    )
    known = found.connected and found.call_seconds is not None
    facts = {
        phrase("at"): moment(found.at) if found.at else "",
        phrase("line"): found.line,
        phrase("result"): f"{found.result} {result_said(found.result, found.description)}".strip(),
        phrase("length"): worded("{number} s", number=found.call_seconds) if known else "",
        phrase("tag"): _tags(found),
        phrase("recording"): found.recording,
        phrase("relation"): found.relation_id if reveal else "",
        phrase("row"): "; ".join(f"{column}: {value}" for column, value in found.row.items()),
    }
    show("\n".join(f"  {pad(spoken(name), 10)}{clean(value)}" for name, value in facts.items() if value))
    if not found.turns:
        say(phrase("Nothing is known of a dialog."))
        return
    heads = [
        phrase("AT"),
        phrase("WHO"),
        phrase("WHERE"),
        phrase("SAID"),
        phrase("UNDERSTOOD"),
        phrase("TAG"),
    ]
    show("\n".join(table(heads, map(_row, found.turns))))
    if any(turn.said is None for turn in found.turns):
        say(
            phrase("What was said is gone with the raw push.")
            if reveal
            else phrase("--reveal shows what was said.")
        )


def _tags(found: Conversation) -> str:
    """The highest tag of a dialog, and the lowest where that is another."""
    return " / ".join(dict.fromkeys(filter(None, (found.tag, found.tag_min))))


def _row(turn: Utterance) -> tuple[str, ...]:
    at = turn.at.strftime("%H:%M:%S") if turn.at else ""
    return at, WHO.get(turn.who, turn.who), turn.node, turn.said or "…", turn.understood, turn.tag


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value.isoformat(timespec="milliseconds") if hasattr(value, "isoformat") else value
