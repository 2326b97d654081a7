"""A state moves to another place, between the engines or within one: copied whole, proven equal, then left.

While it is copied nobody writes to it, and afterwards nobody can: two states of one project would each think
that theirs is what was called.
"""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

from yeta_reconcile.errors import InvalidInput, StateError
from yeta_reconcile.store.keys import (
    FILE,
    given_secret,
    read_secret,
    required_secret,
    write_secret,
)
from yeta_reconcile.store.open import connect, is_postgresql, open_file, open_store
from yeta_reconcile.store.schema import MIGRATIONS, create
from yeta_reconcile.store.store import MOVED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from yeta_reconcile.store.database import Database, Row, Transaction
    from yeta_reconcile.store.lock import Holder
    from yeta_reconcile.store.store import Store

# The lock is the holder's own; the rest is copied in the order in which it was made, parents first.
TABLES = tuple(
    name
    for _, statements in MIGRATIONS
    for name in re.findall(r"CREATE TABLE (\w+)", "\n".join(statements))
    if name != "apply_lock"
)
# What a receiver writes to: gone from a state that was moved, so that one still running stores nothing there.
RECEIVED = ("inbox", "dead_letters", "calls")


@dataclass(frozen=True, slots=True)
class TableProof:
    """A table whose rows, counted and digested in both places after the copy, are the same."""

    table: str
    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """What was moved where, in words for people, and what proves it."""

    source: str
    target: str
    tables: tuple[TableProof, ...]

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(proof.rows for proof in self.tables)


def transfer_state(
    source: str,
    target: str,
    root: Path,
    environ: Mapping[str, str],
    holder: Holder,
    *,
    project: str,
    environment: str,
) -> Transfer:
    """Move the state at `source` to `target` (locations as in `state:`).

    The target must hold nothing, and still does if anything fails. Raises StateError, StateLocked,
    InvalidInput.
    """
    with closing(
        open_store(source, root, environ, project=project, environment=environment, create=False)
    ) as store:
        if store.ephemeral:
            raise StateError(
                "there is no state where it is to be moved from", hint="see `state:` in yeta.yaml"
            )
        store.lock.acquire(holder)
        try:
            with closing(_open_target(source, target, root, environ)) as database:
                return Transfer(store.database.place, database.place, _move(store, database))
        finally:
            store.lock.release(holder)


def _open_target(source: str, target: str, root: Path, environ: Mapping[str, str]) -> Database:
    """The target, with the key of the source beside it where that is a file."""
    if is_postgresql(target):
        required_secret(environ)
        return connect(target)
    if not given_secret(environ):
        secret, file = read_secret((root / source).with_name(FILE)), (root / target).with_name(FILE)
        write_secret(file, secret)
        if read_secret(file) != secret:
            raise InvalidInput(
                f"{file} holds another key than the state that is to be moved",
                hint="choose a folder without a key, or put the state's own there",
            )
    return open_file(root / target)


def _move(store: Store, database: Database) -> tuple[TableProof, ...]:
    if held := sorted(database.tables()):
        raise StateError(
            f"{database.place} is not empty: it holds {', '.join(held[:3])}{' …' * (len(held) > 3)}",
            hint="a state moves into a new file, or into a database or schema of its own",
        )
    with store.database.write() as old:
        with database.write() as new:
            create(new, database.dialect)
            proofs = tuple(_copied(old, new, table) for table in TABLES)
            if database.dialect == "postgresql":
                _continue_serials(new)
        _leave(old, database.place)
    return proofs


def _copied(old: Transaction, new: Transaction, table: str) -> TableProof:
    query = f"SELECT * FROM {table}"
    sent, found = _Digest(), _Digest()
    new.insert(table, sent.each(old.stream(query)))
    for _ in found.each(new.stream(query)):
        pass
    if (sent.rows, sent.total) != (found.rows, found.total):
        raise StateError(
            f"the copy of {table} is not what was copied ({sent.rows} rows, {found.rows} of them there)",
            hint="nothing was kept of it; the state is where it was",
        )
    return TableProof(table, sent.rows, f"{sent.total:032x}")


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


def _continue_serials(new: Transaction) -> None:
    """Numbers that the database gives go on after those that were copied."""
    for table, column in new.read(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND is_identity = 'YES'"
    ):
        new.read(
            "SELECT setval(pg_get_serial_sequence(?, ?), "
            f"(SELECT COALESCE(MAX({column}), 0) + 1 FROM {table}), false)",
            (table, column),
        )


def _leave(old: Transaction, place: str) -> None:
    """What is left behind says where the state is, and takes nothing in any more."""
    old.execute("INSERT INTO meta VALUES (?, ?)", (f"flag.{MOVED}", place))
    for table in RECEIVED:
        old.execute(f"ALTER TABLE {table} RENAME TO {table}_moved")
