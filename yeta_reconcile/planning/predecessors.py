"""Whether a campaign after which others come is over: everybody was called who is to be, and no wave goes on.

Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from yeta_reconcile.amounts import count
from yeta_reconcile.documents.models import Calling, Campaign
from yeta_reconcile.planning.delta import Hold, hold
from yeta_reconcile.planning.diff.subject import Subject
from yeta_reconcile.waves.record import CampaignRecord, Phase, Recorded, WaveRecord
from yeta_reconcile.waves.renames import known_as
from yeta_reconcile.wording import UNSAID, phrase


def not_over(
    name: str, subjects: Mapping[str, Subject], declared: Collection[str], recorded: Recorded
) -> str:
    """Why a campaign is not over yet, in words; "" if it is.

    One that is declared has to have called every declared row, unless its end is past. Of one that was taken
    away the ledger tells, and one that nobody looks at now (`--only`) is not over.
    """
    subject = subjects.get(name)
    if subject is None and name in declared:
        return phrase("it was not looked at")
    if subject is None or subject.declared is None:
        record = known_as(name, recorded)
        if record is None:
            return phrase("it is not known")
        recent = subject.waves if subject else ()
        return _goes_on(tuple(wave.record for wave in recent) or record.waves)
    if not subject.columns or any(found.severity == "error" for found in subject.delta.diagnostics):
        return phrase("its list is not known")
    if why := _goes_on(tuple(wave.record for wave in subject.waves)):
        return why
    delta = subject.delta
    again = sum(delta.coming.values()) + sum(delta.awaiting.values())
    left = delta.new + delta.later + sum(delta.leaving.values()) + again
    if left and not subject.ended:
        numbers = count(left, "number")
        if again:
            return phrase("{numbers} of it to be called, some of them again", numbers=numbers)
        return phrase("{numbers} of it to be called", numbers=numbers)
    return UNSAID


def awaited(declared: Calling | None, record: CampaignRecord | None, recorded: Recorded) -> tuple[str, ...]:
    """Which of those after whom a campaign comes are not over, by their waves alone."""
    if not isinstance(declared, Campaign) or declared.state != "running" or (record and record.started):
        return ()
    found = {name: known_as(name, recorded) for name in declared.after}
    return tuple(name for name, one in found.items() if not one or not one.waves or _goes_on(one.waves))


def _goes_on(waves: tuple[WaveRecord, ...]) -> str:
    """Which wave of it is not over, or may have called whom nobody knows of."""
    for wave in waves:
        if wave.phase is Phase.DISCARDED:
            continue
        if not wave.phase.over:
            return phrase("its wave {number} is {phase}", number=wave.number, phase=wave.phase)
        cut_short = wave.phase.cut_short and wave.pending
        unproven = wave.doubts_free or (cut_short and hold(wave) is not Hold.FREEING)
        if wave.phase is Phase.LOST or unproven:
            return phrase(
                "its wave {number} is {phase}, and whom it called is not accounted",
                number=wave.number,
                phase=wave.phase,
            )
    return ""
