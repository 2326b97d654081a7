"""How a campaign stands: its recorded waves in the light of their tasks and of the call records.

Pure; it says how far things are, and decides nothing.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from yeta_reconcile.calls import FETCHABLE_DAYS, Accounting, Results, account
from yeta_reconcile.recorded import STAGED, Phase
from yeta_reconcile.report import CampaignStatus, WaveStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from yeta_reconcile.campaign import Calling
    from yeta_reconcile.diff import Wave
    from yeta_reconcile.plan import Forecast

_DETAIL = {
    "halt": "paused by a halt",
    "discard": "to be thrown away and staged anew",
    "risen": "went on after its end",
}


def campaign_status(
    name: str,
    declared: Calling | None,
    waves: Iterable[Wave],
    results: Mapping[int, Results],
    today: date,
    *,
    kind: str = "Campaign",
    forecast: Forecast | None = None,
) -> CampaignStatus:
    """One campaign; `results` by wave id, `today` in the project's timezone."""
    state = getattr(declared, "state", "declared") if declared else None
    return CampaignStatus(
        name=name,
        kind=declared.kind if declared else kind,
        declared=state,
        waves=tuple(wave_status(wave, results.get(wave.record.wave_id, Results()), today) for wave in waves),
        finish=forecast.finish if forecast else None,
        fits=forecast.fits if forecast else True,
        forecast=forecast.detail if forecast else "",
    )


def wave_status(wave: Wave, results: Results, today: date) -> WaveStatus:
    """One wave: the platform's counts where it gives them, else what was recorded."""
    record, task = wave.record, wave.task
    counted = task.process_tel_count if task else record.tel_count
    if record.kind != "Campaign":
        # A direct call's rows are dialled once the platform has taken them.
        counted = record.dialled + record.held
    accounting = account(record.dialled, counted, _day(record.started_at, today), today)
    through = task.process_through_count if task else None
    return WaveStatus(
        number=record.number,
        phase=record.phase,
        task_id=record.task_id,
        live=task.status_words if task else "gone" if record.phase is Phase.LOST else "",
        rows=record.pending
        + record.dialled
        + record.held
        + record.unknown,  # released ones went on elsewhere
        dialled=max(counted, record.dialled) if counted is not None else record.dialled,
        connected=max(results.connected, through or 0) if results.calls or through is not None else None,
        results={words or code: count for code, words, count in results.by_result},
        missing=0 if record.phase in STAGED else accounting.missing,
        fetchable_from=_fetchable(accounting, task.time_finish if task else None, today),
        detail=_DETAIL.get(record.detail, "") or _hands(wave),
    )


def _hands(wave: Wave) -> str:
    record = wave.record
    if record.by_hand and record.phase in {Phase.PAUSED, Phase.DELETED}:
        return f"{record.phase} by another hand"
    if record.held and record.kind == "Campaign":
        return f"{record.held} rows are held as possibly dialled"
    return f"{record.unknown} rows were called out and never answered for" if record.unknown else ""


def _day(ms: int | None, today: date) -> date | None:
    return min(datetime.fromtimestamp(ms / 1000, UTC).date(), today) if ms else None


def _fetchable(accounting: Accounting, finished: int | None, today: date) -> date | None:
    """From when backfill can fetch what is missing; None if all of it is older than what can be fetched."""
    oldest = today - timedelta(days=FETCHABLE_DAYS)
    over = _day(finished, today)
    return None if over is not None and over < oldest else accounting.fetchable_from
