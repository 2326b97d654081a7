"""What a list says, and what a comparison of it depends on, as digests: the same means the same delta."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import blake2b

from yeta_reconcile.diagnostics import restore_diagnostic
from yeta_reconcile.documents.listspec import ListSpec
from yeta_reconcile.documents.located import Located
from yeta_reconcile.documents.models import Calling
from yeta_reconcile.files import file_digest
from yeta_reconcile.marks import Key
from yeta_reconcile.planning.delta import Hold, RowsDelta, StagedDelta, hold
from yeta_reconcile.planning.diff.subject import Wave
from yeta_reconcile.waves.record import CampaignRecord, Phase, WaveRecord
from yeta_reconcile.waves.rounds import NONE, Rounds

_json = json.JSONEncoder(ensure_ascii=False).encode


def fingerprint_of(spec: ListSpec, columns: tuple[str, ...]) -> str:
    """What a list says, as one digest, empty if it cannot be read; a short list can be found out from it."""
    try:
        return spec.fingerprint(file_digest(spec.path), columns).hex()
    except OSError:
        return ""


def keyed(fingerprint: str, key: Key) -> str:
    """A list's fingerprint as it may be kept: it tells nothing without the key."""
    return fingerprint and key.sign(fingerprint)


def signature_of(
    fingerprint: str,
    record: CampaignRecord | None,
    holds: Mapping[int, Hold],
    continued: Iterable[CampaignRecord] = (),
    rounds: Rounds = NONE,
) -> str:
    """What a comparison of list and ledger depends on; `continued` are those whose people count as called."""
    grasp = ",".join(f"{wave_id}{kind.value}" for wave_id, kind in sorted(holds.items()))
    others = "".join(
        f";{other.name}/{other.generation}/"
        + ",".join(f"{wave.wave_id}{hold(wave).value}" for wave in other.waves)
        for other in continued
    )
    return f"{fingerprint}/{record.generation if record else 0}/{grasp}{others}{rounds.signature}"


def as_settled(record: CampaignRecord, waves: tuple[Wave, ...], holds: Mapping[int, Hold]) -> RowsDelta:
    """The delta of a list that is known to ask for nothing: whom a wave has yet to call, it holds."""
    pending: dict[Hold, dict[int, int]] = {kind: {} for kind in Hold}
    for wave in waves:
        pending[holds[wave.record.wave_id]][wave.record.wave_id] = wave.record.pending
    staged = pending[Hold.STAGED] | pending[Hold.FULL]
    return RowsDelta(
        declared=record.settled_rows,
        staged={wave_id: StagedDelta(rows) for wave_id, rows in staged.items()},
        held=pending[Hold.HOLDING],
        unasked=sum(pending[Hold.FREEING].values()),
        staged_again={
            wave.record.wave_id: wave.record.called_again
            for wave in waves
            if wave.record.wave_id in staged and wave.record.called_again
        },
        diagnostics=tuple(restore_diagnostic(json.loads(note)) for note in record.settled_notes),
    )


def lists_same(fingerprint: str, record: CampaignRecord) -> bool:
    """Whether a list is the one that was last known to ask for nothing."""
    return bool(fingerprint) and record.settled_list.partition("/")[0] == fingerprint


def deciding_facts(located: Located[Calling], fingerprint: str, waves: tuple[Wave, ...]) -> str:
    """What a decision rests on, progress left out: `<declared>/<recorded and live>`.

    Behind these, to say which file it was: `/<declared without the list>/<what stands in the document>`.
    """
    model = located.model.model_dump_json()
    live = [[w.record.number, w.record.attempt, *_standing(w.record)] for w in waves]
    return "/".join(map(_short_digest, ([model, fingerprint], live, model, located.written)))


def _standing(wave: WaveRecord) -> tuple[Phase, str | None]:
    """A wave's phase and task; that a started one comes to its end by itself is progress.

    So is how far one came that is still to be finished: whether its create was carried out, settling tells.
    """
    if wave.phase in {Phase.PLANNED, Phase.CREATING, Phase.FILLING}:
        return Phase.FILLING, None
    return (Phase.STARTED if wave.phase in {Phase.COMPLETED, Phase.EXPIRED} else wave.phase), wave.task_id


def _short_digest(value: object) -> str:
    return blake2b(_json(value).encode(), digest_size=12).hexdigest()
