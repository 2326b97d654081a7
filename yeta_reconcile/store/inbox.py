"""The inbox: pushes as the platform sent them, durable before they are acknowledged, folded afterwards.

Bodies hold numbers and names; nothing here logs or decides anything about them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import IntEnum

from yeta_reconcile.frozen import dataclass
from yeta_reconcile.store.database import Question, Row, Tables, Transaction, set_meta
from yeta_reconcile.store.relays import FOREIGN
from yeta_reconcile.store.schema import OF_CALL
from yeta_reconcile.waves.traffic import DAY_MS, Traffic

# What one transaction deletes at most.
PURGE_CHUNK = 1000
PURGE_BYTES = 4_000_000
ROWS_A_STATEMENT = 64


class PushStanding(IntEnum):
    """Where a stored push stands. A duplicate says nothing that an earlier one did not say."""

    NEW = 0
    FOLDED = 1
    STUCK = 2
    DUPLICATE = 3


@dataclass(frozen=True, slots=True)
class Push:
    """A push to be stored: `body` is what came in, `received` ms. With a `problem` it is a dead letter."""

    module: str
    body: bytes
    received: int
    source: str = "push"
    problem: str = ""


@dataclass(frozen=True, slots=True)
class StoredPush:
    """A push in the inbox, or a dead letter."""

    serial: int
    module: str
    body: bytes
    received: int
    source: str
    standing: PushStanding = PushStanding.NEW
    call_uuid: str | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class InboxCounts:
    """How many pushes wait to be folded, could not be folded, and were no JSON object."""

    waiting: int
    stuck: int
    dead: int


_COLUMNS = "serial, module, body, received, source, standing, call_uuid, problem"


class Inbox(Tables):
    """The tables inbox and dead_letters."""

    def append(self, pushes: Sequence[Push]) -> None:
        """Store all of them, or none; on disk when it returns. Raises StateError."""
        good = [(p.module, p.body, p.received, p.source) for p in pushes if not p.problem]
        dead = [(p.module, p.body, p.received, p.source, p.problem) for p in pushes if p.problem]
        with self._database.write() as transaction:
            _insert(transaction, "inbox (module, body, received, source)", good)
            _insert(transaction, "dead_letters (module, body, received, source, problem)", dead)

    def waiting(self, most: int) -> list[StoredPush]:
        """The oldest pushes that were not looked at yet."""
        rows = self._database.read(
            f"SELECT {_COLUMNS} FROM inbox WHERE standing = 0 ORDER BY serial LIMIT ?", (most,)
        )
        return [_stored(row) for row in rows]

    def stuck(self) -> Iterator[StoredPush]:
        """Pushes that could not be folded, oldest first."""
        return self._in_order(
            f"SELECT {_COLUMNS} FROM inbox WHERE standing = 2 AND serial > ? ORDER BY serial LIMIT ?"
        )

    def dead(self) -> Iterator[StoredPush]:
        """Dead letters, oldest first."""
        return self._in_order(
            "SELECT serial, module, body, received, source, 2, NULL, problem FROM dead_letters "
            "WHERE serial > ? ORDER BY serial LIMIT ?"
        )

    def _in_order(self, sql: str) -> Iterator[StoredPush]:
        for rows in self._pages(sql, (), 0, at=0, size=500):
            yield from map(_stored, rows)

    def push(self, serial: int) -> StoredPush | None:
        """One push, whatever its outcome."""
        rows = self._database.read(f"SELECT {_COLUMNS} FROM inbox WHERE serial = ?", (serial,))
        return _stored(rows[0]) if rows else None

    def of_call(self, call_uuid: str) -> list[StoredPush]:
        """The raw pushes of a call that are still kept; duplicates left out."""
        rows = self._database.read(
            f"SELECT {_COLUMNS} FROM inbox WHERE {OF_CALL} AND standing <> 3 ORDER BY serial",
            (call_uuid, call_uuid),
        )
        return [_stored(row) for row in rows]

    def holds(self, call_uuid: str, digest: bytes) -> bool:
        """Whether a push of a call that says exactly this was looked at before."""
        said = f"SELECT 1 FROM inbox WHERE {OF_CALL} AND digest = ? LIMIT 1"
        return bool(self._database.read(said, (call_uuid, call_uuid, digest)))

    def without_call(self) -> set[bytes]:
        """The digests of what pushes say that were looked at, and of which no call is known."""
        stuck = "SELECT digest FROM inbox WHERE standing = 2 AND call_uuid IS NULL AND digest IS NOT NULL"
        return {bytes(row[0]) for row in self._database.read(stuck)}

    def last_received(self) -> int | None:
        """When the last push came in that is still kept, ms."""
        found = self._database.read("SELECT received FROM inbox ORDER BY serial DESC LIMIT 1")
        return int(found[0][0]) if found else None

    def counts(self) -> InboxCounts:
        """How the inbox stands."""
        row = self._database.read(
            "SELECT (SELECT COUNT(*) FROM inbox WHERE standing = 0), "
            "(SELECT COUNT(*) FROM inbox WHERE standing = 2), (SELECT COUNT(*) FROM dead_letters)"
        )[0]
        return InboxCounts(row[0], row[1], row[2])

    def traffic(self, now: int) -> Traffic:
        """When the platform pushed last, and how many records of the day before `now` are of others' tasks.

        What was fetched is no push; what another receiver handed on is one, and nobody else's affair. In ms.
        """
        last = self._database.read(
            "SELECT received FROM inbox WHERE source <> 'backfill' ORDER BY serial DESC LIMIT 1"
        )
        foreign = self._database.read(
            f"SELECT COUNT(*) FROM calls c WHERE received >= ? AND {FOREIGN} "
            "AND EXISTS (SELECT 1 FROM inbox i WHERE i.call_uuid IS NOT NULL AND i.source = 'push' "
            "AND substr(i.call_uuid, 10, 9) || i.call_uuid = substr(c.call_uuid, 10, 9) || c.call_uuid)",
            (now - DAY_MS,),
        )
        return Traffic(last[0][0] if last else None, int(foreign[0][0]))

    def retry(self, serials: Sequence[int] | None = None) -> int:
        """Give stuck pushes (all, or some) to the projector once more; how many."""
        chosen = [push.serial for push in self.stuck()] if serials is None else list(serials)
        count = 0
        for first in range(0, len(chosen), PURGE_CHUNK):
            with self._database.write() as transaction:
                for serial in chosen[first : first + PURGE_CHUNK]:
                    count += transaction.execute(
                        "UPDATE inbox SET standing = 0, problem = '', digest = NULL "
                        "WHERE serial = ? AND standing = 2",
                        (serial,),
                    )
        return count

    def revive(self, serials: Sequence[int]) -> int:
        """Put dead letters among the pushes that wait to be folded, all or none; how many."""
        with self._database.write() as transaction:
            for serial in serials:
                transaction.execute(
                    "INSERT INTO inbox (module, body, received, source) "
                    "SELECT module, body, received, source FROM dead_letters WHERE serial = ?",
                    (serial,),
                )
            return sum(
                transaction.execute("DELETE FROM dead_letters WHERE serial = ?", (serial,))
                for serial in serials
            )

    def purge(self, before: int, pause: Callable[[], bool] = lambda: False) -> int:
        """Delete what came in before `before` (ms) and was looked at; how many.

        In transactions for which nobody waits long, however much is old. `pause` is called between two; where
        it answers True, the rest is left for another time.
        """
        gone = 0
        for table, first, last in self._old(before):
            looked_at = " AND standing <> 0" if table == "inbox" else ""
            with self._database.write() as transaction:
                gone += transaction.execute(
                    f"DELETE FROM {table} WHERE serial >= ? AND serial <= ? AND received < ?{looked_at}",
                    (first, last, before),
                )
            if pause():
                break
        return gone

    def _old(self, before: int) -> Iterator[tuple[str, int, int]]:
        """Stretches of serials with something older, each of so many pushes and bytes at most."""
        for table in ("inbox", "dead_letters"):
            after, young = 0, False
            while not young and (rows := self._some(table, after)):
                young = any(received >= before for _, received in rows)
                if any(received < before for _, received in rows):
                    yield table, rows[0][0], rows[-1][0]
                after = rows[-1][0]

    def _some(self, table: str, after: int) -> list[tuple[int, int]]:
        """Serials and times of the next pushes that one transaction may touch; one at least, if there is."""
        size = 0
        some: list[tuple[int, int]] = []
        for serial, received, length in self._database.read(
            f"SELECT serial, received, LENGTH(body) FROM {table} WHERE serial > ? ORDER BY serial LIMIT ?",
            (after, PURGE_CHUNK),
        ):
            size += length
            if some and size > PURGE_BYTES:
                break
            some.append((serial, received))
        return some


def _insert(transaction: Transaction, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Many rows a statement: between two statements any other thread may take the interpreter."""
    for first in range(0, len(rows), ROWS_A_STATEMENT):
        some = rows[first : first + ROWS_A_STATEMENT]
        marks = f"({', '.join('?' * len(some[0]))})"
        transaction.execute(
            f"INSERT INTO {table} VALUES {', '.join([marks] * len(some))}",
            [value for row in some for value in row],
        )


