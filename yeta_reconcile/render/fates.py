"""What is known of a row in its wave, in words. What no record and no count says is not said here either."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yeta_reconcile.waves.record import Fate, Phase

if TYPE_CHECKING:
    from yeta_reconcile.waves.record import WaveRecord

_FATE = {
    Fate.DIALLED: "dialled",
    Fate.SET_ASIDE: "set aside: the platform refused the number",
    Fate.RELEASED: "not dialled, free for another wave",
    Fate.HELD: "held: possibly dialled",
    Fate.UNKNOWN: "unknown: its call-out was never answered",
}
_UNTOLD = "no record tells whether it was dialled"
_PENDING = {
    Phase.STARTED: "no record yet: to be called, or dialled already",
    Phase.PAUSED: "no record yet: dialled already, or not while the wave stands still",
    Phase.DRAINING: "no record yet: dialled already, or not while the wave stands still",
    Phase.EXPIRED: f"{_UNTOLD}: held until all who were have one",
    Phase.DELETED: f"{_UNTOLD}: held until all who were have one",
    Phase.LOST: f"{_UNTOLD}, and its task is gone",
    Phase.DISCARDED: "in a task that was thrown away",
}


def row_words(fate: Fate, wave: WaveRecord) -> str:
    """What is known of one row of a wave, by what the state holds of both."""
    if wave.kind != "Campaign" and fate in {Fate.PENDING, Fate.HELD}:
        return "to be called out" if fate is Fate.PENDING else "called out, no record yet"
    if fate is not Fate.PENDING:
        return _FATE[fate]
    if wave.staged:
        return "in a wave that is not started"
    if wave.frees:
        return _FATE[Fate.RELEASED]
    if wave.phase is Phase.COMPLETED:
        return "dialled, no record" if wave.all_dialled else f"its task completed; {_UNTOLD}"
    return _PENDING[wave.phase]
