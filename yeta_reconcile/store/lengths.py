"""What call records tell of how people answer: reached or not, at which try, how long a channel was taken.

Some hundred calls are looked at, rows in the order of their keyed digests: as good as drawn by lot.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from yeta_reconcile.platform.coercion import moment
from yeta_reconcile.store.database import Tables


class Timed(NamedTuple):
    """One call: whether somebody answered, which try of its row it was (0: the first), and seconds."""

    reached: bool
    tried: int
    seconds: float
    talk: float


class Lengths(Tables):
    """Reads the table calls."""

    def of_waves(self, wave_ids: Iterable[int], most: int) -> list[Timed]:
        """Calls of these waves, at most so many; what has no times, or impossible ones, is left out."""
        found: list[Timed] = []
        for wave_id in wave_ids:
            if len(found) >= most:
                break
            rows = self._database.read(
                "SELECT row_key, connected, facts FROM calls WHERE wave_id = ? AND row_key IS NOT NULL "
                "AND recorded = 1 ORDER BY row_key, at, call_uuid LIMIT ?",
                (wave_id, most - len(found)),
            )
            found += _timed([(bytes(row[0]), bool(row[1]), row[2]) for row in rows])
        return found

    def last_call(self, wave_id: int) -> int | None:
        """When the last recorded call of a wave was made, ms."""
        ((at,),) = self._database.read(
            "SELECT MAX(at) FROM calls WHERE wave_id = ? AND row_key IS NOT NULL AND recorded = 1", (wave_id,)
        )
        return None if at is None else int(at)


def _timed(rows: list[tuple[bytes, bool, str]]) -> list[Timed]:
    found = []
    former, tried = b"", 0
    for key, reached, text in rows:
        tried = tried + 1 if key == former else 0
        former = key
        facts = json.loads(text)
        dialled, answered, ended = (
            moment(facts.get(name)) for name in ("time_dial", "time_answer", "time_hangup")
        )
        if dialled and ended and ended > dialled:
            talk = (ended - answered) / 1000 if answered and ended > answered else 0.0
            found.append(Timed(reached, tried, (ended - dialled) / 1000, talk))
    return found
