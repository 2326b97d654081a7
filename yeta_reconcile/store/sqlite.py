"""The state in a SQLite file: WAL, `synchronous=FULL`, mode 0600, errors that say what to do."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from yeta_reconcile.errors import StateError
from yeta_reconcile.store.database import check_fence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from sqlite_utils import Database as SqliteUtils

    from yeta_reconcile.store.database import Row

# How long one side waits for the other's write (the receiver writes beside apply); both hold it for
# milliseconds, so a wait this long means that something is wrong.
BUSY_SECONDS = 10.0
# SQLite's own way of waiting sleeps longer each time, up to 100 ms, and is overtaken by whoever writes all
# the time; asking every millisecond costs next to nothing and gives both their turn.
LOOK_SECONDS = 0.001
# Whoever held the file for this long lets one that waits go first: SQLite keeps no queue, and bulk that
# writes chunk after chunk would be there again before the other has asked.
LONG_SECONDS = 0.005
IN_MEMORY = ":memory:"


class SqliteDatabase:
    """One connection, one writer at a time; statements of several threads queue behind a lock."""

    dialect = "sqlite"
    clock = "COALESCE(?, CAST(ROUND((JULIANDAY('now') - 2440587.5) * 86400000) AS INTEGER))"
    # About 10 ms a transaction: a push waits for that, and for a disk that syncs slowly.
    chunk = 2_500

    def __init__(self, path: Path | None, *, busy_seconds: float = BUSY_SECONDS) -> None:
        self.path = path
        self.place = str(path) if path else "memory"
        self.fence = ""
        self._busy_seconds = busy_seconds
        self._lock = threading.RLock()
        with self._translated():
            self._connection = self._connect(path, busy_seconds)
            self._settle_pragmas()

    @cached_property
    def _utils(self) -> SqliteUtils:
        """What writes go through. Commands that only look do without it: it takes long to import."""
        database: SqliteUtils = import_module("sqlite_utils").Database(self._connection)
        return database

    def _connect(self, path: Path | None, busy_seconds: float) -> sqlite3.Connection:
        if path is not None:
            _create_private(path)
        return sqlite3.connect(
            IN_MEMORY if path is None else path,
            timeout=busy_seconds,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )

    def _settle_pragmas(self) -> None:
        execute = self._connection.execute
        execute("PRAGMA foreign_keys=ON")
        if self.path is not None:
            execute("PRAGMA journal_mode=WAL").fetchall()
        execute("PRAGMA synchronous=FULL")
        execute("PRAGMA temp_store=MEMORY")
        execute("PRAGMA busy_timeout=0").fetchall()

    def read(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """All rows of a query."""
        with self._lock, self._translated():
            return self._patiently(sql, tuple(parameters))

    @contextmanager
    def write(self, *, fenced: bool = True) -> Iterator[SqliteTransaction]:
        """`BEGIN IMMEDIATE` … `COMMIT`; rolled back whole on any exception, also on a kill."""
        with self._lock, self._translated():
            self._patiently("BEGIN IMMEDIATE")
            began = time.monotonic()
            try:
                transaction = SqliteTransaction(self._utils)
                check_fence(transaction, self.fence if fenced else "")
                yield transaction
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.rollback()
                raise
            if self.path is not None and time.monotonic() - began > LONG_SECONDS:
                time.sleep(2 * LOOK_SECONDS)

    def tables(self) -> frozenset[str]:
        """The names of the tables that are there."""
        named = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
        return frozenset(row[0] for row in self.read(named))

    def backup(self, target: str) -> None:
        """A consistent copy at `target`, which must not exist; nothing is left there if it fails."""
        # Behind the lock: a copy taken inside a transaction of ours would hold what is not committed.
        with self._lock, _translated(Path(target)):
            _create_private(target, exclusive=True)
            try:
                with closing(sqlite3.connect(target)) as copy:
                    self._connection.backup(copy)
            except BaseException:
                Path(target).unlink()
                raise

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _patiently(self, sql: str, parameters: tuple[object, ...] = ()) -> list[Row]:
        """Run what may meet another writer, and wait for it."""
        until = time.monotonic() + self._busy_seconds
        while True:
            try:
                return self._connection.execute(sql, parameters).fetchall()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
            time.sleep(LOOK_SECONDS)

    def _translated(self) -> AbstractContextManager[None]:
        return _translated(self.path)


class SqliteTransaction:
    """Statements inside `BEGIN IMMEDIATE`."""

    def __init__(self, database: SqliteUtils) -> None:
        self._database = database

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Run one statement; the number of rows it touched."""
        return self._database.execute(sql, tuple(parameters)).rowcount

    def many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Many rows go through the connection itself, several times faster than row by row."""
        self._database.conn.executemany(sql, rows)

    def insert(self, table: str, rows: Iterable[Sequence[object]]) -> None:
        """Whole rows into a table."""
        columns = len(self.read(f"PRAGMA table_info({table})"))
        self.many(f"INSERT INTO {table} VALUES ({', '.join('?' * columns)})", rows)

    def read(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """All rows of a query inside the transaction."""
        return self._database.execute(sql, tuple(parameters)).fetchall()

    def stream(self, sql: str) -> Iterator[Row]:
        """The rows of a query one after another."""
        yield from self._database.execute(sql)


@contextmanager
def _translated(path: Path | None) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise _as_state_error(error, path) from error


def _create_private(path: Path | str, *, exclusive: bool = False) -> None:
    """Make the file with mode 0600. One that exists is never opened here: to close it again would drop the
    locks that other connections of this process hold on it, and with them the file's integrity.
    """  # noqa: D205
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        if exclusive:
            raise


def _as_state_error(error: Exception, path: Path | None) -> StateError:
    where = f"the state {path}" if path else "the state"
    text = str(error).lower()
    if isinstance(error, FileExistsError):
        return StateError(f"{error.filename} exists already", hint="name a file that does not exist")
    if isinstance(error, IsADirectoryError):
        return StateError(f"{where} is a folder", hint="`state:` in yeta.yaml names a file")
    if isinstance(error, PermissionError) or "readonly" in text or "read-only" in text:
        return StateError(
            f"{where} cannot be written: permission denied or a read-only folder",
            hint="the file and its folder must be writable by this user",
        )
    if "full" in text or "no space" in text:
        return StateError(
            f"{where} cannot be written: the disk is full",
            hint="nothing half-written was kept; free some space and run again",
        )
    if "locked" in text or "busy" in text:
        return StateError(
            f"{where} was busy with another writer for too long", hint="run the same command again"
        )
    if "malformed" in text or "not a database" in text or "corrupt" in text:
        return StateError(
            f"{where} is no readable SQLite file: {error}",
            hint="restore a copy made by `yeta state backup`, or move it away and run `yeta state rebuild`",
        )
    return StateError(f"{where} cannot be used: {error}")
