"""Every apply, append-only, each entry chained by hash to the one before; and which saved plans are spent."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from yeta_reconcile.store.database import Database


class History:
    """The tables history and plans."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, entry: dict[str, Any], now: int) -> None:
        """Add an entry; JSON values only, no number and no dynamic value."""
        body = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        with self._database.write() as transaction:
            former = transaction.read("SELECT hash FROM history ORDER BY serial DESC LIMIT 1")
            before = former[0][0] if former else ""
            transaction.execute(
                "INSERT INTO history (written, entry, former_hash, hash) VALUES (?, ?, ?, ?)",
                (now, body, before, _chained(before, now, body)),
            )

    def entries(self) -> list[dict[str, Any]]:
        """All entries, oldest first, each with serial, at (ms), hash and former_hash."""
        rows = self._database.read(
            "SELECT serial, written, entry, former_hash, hash FROM history ORDER BY serial"
        )
        return [
            {
                **json.loads(row[2]),
                "serial": row[0],
                "at": row[1],
                "former_hash": row[3],
                "hash": row[4],
            }
            for row in rows
        ]

    def verify(self) -> int | None:
        """The serial of the first entry that does not follow from the one before, or None."""
        before = ""
        for serial, written, body, former, own in self._database.read(
            "SELECT serial, written, entry, former_hash, hash FROM history ORDER BY serial"
        ):
            if former != before or own != _chained(before, written, body):
                return int(serial)
            before = own
        return None

    def begin_plan(self, plan_id: str, now: int) -> None:
        """A saved plan is being applied here."""
        with self._database.write() as transaction:
            transaction.execute(
                "INSERT INTO plans VALUES (?, ?, NULL) ON CONFLICT (plan_id) DO NOTHING",
                (plan_id, now),
            )

    def spend_plan(self, plan_id: str, now: int) -> None:
        """A saved plan is done; it can never be applied again."""
        with self._database.write() as transaction:
            transaction.execute("UPDATE plans SET spent = ? WHERE plan_id = ?", (now, plan_id))

    def plan_state(self, plan_id: str) -> str:
        """`new`, `begun` or `spent`."""
        found = self._database.read("SELECT spent FROM plans WHERE plan_id = ?", (plan_id,))
        if not found:
            return "new"
        return "begun" if found[0][0] is None else "spent"


def _chained(before: str, written: int, body: str) -> str:
    return blake2b(f"{before}\n{written}\n{body}".encode(), digest_size=16).hexdigest()
