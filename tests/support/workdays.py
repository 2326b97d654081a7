"""A campaign that calls on the workdays of a calendar, and its days."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.support.lab import Lab, settings
from tests.support.records import deliver
from tests.support.trouble import TroubledLab
from yeta_reconcile.emulator import Emulator, VirtualClock

SHANGHAI = ZoneInfo("Asia/Shanghai")


# Monday 7th is off, Saturday 12th is worked.
CALENDAR = "calendar: cal.csv\n"


DAYS_OFF = "date,kind\n2026-12-07,rest\n2026-12-12,work\n"


WORKDAYS = 'schedule: {windows: ["09:00-18:00"], days: workdays}'


FRIDAY_EVENING = "2026-12-04T17:57"


SATURDAY, MONDAY, TUESDAY = "2026-12-05T10:00", "2026-12-07T10:00", "2026-12-08T10:00"


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def a_lab(root: Path, at: str = FRIDAY_EVENING, calendar: str = DAYS_OFF, **override: object) -> Lab:
    lab = TroubledLab(root, Emulator(settings(**override), clock=VirtualClock(moment(at))), max_in_flight=1)
    (root / "cal.csv").write_text(calendar, encoding="utf-8")
    lab.declare_project(CALENDAR)
    return lab


def to(lab: Lab, at: str) -> None:
    """Let time pass, and records come home."""
    lab.emulator.advance((moment(at) - lab.clock.now()).total_seconds())
    deliver(lab)


def days_rung(lab: Lab) -> Counter[str]:
    """Every ring by the day on which it was, recalls too."""
    rings = [*lab.emulator.dialled, *lab.emulator.recalled]
    return Counter(datetime.fromtimestamp(ring.at / 1000, SHANGHAI).date().isoformat() for ring in rings)
