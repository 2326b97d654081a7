"""Call records for other programs: one flat row a call, masked unless numbers are asked for.

Whole numbers and what was said come from the raw pushes as long as they are kept; numbers also from the
declared lists. The facts themselves hold neither.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from yeta_reconcile.documents.listspec import ListSpec
from yeta_reconcile.numbers import mask_numbers
from yeta_reconcile.platform.call import Call
from yeta_reconcile.platform.coercion import instant
from yeta_reconcile.records.revealed import Sources
from yeta_reconcile.records.sheet import Columns
from yeta_reconcile.store import Store
from yeta_reconcile.store.calls import CallRecord
from yeta_reconcile.store.people import waves
from yeta_reconcile.waves.record import WaveRecord

COLUMNS: Columns = {
    "campaign": "text", "wave": "count", "line": "count", "number": "text", "at": "moment",
    "direction": "text", "result": "text", "description": "text", "meaning": "text",
    "connected": "yes or no", "tries": "count", "ring_seconds": "count", "call_seconds": "count",
    "answered_at": "moment", "hung_up_at": "moment", "tag_max": "text", "tag_min": "text",
    "recording": "text", "recording_bytes": "count", "robot": "text", "task_id": "text", "data_id": "text",
    "call_uuid": "text", "phone_line": "text", "rang_at": "moment", "recording_seconds": "count",
    "relation_id": "text", "row_index": "count", "unread": "text",
}  # fmt: skip


@dataclass
class Export:
    """The calls of one campaign that the state knows, or of all; times in `zone`.

    `since` is ms; `lists` are the declared ones by campaign.
    """

    store: Store
    zone: tzinfo
    campaign: str | None = None
    since: int | None = None
    reveal: bool = False
    lists: Mapping[str, ListSpec] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._sources = Sources(self.store, self.lists)
        self._waves = {wave.wave_id: wave for wave in waves(self.store.database)}
        self._lines = lines_of(self._waves.values())

    def columns(self) -> Columns:
        """The columns of the rows; with `reveal` also those of the tasks' own rows."""
        found: Columns = dict(COLUMNS)
        if self.reveal:
            for wave in self._waves.values():
                if self.campaign in {None, wave.campaign}:
                    found |= dict.fromkeys((named(column, COLUMNS) for column in wave.columns), "text")
        return found

    def rows(self, *, dialog: bool = False) -> Iterator[dict[str, Any]]:
        """A row a call, in no order that means anything; with `dialog` also the course of what was said."""
        empty = dict.fromkeys(self.columns())
        for record, line in self._records():
            at = record.call.at or record.received
            if self.since is None or at >= self.since:
                row = empty | self._row(record, line, at)
                if dialog:
                    row["dialog"] = self._said(record)
                yield row

    def _records(self) -> Iterator[tuple[CallRecord, int | None]]:
        if self.campaign is None:
            yield from self.store.calls.listed()
            return
        # Of a wave that was discarded too: whom it called all the same was called.
        for wave in self._waves.values():
            if wave.campaign == self.campaign:
                yield from self.store.calls.listed(wave.wave_id)

    def _row(self, record: CallRecord, line: int | None, at: int) -> dict[str, Any]:
        call, wave = record.call, self._waves.get(record.wave_id or 0)
        return {
            "campaign": wave.campaign if wave else None,
            "wave": wave.number if wave else None,
            "line": line,
            "number": self._number(record, wave) if self.reveal else call.shown or None,
            "at": self._moment(at),
            "direction": "in" if call.incoming else "out",
            "result": call.result or None,
            "description": call.description or None,
            "meaning": call.meaning.value,
            "connected": call.connected,
            "tries": call.tries,
            "ring_seconds": call.duration_ring,
            "call_seconds": call.duration_call,
            "answered_at": self._moment(call.time_answer),
            "hung_up_at": self._moment(call.time_hangup),
            "tag_max": call.tag_max or None,
            "tag_min": call.tag_min or None,
            "recording": (call.recording if self.reveal else mask_numbers(call.recording)) or None,
            "recording_bytes": call.recording_size,
            "robot": call.robot or None,
            "task_id": call.task_id or None,
            "data_id": call.data_id or None,
            "call_uuid": call.call_uuid,
            "phone_line": line_of(call.line, wave, self._lines) or None,
            "rang_at": self._moment(call.time_ring),
            "recording_seconds": call.recording_seconds,
            "relation_id": self._relation(call),
            "row_index": call.row_index,
            "unread": call.unread or None,
        } | (self._sent(record, wave) if self.reveal and wave else {})

    def _relation(self, call: Call) -> str | None:
        """The id by which whoever called is known to us: a digest, or as it came while the push is kept."""
        whole = self._sources.relation(call.call_uuid) if self.reveal and call.relation else ""
        return whole or call.relation or None

    def _sent(self, record: CallRecord, wave: WaveRecord) -> dict[str, str]:
        """What the row said when it was called: of the raw record, else of a list that says the same."""
        said = self._sources.row(record.call.call_uuid)
        listed = self._sources.list_of(wave.campaign, wave.columns) if not said else None
        row = listed.by_key.get(record.row_key or b"") if listed else None
        # A row of a list tells only where it says what was submitted for the call.
        if listed and row and self.store.key.content_digest(row.values).hex() == record.call.row_content:
            said = dict(zip(listed.columns, row.values, strict=False))
        return {named(column, COLUMNS): value for column, value in said.items() if column in wave.columns}

    def _moment(self, ms: int | None) -> datetime | None:
        return instant(ms, self.zone)

    def _number(self, record: CallRecord, wave: WaveRecord | None) -> str | None:
        """The whole number, of a raw push or of the declared list; masked where neither has it any more."""
        if number := self._sources.number(record.call.call_uuid):
            return number
        digest = bytes.fromhex(record.call.row_number or record.call.number)
        declared = self._sources.list_of(wave.campaign, wave.columns).numbers.get(digest) if wave else None
        return declared or record.call.shown or None

    def _said(self, record: CallRecord) -> list[dict[str, Any]]:
        said = self._sources.said(record.call.call_uuid) if self.reveal else None
        return [turn._asdict() for turn in record.call.dialog] if said is None else said


def named(column: str, beside: Columns) -> str:
    """A column of a list beside our own."""
    return f"list_{column}" if column in beside else column


def lines_of(made: Iterable[WaveRecord]) -> frozenset[str]:
    """Every line that any of the waves was made for."""
    return frozenset(line for wave in made for line in wave.attributes.lines)


def line_of(line: str, wave: WaveRecord | None, lines: Collection[str] = ()) -> str:
    """A call's line as it may be shown: whole if it was declared; what is no line of ours may be a person's.

    `lines` are those of which a call in no wave may be. Of a call that came in before lines were kept it is
    known if its wave had one alone.
    """
    if wave is None:
        return line if line in lines else mask_numbers(line)
    declared = wave.attributes.lines
    if not line:
        return declared[0] if len(declared) == 1 else ""
    return line if line in declared else mask_numbers(line)
