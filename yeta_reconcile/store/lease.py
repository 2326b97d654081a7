"""Whose turn it is among several controllers of one state, also between rounds, when nobody has the lock.

A lease keeps nobody from anything: what keeps two from acting at once is the lock, within which it is taken.
Its times are of the state's clock.
"""

from __future__ import annotations

import json
from dataclasses import replace

from yeta_reconcile.store.database import Database, meta, set_meta
from yeta_reconcile.store.lock import Holder

# The row of `meta` that holds it.
CONTROLLER = "controller"
_FIELDS = ("holder", "host", "process", "command", "taken", "expires")


class Lease:
    """The lease's row. `now` (ms) takes the place of the state's clock where time is virtual."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._clock = f"SELECT {database.clock}"

    def current(self, now: int | None = None) -> Holder | None:
        """Who has it, if it did not run out."""
        holder = self._read()
        if holder is None:
            return None
        left = holder.expires - self._database.read(self._clock, (now,))[0][0]
        return replace(holder, left=left) if left > 0 else None

    def due(self) -> int:
        """When (ms) it ends, or ended; 0: it was given back, or nobody ever took it."""
        holder = self._read()
        return holder.expires if holder else 0

    def take(self, holder: Holder, lifetime: int, now: int | None = None) -> None:
        """It is the holder's for `lifetime` ms from now on, whoever had it. Raises StateLocked."""
        with self._database.write() as transaction:
            at = transaction.read(self._clock, (now,))[0][0]
            taken = replace(holder, taken=at, expires=at + lifetime)
            set_meta(transaction, CONTROLLER, json.dumps({name: getattr(taken, name) for name in _FIELDS}))

    def give_back(self, holder: Holder) -> None:
        """Nobody has to wait until it runs out."""
        with self._database.write() as transaction:
            found = self._read()
            if found and found.holder == holder.holder:
                transaction.execute("DELETE FROM meta WHERE name = ?", (CONTROLLER,))

    def _read(self) -> Holder | None:
        found = meta(self._database, CONTROLLER)
        try:
            return Holder(**json.loads(found)) if found else None
        except (ValueError, TypeError):
            return None
