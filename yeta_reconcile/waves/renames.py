"""Which ledger a declared campaign goes on with: that of its name, of a former or of a later one. Pure."""

from __future__ import annotations

from collections.abc import Collection

from yeta_reconcile.documents.models import Calling
from yeta_reconcile.waves.record import CampaignRecord, Recorded


def record_of(declared: Calling, recorded: Recorded, callings: Collection[str]) -> CampaignRecord | None:
    """What the state holds of a declared campaign, under its name or the former one it names."""
    found = recorded.campaigns.get(declared.name)
    if found is not None and found.has_ledger:
        return found
    former = former_of(declared, recorded, callings)
    later = successor_of(declared, recorded)
    return former or (later if later and later.name not in callings else None) or found


def former_of(declared: Calling, recorded: Recorded, callings: Collection[str]) -> CampaignRecord | None:
    """The ledger that a campaign says to go on with, while nobody else does; None once it has it."""
    former = declared.renamed_from
    known = recorded.campaigns.get(declared.name)
    if not former or former in callings or (known and former in known.former):
        return None
    return recorded.campaigns.get(former)


def successor_of(declared: Calling, recorded: Recorded) -> CampaignRecord | None:
    """The ledger that a campaign of this name went on with under a later one, unless it is to be repeated."""
    return next(
        (
            record
            for record in recorded.campaigns.values()
            if declared.name in record.former and record.has_ledger and record.name not in declared.repeats
        ),
        None,
    )


def known_as(name: str, recorded: Recorded) -> CampaignRecord | None:
    """What the state holds of a campaign that a document names, under a later name too."""
    found = recorded.campaigns.get(name)
    if found is not None and found.has_ledger:
        return found
    later = (one for one in recorded.campaigns.values() if name in one.former and one.has_ledger)
    return next(later, found)
