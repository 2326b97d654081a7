"""The rows of one campaign that an apply may submit or start: those that its plan counted, and no others.

Pure. What is freed, settled or found after the plan was made is for the next plan, which shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from yeta_reconcile.plan.plan import Action, Change
from yeta_reconcile.planning.delta import Hold, hold
from yeta_reconcile.planning.diff.subject import Subject
from yeta_reconcile.waves.record import WaveRecord

_STAGING = frozenset({Action.CREATE, Action.REPLACE, Action.START, Action.CALL})


class Approval:
    """What a plan counted of one campaign, by the ledger that it was made from.

    It keeps counts and waves, no rows: of what was freed since, the wave tells by what it has let go.
    """

    def __init__(self, subject: Subject, changes: Sequence[Change]) -> None:
        waves = {wave.record.wave_id: wave.record for wave in subject.waves}
        self._freed = {wave_id for wave_id, wave in waves.items() if hold(wave) is Hold.FREEING}
        self._released = {wave_id: wave.released for wave_id, wave in waves.items()}
        self._holding = {wave_id for wave_id, wave in waves.items() if not wave.staged} - self._freed
        by_wave: dict[int, int] = {}
        ringing: dict[int, int] = {}
        for change in changes:
            if (change.tries or change.action) in _STAGING and not change.again:
                by_wave[change.wave] = max(by_wave.get(change.wave, 0), change.rows)
                if change.may_ring:
                    ringing[change.wave] = max(ringing.get(change.wave, 0), change.rows)
        left = [wave.pending for wave in waves.values() if wave.staged and wave.number not in by_wave]
        self.rows = sum(by_wave.values()) + sum(left)
        """How many may stand in staged waves, or be called out."""
        self.ringing = sum(ringing.values())
        """How many of them may be started, or called out."""

    def free(self, wave: WaveRecord) -> None:
        """The plan takes this wave out of the way: what nobody called of it goes on in another."""
        self._freed.add(wave.wave_id)
        self._holding.discard(wave.wave_id)

    def holds(self, waves: Iterable[WaveRecord]) -> dict[int, Hold]:
        """What each wave does to its rows: one that the plan did not count as over holds them."""
        holds = {wave.wave_id: hold(wave) for wave in waves}
        held = {wave.wave_id for wave in waves if wave.kind == "Campaign"} - self._freed
        return holds | {wave_id: Hold.HOLDING for wave_id in held if holds[wave_id] is Hold.FREEING}

    def withheld(self, waves: Iterable[WaveRecord]) -> frozenset[int]:
        """Waves that let rows go since the plan: whoever left one of them enters no other in this apply.

        What a wave lets go that is still staged, or that the plan counted as free, is the plan's own doing.
        """
        return frozenset(
            wave.wave_id
            for wave in waves
            if not wave.staged
            and wave.wave_id not in self._freed
            and wave.released > self._released.get(wave.wave_id, 0)
        )

    def vanished(self, waves: Iterable[WaveRecord]) -> bool:
        """Whether a wave that held its rows turned out never to have been: nobody counted them as free."""
        return not self._holding <= {wave.wave_id for wave in waves}
