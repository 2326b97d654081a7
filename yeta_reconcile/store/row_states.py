"""Writes inside a transaction that move rows and waves, and keep each wave's counts equal to its rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from yeta_reconcile.store.database import Database, Transaction
from yeta_reconcile.store.records import WRITTEN
from yeta_reconcile.waves.lifecycle import IllegalTransition, may_move
from yeta_reconcile.waves.proof import Proof
from yeta_reconcile.waves.record import Phase, RowRecord, RowState

COUNTER = {
    RowState.PENDING: "pending",
    RowState.DIALLED: "dialled",
    RowState.SET_ASIDE: "set_aside",
    RowState.RELEASED: "released",
    RowState.HELD: "held",
    RowState.UNKNOWN: "unknown",
}

PORTION = 500

_MOVE = "UPDATE wave_rows SET row_state = ? WHERE wave_id = ? AND row_key = ?"


def set_fields(
    transaction: Transaction, wave_id: int, fields: dict[str, Any], *, undone: bool = False
) -> None:
    """Set fields of a wave inside a transaction; a changed phase makes the campaign's ledger newer.

    The one place that writes a phase: it goes only where `lifecycle.may_move` says, `undone` as there. What
    stood still in one phase proves nothing of the next: with the phase that begins anew. Raises
    IllegalTransition.
    """
    if not fields:
        return
    if "phase" in fields:
        _check_way(transaction, wave_id, fields["phase"], undone=undone)
        fields = {"quiet_since": None, "quiet_facts": ""} | fields
    if unknown := fields.keys() - WRITTEN.keys():
        raise AssertionError(f"a wave has no fields {sorted(unknown)}")
    values = [WRITTEN[name].write(value) for name, value in fields.items()]
    assignments = ", ".join(f"{WRITTEN[name].name} = ?" for name in fields)
    transaction.execute(f"UPDATE waves SET {assignments} WHERE wave_id = ?", (*values, wave_id))
    if "phase" in fields:
        invalidate(transaction, wave_id)


def _check_way(transaction: Transaction, wave_id: int, phase: Phase, *, undone: bool) -> None:
    former, kind = transaction.read("SELECT phase, kind FROM waves WHERE wave_id = ?", (wave_id,))[0]
    if not may_move(kind, Phase(former), phase, undone=undone):
        raise IllegalTransition(f"wave {wave_id} ({kind}) cannot go from {former} to {phase}")


def set_state(
    transaction: Transaction,
    wave_id: int,
    keys: Iterable[bytes],
    state: RowState,
    *,
    but: RowState | None = None,
    proof: Proof | None = None,
) -> int:
    """Give rows another state, except those whose state is `but`, and keep the wave's counts.

    The number of rows that changed. None is released without a `proof` about its wave.
    """
    if state is RowState.RELEASED and (proof is None or proof.wave_id != wave_id):
        raise AssertionError("that rows may be released has to be proven")
    moved: dict[RowState, list[bytes]] = defaultdict(list)
    for some in portions(keys):
        marks = ", ".join("?" * len(some))
        for former, key in transaction.read(
            f"SELECT row_state, row_key FROM wave_rows WHERE wave_id = ? AND row_key IN ({marks})",
            (wave_id, *some),
        ):
            if former not in (state, but):
                moved[RowState(former)].append(bytes(key))
    for former, rows in moved.items():
        transaction.many(_MOVE, [(int(state), wave_id, key) for key in rows])
        _move_count(transaction, wave_id, former, state, len(rows))
    return sum(map(len, moved.values()))


def mark_dialled(transaction: Transaction, wave_id: int, key: bytes, former: RowState) -> None:
    """A row whose state is known to be `former` has a record."""
    transaction.later(_MOVE, (int(RowState.DIALLED), wave_id, key))
    _move_count(transaction, wave_id, former, RowState.DIALLED, 1)


def portions(keys: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Each key once, so many at a time as a statement may ask for."""
    rest = iter(dict.fromkeys(keys))
    while some := list(islice(rest, PORTION)):
        yield some


def set_state_where(
    transaction: Transaction,
    wave_id: int,
    former: RowState,
    state: RowState,
    condition: str = "",
    parameters: Sequence[object] = (),
) -> int:
    """Give all rows of one state another, with a further condition; how many changed."""
    if former is state:
        return 0
    count = transaction.execute(
        f"UPDATE wave_rows SET row_state = ? WHERE wave_id = ? AND row_state = ? {condition}",
        (int(state), wave_id, int(former), *parameters),
    )
    _move_count(transaction, wave_id, former, state, count)
    return count


