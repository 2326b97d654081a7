"""Campaigns, waves and their rows: reads for the diff, and every write that moves a row or a wave.

Counts by row state are kept on the wave in the same transaction as the rows: a plan never counts rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from yeta_reconcile.store import row_states
from yeta_reconcile.store.called import CHUNK, CalledPeople
from yeta_reconcile.store.records import (
    CAMPAIGN_COLUMNS,
    ROW_COLUMNS,
    STRAY,
    WAVE_COLUMNS,
    new_wave,
    read_campaign,
    read_row,
    read_wave,
)
from yeta_reconcile.store.row_states import invalidate, set_fields, set_state, set_state_where
from yeta_reconcile.store.tries import refuse_twice
from yeta_reconcile.waves.proof import Proof
from yeta_reconcile.waves.record import CampaignRecord, Phase, Recorded, RowRecord, RowState, WaveRecord


class Waves(CalledPeople):
    """The tables campaigns, waves, wave_rows and set_aside."""

    # Reads

    def recorded(self) -> Recorded:
        """Every campaign with its waves; a discarded attempt keeps its task id known and is left out."""
        waves: dict[str, list[WaveRecord]] = defaultdict(list)
        task_ids = set()
        for row in self._database.read(
            f"SELECT {WAVE_COLUMNS} FROM waves WHERE sealed = 1 ORDER BY campaign, number, attempt"
        ):
            wave = read_wave(row)
            if wave.task_id:
                task_ids.add(wave.task_id)
            if wave.phase is not Phase.DISCARDED:
                waves[wave.campaign].append(wave)
        campaigns = {
            row[0]: read_campaign(row, tuple(waves[row[0]]))
            for row in self._database.read(f"SELECT {CAMPAIGN_COLUMNS} FROM campaigns ORDER BY name")
        }
        forgotten = frozenset(row[0] for row in self._database.read("SELECT task_id FROM forgotten"))
        going_on = self._database.read("SELECT campaign, next_wave FROM forgotten_waves")
        return Recorded(campaigns, frozenset(task_ids), forgotten, {row[0]: row[1] for row in going_on})

    def campaign(self, name: str) -> CampaignRecord | None:
        """One campaign with its waves, as `recorded` has it."""
        found = self._database.read(f"SELECT {CAMPAIGN_COLUMNS} FROM campaigns WHERE name = ?", (name,))
        waves = self._database.read(
            f"SELECT {WAVE_COLUMNS} FROM waves WHERE campaign = ? AND sealed = 1 AND phase <> ? "
            "ORDER BY number, attempt",
            (name, Phase.DISCARDED.value),
        )
        return read_campaign(found[0], tuple(map(read_wave, waves))) if found else None

    def knows_task(self, task_id: str) -> bool:
        """Whether a task has a record, or had one of a campaign that was forgotten."""
        return bool(
            self._database.read(
                "SELECT 1 FROM waves WHERE task_id = ? UNION ALL SELECT 1 FROM forgotten WHERE task_id = ?",
                (task_id, task_id),
            )
        )

    def wave(self, wave_id: int) -> WaveRecord:
        """One wave, discarded or not."""
        return read_wave(
            self._database.read(f"SELECT {WAVE_COLUMNS} FROM waves WHERE wave_id = ?", (wave_id,))[0]
        )

    def by_task(self, task_id: str) -> WaveRecord | None:
        """The wave of a platform task."""
        found = self._database.read(
            f"SELECT {WAVE_COLUMNS} FROM waves WHERE task_id = ?",
            (task_id,),
        )
        return read_wave(found[0]) if found else None

    def numbers(self, campaign: str) -> set[int]:
        """The numbers of all waves of a campaign, discarded ones too."""
        found = self._database.read("SELECT DISTINCT number FROM waves WHERE campaign = ?", (campaign,))
        return {row[0] for row in found}

    def rows(self, wave_id: int) -> Iterator[RowRecord]:
        """A wave's rows by ascending key."""
        sql = (
            f"SELECT {ROW_COLUMNS} FROM wave_rows WHERE wave_id = ? AND row_key > ? ORDER BY row_key LIMIT ?"
        )
        for found in self._pages(sql, (wave_id,), b"", at=1, size=CHUNK):
            yield from map(read_row, found)

    def ledger(self, campaign: str) -> Iterator[RowRecord]:
        """Rows of a campaign's waves, and whom else their tasks called.

        Of a wave that was discarded those that were called all the same, as records tell.
        """
        for wave_id, phase, dialled in self._database.read(
            "SELECT wave_id, phase, dialled FROM waves WHERE campaign = ? AND sealed = 1 ORDER BY wave_id",
            (campaign,),
        ):
            if phase != Phase.DISCARDED.value:
                yield from self.rows(wave_id)
            elif dialled:
                yield from (row for row in self.rows(wave_id) if row.state is RowState.DIALLED)
            yield from self._strays(wave_id)

    def _strays(self, wave_id: int) -> Iterator[RowRecord]:
        """Numbers that a wave's task called, as records tell, and that none of its rows has.

        A wave that was imported or rebuilt knows only what the list said by then.
        """
        found = self._database.read(
            f"SELECT DISTINCT c.number FROM calls c WHERE c.wave_id = ? AND {STRAY}",
            (wave_id,),
        )
        for (number,) in found:
            yield RowRecord(wave_id, bytes(number), b"", batch=0, line=0, state=RowState.DIALLED)

    def refused_rows(self, campaign: str, code: int) -> set[bytes]:
        """Rows of batches that were refused with a code, in discarded attempts of a campaign.

        Released ones too: a task that was full as well has given all its open rows free.
        """
        found = self._database.read(
            "SELECT r.row_key FROM waves w JOIN intents i ON i.wave_id = w.wave_id JOIN wave_rows r "
            "ON r.wave_id = w.wave_id AND r.batch = i.batch "
            "WHERE w.campaign = ? AND w.phase = ? AND i.code = ? AND r.row_state IN (?, ?)",
            (campaign, Phase.DISCARDED.value, code, int(RowState.PENDING), int(RowState.RELEASED)),
        )
        return {bytes(row[0]) for row in found}

    def rows_of_number(self, digest: bytes) -> list[RowRecord]:
        """Every row of one number, whatever identifies it, discarded waves included."""
        found = self._database.read(
            f"SELECT {ROW_COLUMNS} FROM wave_rows WHERE number = ? "
            f"UNION ALL SELECT {ROW_COLUMNS} FROM wave_rows WHERE row_key = ? AND number IS NULL "
            "AND wave_id IN (SELECT wave_id FROM waves)",
            (digest, digest),
        )
        return sorted((read_row(row) for row in found), key=lambda row: row.wave_id)

    def set_aside(self, campaign: str) -> dict[bytes, tuple[bytes, str, int, int]]:
        """Key: (content, file, line, code) of rows that the platform refused."""
        rows = self._database.read(
            "SELECT row_key, content, file, line, code FROM set_aside WHERE campaign = ?",
            (campaign,),
        )
        return {bytes(row[0]): (bytes(row[1]), row[2], row[3], row[4]) for row in rows}

    # Writes

    def plan_wave(self, wave: WaveRecord) -> int:
        """Begin to record a wave; it counts from `seal_wave` on. Its `wave_id` is given here."""
        with self._database.write() as transaction:
            attempt = transaction.read(
                "SELECT COALESCE(MAX(attempt), 0) + 1 FROM waves WHERE campaign = ? AND number = ?",
                (wave.campaign, wave.number),
            )[0][0]
            values = new_wave(replace(wave, attempt=attempt))
            found = transaction.read(
                f"INSERT INTO waves ({', '.join(values)}) VALUES ({', '.join('?' * len(values))}) "
                "RETURNING wave_id",
                tuple(values.values()),
            )
        return int(found[0][0])

    def add_rows(self, wave_id: int, rows: Iterable[RowRecord]) -> None:
        """Rows of a wave that is not sealed yet, by ascending key, in bounded transactions."""
        row_states.add(self._database, wave_id, rows)

    def seal_wave(self, wave_id: int, *, take_from: Sequence[Proof] = ()) -> None:
        """From now on the wave counts. Rows it shares with waves of `take_from` are released there.

        Raises Incomplete where a row would be called again that was not called in every round before.
        """
        for former in take_from:
            # All of it is proven undialled, and free whether the new wave comes to count or not.
            row_states.release_shared(self._database, former, wave_id)
        with self._database.write() as transaction:
            refuse_twice(transaction, wave_id)
            transaction.execute("UPDATE waves SET sealed = 1 WHERE wave_id = ?", (wave_id,))
            transaction.execute(
                "UPDATE campaigns SET generation = generation + 1, next_wave = CASE WHEN next_wave <= "
                "w.number THEN w.number + 1 ELSE next_wave END FROM waves w "
                "WHERE w.wave_id = ? AND campaigns.name = w.campaign",
                (wave_id,),
            )

    def drop_unsealed(self) -> None:
        """Delete waves whose recording was cut off; nothing was ever sent for them."""
        row_states.drop_unsealed(self._database)

    def change_wave(self, wave_id: int, **fields: Any) -> None:
        """Set fields of a wave (phase, task_id, …) in one transaction; not that it is discarded."""
        if fields.get("phase") is Phase.DISCARDED:
            raise AssertionError("that a wave may be discarded has to be proven")
        with self._database.write() as transaction:
            set_fields(transaction, wave_id, fields)

    def set_state(self, wave_id: int, keys: Iterable[bytes], state: RowState) -> None:
        """Give some rows of a wave another state; not that they are free."""
        rest = iter(keys)
        while some := list(islice(rest, self._database.chunk)):
            with self._database.write() as transaction:
                set_state(transaction, wave_id, some, state)

    def discard(self, proof: Proof) -> bool:
        """A wave is as if it had never been. False: a record came in, and it was called after all."""
        with self._database.write() as transaction:
            called = transaction.read(
                "SELECT 1 FROM waves WHERE wave_id = ? AND dialled + unknown > 0", (proof.wave_id,)
            )
            if not called:
                set_fields(transaction, proof.wave_id, {"phase": Phase.DISCARDED})
        return not called

    def release(self, proof: Proof, keys: Iterable[bytes]) -> None:
        """Rows of a wave that are proven uncalled are free for others; one with a record stays called."""
        row_states.release(self._database, proof, keys)

    def settle_rows(
        self,
        wave_id: int,
        former: Collection[RowState],
        state: RowState,
        *,
        keys: Collection[bytes] | None = None,
        **fields: Any,
    ) -> int:
        """A person's word on a wave's rows of the states `former`, or those of `keys` among them: how many.

        A row whose record came in meanwhile keeps what the record proves.
        """
        count = 0
        if keys is None:
            count = sum(row_states.set_state_of_all(self._database, wave_id, one, state) for one in former)
        with self._database.write() as transaction:
            for one in former:
                count += sum(
                    set_state_where(transaction, wave_id, one, state, "AND row_key = ?", (key,))
                    for key in keys or ()
                )
            set_fields(transaction, wave_id, fields)
            invalidate(transaction, wave_id)
        return count

    def split_batch(self, wave_id: int, parts: Sequence[Sequence[bytes]]) -> list[int]:
        """Give each part of a refused batch a batch number of its own."""
        with self._database.write() as transaction:
            last = transaction.read("SELECT MAX(batch) FROM wave_rows WHERE wave_id = ?", (wave_id,))[0][0]
            numbers = [last + 1 + index for index in range(len(parts))]
            for number, part in zip(numbers, parts, strict=True):
                transaction.many(
                    "UPDATE wave_rows SET batch = ? WHERE wave_id = ? AND row_key = ?",
                    [(number, wave_id, key) for key in part],
                )
        return numbers

    def put_aside(self, wave_id: int, row: RowRecord, file: str, code: int) -> None:
        """The platform refused this row: out of the wave, and named until it changes."""
        with self._database.write() as transaction:
            set_state(transaction, wave_id, [row.key], RowState.SET_ASIDE)
            transaction.execute(
                "INSERT INTO set_aside SELECT campaign, ?, ?, ?, ?, ? FROM waves WHERE wave_id = ? "
                "ON CONFLICT (campaign, row_key) DO UPDATE SET content = excluded.content, "
                "file = excluded.file, line = excluded.line, code = excluded.code",
                (row.key, row.content, file, row.line, code, wave_id),
            )
            invalidate(transaction, wave_id)
