"""All rows of a state, from one engine into another's new tables: counted and digested on both sides.

A copy in a file is a SQLite state, whichever engine it is of: one may look at it, check it and put it back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

from yeta_reconcile.amounts import count
from yeta_reconcile.errors import StateError
from yeta_reconcile.store.database import Row, Transaction
from yeta_reconcile.store.footing import beside
from yeta_reconcile.store.schema import MIGRATIONS, create
from yeta_reconcile.store.sqlite import new_file
from yeta_reconcile.wording import phrase

# The lock is the holder's own; the rest is copied in the order in which it was made, parents first.
TABLES = tuple(
    name
    for _, statements in MIGRATIONS
    for name in re.findall(r"CREATE TABLE (\w+)", "\n".join(statements))
    if name != "apply_lock"
)


class Source(Protocol):
    """Where rows come from: all of one moment, whoever writes meanwhile."""

    def stream(self, sql: str) -> Iterator[Row]:
        """The rows of a query one after another."""
        ...


@dataclass(frozen=True, slots=True)
class TableProof:
    """A table whose rows, counted and digested in both places after the copy, are the same."""

    table: str
    rows: int
    digest: str


def fill(source: Source, new: Transaction, dialect: str) -> None:
    """Make the tables of this version where there are none, with the rows of `source`.

    Raises StateError if what is there then is not what was sent.
    """
    create(new, dialect)
    for table in TABLES:
        _copy(source, new, table)
    if dialect == "postgresql":
        continue_serials(new)


def write_file(source: Source, target: Path) -> None:
    """The rows of `source` as a file, which must not exist; nothing is left there if it fails.

    Raises StateError.
    """
    database = new_file(target)
    try:
        with closing(database), database.write() as new:
            fill(source, new, database.dialect)
    except BaseException:
        for file in (target, *beside(target)):
            file.unlink(missing_ok=True)
        raise


def clear(new: Transaction) -> None:
    """Take the tables of a state away."""
    for table in (*reversed(TABLES), "apply_lock", "migrations"):
        new.execute(f"DROP TABLE IF EXISTS {table}")


def found(source: Source, table: str) -> TableProof:
    """What a table holds."""
    digest = _Digest()
    for _ in digest.each(source.stream(f"SELECT * FROM {table}")):
        pass
    return digest.proof(table)


def continue_serials(new: Transaction) -> None:
    """Numbers that PostgreSQL gives go on after those that were copied."""
    for table, column in new.read(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND is_identity = 'YES'"
    ):
        new.read(
            "SELECT setval(pg_get_serial_sequence(?, ?), "
            f"(SELECT COALESCE(MAX({column}), 0) + 1 FROM {table}), false)",
            (table, column),
        )


def _copy(source: Source, new: Transaction, table: str) -> None:
    sent = _Digest()
    new.insert(table, sent.each(source.stream(f"SELECT * FROM {table}")))
    there = found(new, table)
    if sent.proof(table) != there:
        raise StateError(
            phrase(
                "the copy of {table} is not what was copied ({rows}, {there_rows} there)",
                table=table,
                rows=count(sent.rows, "row"),
                there_rows=there.rows,
            ),
            hint=phrase("nothing was kept of it; the state is where it was"),
        )


@dataclass(slots=True)
class _Digest:
    """Rows counted and digested in whatever order they come."""

    rows: int = 0
    total: int = field(default=0)

    def each(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            # PostgreSQL keeps no NUL in text; its engine writes the sign for what cannot be shown.
            said = tuple(value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in row)
            digest = blake2b(repr(said).encode("utf-8", "surrogatepass"), digest_size=16).digest()
            self.rows += 1
            self.total = (self.total + int.from_bytes(digest)) % (1 << 128)
            yield row

    def proof(self, table: str) -> TableProof:
        """Of all rows that went by."""
        return TableProof(table, self.rows, f"{self.total:032x}")
