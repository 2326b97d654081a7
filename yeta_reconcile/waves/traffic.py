"""What came in by itself, as the state knows it. Pure."""

from __future__ import annotations

from yeta_reconcile.frozen import dataclass

HOUR_MS = 3600 * 1000
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Traffic:
    """The last push, ms (None: none ever), and `foreign` records of a day."""

    last_push: int | None = None
    foreign: int = 0
