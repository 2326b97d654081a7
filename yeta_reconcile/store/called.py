"""Whom the campaigns of a state called: rows and records by number, over all waves. Reads alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from yeta_reconcile.store.database import Tables
from yeta_reconcile.store.forgotten import BEGAN, MAY_HAVE, PEOPLE
from yeta_reconcile.store.records import STRAY
from yeta_reconcile.store.row_states import portions
from yeta_reconcile.waves.record import FREE_STATES, Phase, RowState, WaveRecord

# Rows a read, so that a list of any length takes little memory.
CHUNK = 10_000


class CalledPeople(Tables):
    """Reads the tables waves, wave_rows, calls and those of whom was forgotten."""

    def called_since(
        self, since: int, frees: Iterable[int] = (), doubted: Iterable[int] = ()
    ) -> dict[bytes, int]:
        """How often each number was, or may have been, called since `since` (ms), over all campaigns.

        A row counts once however often it was tried again: by its last call record, or by when its wave was
        started if that is later; one that is still in a live wave counts in any case, and one that is proven
        uncalled in none. A number that a task called and that none of its rows has counts too, and so does
        whom a forgotten campaign called. `frees`: waves of which a look tells that their rows are proven so;
        `doubted`: that nothing is proven of those they let go, nor of the others.
        """
        final = ", ".join(f"'{phase.value}'" for phase in sorted(phase for phase in Phase if phase.over))
        proven, unproven = (", ".join(map(str, waves)) or "-1" for waves in (frees, doubted))
        last = "SELECT MAX(c.at) FROM calls c WHERE c.wave_id = r.wave_id AND c.row_key = r.row_key"
        rows = self._database.read(
            f"SELECT COALESCE(r.number, r.row_key), COUNT(*) FROM wave_rows r "
            f"JOIN waves w ON w.wave_id = r.wave_id WHERE w.sealed = 1 "
            f"AND ((r.row_state = ? AND ({BEGAN} >= ? OR ({last}) >= ?)) "
            f"OR (((r.row_state IN (?, ?, ?) AND {MAY_HAVE} AND w.wave_id NOT IN ({proven})) "
            f"OR (r.row_state <> ? AND w.wave_id IN ({unproven}))) "
            f"AND (w.phase NOT IN ({final}) OR {BEGAN} >= ?))) "
            f"GROUP BY COALESCE(r.number, r.row_key)",
            (
                int(RowState.DIALLED),
                since,
                since,
                int(RowState.PENDING),
                int(RowState.HELD),
                int(RowState.UNKNOWN),
                int(RowState.SET_ASIDE),
                since,
            ),
        )
        strays = self._database.read(
            "SELECT number, COUNT(*) FROM (SELECT c.wave_id, c.number FROM calls c JOIN waves w "
            f"ON w.wave_id = c.wave_id WHERE {STRAY} AND ({BEGAN} >= ? OR c.at >= ?) "
            "GROUP BY c.wave_id, c.number) AS called GROUP BY number",
            (since, since),
        )
        found = Counter({bytes(row[0]): int(row[1]) for row in rows})
        found.update({bytes(row[0]): int(row[1]) for row in strays})
        found.update(self.forgotten_since(since))
        return found

    def people(self, waves: Iterable[WaveRecord]) -> int:
        """How many rows stand in some waves of one campaign, each counted once; free ones do not."""
        standing = {wave.wave_id: wave.rows - wave.released for wave in waves if wave.rows > wave.released}
        if len(standing) < 2:
            return sum(standing.values())
        free = ", ".join(str(int(state)) for state in FREE_STATES)
        ids = ", ".join("?" * len(standing))
        found = self._database.read(
            "SELECT COUNT(DISTINCT row_key) FROM wave_rows "
            f"WHERE wave_id IN ({ids}) AND row_state NOT IN ({free})",
            (*standing,),
        )
        return int(found[0][0])

    def rows_of_numbers(
        self, numbers: Collection[bytes], waves: Mapping[int, int], doubted: Collection[int] = ()
    ) -> Iterator[tuple[int, bytes, bytes, RowState]]:
        """Wave, key, number and state of the rows that hold some numbers. `waves` maps ids to counts of rows.

        Whom a wave let go holds none, but in one that is `doubted`. Few numbers are looked for by the key; of
        many, the waves are gone through, each once.
        """
        if len(numbers) * len(waves) < sum(waves.values()):
            found = self._looked_for(numbers, waves)
        else:
            found = self._gone_through(numbers, waves)
        for row in found:
            wave_id, *_, state = row
            if state not in FREE_STATES or (state is RowState.RELEASED and wave_id in doubted):
                yield row

    def _gone_through(
        self, numbers: Collection[bytes], waves: Collection[int]
    ) -> Iterator[tuple[int, bytes, bytes, RowState]]:
        for wave_id in waves:
            rows = (
                "SELECT row_key, COALESCE(number, row_key), row_state FROM wave_rows WHERE wave_id = ? "
                "AND row_key > ? ORDER BY row_key LIMIT ?"
            )
            for found in self._pages(rows, (wave_id,), b"", at=0, size=CHUNK):
                for key, number, state in found:
                    if bytes(number) in numbers:
                        yield wave_id, bytes(key), bytes(number), RowState(state)

    def _looked_for(
        self, numbers: Collection[bytes], waves: Collection[int]
    ) -> Iterator[tuple[int, bytes, bytes, RowState]]:
        ids = [*waves]
        for some in portions(numbers):
            marks = ", ".join("?" * len(some))
            rows = self._database.read(
                f"SELECT wave_id, row_key, number, row_state FROM wave_rows WHERE number IN ({marks})", some
            )
            for at in range(0, len(ids), 500):
                those = ids[at : at + 500]
                among = ", ".join("?" * len(those))
                rows += self._database.read(
                    "SELECT wave_id, row_key, row_key, row_state FROM wave_rows "
                    f"WHERE number IS NULL AND wave_id IN ({among}) AND row_key IN ({marks})",
                    (*those, *some),
                )
            for wave_id, key, number, state in rows:
                if wave_id in waves:
                    yield wave_id, bytes(key), bytes(number), RowState(state)

    def called_strays(self) -> Iterator[tuple[str, bytes, int]]:
        """Campaign, number and moment of records that no row which counts stands for.

        Numbers in a task of ours that none of its rows has, and those of discarded waves, were called all the
        same.
        """
        for which in ("c.row_key IS NULL", "w.phase = 'discarded'"):
            for campaign, number, at in self._database.read(
                f"SELECT w.campaign, c.number, MAX(CASE WHEN c.at > {BEGAN} THEN c.at ELSE {BEGAN} END) "
                "FROM waves w JOIN calls c ON c.wave_id = w.wave_id "
                f"WHERE {which} AND c.recorded = 1 AND c.number IS NOT NULL GROUP BY w.campaign, c.number"
            ):
                yield campaign, bytes(number), at

    def last_call(self, wave_id: int, key: bytes) -> int | None:
        """When a row was called last, by its records, ms."""
        found = self._database.read(
            "SELECT MAX(at) FROM calls WHERE wave_id = ? AND row_key = ?", (wave_id, key)
        )
        return found[0][0] if found else None

    def forgotten_since(self, since: int) -> Iterator[bytes]:
        """The number of everybody whom a forgotten campaign called since (ms), once for each of these."""
        found = self._database.read(
            f"SELECT number FROM ({PEOPLE}) AS people GROUP BY campaign, number HAVING MAX(at) >= ?", (since,)
        )
        return (bytes(row[0]) for row in found)

    def anybody_forgotten(self) -> bool:
        """Whether anything of a campaign was ever forgotten."""
        return bool(self._database.read("SELECT 1 FROM forgotten_waves LIMIT 1"))
