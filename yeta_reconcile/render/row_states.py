"""What is known of a row in its wave, in words. What no record and no count says is not said here either."""

from __future__ import annotations

from yeta_reconcile.waves.record import Phase, RowState, WaveRecord
from yeta_reconcile.wording import Text, phrase

_WORDS = {
    RowState.DIALLED: phrase("dialled"),
    RowState.SET_ASIDE: phrase("set aside: the platform refused the number"),
    RowState.RELEASED: phrase("not dialled, free for another wave"),
    RowState.HELD: phrase("held: possibly dialled"),
    RowState.UNKNOWN: phrase("unknown: its call-out was never answered"),
}
_PENDING = {
    Phase.STARTED: phrase("no record yet: to be called, or dialled already"),
    Phase.PAUSED: phrase("no record yet: dialled already, or not while the wave stands still"),
    Phase.DRAINING: phrase("no record yet: dialled already, or not while the wave stands still"),
    Phase.EXPIRED: phrase("no record tells whether it was dialled: held until all who were have one"),
    Phase.DELETED: phrase("no record tells whether it was dialled: held until all who were have one"),
    Phase.LOST: phrase("no record tells whether it was dialled, and its task is gone"),
    Phase.DISCARDED: phrase("in a task that was discarded"),
}


def row_words(state: RowState, wave: WaveRecord) -> Text:
    """What is known of one row of a wave, by what the state holds of both."""
    if wave.kind != "Campaign" and state in {RowState.PENDING, RowState.HELD}:
        return (
            phrase("to be called out") if state is RowState.PENDING else phrase("called out, no record yet")
        )
    if state is not RowState.PENDING:
        return _WORDS[state]
    if wave.staged:
        return phrase("in a wave that is not started")
    if wave.frees:
        return _WORDS[RowState.RELEASED]
    if wave.phase is Phase.COMPLETED:
        return (
            phrase("dialled, no record")
            if wave.all_dialled
            else phrase("its task completed; no record tells whether it was dialled")
        )
    return _PENDING[wave.phase]
