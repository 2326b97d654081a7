"""Tasks with our mark and without a record: whose they are today, and whether they may have rung. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from yeta_reconcile.planning.observed import Observed, Orphan
from yeta_reconcile.waves.record import Recorded
from yeta_reconcile.waves.renames import record_of
from yeta_reconcile.wording import Text, phrase


def orphans_by_name(
    observed: Observed, callings: Mapping[str, Any], recorded: Recorded
) -> dict[str, list[Orphan]]:
    """Orphans by the campaign they belong to today, renames followed; `callings` are located documents."""
    today = {}
    for name, located in callings.items():
        record = record_of(located.model, recorded, callings)
        for former in record.former if record else ():
            today[former] = name
        if located.model.renamed_from and located.model.renamed_from not in callings:
            today[located.model.renamed_from] = name
    found: dict[str, list[Orphan]] = defaultdict(list)
    for orphan in observed.orphans:
        named = orphan.mark.campaign
        found[named if named in callings else today.get(named, named)].append(orphan)
    return found


def may_have_rung(orphan: Orphan) -> bool:
    """Whether it was ever started, as far as is known."""
    return not orphan.proven or not orphan.task.never_rang


def settled_by(campaign: str) -> Text:
    """What settles whom a task called that was started and has no record."""
    return phrase(
        "`yeta state rebuild` takes it in; where its list is gone, `yeta state forget {campaign}`",
        campaign=campaign,
    )
