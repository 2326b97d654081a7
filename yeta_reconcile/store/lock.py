"""The lock for whatever changes the platform: a row with holder, host, process, time and expiry.

It is renewed by a heartbeat, and checked inside the transaction of every intent, so that a holder that slept
too long cannot act on a state that is no longer its own. Its times are of the state's clock, so that no
machine whose own is wrong takes a lock that lives.
"""

from __future__ import annotations

import os
import secrets
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from yeta_reconcile.errors import StateLocked

if TYPE_CHECKING:
    from yeta_reconcile.store.database import Database, Row

LIFETIME_MS = 30_000
_COLUMNS = "holder, host, process, command, taken, expires"


def held(database: Database) -> str:
    """SQL that holds for the lock's row if it is ours: of a holder's name, and a time or None."""
    return f"holder = ? AND expires > {database.clock}"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock. Times in ms."""

    holder: str
    host: str
    process: int
    command: str
    taken: int = 0
    expires: int = 0

    @classmethod
    def this_process(cls, command: str) -> Holder:
        """Us, with a name nobody else has."""
        return cls(secrets.token_hex(8), socket.gethostname(), os.getpid(), command)

    def __str__(self) -> str:
        since = datetime.fromtimestamp(self.taken / 1000, UTC).astimezone()
        return (
            f"`yeta {self.command}`, process {self.process} on {self.host}, "
            f"since {since:%Y-%m-%d %H:%M:%S %z}"
        )


class Lock:
    """The lock's row. `now` (ms) takes the place of the state's clock where time is virtual."""

    def __init__(self, database: Database) -> None:
        self._database = database
        clock = database.clock
        self._look = f"SELECT {_COLUMNS}, expires - {clock} FROM apply_lock"
        self._take = f"INSERT INTO apply_lock VALUES (1, ?, ?, ?, ?, {clock}, {clock} + {LIFETIME_MS})"
        self._renew = f"UPDATE apply_lock SET expires = {clock} + {LIFETIME_MS} WHERE {held(database)}"

    def current(self, now: int | None = None) -> Holder | None:
        """Who holds it, if anyone alive does."""
        found = self._database.read(self._look, (now,))
        return Holder(*found[0][:-1]) if found and found[0][-1] > 0 else None

    def acquire(self, holder: Holder, now: int | None = None) -> bool:
        """Take it. Whether it was left by a dead holder. Raises StateLocked with who, since when."""
        # Whoever holds it is known without waiting for whoever writes right now.
        _refuse_living(self._database.read(self._look, (now,)))
        with self._database.write() as transaction:
            found = transaction.read(self._look, (now,))
            _refuse_living(found)
            transaction.execute("DELETE FROM apply_lock")
            transaction.execute(
                self._take, (holder.holder, holder.host, holder.process, holder.command, now, now)
            )
        return bool(found)

    def renew(self, holder: Holder, now: int | None = None) -> bool:
        """Push the expiry on. False: it is no longer ours."""
        with self._database.write() as transaction:
            return bool(transaction.execute(self._renew, (now, holder.holder, now)))

    def release(self, holder: Holder) -> None:
        """Give it back, if it is still ours."""
        with self._database.write() as transaction:
            transaction.execute("DELETE FROM apply_lock WHERE holder = ?", (holder.holder,))

    def take_away(self) -> None:
        """`state unlock`: whoever held it stops at its next intent."""
        with self._database.write() as transaction:
            transaction.execute("DELETE FROM apply_lock")


def lost() -> StateLocked:
    """What stops a holder that is none any more."""
    return StateLocked(
        "the lock on the state was lost (it expired or was taken away); stopped before the next call",
        hint="run the same command again",
    )


def _refuse_living(found: list[Row]) -> None:
    """Raise StateLocked if the lock's row is of a holder that lives."""
    for *holder, left in found:
        if left > 0:
            raise StateLocked(
                f"the state is locked by {Holder(*holder)}",
                hint=f"wait for it; if it died, the lock is gone in {left // 1000 + 1} s "
                "(`yeta state unlock` takes it away now)",
            )
