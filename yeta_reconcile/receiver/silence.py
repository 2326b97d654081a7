"""Whether the platform has been silent for hours in which calls were to be made; by the state alone. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from yeta_reconcile.planning.openings import Opening
from yeta_reconcile.waves.record import Phase
from yeta_reconcile.waves.traffic import SILENT_HOURS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from yeta_reconcile.waves.record import WaveRecord

# The clock that the platform's windows are meant by.
ZONE = ZoneInfo("Asia/Shanghai")
# Where a wave has no windows of its own, nobody here knows its lines' hours.
WITHOUT_WINDOWS_HOURS = 24


def silent(waves: Iterable[WaveRecord], last_push: int | None, now: int) -> bool:
    """Whether no push came in hours that the windows of a started wave left open; times in ms."""
    for wave in waves:
        if wave.phase is not Phase.STARTED or not wave.pending or wave.started_at is None:
            continue
        windows = wave.attributes.windows or ()
        hours = SILENT_HOURS if windows else WITHOUT_WINDOWS_HOURS
        since, until = max(wave.started_at, last_push or 0) / 1000, now / 1000
        stretches = Opening.of(windows, ZONE).stretches(since, until) if until > since else ()
        if sum(min(part.end, until) - max(part.begin, since) for part in stretches) >= hours * 3600:
            return True
    return False
