"""The state in a SQLite file: WAL, `synchronous=FULL`, mode 0600, errors that say what to do."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from yeta_reconcile.errors import StateError, StateGone
from yeta_reconcile.store.database import Question, Row, check_fence
from yeta_reconcile.store.footing import Footing, alone, beside, gone, written_at
from yeta_reconcile.store.sqlite_errors import translated
from yeta_reconcile.wording import Text, phrase, plural

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtils


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
# Somebody may put a file in place just while it is opened.
TRIES = 5
# So many damages of a file are named.
MOST_FAULTS = 20


class SqliteDatabase:
    """One connection, one writer at a time; statements of several threads queue behind a lock.

    Nothing is written once the path leads elsewhere than to the file that is open. One that nobody here may
    write, in a folder that is read-only, say, can be read, unless it is to be made (`create`).
    """

    dialect = "sqlite"
    clock = "COALESCE(?, CAST(ROUND((JULIANDAY('now') - 2440587.5) * 86400000) AS INTEGER))"
    # About 10 ms a transaction: a push waits for that, and for a disk that syncs slowly.
    chunk = 2_500

    def __init__(self, path: Path | None, *, busy_seconds: float = BUSY_SECONDS, create: bool = True) -> None:
        self.path = path
        self.place = str(path) if path else "memory"
        self.fence = ""
        self._busy_seconds = busy_seconds
        self._lock = threading.RLock()
        self._glances: sqlite3.Connection | None = None
        self._glancing = threading.Lock()
        self._transaction: SqliteTransaction | None = None
        self._still: int | None = None
        self._others_until = 0.0
        with self._translated():
            self._connection, self._footing = self._open(create=create)

    @cached_property
    def _utils(self) -> SqliteUtils:
        """What writes go through. Commands that only look do without it: it takes long to import."""
        database: SqliteUtils = import_module("sqlite_utils").Database(self._connection)
        return database

    def _open(self, *, create: bool) -> tuple[sqlite3.Connection, Footing | None]:
        """A connection, and where it stands: known for certain only if the path did not change meanwhile."""
        if self.path is None:
            return self._connect(IN_MEMORY), None
        for _ in range(TRIES):
            if create:
                _create_private(self.path)
            with alone(self.path.parent, shared=True):
                before = Footing.of(self.path)
                self._still = None if create else written_at(self.path)
                how = "mode=rw" if self._still is None else "mode=ro&immutable=1"
                connection = self._connect(f"{self.path.absolute().as_uri()}?{how}")
                footing = Footing.of(self.path)
            if footing.file == before.file is not None:
                return connection, footing
            connection.close()
        raise gone(self.path)

    def _connect(self, place: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            place,
            timeout=self._busy_seconds,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
            uri=self.path is not None,
        )
        try:
            self._settle_pragmas(connection.execute)
        except BaseException:
            connection.close()
            raise
        return connection

    def _settle_pragmas(self, execute: Callable[[str], sqlite3.Cursor]) -> None:
        execute("PRAGMA foreign_keys=ON")
        if self.path is not None and self._still is None:
            execute("PRAGMA journal_mode=WAL").fetchall()
            # From the first look on the log is there, and nobody takes it away while this is open.
            execute("SELECT COUNT(*) FROM sqlite_master").fetchall()
        execute("PRAGMA synchronous=FULL")
        execute("PRAGMA temp_store=MEMORY")
        execute("PRAGMA busy_timeout=0").fetchall()

    def reopen(self, accept: Callable[[SqliteDatabase], None]) -> None:
        """Go on with the file that has the place of one that is gone, if `accept` raises nothing about it."""
        if self.path is None or self._footing is None or self._footing.holds():
            return
        if self._footing.left_behind():
            raise StateGone(
                phrase(
                    "another file has the place of the state {path}, and the log of the former one is still "
                    "beside it: whoever opens it damages it",
                    path=self.path,
                ),
                hint=phrase("put it back as it was; `yeta state restore FILE` is what puts a copy in place"),
            )
        if not self.path.is_file() or not self.path.stat().st_size:
            raise gone(self.path)
        there = SqliteDatabase(self.path, busy_seconds=self._busy_seconds, create=False)
        try:
            accept(there)
        except BaseException:
            there.close()
            raise
        with self._glancing, self._lock:
            former = (self._glances, self._connection)
            self._connection, self._footing = there.hand_over()
            self._glances = None
            self.__dict__.pop("_utils", None)
            for connection in former:
                if connection is not None:
                    connection.close()

    def hand_over(self) -> tuple[sqlite3.Connection, Footing | None]:
        """What is open here, for another to go on with."""
        return self._connection, self._footing

    def read(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """All rows of a query."""
        with self._lock, self._translated():
            rows = self._patiently(sql, tuple(parameters))
            # Only of a file that is read as it stands: a read is asked for often.
            if self._still is not None and self.path is not None and self._still != written_at(self.path):
                raise StateError(
                    phrase("the state {path} was written while it was read as it stands", path=self.path),
                    hint=phrase("run it again"),
                )
            return rows

    def glance(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """All rows of a query, by a connection of its own: another thread's commit is not waited for."""
        if self.path is None:
            return self.read(sql, parameters)
        with self._glancing, self._translated():
            self.stand()
            self._glances = self._glances or self._second(self.path)
            return self._patiently(sql, tuple(parameters), self._glances)

    def _second(self, path: Path) -> sqlite3.Connection:
        """Another connection to the file that is open. Raises StateGone."""
        with alone(path.parent, shared=True):
            # Before: to open what has its place beside its log would damage that.
            self.stand()
            connection = self._connect(f"{path.absolute().as_uri()}?mode=rw")
            try:
                self.stand()
            except BaseException:
                connection.close()
                raise
        return connection

    @contextmanager
    def write(self, *, fenced: bool = True, durable: bool = True) -> Iterator[SqliteTransaction]:
        """`BEGIN IMMEDIATE` … `COMMIT`; rolled back whole on any exception, also on a kill.

        What is written inside another's block belongs to that one. Raises StateGone, nothing of it kept,
        where the path leads elsewhere; what was committed just then is not to be relied on either.
        """
        with self._lock, self._translated():
            if self._transaction is not None:
                check_fence(self._transaction, self.fence if fenced else "")
                yield self._transaction
                return
            self._let_others_go_first()
            self.stand()
            # Each says it anew: what another left, however that ended, keeps none from the disk.
            self._connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            try:
                self._patiently("BEGIN IMMEDIATE")
                began = time.monotonic()
                self._transaction = SqliteTransaction(self._utils)
                check_fence(self._transaction, self.fence if fenced else "")
                yield self._transaction
                self.stand()
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.rollback()
                raise
            finally:
                self._transaction = None
            self.stand()
            over = time.monotonic()
            if self.path is not None and over - began > LONG_SECONDS:
                self._others_until = over + 2 * LOOK_SECONDS

    def _let_others_go_first(self) -> None:
        """Whoever waits for the file, if we held it for long until just now."""
        left = self._others_until - time.monotonic()
        if left > 0:
            time.sleep(left)

    def stand(self) -> None:
        """Raise StateGone unless the path still leads to the file that is open."""
        if self.path is not None and self._footing is not None and not self._footing.holds():
            raise gone(self.path)

    @contextmanager
    def held_still(self) -> Iterator[None]:
        """While the block runs nobody writes, and the file is whole without its log, which is empty."""
        if self.path is None:
            raise AssertionError("only a file can be held still")
        log = beside(self.path)[0]
        with self._lock, self._translated():
            until = time.monotonic() + self._busy_seconds
            while True:
                self._patiently("PRAGMA wal_checkpoint(TRUNCATE)")
                self._patiently("BEGIN IMMEDIATE")
                if not log.exists() or not log.stat().st_size:
                    break
                # Somebody reads what is in the log, or has just written to it.
                self._connection.rollback()
                if time.monotonic() > until:
                    raise StateError(
                        phrase("the state {path} is in use for too long", path=self.path),
                        hint=phrase("run it again"),
                    )
                time.sleep(LOOK_SECONDS)
            try:
                yield
            finally:
                self._connection.rollback()

    def tables(self) -> frozenset[str]:
        """The names of the tables that are there."""
        named = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
        return frozenset(row[0] for row in self.read(named))

    def faults(self) -> list[Text]:
        """What is damaged in the file, in words without a value; empty: it is sound. Raises StateDamaged."""
        found = [
            Text(row[0]) for row in self.read(f"PRAGMA integrity_check({MOST_FAULTS})") if row[0] != "ok"
        ]
        loose = Counter((row[0], row[2]) for row in self.read("PRAGMA foreign_key_check"))
        return found + [
            plural(
                rows,
                "{number} row of {table} belongs to what is not in {parent}",
                "{number} rows of {table} belong to what is not in {parent}",
                table=table,
                parent=parent,
            )
            for (table, parent), rows in sorted(loose.items())
        ]

    def backup(self, target: str) -> None:
        """A consistent copy at `target`, which must not exist; nothing is left there if it fails."""
        # Behind the lock: a copy taken inside a transaction of ours would hold what is not committed.
        with self._lock, translated(Path(target)):
            _create_private(target, exclusive=True)
            try:
                with closing(sqlite3.connect(target)) as copy:
                    self._connection.backup(copy)
            except BaseException:
                Path(target).unlink()
                raise

    def room(self) -> int:
        """The bytes of the file."""
        return int(self.read("PRAGMA page_count")[0][0] * self.read("PRAGMA page_size")[0][0])

    def compact(self) -> None:
        """Write the file anew without what is free in it. Nobody else writes meanwhile."""
        with self._lock, self._translated():
            self.stand()
            self._patiently("VACUUM")
            self._patiently("PRAGMA wal_checkpoint(TRUNCATE)")
            self.stand()

    def close(self) -> None:
        """Close the file."""
        with self._glancing, self._lock:
            for connection in (self._glances, self._connection):
                if connection is not None:
                    connection.close()

    def _patiently(
        self, sql: str, parameters: tuple[object, ...] = (), connection: sqlite3.Connection | None = None
    ) -> list[Row]:
        """Run what may meet another writer, and wait for it."""
        until = time.monotonic() + self._busy_seconds
        while True:
            try:
                return (connection or self._connection).execute(sql, parameters).fetchall()
            except sqlite3.OperationalError as error:
                # Python's own errors, such as text that is no UTF-8, have no code.
                code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
                if code & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
            time.sleep(LOOK_SECONDS)

    def _translated(self) -> AbstractContextManager[None]:
        return translated(self.path)


