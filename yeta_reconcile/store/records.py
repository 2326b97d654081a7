"""Rows of the tables campaigns, waves and wave_rows as the values that `recorded` names."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

from yeta_reconcile.errors import StateError
from yeta_reconcile.platform.resources import Left
from yeta_reconcile.store.database import Row
from yeta_reconcile.waves.attributes import Attributes
from yeta_reconcile.waves.record import CampaignRecord, Phase, RowRecord, RowState, WaveRecord
from yeta_reconcile.wording import phrase

Record = TypeVar("Record", WaveRecord, CampaignRecord)
# Of the table calls, as `c`: that a wave's task called a number that none of its rows has.
STRAY = (
    "c.wave_id IS NOT NULL AND c.row_key IS NULL AND c.recorded = 1 AND c.number IS NOT NULL AND NOT EXISTS "
    "(SELECT 1 FROM wave_rows r WHERE r.wave_id = c.wave_id "
    "AND (r.number = c.number OR (r.row_key = c.number AND r.number IS NULL)))"
)


class Column(NamedTuple):
    """A column of a table, and the field of a record that it is.

    `given` with a new record; `set` alone later. Counts of rows are neither: they move with the rows. Without
    `read` it is kept as it is.
    """

    name: str
    field: str
    read: Callable[[Any], Any] | None = None
    write: Callable[[Any], Any] = lambda value: value
    given: bool = True
    set: bool = False


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


# Many waves are asked to be the same, and many lists have the same columns.
@lru_cache(maxsize=1024)
def _parts(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


@lru_cache(maxsize=1024)
def _attributes(text: str) -> Attributes:
    return Attributes.restore(json.loads(text))


def _left(left: Left | None) -> str | None:
    return None if left is None else str(left)


WAVE = (
    Column("wave_id", "wave_id", given=False),
    Column("campaign", "campaign"),
    Column("number", "number"),
    Column("attempt", "attempt"),
    Column("phase", "phase", Phase, str, set=True),
    Column("task_name", "task_name", set=True),
    Column(
        "attributes", "attributes", _attributes,
        lambda attributes: _json(attributes.shown()),
    ),
    Column("columns_sent", "columns", _parts, _json),
    Column("task_id", "task_id", set=True),
    Column("kind", "kind"),
    Column("set_digest", "set_digest"),
    Column("fingerprint", "promised"),
    Column("pending", "pending", int, given=False),
    Column("dialled", "dialled", int, given=False),
    Column("released", "released", int, given=False),
    Column("held", "held", int, given=False),
    Column("unknown", "unknown", int, given=False),
    Column("is_full", "full", bool, int, set=True),
    Column("doubted", "doubted", bool, int, set=True),
    Column("imported", "imported", bool, int, set=True),
    Column("outside_yeta", "outside_yeta", bool, int, set=True),
    Column("tel_count", "tel_count", set=True),
    Column("created_at", "created_at", set=True),
    Column("started_at", "started_at", set=True),
    Column("quiet_since", "quiet_since", set=True),
    Column("quiet_facts", "quiet_facts", set=True),
    Column("detail", "detail", set=True),
    Column("to_discard", "to_discard", bool, int, set=True),
    Column("reactivated", "reactivated", bool, int, set=True),
    Column("halted", "halted", Left.said, _left, set=True),
    Column("holds", "holds", set=True),
    Column("accepted", "accepted", set=True),
    Column("round", "round", int),
    Column("called_again", "called_again", int),
    Column("canary", "canary", set=True),
    Column(
        f"(SELECT COUNT(DISTINCT c.number) FROM calls c WHERE c.wave_id = waves.wave_id AND {STRAY})",
        "strays",
        given=False,
    ),
)  # fmt: skip
CAMPAIGN = (
    Column("name", "name"),
    Column("kind", "kind"),
    Column("key_headers", "key", _parts),
    Column("former", "former", _parts),
    Column("protect", "protect", bool),
    Column("gone_at", "gone_at"),
    Column("next_wave", "next_wave"),
    Column("generation", "generation"),
    Column("settled_list", "settled_list"),
    Column("settled_rows", "settled_rows"),
    Column("settled_notes", "settled_notes", _parts),
)
WAVE_COLUMNS = ", ".join(column.name for column in WAVE)
CAMPAIGN_COLUMNS = ", ".join(column.name for column in CAMPAIGN)
ROW_COLUMNS = "wave_id, row_key, content, batch, line, number, row_state, round"
WRITTEN = {column.field: column for column in WAVE if column.set}
"""What may be set of a wave: the column of a field, and how that is written."""

_STATES = tuple(RowState)
# Column types hold nothing back in SQLite; by an annotation of a record, what may stand in it.
_KINDS: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "str": (str,),
    "int | None": (int, type(None)),
    "str | None": (str, type(None)),
}
_PLAIN = {
    record: {name: _KINDS[kind] for name, kind in record.__annotations__.items() if kind in _KINDS}
    for record in (WaveRecord, CampaignRecord)
}
_CHECKED = {record: (attrgetter(*plain), (*plain.values(),)) for record, plain in _PLAIN.items()}
"""What reads each of a record's fields where that is plain, and what may stand in them."""


def read_wave(row: Row) -> WaveRecord:
    """A wave, of WAVE_COLUMNS. Raises StateError for what no version wrote."""
    return _sound(lambda: WaveRecord(**_values(WAVE, row)))


def read_campaign(row: Row, waves: tuple[WaveRecord, ...]) -> CampaignRecord:
    """A campaign with its waves, of CAMPAIGN_COLUMNS. Raises StateError for what no version wrote."""
    return _sound(lambda: CampaignRecord(**_values(CAMPAIGN, row), waves=waves))


def _sound(read: Callable[[], Record]) -> Record:
    """A record in which each value is of its kind."""
    with suppress(TypeError, ValueError, LookupError, AttributeError):
        record = read()
        told, kinds = _CHECKED[type(record)]
        if all(map(isinstance, told(record), kinds)):
            return record
    raise StateError(
        phrase("a record of the state is damaged and cannot be read"),
        hint=phrase("put a backup of the state in its place"),
    )


def _values(columns: tuple[Column, ...], row: Row) -> dict[str, Any]:
    pairs = zip(columns, row, strict=True)
    return {one.field: value if one.read is None else one.read(value) for one, value in pairs}


def new_wave(wave: WaveRecord) -> dict[str, Any]:
    """A record that begins, by column."""
    return {column.name: column.write(getattr(wave, column.field)) for column in WAVE if column.given}


def read_row(row: Row) -> RowRecord:
    """A row of the ledger, of ROW_COLUMNS."""
    wave_id, key, content, batch, line, number, state, round_ = row
    number = None if number is None else bytes(number)
    return RowRecord(wave_id, bytes(key), bytes(content), batch, line, number, _STATES[state], round_)
