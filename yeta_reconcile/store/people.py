"""Whom a campaign's waves hold, each with every row and every call of theirs, as a stream of bounded size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from yeta_reconcile.store.calls import CallRecord, record_of
from yeta_reconcile.store.database import Database
from yeta_reconcile.store.records import ROW_COLUMNS, WAVE_COLUMNS, read_row, read_wave
from yeta_reconcile.waves.record import Phase, RowRecord, RowState, WaveRecord

# Keys are digests, and so lie evenly between these bounds.
_FIRST, _LAST = b"", b"\xff" * 17
SMALL = 4_000


class Person(NamedTuple):
    """One key of a campaign: its rows by ascending wave, its calls oldest first.

    Without a row it is a number that a task called and that no row is known to stand for.
    """

    key: bytes
    rows: tuple[RowRecord, ...] = ()
    calls: tuple[CallRecord, ...] = ()


def waves(database: Database) -> list[WaveRecord]:
    """Every wave that was ever made, discarded ones among them."""
    rows = database.read(
        f"SELECT {WAVE_COLUMNS} FROM waves WHERE sealed = 1 ORDER BY campaign, number, attempt"
    )
    return [*map(read_wave, rows)]


def people(database: Database, campaign: str) -> Iterator[Person]:
    """Everybody whom the state knows of a campaign, and then the calls that belong to no row.

    Of a wave that was discarded only whom it called all the same.
    """
    found = database.read(
        "SELECT wave_id, phase, pending + dialled + set_aside + released + held + unknown FROM waves "
        "WHERE campaign = ? AND sealed = 1 ORDER BY number, attempt",
        (campaign,),
    )
    bounds = [_FIRST, _LAST]
    if sum(rows for _, _, rows in found) > SMALL:
        bounds = [_FIRST, *(bytes([first]) for first in range(1, 256)), _LAST]
    for low, high in pairwise(bounds):
        rows: dict[bytes, list[RowRecord]] = defaultdict(list)
        calls: dict[bytes, list[CallRecord]] = defaultdict(list)
        for wave_id, phase, _ in found:
            for held in database.read(
                f"SELECT {ROW_COLUMNS} FROM wave_rows WHERE wave_id = ? AND row_key >= ? AND row_key < ?",
                (wave_id, low, high),
            ):
                row = read_row(held)
                if phase != Phase.DISCARDED.value or row.state is RowState.DIALLED:
                    rows[row.key].append(row)
            for record in _calls(
                database, "wave_id = ? AND row_key >= ? AND row_key < ?", wave_id, low, high
            ):
                assert record.row_key is not None
                calls[record.row_key].append(record)
        for key in dict.fromkeys([*rows, *calls]):
            yield Person(key, tuple(rows.get(key, ())), _in_order(calls.get(key, [])))
    yield from _strays(database, [wave[0] for wave in found])


def _strays(database: Database, wave_ids: list[int]) -> Iterator[Person]:
    found: dict[bytes, list[CallRecord]] = defaultdict(list)
    for wave_id in wave_ids:
        for record in _calls(database, "wave_id = ? AND row_key IS NULL", wave_id):
            number = record.call.row_number or record.call.number
            found[bytes.fromhex(number) or record.call.call_uuid.encode()].append(record)
    for key, calls in found.items():
        yield Person(key, (), _in_order(calls))


def _calls(database: Database, condition: str, *parameters: object) -> Iterator[CallRecord]:
    return map(
        record_of,
        database.read(f"SELECT facts, received, wave_id, row_key FROM calls WHERE {condition}", parameters),
    )


def _in_order(calls: list[CallRecord]) -> tuple[CallRecord, ...]:
    if len(calls) > 1:
        calls.sort(key=lambda record: (record.call.at or 0, record.call.call_uuid))
    return tuple(calls)
