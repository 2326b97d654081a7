"""What call records tell of rows that may be called in a further round; and the fence before such a round.

Reads alone. Whether a row is called again, `waves/rounds.py` says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from yeta_reconcile.errors import Incomplete
from yeta_reconcile.store.database import Tables, Transaction
from yeta_reconcile.waves.record import FREE_STATES, Phase, RowState
from yeta_reconcile.waves.rounds import Try
from yeta_reconcile.wording import phrase


class RoundFacts(Tables):
    """Reads the table calls."""

    def tries(self, wave_id: int, keys: Collection[bytes] | None = None) -> dict[bytes, list[Try]]:
        """By key the recorded calls of some rows of a wave, or of all."""
        found: dict[bytes, list[Try]] = defaultdict(list)
        for key, result, connected, at, received in self._database.read(
            "SELECT row_key, result, connected, at, received FROM calls "
            "WHERE wave_id = ? AND row_key IS NOT NULL AND recorded = 1",
            (wave_id,),
        ):
            if keys is None or bytes(key) in keys:
                found[bytes(key)].append(Try(result, bool(connected), at, received))
        return found

    def unreached(self, wave_ids: Collection[int]) -> dict[str, int]:
        """How many calls of some waves that nobody answered came to each result."""
        marks = ", ".join("?" * len(wave_ids))
        found = self._database.read(
            f"SELECT result, COUNT(*) FROM calls WHERE wave_id IN ({marks}) AND row_key IS NOT NULL "
            "AND recorded = 1 AND connected = 0 GROUP BY result",
            (*wave_ids,),
        )
        return {row[0]: int(row[1]) for row in found}

    def of_wave(self, wave_id: int, began: int) -> tuple[int, int, int]:
        """How many calls of a wave are recorded, when the last was made and when its last record came in, ms.

        A call that says it was made before the wave `began`, or after its record came in, was made by then at
        the latest.
        """
        ((calls, last, received),) = self._database.read(
            "SELECT COUNT(*), MAX(CASE WHEN at BETWEEN ? AND received THEN at ELSE received END), "
            "MAX(received) FROM calls WHERE wave_id = ? AND recorded = 1",
            (began, wave_id),
        )
        return int(calls), int(last or 0), int(received or 0)


def refuse_twice(transaction: Transaction, wave_id: int) -> None:
    """Raise Incomplete if a row that is to be called again has not been called in every round before.

    Asked in the transaction from which on the wave counts: a record may have come in since it was chosen.
    """
    if not transaction.read("SELECT 1 FROM waves WHERE wave_id = ? AND called_again > 0", (wave_id,)):
        return
    free = ", ".join(str(int(state)) for state in FREE_STATES)
    found = transaction.read(
        "SELECT 1 FROM wave_rows r JOIN waves w ON w.wave_id = r.wave_id "
        "JOIN waves v ON v.campaign = w.campaign AND v.wave_id <> w.wave_id AND v.sealed = 1 "
        "AND v.phase <> ? JOIN wave_rows o ON o.wave_id = v.wave_id AND o.row_key = r.row_key "
        f"WHERE r.wave_id = ? AND r.round > 1 AND o.row_state NOT IN ({free}) "
        "AND COALESCE(o.number, o.row_key) = COALESCE(r.number, r.row_key) "
        "AND (o.round >= r.round OR o.row_state <> ?) LIMIT 1",
        (Phase.DISCARDED.value, wave_id, int(RowState.DIALLED)),
    )
    if found:
        raise Incomplete(
            phrase(
                "a call record came in meanwhile of somebody who was to be called again; nothing is staged"
            ),
            hint=phrase("run again: the next plan goes by it"),
        )
