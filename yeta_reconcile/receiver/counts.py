"""Each campaign in counts, for the metrics: what its waves keep, and one pass over the calls."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from yeta_reconcile.store import Store
from yeta_reconcile.waves.record import Phase

# Seconds for which they are good.
EVERY = 15.0
# The names of the gauges behind `yeta_campaign_`, and what each says.
CAMPAIGN = {
    "declared": "Rows of its list when it last asked for nothing; 0 before that.",
    "people": "People in its waves.",
    "staged": "Of them in waves that were never started.",
    "waiting": "Of them in started waves and not called yet.",
    "paused": "Of the waiting in waves that are paused.",
    "dialled": "People who were called.",
    "reached": "People who answered.",
    "possibly_dialled": "People who may have been called; a person has to settle it.",
    "calls": "Calls with a record.",
    "answered_calls": "Calls that were answered.",
    "again": "People who were called in vain and are tried again.",
    "missing_records": "Dialled numbers without a record.",
    "live_waves": "Waves that are started and not over.",
}


@dataclass(frozen=True, slots=True)
class Counts:
    """By campaign each of `CAMPAIGN`; `last_push` is seconds since the epoch, 0 for none that is kept."""

    campaigns: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    last_push: float = 0.0


def campaign_counts(store: Store) -> Counts:
    """The counts of every campaign that the state knows."""
    made = store.calls.made()
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for name, record in store.waves.recorded().campaigns.items():
        counted = found[name]
        counted["declared"] = record.settled_rows
        for wave in record.waves:
            calls, answered, reached = made.get(wave.wave_id, (0, 0, 0))
            waiting = wave.pending if wave.live else 0
            counted += Counter(
                {
                    "people": wave.pending + wave.dialled + wave.held + wave.unknown,
                    "staged": wave.pending if wave.staged else 0,
                    "waiting": waiting,
                    "paused": waiting if wave.phase is Phase.PAUSED else 0,
                    "dialled": wave.dialled,
                    "reached": reached,
                    "possibly_dialled": wave.held + wave.unknown,
                    "calls": calls,
                    "answered_calls": answered,
                    "again": _again(store, wave.wave_id, wave.attributes.recall_count, live=wave.live),
                    "missing_records": wave.missing_records,
                    "live_waves": int(wave.live),
                }
            )
        found[name] = counted
    campaigns = {name: {key: counted[key] for key in CAMPAIGN} for name, counted in found.items()}
    return Counts(campaigns, (store.inbox.last_received() or 0) / 1000)


def _again(store: Store, wave_id: int, recalls: int, *, live: bool) -> int:
    return store.calls.in_vain(wave_id, recalls).rows if live and recalls else 0
