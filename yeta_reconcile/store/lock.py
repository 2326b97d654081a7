"""The lock for whatever changes the platform: a row with holder, host, process, time and expiry.

It is renewed by a heartbeat, and checked inside the transaction of every intent, so that a holder that slept
too long cannot act on a state that is no longer its own.
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
    from yeta_reconcile.store.database import Database

LIFETIME_MS = 30_000
# Holds for the lock's row if it is ours: of a holder's name and now.
HELD = "holder = ? AND expires > ?"


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
    """The lock's row."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def current(self, now: int) -> Holder | None:
        """Who holds it, if anyone alive does."""
        found = self._database.read(
            "SELECT holder, host, process, command, taken, expires FROM apply_lock WHERE expires > ?",
            (now,),
        )
        return Holder(*found[0]) if found else None

    def acquire(self, holder: Holder, now: int) -> bool:
        """Take it. Whether it was left by a dead holder. Raises StateLocked with who, since when."""
        if other := self.current(now):
            # Known without waiting for whoever writes right now.
            raise _locked(other, now)
        with self._database.write() as transaction:
            found = transaction.read("SELECT holder, host, process, command, taken, expires FROM apply_lock")
            if found and found[0][5] > now:
                raise _locked(Holder(*found[0]), now)
            transaction.execute("DELETE FROM apply_lock")
            transaction.execute(
                "INSERT INTO apply_lock VALUES (1, ?, ?, ?, ?, ?, ?)",
                (
                    holder.holder,
                    holder.host,
                    holder.process,
                    holder.command,
                    now,
                    now + LIFETIME_MS,
                ),
            )
        return bool(found)

    def renew(self, holder: Holder, now: int) -> bool:
        """Push the expiry on. False: it is no longer ours."""
        with self._database.write() as transaction:
            return bool(
                transaction.execute(
                    f"UPDATE apply_lock SET expires = ? WHERE {HELD}",
                    (now + LIFETIME_MS, holder.holder, now),
                )
            )

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


def _locked(other: Holder, now: int) -> StateLocked:
    left = max(other.expires - now, 0) // 1000 + 1
    return StateLocked(
        f"the state is locked by {other}",
        hint=f"wait for it; if it died, the lock is gone in {left} s (`yeta state unlock` takes it away now)",
    )
