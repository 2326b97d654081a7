"""Rows of the tables campaigns, waves and wave_rows as the values that `recorded` names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeVar

from yeta_reconcile.errors import StateError
from yeta_reconcile.waves.attributes import (
    Attributes,
)
from yeta_reconcile.waves.record import CampaignRecord, Fate, Phase, RowRecord, WaveRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from yeta_reconcile.store.database import Row

Record = TypeVar("Record", WaveRecord, CampaignRecord)
# Of the table calls, as `c`: that a wave's task called a number that none of its rows has.
STRAY = (
    "c.wave_id IS NOT NULL AND c.row_key IS NULL AND c.recorded = 1 AND c.number IS NOT NULL AND NOT EXISTS "
    "(SELECT 1 FROM wave_rows r WHERE r.wave_id = c.wave_id "
    "AND (r.number = c.number OR (r.row_key = c.number AND r.number IS NULL)))"
)
WAVE_COLUMNS = (
    "wave_id, campaign, number, attempt, phase, task_name, attributes, columns_sent, task_id, kind, "
    "set_digest, fingerprint, pending, dialled, released, held, unknown, is_full, doubted, imported, "
    "by_hand, tel_count, created_at, started_at, quiet_since, quiet_facts, detail, holds, accepted, "
    f"(SELECT COUNT(DISTINCT c.number) FROM calls c WHERE c.wave_id = waves.wave_id AND {STRAY})"
)
_FATES = tuple(Fate)
# Column types hold nothing back in SQLite; by an annotation of a record, what may stand in it.
_KINDS: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "str": (str,),
    "int | None": (int, type(None)),
    "str | None": (str, type(None)),
}
ROW_COLUMNS = "wave_id, row_key, content, batch, line, number, fate"
CAMPAIGN_COLUMNS = (
    "name, kind, key_headers, former, protect, gone_at, next_wave, generation, settled_list, settled_rows, "
    "settled_notes"
)


def read_wave(row: Row) -> WaveRecord:
    """A wave, of WAVE_COLUMNS. Raises StateError for what no version wrote."""
    return _sound(lambda: _wave(row))


def read_campaign(row: Row, waves: tuple[WaveRecord, ...]) -> CampaignRecord:
    """A campaign with its waves, of CAMPAIGN_COLUMNS. Raises StateError for what no version wrote."""
    return _sound(lambda: _campaign(row, waves))


def _sound(read: Callable[[], Record]) -> Record:
    """A record in which each value is of its kind."""
    try:
        record = read()
    except (TypeError, ValueError, LookupError, AttributeError):
        record = None
    kinds = record.__annotations__ if record is not None else {}
    if record is None or any(
        not isinstance(getattr(record, name), _KINDS[kind]) for name, kind in kinds.items() if kind in _KINDS
    ):
        raise StateError(
            "a record of the state is damaged and cannot be read",
            hint="put a backup of the state in its place",
        )
    return record


def _wave(row: Row) -> WaveRecord:
    return WaveRecord(
        wave_id=row[0],
        campaign=row[1],
        number=row[2],
        attempt=row[3],
        phase=Phase(row[4]),
        task_name=row[5],
        attributes=Attributes.restore(json.loads(row[6])),
        columns=tuple(json.loads(row[7])),
        task_id=row[8],
        kind=row[9],
        set_digest=row[10],
        fingerprint=row[11],
        rows=row[12] + row[13] + row[14] + row[15] + row[16],
        pending=row[12],
        dialled=row[13],
        held=row[15],
        unknown=row[16],
        full=bool(row[17]),
        doubted=bool(row[18]),
        imported=bool(row[19]),
        by_hand=bool(row[20]),
        tel_count=row[21],
        created_at=row[22],
        started_at=row[23],
        quiet_since=row[24],
        quiet_facts=row[25],
        detail=row[26],
        holds=row[27],
        accepted=row[28],
        strays=row[29],
    )


def _campaign(row: Row, waves: tuple[WaveRecord, ...]) -> CampaignRecord:
    return CampaignRecord(
        name=row[0],
        kind=row[1],
        key=tuple(json.loads(row[2])),
        former=tuple(json.loads(row[3])),
        protect=bool(row[4]),
        gone_at=row[5],
        next_wave=row[6],
        generation=row[7],
        settled_list=row[8],
        settled_rows=row[9],
        settled_notes=tuple(json.loads(row[10])),
        waves=waves,
    )


def read_row(row: Row) -> RowRecord:
    """A row of the ledger, of ROW_COLUMNS."""
    wave_id, key, content, batch, line, number, fate = row
    number = None if number is None else bytes(number)
    return RowRecord(wave_id, bytes(key), bytes(content), batch, line, number, _FATES[fate])
