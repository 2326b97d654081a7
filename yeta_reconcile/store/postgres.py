"""The state in PostgreSQL: one connection, one writer at a time, errors that hold no secret and no row.

Nothing but `open.py` imports it: psycopg comes with the extra `postgres`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from psycopg import conninfo, errors
from psycopg.types.numeric import IntLoader
from psycopg.types.string import StrDumper

from yeta_reconcile.errors import InvalidInput, StateError
from yeta_reconcile.store.copying import write_file
from yeta_reconcile.store.database import Question, Row, check_fence
from yeta_reconcile.wording import UNSAID, Text, phrase

Connection = psycopg.Connection[Row]
Value = TypeVar("Value")

# One writer at a time, as with SQLite: whatever is read in a write transaction is still so when it commits.
# The lock is taken by the first statement and each later one sees what was committed before it, which is why
# the isolation is READ COMMITTED: a snapshot kept from the beginning would be older than the lock. A client
# that hangs or vanishes inside a transaction is cut off by the server when a dead holder's lock would go.
BEGIN = b"""BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '10s'; SET LOCAL idle_in_transaction_session_timeout = '30s';
SELECT pg_advisory_xact_lock(hashtext('yeta'), hashtext(COALESCE(current_schema(), '')))"""
# What was acknowledged is on disk, whatever the server's default is.
DURABLE = b"""SELECT set_config('synchronous_commit', 'on', false)
WHERE current_setting('synchronous_commit') = 'off'"""
CONNECT_SECONDS = 10

_TOKEN = re.compile(r"'(?:[^']|'')*'|[?%]")
_HOSTS = re.compile(r"[A-Za-z0-9_.,:/\[\]%@-]*")
_PORTS = re.compile(r"[0-9,]*")


class PostgresDatabase:
    """The tables in the first schema of the search path; `location` is a connection string of libpq's.

    What the string leaves out (the password above all) comes from the PG* variables, as with psql.
    """

    dialect = "postgresql"
    clock = "COALESCE(CAST(? AS BIGINT), CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT))"
    chunk = 4_000

    def __init__(self, location: str) -> None:
        self._parameters = _checked(location)
        self.place = _place(self._parameters)
        self._lock = threading.RLock()
        self._transaction: PostgresTransaction | None = None
        self.fence = ""
        with self._translated():
            self._connection = self._connect()

    def _connect(self) -> Connection:
        connection: Connection = psycopg.connect(**self._parameters, autocommit=True)
        if connection.info.parameter_status("server_encoding") != "UTF8":
            connection.close()
            raise StateError(
                phrase("{place}, does not keep text as UTF-8", place=self.place),
                hint=phrase("make one with `createdb --encoding=UTF8 --template=template0`"),
            )
        connection.adapters.register_dumper(str, _TextDumper)
        connection.adapters.register_loader("numeric", IntLoader)
        connection.execute(DURABLE)
        return connection

    def read(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """All rows of a query."""
        with self._lock, self._translated():
            if self._transaction is not None:
                return self._transaction.read(sql, parameters)
            return self._afresh(lambda connection: _rows(connection.execute(translated(sql), parameters)))

    def glance(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """As `read`: another connection would be one more for each run."""
        return self.read(sql, parameters)

    @contextmanager
    def write(self, *, fenced: bool = True, durable: bool = True) -> Iterator[PostgresTransaction]:
        """`BEGIN` and the writers' lock … `COMMIT`; rolled back whole on any exception, also on a kill."""
        with self._lock, self._translated():
            if self._transaction is not None:
                check_fence(self._transaction, self.fence if fenced else "")
                yield self._transaction
                return
            try:
                self._afresh(lambda connection: connection.execute(BEGIN))
                self._transaction = PostgresTransaction(self._connection)
                if not durable:
                    self._transaction.later("SET LOCAL synchronous_commit TO off")
                check_fence(self._transaction, self.fence if fenced else "")
                yield self._transaction
                self._transaction.send()
                self._commit()
            except BaseException:
                self._roll_back()
                raise
            finally:
                self._transaction = None

    def reopen(self, accept: Callable[[PostgresDatabase], None]) -> None:
        """There is no file that could be gone; a lost connection is made again by whoever finds it so."""

    def tables(self) -> frozenset[str]:
        """The names of the tables that are there."""
        named = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
        return frozenset(row[0] for row in self.read(named))

    def faults(self) -> list[Text]:
        """The server looks after its files and references itself."""
        return []

    def backup(self, target: str) -> None:
        """A copy at `target`, as a SQLite file, of one moment of the server's."""
        with self._snapshot() as source:
            write_file(source, Path(target))

    @contextmanager
    def _snapshot(self) -> Iterator[PostgresTransaction]:
        """What is there now, however long it is read; over a connection of its own, so that nobody waits."""
        with self._translated(), closing(self._connect()) as connection:
            connection.execute(b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield PostgresTransaction(connection)

    def room(self) -> int:
        """The bytes of the tables and their indexes."""
        sizes = "SELECT COALESCE(SUM(pg_total_relation_size(oid)), 0) FROM pg_class "
        ours = "WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
        return int(self.read(sizes + ours)[0][0])

    def compact(self) -> None:
        """What the server does by itself sooner or later. Others go on writing meanwhile."""
        for table in sorted(self.tables()):
            self.read(f"VACUUM (ANALYZE) {table}")

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()

    def _afresh(self, run: Callable[[Connection], Value]) -> Value:
        """Run what nothing is in flight before; if the connection turns out to be lost, over a new one."""
        if not self._connection.closed:
            try:
                return run(self._connection)
            except psycopg.OperationalError:
                if not self._connection.closed:
                    raise
        self._connection.close()
        self._connection = self._connect()
        return run(self._connection)

    def _commit(self) -> None:
        try:
            done = self._connection.execute(b"COMMIT").statusmessage
        except psycopg.Error as error:
            if not self._connection.closed:
                raise
            raise StateError(
                phrase(
                    "the connection to the state in {place} was lost while a write was being stored: whether "
                    "it was is not known",
                    place=self.place,
                ),
                hint=phrase("run the same command again; it goes by what it finds in the state"),
            ) from error
        if done != "COMMIT":
            raise StateError(
                phrase("the state in {place} did not store a write; nothing of it was kept", place=self.place)
            )

    def _roll_back(self) -> None:
        try:
            if not self._connection.closed:
                self._connection.execute(b"ROLLBACK")
        except psycopg.Error:
            # A connection that cannot even do this is of no more use; the server rolls back when it is gone.
            self._connection.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except psycopg.DataError as error:
            # Not the state is at fault but one value, as when SQLite is given too large a number.
            raise ValueError(
                phrase("a value that PostgreSQL cannot keep: {primary}", primary=_primary(error))
            ) from error
        except psycopg.Error as error:
            raise _as_state_error(error, self.place) from error


class PostgresTransaction:
    """Statements of one write transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: list[tuple[bytes, Sequence[object]]] = []
        self._ahead: dict[Question, psycopg.Cursor[Row]] = {}

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Run one statement; the number of rows it touched."""
        return self._run(sql, parameters).rowcount

    def later(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run a statement with the next one that is waited for: one way to the server and back for both."""
        self._waiting.append((translated(sql), parameters))

    def send(self) -> None:
        """Run what waits."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            with self._connection.pipeline():
                for statement, parameters in waiting:
                    self._connection.execute(statement, parameters)

    def _run(self, sql: str, parameters: Sequence[object]) -> psycopg.Cursor[Row]:
        if not self._waiting:
            return self._connection.execute(translated(sql), parameters)
        with self._connection.pipeline():
            self.send()
            return self._connection.execute(translated(sql), parameters)

    def many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one statement for many rows, without waiting for each."""
        self.send()
        with self._connection.cursor() as cursor:
            cursor.executemany(translated(sql), rows)

    def insert(self, table: str, rows: Iterable[Sequence[object]]) -> None:
        """Whole rows into a table, as a COPY."""
        self.send()
        with self._connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
            for row in rows:
                copy.write_row(row)

    def read(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """All rows of a query inside the transaction."""
        cursor = self._ahead.pop((sql, tuple(parameters)), None) if self._ahead else None
        return _rows(cursor or self._run(sql, parameters))

    def ahead(self, questions: Iterable[Question]) -> None:
        """One way to the server and back for all of them."""
        with self._connection.pipeline():
            self.send()
            self._ahead = {
                asked: self._connection.execute(translated(asked[0]), asked[1]) for asked in questions
            }

    def stream(self, sql: str) -> Iterator[Row]:
        """The rows of a query one after another, through a cursor of the server's."""
        self.send()
        with self._connection.cursor("stream") as cursor:
            cursor.itersize = 1000
            yield from cursor.execute(translated(sql))


class _TextDumper(StrDumper):
    """PostgreSQL's text holds no NUL; a push that says one must not be refused for it."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", "\ufffd"))


def _rows(cursor: psycopg.Cursor[Row]) -> list[Row]:
    return cursor.fetchall() if cursor.description else []


@lru_cache(maxsize=1024)
def translated(sql: str) -> bytes:
    """A statement with `?` for its parameters in psycopg's words; what stands in quotes stays as it is."""
    return _TOKEN.sub(_in_psycopgs_words, sql).encode()


def _in_psycopgs_words(found: re.Match[str]) -> str:
    return "%s" if found[0] == "?" else found[0].replace("%", "%%")


def _checked(location: str) -> dict[str, Any]:
    """The connection's parameters. Raises InvalidInput, without a word of a string that may hold a secret."""
    hint = phrase(
        "like postgresql://user@host:5432/database?sslmode=verify-full; in a password @ is %40 and / is %2F"
    )
    scheme, separator, rest = location.partition("://")
    try:
        # libpq knows the scheme in small letters alone.
        parameters = dict(conninfo.conninfo_to_dict(f"{scheme.lower()}{separator}{rest}"))
    except psycopg.Error:
        parameters = {"port": "?"}
    hosts, ports = str(parameters.get("host") or ""), str(parameters.get("port") or "")
    # A password with a bare @ or / in it would be taken for a part of the host or port, and be shown as one.
    if "@" in hosts or not _HOSTS.fullmatch(hosts) or not _PORTS.fullmatch(ports):
        raise InvalidInput(phrase("`state:` is no connection string that PostgreSQL understands"), hint=hint)
    return {"connect_timeout": CONNECT_SECONDS, "application_name": "yeta"} | parameters | {
        "client_encoding": "utf8"
    }  # fmt: skip


def place_of(location: str) -> str:
    """Where a connection string leads, without user and secrets. Raises InvalidInput."""
    return _place(_checked(location))


def _place(parameters: dict[str, Any]) -> str:
    host = parameters.get("host") or phrase("the default host")
    port = phrase(":{parameters}", parameters=parameters["port"]) if parameters.get("port") else UNSAID
    return phrase(
        "PostgreSQL at {host}{port}, database {get}",
        host=host,
        port=port,
        get=parameters.get("dbname") or phrase("by default"),
    )


def _as_state_error(error: psycopg.Error, place: str) -> StateError:
    where = phrase("the state in {place}", place=place)
    if isinstance(error, errors.LockNotAvailable | errors.QueryCanceled):
        return StateError(
            phrase("{where} was busy with another writer for too long", where=where),
            hint=phrase("run the same command again"),
        )
    if isinstance(error, errors.DiskFull):
        return StateError(
            phrase("{where} cannot be written: the server's disk is full", where=where),
            hint=phrase("nothing half-written was kept; free some space and run again"),
        )
    if isinstance(error, errors.InsufficientPrivilege | errors.ReadOnlySqlTransaction):
        return StateError(
            phrase("{where} cannot be written: {primary}", where=where, primary=_primary(error)),
            hint=phrase("its user must own the tables, on a server that is no read-only replica"),
        )
    if isinstance(error, psycopg.OperationalError) and not error.sqlstate:
        return StateError(
            phrase("{where} cannot be reached: {first_line}", where=where, first_line=_first_line(error)),
            hint=phrase("`state:` in yeta.yaml and the PG* variables say where it is and who asks"),
        )
    return StateError(phrase("{where} cannot be used: {primary}", where=where, primary=_primary(error)))


def _primary(error: psycopg.Error) -> str:
    # The details of an error hold rows.
    return error.diag.message_primary or type(error).__name__


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
