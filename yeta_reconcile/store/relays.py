"""Which stored pushes are still to be handed on to whom: those of calls that a task of another project made.

It keeps places in the inbox and whom they are for, no body and no address.
"""

from __future__ import annotations

from collections.abc import Collection

from yeta_reconcile.store.database import Tables, Transaction
from yeta_reconcile.store.schema import OF_CALL

# Tasks that are ours, or were.
OURS = "SELECT task_id FROM waves WHERE task_id IS NOT NULL", "SELECT task_id FROM forgotten"
# A recorded call of a task that is none of ours, and of no row of ours.
FOREIGN = "wave_id IS NULL AND recorded = 1 AND task_id <> '' " + " ".join(
    f"AND task_id NOT IN ({ours})" for ours in OURS
)


class Relays(Tables):
    """The table relays. A `target` is a digest of the address that it stands for."""

    def waiting(self, target: str, most: int) -> list[tuple[int, str, bytes]]:
        """The oldest pushes that a target has not taken: (serial, module, body as it came)."""
        rows = self._database.read(
            "SELECT i.serial, i.module, i.body FROM relays r JOIN inbox i ON i.serial = r.serial "
            "WHERE r.target = ? ORDER BY r.serial LIMIT ?",
            (target, most),
        )
        return [(row[0], row[1], bytes(row[2])) for row in rows]

    def settle(self, target: str, serials: Collection[int]) -> None:
        """A target took them, or never will."""
        with self._database.write() as transaction:
            transaction.many(
                "DELETE FROM relays WHERE target = ? AND serial = ?", [(target, one) for one in serials]
            )

    def depth(self) -> int:
        """How many are still to be handed on, to any target."""
        return int(self._database.read("SELECT COUNT(*) FROM relays")[0][0])

    def drop(self, targets: Collection[str]) -> int:
        """Forget what is for none of these targets, and what is no longer kept; how many."""
        marks = ", ".join("?" * len(targets)) or "''"
        with self._database.write() as transaction:
            return transaction.execute(
                f"DELETE FROM relays WHERE target NOT IN ({marks}) "
                "OR serial NOT IN (SELECT serial FROM inbox)",
                (*targets,),
            )


def enlist(transaction: Transaction, call_uuid: str, targets: Collection[str]) -> None:
    """If a call turns out to be another project's, all that came of it by itself is to be handed on, once.

    What another receiver handed on is not: two that relay to one another would do so for ever.
    """
    if not transaction.read(f"SELECT 1 FROM calls WHERE call_uuid = ? AND {FOREIGN}", (call_uuid,)):
        return
    for target in targets:
        transaction.execute(
            "INSERT INTO relays SELECT ?, serial FROM inbox "
            f"WHERE {OF_CALL} AND standing = 1 AND source = 'push' AND relayed = 0 "
            "ON CONFLICT DO NOTHING",
            (target, call_uuid, call_uuid),
        )
    transaction.execute(
        f"UPDATE inbox SET relayed = 1 WHERE {OF_CALL} AND standing = 1 AND source = 'push' AND relayed = 0",
        (call_uuid, call_uuid),
    )
