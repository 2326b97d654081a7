"""The lock for whatever changes the platform: a row with holder, host, process, time and expiry.

It is renewed by a heartbeat, and checked inside the transaction of every intent, so that a holder that slept
too long cannot act on a state that is no longer its own. Its generation only grows, and whatever its holder
writes is refused once there is another one: what was sent before, and answered after, decides nothing. Its
times are of the state's clock, so that no
machine whose own is wrong takes a lock that lives.
"""

from __future__ import annotations

import os
import secrets
import socket
from dataclasses import field, replace
from datetime import tzinfo

from yeta_reconcile.errors import StateLocked
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.moments import moment
from yeta_reconcile.platform.coercion import instant
from yeta_reconcile.store.database import GENERATION, Database, Row, Transaction, meta, set_meta
from yeta_reconcile.wording import phrase

LIFETIME_MS = 30_000
_COLUMNS = "holder, host, process, command, taken, expires"


def held(database: Database) -> str:
    """SQL that holds for the lock's row if it is ours: of a holder's name, and a time or None."""
    return f"holder = ? AND expires > {database.clock}"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock. Times in ms; `left` is how long it was still held when that was read."""

    holder: str
    host: str
    process: int
    command: str
    taken: int = 0
    expires: int = 0
    zone: tzinfo | None = field(default=None, compare=False)
    """By whose clocks it is said who else holds it; the project's."""
    left: int = field(default=0, compare=False)

    @classmethod
    def this_process(cls, command: str, zone: tzinfo | None = None) -> Holder:
        """Us, with a name nobody else has."""
        return cls(secrets.token_hex(8), socket.gethostname(), os.getpid(), command, zone=zone)

    def said(self, zone: tzinfo | None) -> str:
        """Who, and since when by the clocks of `zone`."""
        since = moment(instant(self.taken, zone))
        return phrase(
            "`yeta {command}`, process {process} on {host}, since {since}",
            command=self.command,
            process=self.process,
            host=self.host,
            since=since,
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
        return replace(Holder(*found[0][:-1]), left=found[0][-1]) if found and found[0][-1] > 0 else None

    def acquire(self, holder: Holder, now: int | None = None) -> bool:
        """Take it. Whether it was left by a dead holder. Raises StateLocked with who, since when."""
        # Whoever holds it is known without waiting for whoever writes right now.
        _refuse_living(self._database.read(self._look, (now,)), holder.zone)
        with self._database.write(fenced=False) as transaction:
            found = transaction.read(self._look, (now,))
            _refuse_living(found, holder.zone)
            transaction.execute("DELETE FROM apply_lock")
            transaction.execute(
                self._take, (holder.holder, holder.host, holder.process, holder.command, now, now)
            )
            fence = _next_generation(transaction, holder.holder)
        self._database.fence = fence
        return bool(found)

    def renew(self, holder: Holder, now: int | None = None) -> bool:
        """Push the expiry on. False: it is no longer ours."""
        with self._database.write(fenced=False) as transaction:
            return bool(transaction.execute(self._renew, (now, holder.holder, now)))

    def release(self, holder: Holder) -> None:
        """Give it back, if it is still ours; else what we write stays refused."""
        with self._database.write(fenced=False) as transaction:
            ours = transaction.execute("DELETE FROM apply_lock WHERE holder = ?", (holder.holder,))
        if ours:
            self._database.fence = ""

    def take_away(self) -> None:
        """`state unlock`: whoever held it stops at its next intent."""
        with self._database.write(fenced=False) as transaction:
            transaction.execute("DELETE FROM apply_lock")
            _next_generation(transaction, "")


def _next_generation(transaction: Transaction, holder: str) -> str:
    """A generation that never was, with its holder's name: what was begun under another one is fenced off.

    The name tells two of one number apart, as after an older copy of the state was put back.
    """
    former = int((meta(transaction, GENERATION) or "0").partition(" ")[0])
    generation = f"{former + 1} {holder}"
    set_meta(transaction, GENERATION, generation)
    return generation


def _refuse_living(found: list[Row], zone: tzinfo | None) -> None:
    """Raise StateLocked if the lock's row is of a holder that lives."""
    for *holder, left in found:
        if left > 0:
            raise StateLocked(
                phrase("the state is locked by {said}", said=Holder(*holder).said(zone)),
                hint=phrase(
                    "wait for it; if it died, the lock is gone in {left} s (`yeta state unlock` takes it "
                    "away now)",
                    left=left // 1000 + 1,
                ),
            )
