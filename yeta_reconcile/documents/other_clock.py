"""Where a project's clock is not the platform's: windows are sent as they stand, and open by that.

So hours, days, forecast and limits count by the platform's clock, whatever the project's is. Moments are
converted, since they are instants; a part of the day is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from yeta_reconcile.diagnostics import Diagnostic
from yeta_reconcile.documents.models import Calling, Campaign
from yeta_reconcile.documents.settings import Settings
from yeta_reconcile.documents.values import EVERY_DAY
from yeta_reconcile.platform.coercion import PLATFORM
from yeta_reconcile.wording import phrase

_SEASONS = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))


def clock_findings(settings: Settings, declared: Iterable[Calling]) -> Iterator[Diagnostic]:
    """A warning where hours or days are declared and the project reads its times by another clock."""
    project = settings.project
    off = {_offset(settings.zone, at) - _offset(PLATFORM, at) for at in _SEASONS}
    if project is None or off == {timedelta()}:
        return
    schedules = [model.schedule for model in declared if isinstance(model, Campaign)]
    dated = any(schedule.windows or schedule.days != EVERY_DAY for schedule in schedules)
    if dated or project.limits.hours or project.limits.days not in {None, EVERY_DAY}:
        hours = " or ".join(f"{abs(one) / timedelta(hours=1):g}" for one in sorted(off))
        way = phrase("earlier") if max(off) <= timedelta() else phrase("later")
        summary = phrase(
            "windows, hours and days are counted by the platform's clock, {platform}, {hours} h {way} "
            "than by {zone}, in which begin and end are read and times are shown",
            platform=PLATFORM,
            hours=hours,
            way=way,
            zone=settings.zone,
        )
        hint = phrase(
            "say `timezone: {platform}`, and write begin and end with the offset they are meant in",
            platform=PLATFORM,
        )
        yield Diagnostic("warning", "other-clock", summary, settings.at("timezone"), hint)


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()