def _move_count(
    transaction: Transaction, wave_id: int, former: RowState, state: RowState, count: int
) -> None:
    out, into = COUNTER[former], COUNTER[state]
    transaction.later(
        f"UPDATE waves SET {out} = {out} - ?, {into} = {into} + ? WHERE wave_id = ?",
        (count, count, wave_id),
    )


def grow(transaction: Transaction, wave_id: int, counts: Mapping[RowState, int]) -> None:
    """A wave has so many more rows of each state."""
    for state, count in counts.items():
        transaction.execute(
            f"UPDATE waves SET {COUNTER[state]} = {COUNTER[state]} + ? WHERE wave_id = ?", (count, wave_id)
        )


def invalidate(transaction: Transaction, wave_id: int) -> None:
    """A campaign's ledger changed: what was compared with it before counts no more."""
    transaction.later(
        "UPDATE campaigns SET generation = generation + 1 "
        "WHERE name = (SELECT campaign FROM waves WHERE wave_id = ?)",
        (wave_id,),
    )


def add(database: Database, wave_id: int, rows: Iterable[RowRecord]) -> None:
    """Rows of a wave that is not sealed yet, by ascending key."""
    rest = iter(rows)
    while some := list(islice(rest, database.chunk)):
        with database.write() as transaction:
            transaction.insert(
                "wave_rows",
                [
                    (
                        wave_id,
                        row.key,
                        row.number,
                        row.content,
                        row.batch,
                        row.line,
                        int(row.state),
                        row.round,
                    )
                    for row in some
                ],
            )
            grow(transaction, wave_id, Counter(row.state for row in some))


def release_shared(database: Database, proof: Proof, wave_id: int) -> None:
    """Rows pending in the proof's wave, all of them proven undialled, that `wave_id` holds now: released."""
    for after, last in stretches(database, wave_id):
        with database.write() as transaction:
            set_state_where(
                transaction, proof.wave_id, RowState.PENDING, RowState.RELEASED,
                "AND row_key > ? AND row_key <= ? AND row_key IN "
                "(SELECT row_key FROM wave_rows WHERE wave_id = ? AND row_key > ? AND row_key <= ?)",
                (after, last, wave_id, after, last),
            )  # fmt: skip


def release(database: Database, proof: Proof, keys: Iterable[bytes]) -> None:
    """Rows of a wave that are proven uncalled are free; one with a record stays called."""
    rest = iter(keys)
    while some := list(islice(rest, database.chunk)):
        with database.write() as transaction:
            set_state(transaction, proof.wave_id, some, RowState.RELEASED, but=RowState.DIALLED, proof=proof)
    with database.write() as transaction:
        invalidate(transaction, proof.wave_id)


def set_state_of_all(database: Database, wave_id: int, former: RowState, state: RowState) -> int:
    """Give all rows of one state another; how many there were."""
    count = 0
    for after, last in stretches(database, wave_id):
        with database.write() as transaction:
            count += set_state_where(
                transaction, wave_id, former, state, "AND row_key > ? AND row_key <= ?", (after, last)
            )
    return count


def drop_unsealed(database: Database) -> None:
    """Delete waves that do not count, with all that hangs on them."""
    for (wave_id,) in database.read("SELECT wave_id FROM waves WHERE sealed = 0 ORDER BY wave_id"):
        for change, some in (
            ("UPDATE calls SET wave_id = NULL", "call_uuid IN (SELECT call_uuid FROM calls"),
            ("DELETE FROM data_ids", "data_id IN (SELECT data_id FROM data_ids"),
            ("DELETE FROM wave_rows", "row_key IN (SELECT row_key FROM wave_rows"),
        ):
            changed = database.chunk
            while changed == database.chunk:
                with database.write() as transaction:
                    changed = transaction.execute(
                        f"{change} WHERE wave_id = ? AND {some} WHERE wave_id = ? LIMIT ?)",
                        (wave_id, wave_id, database.chunk),
                    )
        with database.write() as transaction:
            transaction.execute("DELETE FROM waves WHERE wave_id = ?", (wave_id,))


def stretches(database: Database, wave_id: int) -> Iterator[tuple[bytes, bytes]]:
    """A wave's keys in order, cut up: above the first of each pair, up to the second."""
    after = b""
    while found := database.read(
        "SELECT row_key FROM (SELECT row_key FROM wave_rows WHERE wave_id = ? AND row_key > ? "
        "ORDER BY row_key LIMIT ?) AS stretch ORDER BY row_key DESC LIMIT 1",
        (wave_id, after, database.chunk),
    ):
        last = bytes(found[0][0])
        yield after, last
        after = last
