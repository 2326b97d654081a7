"""One call with the course of its dialog, as a conversation; what was said only where it is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from yeta_reconcile.numbers import mask_numbers
from yeta_reconcile.platform.call import RESULTS, Call, DialogTurn
from yeta_reconcile.platform.coercion import instant, text
from yeta_reconcile.records.export import line_of, lines_of
from yeta_reconcile.records.revealed import Sources
from yeta_reconcile.store import Store
from yeta_reconcile.store.calls import CallRecord
from yeta_reconcile.store.people import waves

ROBOT, CUSTOMER = "robot", "customer"


@dataclass(frozen=True, slots=True)
class Utterance:
    """One turn. `said` is None where it is not revealed, or not kept any more."""

    who: str
    at: datetime | None
    node: str
    said: str | None = None
    understood: str = ""
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A call; `number` is whole only where it was to be revealed, `english` what its result means.

    `relation_id` is by what whoever called is known to us: a digest, or whole where it was to be revealed;
    `row` is what the row of an outgoing call said, by column, and is known only then.
    """

    call_uuid: str
    campaign: str | None
    wave: int | None
    direction: str
    number: str
    line: str
    at: datetime | None
    connected: bool
    call_seconds: int | None
    result: str
    description: str
    english: str
    tag: str
    recording: str
    turns: tuple[Utterance, ...]
    tag_min: str = ""
    relation_id: str = ""
    row_index: int | None = None
    row: dict[str, str] = field(default_factory=dict)


def conversation(store: Store, record: CallRecord, zone: tzinfo, *, reveal: bool) -> Conversation:
    """A call with its dialog, times in `zone`."""
    call, sources = record.call, Sources(store)
    wave = store.waves.wave(record.wave_id) if record.wave_id is not None else None
    said = sources.said(call.call_uuid) if reveal else None
    known = RESULTS.get(call.result)
    return Conversation(
        call_uuid=call.call_uuid,
        campaign=wave.campaign if wave else None,
        wave=wave.number if wave else None,
        direction="in" if call.incoming else "out",
        number=(sources.number(call.call_uuid) if reveal else "") or call.shown,
        line=line_of(call.line, wave, lines_of(waves(store.database))),
        at=instant(call.at or record.received, zone),
        connected=call.connected,
        call_seconds=call.duration_call,
        result=call.result,
        description=call.description,
        english=known.english if known else "",
        tag=call.tag_max,
        recording=call.recording if reveal else mask_numbers(call.recording),
        turns=tuple(_utterances(call, said, zone)),
        tag_min=call.tag_min,
        relation_id=(sources.relation(call.call_uuid) if reveal else "") or call.relation,
        row_index=call.row_index,
        row=sources.row(call.call_uuid) if reveal else {},
    )


def _utterances(call: Call, said: list[dict[str, Any]] | None, zone: tzinfo) -> list[Utterance]:
    words = [_words(entry) for entry in said or () if isinstance(entry, dict)]
    if len(words) != len(call.dialog):
        words = [None] * len(call.dialog)
    return [
        Utterance(
            who=_who(turn),
            at=instant(turn.time_start, zone),
            node=turn.node or turn.node_id,
            said=spoken,
            understood=turn.hit or turn.answer,
            tag=turn.tag,
        )
        for turn, spoken in zip(call.dialog, words, strict=True)
    ]


def _who(turn: DialogTurn) -> str:
    return CUSTOMER if turn.role.casefold() in {CUSTOMER, "man", "客户"} else ROBOT


def _words(entry: dict[str, Any]) -> str | None:
    """What was said in a turn: the customer's own words, where an entry repeats the robot's."""
    return text(entry.get("text_man"), 2000) or text(entry.get("text_robot"), 2000) or None
