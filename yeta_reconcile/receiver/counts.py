"""Each campaign in counts, for the metrics: what its waves keep, and one pass over the calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from yeta_reconcile.documents.models import Price
from yeta_reconcile.plan.foresight import Forecast
from yeta_reconcile.store import Store
from yeta_reconcile.store.breakdown import talked
from yeta_reconcile.store.foreseen import foreseen
from yeta_reconcile.waves.record import Phase
from yeta_reconcile.wording import phrase

# Seconds for which they are good.
EVERY = 15.0
# The names of the gauges behind `yeta_campaign_`, and what each says.
CAMPAIGN = {
    "declared": phrase("Rows of its list when it last asked for nothing; 0 before that."),
    "people": phrase("People in its waves."),
    "staged": phrase("Of them in waves that were never started."),
    "waiting": phrase("Of them in started waves and not called yet."),
    "paused": phrase("Of the waiting in waves that are paused."),
    "dialled": phrase("People who were called."),
    "reached": phrase("People who answered."),
    "possibly_dialled": phrase("People who may have been called; a person has to settle it."),
    "calls": phrase("Calls with a record."),
    "answered_calls": phrase("Calls that were answered."),
    "again": phrase("People who were called in vain and are tried again."),
    "missing_records": phrase("Dialled numbers without a record."),
    "live_waves": phrase("Waves that are started and not over."),
    "ringing": phrase(
        "Dialled by the last look, in live waves and without a record: being called, or just over."
    ),
    "cost": phrase("What its calls cost so far, in the currency of `price`; only with `price`."),
    "forecast_finish_timestamp_seconds": phrase(
        "When it will be through, by the last forecast; only if known."
    ),
    "forecast_late_timestamp_seconds": phrase("What that stays below nine times in ten; only if known."),
    "forecast_cost": phrase("What its calls to come will cost, as foreseen then; only with `price`."),
    "forecast_fits": phrase("1 if it was foreseen to be through before its end, else 0; only if known."),
}

# Of these only what is known is told: 0 would be a moment, or a cost.
KNOWN_AT_TIMES = frozenset(
    (
        "cost",
        "forecast_finish_timestamp_seconds",
        "forecast_late_timestamp_seconds",
        "forecast_cost",
        "forecast_fits",
    )
)


@dataclass(frozen=True, slots=True)
class Counts:
    """By campaign each of `CAMPAIGN` that is known; `last_push` is seconds since the epoch, 0 for none.

    `foreseen_at` is when was foreseen what is, `reconcile_due` when the controller's lease ends.
    """

    campaigns: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    last_push: float = 0.0
    foreseen_at: float = 0.0
    reconcile_due: float = 0.0


def campaign_counts(store: Store, price: Price | None = None) -> Counts:
    """The counts of every campaign that the state knows."""
    outlook = foreseen(store)
    ahead = {one.campaign: one for one in outlook.forecast} if outlook else {}
    seconds = talked(store.database) if price else {}
    made = store.calls.made()
    known: dict[str, dict[str, float]] = {}
    for name, record in store.waves.recorded().campaigns.items():
        counted: Counter[str] = Counter()
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
                    "ringing": wave.missing_records if wave.live else 0,
                }
            )
        known[name] = {key: float(counted[key]) for key in CAMPAIGN if key not in KNOWN_AT_TIMES}
        if price:
            minutes = sum(seconds.get(wave.wave_id, 0) for wave in record.waves) / 60
            known[name]["cost"] = round(minutes * price.per_minute + counted["calls"] * price.per_call, 2)
        known[name] |= _ahead(ahead.get(name))
    pushed = (store.inbox.last_received() or 0) / 1000
    return Counts(known, pushed, outlook.at.timestamp() if outlook else 0.0, store.lease.due() / 1000)


def _ahead(forecast: Forecast | None) -> dict[str, float]:
    """What is foreseen of a campaign, as far as it is."""
    if forecast is None:
        return {}
    moments = {
        "forecast_finish_timestamp_seconds": forecast.finish,
        "forecast_late_timestamp_seconds": forecast.finish_late,
    }
    said = {name: at.timestamp() for name, at in moments.items() if at}
    if forecast.cost is not None:
        said["forecast_cost"] = forecast.cost
    return {**said, "forecast_fits": float(forecast.fits)}


def _again(store: Store, wave_id: int, recalls: int, *, live: bool) -> int:
    return store.calls.in_vain(wave_id, recalls).rows if live and recalls else 0
