"""Call records for other programs: one flat row a call, masked unless numbers are asked for.

Whole numbers and what was said come from the raw pushes as long as they are kept; numbers also from the
declared lists. The facts themselves hold neither.
"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import asdict, dataclass, field
from typing import IO, TYPE_CHECKING, Any

from yeta_reconcile.documents.contacts import ListReader
from yeta_reconcile.errors import YetaError
from yeta_reconcile.numbers import mask_numbers
from yeta_reconcile.platform.coercion import instant
from yeta_reconcile.platform.pushes import DIALOG, INBOUND, RECORD, number_of
from yeta_reconcile.records.payload import NotAnObject, read_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import tzinfo

    from yeta_reconcile.documents.contacts import ListSpec
    from yeta_reconcile.store import Store
    from yeta_reconcile.store.calls import CallRecord
    from yeta_reconcile.waves.record import WaveRecord

TEXTS = (
    "call_uuid", "campaign", "task_id", "data_id", "robot", "direction", "number", "at", "answered_at",
    "hung_up_at", "result", "description", "meaning", "tag_max", "tag_min", "recording",
)  # fmt: skip
NUMBERS = ("wave", "line", "tries", "ring_seconds", "call_seconds", "recording_bytes")
COLUMNS = (
    "campaign", "wave", "line", "number", "at", "direction", "result", "description", "meaning", "connected",
    "tries", "ring_seconds", "call_seconds", "answered_at", "hung_up_at", "tag_max", "tag_min", "recording",
    "recording_bytes", "robot", "task_id", "data_id", "call_uuid",
)  # fmt: skip
PARQUET_ROWS = 20_000
_MINUS = re.compile(r"-[0-9]+")


@dataclass
class Export:
    """The calls of one campaign that the state knows, or of all; times in `zone`.

    `since` is ms; `lists` gives a campaign's list, None if gone.
    """

    store: Store
    zone: tzinfo
    campaign: str | None = None
    since: int | None = None
    reveal: bool = False
    lists: Callable[[str], ListSpec | None] = lambda _name: None
    _waves: dict[int, WaveRecord] = field(default_factory=dict)
    _numbers: dict[str, dict[bytes, str]] = field(default_factory=dict)

    def rows(self, *, dialog: bool = False) -> Iterator[dict[str, Any]]:
        """A row a call, in no order that means anything; with `dialog` also the course of what was said."""
        recorded = self.store.waves.recorded()
        self._waves = {wave.wave_id: wave for one in recorded.campaigns.values() for wave in one.waves}
        for record in self._records(recorded.campaigns):
            at = record.call.at or record.received
            if self.since is None or at >= self.since:
                row = self._row(record)
                if dialog:
                    row["dialog"] = self._said(record)
                yield row

    def _records(self, campaigns: Any) -> Iterator[CallRecord]:
        if self.campaign is None:
            yield from self.store.calls.every()
            return
        for wave in campaigns[self.campaign].waves:
            yield from self.store.calls.of_wave(wave.wave_id)

    def _row(self, record: CallRecord) -> dict[str, Any]:
        call, wave = record.call, self._waves.get(record.wave_id or 0)
        return {
            "campaign": wave.campaign if wave else None,
            "wave": wave.number if wave else None,
            "line": self._line(record),
            "number": self._number(record, wave) if self.reveal else call.shown or None,
            "at": self._moment(call.at or record.received),
            "direction": "in" if call.direction == INBOUND else "out",
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
        }

    def _moment(self, ms: int | None) -> str | None:
        moment = instant(ms, self.zone)
        return moment.isoformat(timespec="milliseconds") if moment else None

    def _line(self, record: CallRecord) -> int | None:
        if record.wave_id is None or record.row_key is None:
            return None
        found = self.store.database.read(
            "SELECT line FROM wave_rows WHERE wave_id = ? AND row_key = ?", (record.wave_id, record.row_key)
        )
        return int(found[0][0]) if found else None

    def _number(self, record: CallRecord, wave: WaveRecord | None) -> str | None:
        """The whole number, of a raw push or of the declared list; masked where neither has it any more."""
        for data in self._raw(record, RECORD):
            if number := number_of(data):
                return number
        digest = bytes.fromhex(record.call.row_number or record.call.number)
        declared = self._declared(wave).get(digest) if wave is not None and digest else None
        return declared or record.call.shown or None

    def _declared(self, wave: WaveRecord) -> dict[bytes, str]:
        numbers = self._numbers.get(wave.campaign)
        if numbers is None:
            spec = self.lists(wave.campaign)
            rows = ListReader(spec, wave.columns, digest=self.store.key.row_digest) if spec else ()
            numbers = self._numbers[wave.campaign] = {row.number_digest: row.number for row in rows}
        return numbers

    def _said(self, record: CallRecord) -> list[dict[str, Any]]:
        if self.reveal:
            for data in self._raw(record, DIALOG):
                if isinstance(entries := data.get("dialog"), list):
                    said: list[dict[str, Any]] = json.loads(json.dumps(entries, default=str))
                    return said
        return [asdict(turn) for turn in record.call.dialog]

    def _raw(self, record: CallRecord, module: str) -> Iterator[dict[str, Any]]:
        for push in reversed(self.store.inbox.of_call(record.call.call_uuid)):
            if push.module == module:
                try:
                    yield read_object(push.body)
                except NotAnObject:
                    continue


def as_csv(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """CSV with a header, line by line."""
    line = io.StringIO()
    writer = csv.DictWriter(line, COLUMNS)
    writer.writeheader()
    yield line.getvalue()
    for row in rows:
        line.seek(0)
        line.truncate()
        writer.writerow({name: _cell(row[name]) for name in COLUMNS})
        yield line.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    # A spreadsheet takes text that begins like this for a formula, and runs it.
    if (
        isinstance(value, str)
        and value[:1] in ("=", "+", "-", "@", "\t", "\r")
        and not _MINUS.fullmatch(value)
    ):
        return f"'{value}"
    return value


def as_jsonl(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """One JSON object a line."""
    for row in rows:
        yield json.dumps(row, ensure_ascii=False) + "\n"


def write_parquet(rows: Iterable[dict[str, Any]], target: IO[bytes]) -> None:
    """A Parquet file; a bounded number of rows is in memory at a time. Raises YetaError without pyarrow."""
    try:
        import pyarrow as pa  # noqa: PLC0415 -- an extra
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise YetaError(
            "Parquet needs pyarrow", hint="pip install 'yeta-reconcile[parquet]', or take csv or jsonl"
        ) from error
    kinds = {
        **dict.fromkeys(TEXTS, pa.string()),
        **dict.fromkeys(NUMBERS, pa.int64()),
        "connected": pa.bool_(),
    }
    schema = pa.schema([(name, kinds[name]) for name in COLUMNS])
    with parquet.ParquetWriter(target, schema) as writer:
        block: list[dict[str, Any]] = []
        for row in rows:
            block.append(row)
            if len(block) == PARQUET_ROWS:
                writer.write_table(pa.Table.from_pylist(block, schema))
                block = []
        writer.write_table(pa.Table.from_pylist(block, schema))