class SqliteTransaction:
    """Statements inside `BEGIN IMMEDIATE`."""

    def __init__(self, database: SqliteUtils) -> None:
        self._database = database

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Run one statement; the number of rows it touched."""
        return self._database.execute(sql, tuple(parameters)).rowcount

    def later(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run it at once: it is no way to the file."""
        self.execute(sql, parameters)

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

    def ahead(self, questions: Iterable[Question]) -> None:
        """Each is read as soon as it is asked."""

    def stream(self, sql: str) -> Iterator[Row]:
        """The rows of a query one after another."""
        yield from self._database.execute(sql)


def new_file(path: Path) -> SqliteDatabase:
    """A database in a file of its own, private. Raises StateError if there is one already."""
    with translated(path):
        _create_private(path, exclusive=True)
    return SqliteDatabase(path, create=False)


def copy_file(source: Path, target: Path) -> None:
    """A copy of a state's file, with what its log holds; the source is left as it is, and `target` is new."""
    with translated(source):
        # Without a log it is read as it stands: its folder may be read-only.
        how = "mode=ro" if beside(source)[0].exists() else "mode=ro&immutable=1"
        _create_private(target, exclusive=True)
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?{how}", uri=True)) as there,
            closing(sqlite3.connect(target)) as copy,
        ):
            there.backup(copy)


def _create_private(path: Path | str, *, exclusive: bool = False) -> None:
    """Make the file with mode 0600. One that exists is never opened here: to close it again would drop the
    locks that other connections of this process hold on it, and with them the file's integrity.
    """  # noqa: D205
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        if exclusive:
            raise