def take_turn(transaction: Transaction) -> None:
    """Let one projector fold at a time: on an engine with several writers this waits for the other."""
    set_meta(transaction, "projector", "")


def still_new(transaction: Transaction, pushes: Sequence[StoredPush]) -> set[int]:
    """The serials of those at which nobody else has looked since they were read."""
    new = transaction.read(
        "SELECT serial FROM inbox WHERE standing = 0 AND serial >= ? AND serial <= ?",
        (pushes[0].serial, pushes[-1].serial),
    )
    return {row[0] for row in new}


def settle(
    transaction: Transaction,
    push: StoredPush,
    standing: PushStanding,
    *,
    digest: bytes | None = None,
    call_uuid: str | None = None,
    problem: str = "",
) -> None:
    """Write down the outcome of a new push."""
    transaction.later(
        "UPDATE inbox SET standing = ?, digest = ?, call_uuid = ?, problem = ? "
        "WHERE serial = ? AND standing = 0",
        (int(standing), digest, call_uuid, problem, push.serial),
    )


def release(transaction: Transaction, call_uuid: str) -> None:
    """Count as folded what was stuck for want of the call's row, now that it is found."""
    transaction.later(
        f"UPDATE inbox SET standing = 1, problem = '' WHERE {OF_CALL} AND standing = 2",
        (call_uuid, call_uuid),
    )


def seen_before(call_uuid: str, digest: bytes) -> Question:
    """Whether an earlier push of a call said exactly this and was folded."""
    said = f"SELECT 1 FROM inbox WHERE {OF_CALL} AND digest = ? AND standing = 1 LIMIT 1"
    return said, (call_uuid, call_uuid, digest)


def _stored(row: Row) -> StoredPush:
    serial, module, body, received, source, standing, *call_and_problem = row
    return StoredPush(
        serial, module, bytes(body), received, source, PushStanding(standing), *call_and_problem
    )
