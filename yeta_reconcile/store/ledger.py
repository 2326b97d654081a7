"""The rows of waves in bulk: in transactions so short that whoever else writes hardly waits for them.

Each begins where a crash left it: what is half done counts for nothing, or is true of each row by itself.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from yeta_reconcile.recorded import Fate
from yeta_reconcile.store.fates import bump, grow, refate, refate_where

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from yeta_reconcile.proof import Proof
    from yeta_reconcile.recorded import RowRecord
    from yeta_reconcile.store.database import Database


def add(database: Database, wave_id: int, rows: Iterable[RowRecord]) -> None:
    """Rows of a wave that is not sealed yet, by ascending key."""
    rest = iter(rows)
    while some := list(islice(rest, database.chunk)):
        with database.write() as transaction:
            transaction.insert(
                "wave_rows",
                [
                    (wave_id, row.key, row.number, row.content, row.batch, row.line, int(row.fate))
                    for row in some
                ],
            )
            grow(transaction, wave_id, Counter(row.fate for row in some))


def release_shared(database: Database, proof: Proof, wave_id: int) -> None:
    """Rows pending in the proof's wave, all of them proven undialled, that `wave_id` holds now: released."""
    for after, last in _stretches(database, wave_id):
        with database.write() as transaction:
            refate_where(
                transaction, proof.wave_id, Fate.PENDING, Fate.RELEASED,
                "AND row_key > ? AND row_key <= ? AND row_key IN "
                "(SELECT row_key FROM wave_rows WHERE wave_id = ? AND row_key > ? AND row_key <= ?)",
                (after, last, wave_id, after, last),
            )  # fmt: skip


def release(database: Database, proof: Proof, keys: Iterable[bytes]) -> None:
    """Rows of a wave that are proven uncalled are free; one with a record stays called."""
    rest = iter(keys)
    while some := list(islice(rest, database.chunk)):
        with database.write() as transaction:
            refate(transaction, proof.wave_id, some, Fate.RELEASED, but=Fate.DIALLED, proof=proof)
    with database.write() as transaction:
        bump(transaction, proof.wave_id)


def refate_all(database: Database, wave_id: int, former: Fate, fate: Fate) -> int:
    """Give all rows of one fate another; how many there were."""
    count = 0
    for after, last in _stretches(database, wave_id):
        with database.write() as transaction:
            count += refate_where(
                transaction, wave_id, former, fate, "AND row_key > ? AND row_key <= ?", (after, last)
            )
    return count


def drop_unsealed(database: Database) -> None:
    """Throw away waves that do not count, with all that hangs on them."""
    for (wave_id,) in database.read("SELECT wave_id FROM waves WHERE sealed = 0 ORDER BY wave_id"):
        for table, key, change in (
            ("calls", "call_uuid", "UPDATE calls SET wave_id = NULL"),
            ("data_ids", "data_id", "DELETE FROM data_ids"),
            ("wave_rows", "row_key", "DELETE FROM wave_rows"),
        ):
            some = f"SELECT {key} FROM {table} WHERE wave_id = ? LIMIT ?"
            changed = database.chunk
            while changed == database.chunk:
                with database.write() as transaction:
                    changed = transaction.execute(
                        f"{change} WHERE wave_id = ? AND {key} IN ({some})",
                        (wave_id, wave_id, database.chunk),
                    )
        with database.write() as transaction:
            transaction.execute("DELETE FROM waves WHERE wave_id = ?", (wave_id,))


def _stretches(database: Database, wave_id: int) -> Iterator[tuple[bytes, bytes]]:
    """A wave's keys in order, cut up: above the first of each pair, up to the second."""
    after = b""
    while found := database.read(
        "SELECT row_key FROM (SELECT row_key FROM wave_rows WHERE wave_id = ? AND row_key > ? "
        "ORDER BY row_key LIMIT ?) AS stretch ORDER BY row_key DESC LIMIT 1",
        (wave_id, after, database.chunk),
    ):
        last = bytes(found[0][0])
        yield after, last
        after = last
