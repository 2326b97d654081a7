"""Whom campaigns called whose ledger was dropped: number and moment, which is all that is left of them.

A plan that calls them again has to say so, and limits on how often somebody is called go by people.
"""

from __future__ import annotations

from yeta_reconcile.store.database import Database
from yeta_reconcile.store.row_states import stretches
from yeta_reconcile.waves.record import Phase, RowState

UNCALLED = ", ".join(f"'{phase.value}'" for phase in Phase if phase.staged or phase is Phase.DISCARDED)
_CUT_SHORT = ", ".join(f"'{phase.value}'" for phase in Phase if phase.cut_short)
# Of a wave w: that its rows without a record may have been called.
MAY_HAVE = (
    f"w.phase NOT IN ({UNCALLED}) "
    f"AND NOT (w.phase IN ({_CUT_SHORT}) AND COALESCE(w.tel_count, -1) = w.dialled AND w.held = 0)"
)
# And those it let go: it went on after its end, and not all it called is known (`WaveRecord.doubts_free`).
_DOUBTED = "w.reactivated = 1 AND (w.held > 0 OR COALESCE(w.tel_count, -1) <> w.dialled)"
# Since when a wave w may have called; no call of it was made before, whatever its record says.
BEGAN = "COALESCE(w.started_at, w.created_at)"
_LAST = (
    f"(SELECT COALESCE(MAX(CASE WHEN c.at > {BEGAN} THEN c.at END), {BEGAN}) FROM calls c "
    "WHERE c.wave_id = r.wave_id AND c.row_key = r.row_key)"
)
# A person, their number and when they were called last; of a ledger that is being dropped nobody counts yet.
PEOPLE = (
    "SELECT p.campaign, p.number, p.at FROM forgotten_people p "
    "JOIN forgotten_waves f ON f.campaign = p.campaign "
    "UNION ALL SELECT f.campaign, c.number, c.at FROM forgotten f JOIN calls c ON c.task_id = f.task_id "
    "WHERE c.wave_id IS NULL AND c.recorded = 1 AND c.number IS NOT NULL"
)


def keep(database: Database, campaign: str) -> None:
    """Note whom a campaign called, or may have called, before its ledger is dropped."""
    for (wave_id,) in database.read(
        "SELECT wave_id FROM waves WHERE campaign = ? AND sealed = 1", (campaign,)
    ):
        for after, last in stretches(database, wave_id):
            with database.write() as transaction:
                transaction.execute(
                    "INSERT INTO forgotten_people SELECT w.campaign, COALESCE(r.number, r.row_key), "
                    f"MAX({_LAST}) FROM wave_rows r "
                    "JOIN waves w ON w.wave_id = r.wave_id WHERE r.wave_id = ? AND r.row_key > ? "
                    f"AND r.row_key <= ? AND (r.row_state = ? OR (r.row_state IN (?, ?, ?) AND {MAY_HAVE}) "
                    f"OR (r.row_state = ? AND {_DOUBTED})) "
                    "GROUP BY w.campaign, COALESCE(r.number, r.row_key) "
                    "ON CONFLICT (campaign, number) DO UPDATE SET at = CASE WHEN excluded.at > "
                    "forgotten_people.at THEN excluded.at ELSE forgotten_people.at END",
                    (
                        wave_id,
                        after,
                        last,
                        *map(int, (RowState.DIALLED, RowState.PENDING, RowState.HELD, RowState.UNKNOWN)),
                        int(RowState.RELEASED),
                    ),
                )
