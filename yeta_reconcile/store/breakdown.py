"""What the records of waves say beyond their results: lines, tags, how long was talked. Reads alone."""

from __future__ import annotations

from yeta_reconcile.store.calls import NONE_LATER, OF_ROWS, RECORDED
from yeta_reconcile.store.database import Database
from yeta_reconcile.waves.accounting import Breakdown

# A fact of a call, in each engine's words; it is asked for by people alone, so that no column is kept of it.
_FACT = {
    "sqlite": "json_extract({of}.facts, '$.{name}')",
    "postgresql": "(CAST({of}.facts AS json) ->> '{name}')",
}


def breakdown(database: Database, wave_id: int) -> Breakdown:
    """By line the results of the rows' last calls; the tags of their last dialog."""
    line = _FACT[database.dialect].format(of="c", name="line")
    lines = database.read(
        f"SELECT COALESCE({line}, '') AS line, result, description, COUNT(*) FROM calls c "
        f"WHERE {RECORDED} AND {NONE_LATER.format(those='l.recorded = 1')} "
        "GROUP BY line, result, description ORDER BY line, COUNT(*) DESC, result, description",
        (wave_id,),
    )
    return Breakdown(
        tuple((row[0], row[1], row[2], int(row[3])) for row in lines),
        _tags(database, wave_id, "tag_max"),
        _tags(database, wave_id, "tag_min"),
    )


def talked(database: Database) -> dict[int, float]:
    """By wave: how long was talked in its recorded calls that were answered, s."""
    seconds = _FACT[database.dialect].format(of="calls", name="duration_call")
    found = database.read(
        f"SELECT wave_id, SUM(COALESCE(CAST({seconds} AS DOUBLE PRECISION), 0)) FROM calls "
        "WHERE wave_id IS NOT NULL AND recorded = 1 AND connected = 1 GROUP BY wave_id"
    )
    return {row[0]: float(row[1]) for row in found}


def _tags(database: Database, wave_id: int, name: str) -> tuple[tuple[str, int], ...]:
    tag, later = (_FACT[database.dialect].format(of=of, name=name) for of in "cl")
    found = database.read(
        f"SELECT {tag} AS tag, COUNT(*) FROM calls c WHERE {OF_ROWS} AND {tag} IS NOT NULL "
        f"AND {NONE_LATER.format(those=f'{later} IS NOT NULL')} GROUP BY tag ORDER BY tag",
        (wave_id,),
    )
    return tuple((row[0], int(row[1])) for row in found)
