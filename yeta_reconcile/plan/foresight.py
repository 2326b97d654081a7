"""What is foreseen with a plan: when campaigns will be through, at what price, and which line is whose when.

Pure values. How they come about is `planning/simulation.py`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from yeta_reconcile.wording import UNSAID, Text


@dataclass(frozen=True, slots=True)
class Forecast:
    """When a campaign will be through, if nothing changes; `fits` says whether before its end.

    `finish` is what is to be expected, `finish_late` what it stays below nine times in ten; None: not
    foreseen. `calls`, talked `minutes` and their `cost` are of what is still to come; a cost of None: no
    price is declared. `source` names whose records tell how people answer: own, robot, project, or assumed.
    `waits_for` has its lines before it.
    """

    campaign: str
    finish: datetime | None
    fits: bool
    detail: Text = UNSAID
    start: datetime | None = None
    finish_late: datetime | None = None
    calls: int = 0
    minutes: float = 0.0
    cost: float | None = None
    currency: str = ""
    source: str = ""
    waits_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """Who has a line from `since` to `until` (None: nobody knows): a wave, or a `holder` that is not ours.

    Neither: nobody has it, as far as is foreseen.
    """

    line: str
    since: datetime
    until: datetime | None
    campaign: str | None = None
    wave: int | None = None
    holder: Text = UNSAID

    @property
    def idle(self) -> bool:
        """Whether nobody has it."""
        return self.campaign is None and not self.holder


def forecast_json(forecast: Forecast) -> dict[str, Any]:
    """As JSON values, the contract's keys first."""
    return {
        "campaign": forecast.campaign,
        "start": _said(forecast.start),
        "finish": _said(forecast.finish),
        "finish_late": _said(forecast.finish_late),
        "fits": forecast.fits,
        "calls": forecast.calls,
        "minutes": forecast.minutes,
        "cost": forecast.cost,
        "currency": forecast.currency,
        "source": forecast.source,
        "waits_for": list(forecast.waits_for),
        "detail": forecast.detail,
    }


def restore_forecast(saved: dict[str, Any]) -> Forecast:
    """The forecast that `forecast_json` gave, or an earlier version."""
    return Forecast(
        campaign=saved["campaign"],
        finish=_moment(saved["finish"]),
        fits=saved["fits"],
        detail=saved["detail"],
        start=_moment(saved.get("start")),
        finish_late=_moment(saved.get("finish_late")),
        calls=saved.get("calls", 0),
        minutes=saved.get("minutes", 0.0),
        cost=saved.get("cost"),
        currency=saved.get("currency", ""),
        source=saved.get("source", ""),
        waits_for=tuple(saved.get("waits_for", ())),
    )


def held_json(held: Held) -> dict[str, Any]:
    """As JSON values, the contract's keys first; without a campaign or a holder the line is idle."""
    return {
        "line": held.line,
        "campaign": held.campaign,
        "wave": held.wave,
        "from": _said(held.since),
        "to": _said(held.until),
        "holder": held.holder,
    }


def restore_held(saved: dict[str, Any]) -> Held:
    """What `held_json` gave."""
    return Held(
        line=saved["line"],
        since=datetime.fromisoformat(saved["from"]),
        until=_moment(saved["to"]),
        campaign=saved["campaign"],
        wave=saved["wave"],
        holder=saved["holder"],
    )


def _said(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(said: str | None) -> datetime | None:
    return datetime.fromisoformat(said) if said else None
