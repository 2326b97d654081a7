"""Campaigns as they are declared, renamed, gone and forgotten: every write of the table campaigns alone."""

from __future__ import annotations

import json
from collections.abc import Sequence

from yeta_reconcile.store import forgotten, row_states
from yeta_reconcile.store.database import Tables, Transaction
from yeta_reconcile.waves.record import Phase


class Campaigns(Tables):
    """The tables campaigns, forgotten, forgotten_waves and forgotten_people."""

    def declare(self, name: str, kind: str, key: Sequence[str], *, protect: bool) -> None:
        """A campaign is declared: known from now on, and not gone any more."""
        with self._database.write() as transaction:
            number = transaction.read("SELECT next_wave FROM forgotten_waves WHERE campaign = ?", (name,))
            transaction.execute(
                "INSERT INTO campaigns (name, kind, key_headers, protect, next_wave) "
                "VALUES (?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, "
                "key_headers = excluded.key_headers, protect = excluded.protect, gone_at = NULL",
                (name, kind, json.dumps(list(key)), int(protect), number[0][0] if number else 1),
            )

    def set_gone(self, name: str, at: int) -> None:
        """A campaign's document is gone; its ledger stays."""
        with self._database.write() as transaction:
            transaction.execute(
                "UPDATE campaigns SET gone_at = ? WHERE name = ? AND gone_at IS NULL", (at, name)
            )

    def rename(self, old: str, new: str) -> None:
        """A campaign goes on under another name, with all its waves; one of that name must have none.

        What that one staged and threw away is from then on the other's: whom it called, records may tell yet.
        """
        with self._database.write() as transaction:
            # No attempt has a number below 1, so that these are in nobody's way.
            transaction.execute(
                "UPDATE waves SET campaign = ?, attempt = -wave_id WHERE campaign = ? AND phase = ?",
                (old, new, Phase.DISCARDED.value),
            )
            transaction.execute(
                "DELETE FROM campaigns WHERE name = ? "
                "AND NOT EXISTS (SELECT 1 FROM waves WHERE campaign = ? AND phase <> ?)",
                (new, new, Phase.DISCARDED.value),
            )
            former = json.loads(transaction.read("SELECT former FROM campaigns WHERE name = ?", (old,))[0][0])
            transaction.execute(
                "UPDATE campaigns SET name = ?, former = ?, gone_at = NULL, generation = generation + 1 "
                "WHERE name = ?",
                (new, json.dumps([*former, old]), old),
            )

    def remember_people(self, name: str) -> None:
        """Note whom a campaign called that is about to be given up; they count as called from then on."""
        forgotten.keep(self._database, name)

    def give_up(self, name: str, at: int) -> None:
        """Drop a campaign's ledger, but for what takes long: from here on none of its waves counts.

        Its task ids stay known, its wave numbers go on.
        """
        with self._database.write() as transaction:
            transaction.execute(
                "INSERT INTO forgotten SELECT task_id, campaign, ? FROM waves "
                "WHERE campaign = ? AND task_id IS NOT NULL ON CONFLICT (task_id) DO NOTHING",
                (at, name),
            )
            for former, next_wave in transaction.read(
                "SELECT former, next_wave FROM campaigns WHERE name = ?", (name,)
            ):
                for known in {name, *json.loads(former)}:
                    _keep_number(transaction, known, next_wave)
            transaction.execute("UPDATE waves SET sealed = 0 WHERE campaign = ?", (name,))
            transaction.execute(
                "UPDATE campaigns SET generation = generation + 1, settled_list = '' WHERE name = ?", (name,)
            )

    def clear_forgotten(self, name: str) -> None:
        """Clear away what is left of a campaign that was given up."""
        row_states.drop_unsealed(self._database)
        with self._database.write() as transaction:
            transaction.execute("DELETE FROM campaigns WHERE name = ?", (name,))

    def forget_task(self, task_id: str, campaign: str, next_wave: int, at: int) -> None:
        """Keep an orphan's task id as forgotten and let its campaign's wave numbers go on after it."""
        with self._database.write() as transaction:
            transaction.execute(
                "INSERT INTO forgotten VALUES (?, ?, ?) ON CONFLICT (task_id) DO NOTHING",
                (task_id, campaign, at),
            )
            _keep_number(transaction, campaign, next_wave)
            transaction.execute(
                "UPDATE campaigns SET next_wave = ? WHERE name = ? AND next_wave < ?",
                (next_wave, campaign, next_wave),
            )

    def settle_list(self, campaign: str, fingerprint: str, rows: int, notes: Sequence[str]) -> None:
        """Remember that a list, as it stands, asks for nothing: the next plan need not read it."""
        with self._database.write() as transaction:
            transaction.execute(
                "UPDATE campaigns SET settled_list = ?, settled_rows = ?, settled_notes = ? WHERE name = ?",
                (fingerprint, rows, json.dumps(list(notes), ensure_ascii=False), campaign),
            )


def _keep_number(transaction: Transaction, campaign: str, next_wave: int) -> None:
    transaction.execute(
        "INSERT INTO forgotten_waves VALUES (?, ?) ON CONFLICT (campaign) DO UPDATE SET next_wave = "
        "CASE WHEN excluded.next_wave > forgotten_waves.next_wave THEN excluded.next_wave "
        "ELSE forgotten_waves.next_wave END",
        (campaign, next_wave),
    )
