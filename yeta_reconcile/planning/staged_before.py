"""Whom an apply stages and starts at once, and who of them an earlier one had staged: for `staged_first`.

It reads the state and a list once more; it changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from hashlib import blake2b

from yeta_reconcile.documents.listspec import ListSpec
from yeta_reconcile.documents.models import Calling, Campaign
from yeta_reconcile.documents.rows import Row
from yeta_reconcile.marks import Key
from yeta_reconcile.plan.plan import Action, Change
from yeta_reconcile.planning.diff.subject import Subject, Wave
from yeta_reconcile.planning.guards import started_at_once
from yeta_reconcile.planning.list_diff import Comparison
from yeta_reconcile.planning.signatures import fingerprint_of, keyed
from yeta_reconcile.store import Store
from yeta_reconcile.waves.record import Phase, WaveRecord

# What tells of a wave that goes on with other days, or with fewer rows, and not otherwise.
_SAME_ALL_THE_SAME = frozenset({"days", "rollout"})


def promise_of(declared: Campaign, spec: ListSpec, columns: tuple[str, ...], key: Key) -> str:
    """What is declared of those who may follow a wave: its further rounds, and whom its canary is of.

    Who may not be called (`do_not_call`) is taken off a list on any day.
    """
    whole = replace(spec, without=None)
    listed = keyed(fingerprint_of(whole, columns), key) if declared.rollout else ""
    return f"{_digest(repr(declared.recall.again))}/{_digest(repr(declared.rollout) + listed)}"


def promised_with(declared: Calling, promise: Callable[[], str], waves: Collection[Wave]) -> str:
    """What is kept of it with a wave: of one that may be started at once what was, when one was staged."""
    if not isinstance(declared, Campaign):
        return ""
    if declared.state != "running" or not waves:
        return promise()
    return max((wave.record for wave in waves), key=lambda wave: wave.wave_id).promised


def staged_before(
    subject: Subject,
    changes: Collection[Change],
    store: Store,
    promise: Callable[[], str],
    compared: Callable[[], Comparison],
) -> int:
    """How many of those rows stood, as they are, in waves of earlier applies with the same attributes.

    In a further round only if `again` is as it was then; whoever follows a canary did not stand in one, and
    counts if list and `rollout` are as they were. `changes` are of this one campaign.
    """
    found = 0
    for maker, change in started_at_once(changes):
        new = maker.new_rows if maker.wave_id is None or maker.action is Action.REPLACE else 0
        standing = change.rows - new
        if standing > 0:
            found += max(standing - _otherwise(subject, maker, standing), 0)
        if new > 0:
            found += min(_known(subject, store, promise, compared), new)
    return found


def _otherwise(subject: Subject, maker: Change, standing: int) -> int:
    """Of rows that stand in a wave which is made anew, how many do so otherwise than they stood."""
    wave = next((one.record for one in subject.waves if one.record.wave_id == maker.wave_id), None)
    if wave is None or not _same(wave, subject) or {*maker.attributes} - _SAME_ALL_THE_SAME:
        return standing
    if wave.staged:
        staged = subject.delta.staged.get(wave.wave_id)
        return staged.edited if staged else 0
    return subject.delta.edited.get(wave.wave_id, 0)


def _known(
    subject: Subject, store: Store, promise: Callable[[], str], compared: Callable[[], Comparison]
) -> int:
    """How many of the rows that are in no wave stood in one as they are, or follow a canary."""
    same = [wave.record for wave in subject.waves if _same(wave.record, subject)]
    if not same or subject.record is None:
        return 0
    again, following = promise().split("/")
    promised = {wave.wave_id: wave.promised.partition("/")[0] == again for wave in same}
    follows = any(wave.canary and wave.promised.partition("/")[2] == following for wave in same)
    stood: dict[tuple[bytes, bytes], list[tuple[bytes, bool]]] = {}
    for kept in store.waves.ledger(subject.record.name):
        if kept.wave_id in promised:
            said = kept.content, promised[kept.wave_id]
            stood.setdefault((kept.key, kept.number_digest), []).append(said)
    comparison = compared()

    def known(row: Row) -> bool:
        first = comparison.round_of(row) == 1
        as_it_is = (
            (first or again)
            for content, again in stood.get((row.digest, row.number_digest), ())
            if comparison.recorded(row, content) is not None
        )
        return any(as_it_is) or (first and follows)

    return sum(map(known, comparison.select()))


def _same(wave: WaveRecord, subject: Subject) -> bool:
    """Whether a wave was staged to the end, with the attributes that are declared now but for its days."""
    asked, now = (replace(one, since=None, until=None) for one in (wave.attributes, subject.attributes))
    whole = not wave.staged or wave.phase is Phase.VERIFIED
    return whole and not wave.imported and asked == now and wave.columns == subject.columns


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()
