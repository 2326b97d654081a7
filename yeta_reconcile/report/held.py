"""Whose which line was, is and will be: what the state knows of waves, and what was foreseen of the rest."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from yeta_reconcile.plan.foresight import LineUse, Outlook
from yeta_reconcile.platform.coercion import instant
from yeta_reconcile.report.figures import Held
from yeta_reconcile.store import Store
from yeta_reconcile.waves.record import Recorded, WaveRecord
from yeta_reconcile.wording import Text

# Of more the latest are shown.
MOST = 60


def timetable(
    store: Store, recorded: Recorded, outlook: Outlook | None, now: datetime, names: Collection[str]
) -> list[Held]:
    """By line and time, of the lines on which any of these campaigns is; `now` in the project's timezone."""
    uses = outlook.timetable if outlook else ()
    begun = [
        wave
        for record in recorded.campaigns.values()
        for wave in record.waves
        if wave.kind == "Campaign" and wave.started_at
    ]
    known = {(wave.campaign, wave.number) for wave in begun}
    found = [held for wave in begun for held in _begun(store, wave, uses, now)]
    found += [_ahead(use, now) for use in uses if _comes(use, known, now)]
    lines = {held.line for held in found if held.wave and held.holder in names}
    shown = sorted((held for held in found if held.line in lines), key=lambda held: held.since)[-MOST:]
    return sorted(shown, key=lambda held: (held.line, held.since))


def _begun(store: Store, wave: WaveRecord, uses: Collection[LineUse], now: datetime) -> Iterator[Held]:
    """A wave on its lines: until its last call, and while it is live until what was foreseen."""
    since = instant(wave.started_at, now.tzinfo)
    last = None if wave.live else instant(store.lengths.last_call(wave.wave_id), now.tzinfo)
    if since is None or not (wave.live or last):
        return
    own = [use for use in uses if (use.campaign, use.wave) == (wave.campaign, wave.number)]
    for line in wave.attributes.lines:
        ends = [use.until.astimezone(now.tzinfo) if use.until else None for use in own if use.line == line]
        foreseen = max((end for end in ends if end), default=None) if all(ends) else None
        until = last or (None if foreseen is None else max(foreseen, now))
        yield Held(line, Text(wave.campaign), wave.number, since, until, last or now)


def _comes(use: LineUse, known: Collection[tuple[str | None, int | None]], now: datetime) -> bool:
    """Whether it is still to come, or goes on: a wave that began is known better by the state."""
    return not use.idle and (use.campaign, use.wave) not in known and (use.until is None or use.until > now)


def _ahead(use: LineUse, now: datetime) -> Held:
    """As it was foreseen; a wave that should have begun by now is late, and waits."""
    since = use.since.astimezone(now.tzinfo)
    until = use.until.astimezone(now.tzinfo) if use.until else None
    if use.campaign is None:
        return Held(use.line, use.holder, 0, since, until, now)
    return Held(use.line, Text(use.campaign), use.wave or 0, max(since, now), until, max(since, now))
