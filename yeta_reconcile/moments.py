"""A moment in words: the one form in which people read one, with the offset of its zone.

What makes the moment of what is kept is `platform/coercion.py: instant`; the zone is the project's.
"""

from __future__ import annotations

from datetime import datetime

from yeta_reconcile.wording import Text, phrase


def moment(at: datetime | None) -> str:
    """`2026-12-01 09:00+08:00`; seconds only where there are any."""
    if at is None:
        return phrase("never")
    precise = "seconds" if at.second else "minutes"
    return at.replace(microsecond=0).isoformat(sep=" ", timespec=precise)


def since(at: datetime, now: datetime) -> Text:
    """`from 14:20` on the same day, else with the day: no later than it is."""
    return phrase("from {at}", at=f"{at:%H:%M}" if at.date() == now.date() else moment(at.replace(second=0)))
