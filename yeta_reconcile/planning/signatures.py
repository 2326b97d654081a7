"""What a list says, and what a comparison of it depends on, as digests: the same means the same delta."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yeta_reconcile.documents.contacts import file_digest
from yeta_reconcile.planning.diff import grip

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from yeta_reconcile.documents.contacts import ListSpec
    from yeta_reconcile.marks import Key
    from yeta_reconcile.planning.delta import Grip
    from yeta_reconcile.waves.record import CampaignRecord


def fingerprint_of(spec: ListSpec, columns: tuple[str, ...]) -> str:
    """What a list says, as one digest, empty if it cannot be read; a short list can be found out from it."""
    try:
        return spec.fingerprint(file_digest(spec.path), columns).hex()
    except OSError:
        return ""


def keyed(fingerprint: str, key: Key) -> str:
    """A list's fingerprint as it may be kept: it tells nothing without the key."""
    return fingerprint and key.seal(fingerprint)


def signature_of(
    fingerprint: str,
    record: CampaignRecord | None,
    grips: Mapping[int, Grip],
    continued: Iterable[tuple[CampaignRecord, bool]] = (),
) -> str:
    """What a comparison of list and ledger depends on; `continued` as `kin.continued_records` has them."""
    grasp = ",".join(f"{wave_id}{kind.value}" for wave_id, kind in sorted(grips.items()))
    others = "".join(
        f";{other.name}/{other.generation}/{declared}/"
        + ",".join(f"{wave.wave_id}{grip(wave).value}" for wave in other.waves)
        for other, declared in continued
    )
    return f"{fingerprint}/{record.generation if record else 0}/{grasp}{others}"


def lists_same(fingerprint: str, record: CampaignRecord) -> bool:
    """Whether a list is the one that was last known to ask for nothing."""
    return bool(fingerprint) and record.settled_list.partition("/")[0] == fingerprint
