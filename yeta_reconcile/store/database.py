"""What an engine gives the store: short write transactions, plain reads, errors of ours. It knows no table.

SQL is written once, with `?` for parameters and in the part of the language that SQLite and PostgreSQL share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from yeta_reconcile.errors import StateLocked
from yeta_reconcile.wording import Text, phrase

Row = tuple[Any, ...]
# A query with its parameters.
Question = tuple[str, tuple[object, ...]]
# Where the state keeps what `Database.fence` is compared with.
GENERATION = "lock_generation"


def check_fence(transaction: Transaction, fence: str) -> None:
    """Raise StateLocked unless the lock is still of the generation under which we began."""
    if fence and meta(transaction, GENERATION) != fence:
        raise lost()


def meta(source: Database | Transaction, name: str) -> str | None:
    """A value of the table meta."""
    found = source.read("SELECT value FROM meta WHERE name = ?", (name,))
    return str(found[0][0]) if found else None


def set_meta(transaction: Transaction, name: str, value: str) -> None:
    """Put a value there, whatever was."""
    put = "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    transaction.later(put, (name, value))


def lost() -> StateLocked:
    """What stops a holder that is none any more."""
    return StateLocked(
        phrase("the lock on the state was lost (it expired or was taken away); stopped before the next call"),
        hint=phrase("run the same command again"),
    )


class Transaction(Protocol):
    """A write transaction that is under way: it commits whole when its block ends, or not at all."""

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Run one statement; the number of rows it touched."""
        ...

    def later(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run a statement whose outcome nobody asks for: it may go to the engine with the next one.

        Whatever is run or read afterwards finds it done; what is wrong with it is raised by then.
        """
        ...

    def many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one statement for many rows."""
        ...

    def insert(self, table: str, rows: Iterable[Sequence[object]]) -> None:
        """Whole rows into a table, a value for each of its columns; the fast way for bulk."""
        ...

    def read(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """All rows of a query or of a statement with RETURNING."""
        ...

    def ahead(self, questions: Iterable[Question]) -> None:
        """These will be read: where each is a way of its own, all go together, and `read` has the answers.

        An answer is given once, and as it was now: whoever changes what it says reads it before.
        """
        ...

    def stream(self, sql: str) -> Iterator[Row]:
        """The rows of a query one after another, however many; nothing else is run meanwhile."""
        ...


class Database(Protocol):
    """An open engine, safe to use from several threads.

    There is one writer at a time, over all connections and processes: what is read in a write transaction is
    still so when it commits. A lost connection is made again only where nothing was in flight.
    """

    dialect: str
    place: str
    """Where it is, in words for people; holds no secret."""
    clock: str
    """SQL for the time, ms, of one parameter: what takes the clock's place, or None. A state has one clock,
    however many machines use it: its machine's if it is a file, otherwise its server's."""
    chunk: int
    """Rows a bulk transaction may touch, so that nobody who waits for it waits longer than about 50 ms."""

    fence: str
    """What the state must say of its lock for anything to be written through here; empty: nothing."""

    def read(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """All rows of a query, outside any transaction of ours."""
        ...

    def glance(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """As `read`, of what is committed, right before a call: no write of another thread is waited for.

        At least where the engine can do without. Raises StateGone where `write` would.
        """
        ...

    def write(self, *, fenced: bool = True, durable: bool = True) -> AbstractContextManager[Transaction]:
        """A write transaction; durable when its block has ended. Raises StateError.

        Not `durable` is what can be made again: nobody waits for the disk. It is on it, whole, with whatever
        is made durable after it, by whomever; before that, a power cut may take it back.

        One that is begun inside another's block is a part of that. Raises StateLocked, before its block
        begins, where the `fence` does not hold any more; not `fenced` are the lock's own writes, and such as
        are true whoever holds it.
        """
        ...

    def reopen(self, accept: Callable[[Any], None]) -> None:
        """Where the file is gone that was open: go on with what has its place, if `accept` raises nothing."""
        ...

    def tables(self) -> frozenset[str]:
        """The names of the tables that are there."""
        ...

    def faults(self) -> list[Text]:
        """What is damaged in it, in words without a value, as far as the engine can tell."""
        ...

    def backup(self, target: str) -> None:
        """A consistent copy while others go on reading and writing. Raises StateError."""
        ...

    def room(self) -> int:
        """The bytes it takes on its disk."""
        ...

    def compact(self) -> None:
        """Make use of the room of what was deleted; the rows stay as they are. Raises StateError."""
        ...

    def close(self) -> None:
        """Let go of the engine."""
        ...


class Tables:
    """What reads and writes some tables of a state."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def _pages(self, sql: str, parameters: Row, after: object, *, at: int, size: int) -> Iterator[list[Row]]:
        """All rows of a query, so many at a time.

        It orders them by their column `at`; its last parameters are what they come after, and how many.
        """
        found: list[Row] | None = None
        while found is None or len(found) == size:
            found = self._database.read(sql, (*parameters, after, size))
            if found:
                yield found
                after = found[-1][at]
