"""What moves a row or a wave: whole, counted, along the table, and never out of a call that was made."""

from __future__ import annotations

from typing import Any

import pytest

from tests.store.states import NOW, accounted, counts, declared, key, row, row_states, sealed, wave
from yeta_reconcile.store import Store
from yeta_reconcile.store.row_states import PORTION, set_fields, set_state, set_state_where
from yeta_reconcile.waves.lifecycle import IllegalTransition
from yeta_reconcile.waves.record import Phase, RowState

pytestmark = pytest.mark.sweep


def generation(store: Store) -> int:
    found = store.database.read("SELECT generation FROM campaigns WHERE name = 'renewal'")
    return int(found[0][0])


def assert_counted(store: Store, wave_id: int) -> None:
    kept, found = counts(store, wave_id)
    assert kept == found


def moved(store: Store, wave_id: int, keys: list[bytes], state: RowState, **how: Any) -> int:
    with store.database.write() as transaction:
        return set_state(transaction, wave_id, keys, state, **how)


# Waves


def test_what_stood_still_in_one_phase_proves_nothing_of_the_next(store: Store) -> None:
    wave_id = sealed(store)
    store.waves.change_wave(wave_id, quiet_since=NOW, quiet_facts="3/3")
    before = generation(store)
    store.waves.change_wave(wave_id, tel_count=3)
    record = store.waves.wave(wave_id)
    assert (record.quiet_since, record.quiet_facts, generation(store)) == (NOW, "3/3", before)
    store.waves.change_wave(wave_id, phase=Phase.CREATING)
    record = store.waves.wave(wave_id)
    assert (record.phase, record.quiet_since, record.quiet_facts) == (Phase.CREATING, None, "")
    assert generation(store) == before + 1


def test_a_wave_that_cannot_go_that_way_stays_as_it_is(store: Store) -> None:
    wave_id = sealed(store)
    with pytest.raises(IllegalTransition, match="planned to completed"):
        store.waves.change_wave(wave_id, phase=Phase.COMPLETED, tel_count=7)
    record = store.waves.wave(wave_id)
    assert (record.phase, record.tel_count) == (Phase.PLANNED, None)
    # Only what was undone goes back.
    store.waves.change_wave(wave_id, phase=Phase.CREATING)
    with pytest.raises(IllegalTransition):
        store.waves.change_wave(wave_id, phase=Phase.PLANNED)
    with store.database.write() as transaction:
        set_fields(transaction, wave_id, {"phase": Phase.PLANNED}, undone=True)
    assert store.waves.wave(wave_id).phase is Phase.PLANNED


def test_a_wave_has_no_other_fields_and_no_fields_are_no_change(store: Store) -> None:
    wave_id = sealed(store)
    with pytest.raises(AssertionError, match="rung"), store.database.write() as transaction:
        set_fields(transaction, wave_id, {"rung": 3})
    with store.database.write() as transaction:
        set_fields(transaction, wave_id, {})


# Rows


def test_a_row_that_was_called_is_never_free(store: Store) -> None:
    wave_id = sealed(store, range(4))
    moved(store, wave_id, [key(1)], RowState.DIALLED)
    before = generation(store)
    store.waves.release(accounted(wave_id), [key(0), key(1), key(2)])
    assert row_states(store, wave_id) == {
        key(0): RowState.RELEASED, key(1): RowState.DIALLED,
        key(2): RowState.RELEASED, key(3): RowState.PENDING,
    }  # fmt: skip
    assert generation(store) == before + 1
    assert_counted(store, wave_id)


def test_no_row_is_free_by_the_proof_of_another_wave(store: Store) -> None:
    wave_id, other = sealed(store), sealed(store, range(3, 6), number=2)
    for proof in (None, accounted(other)):
        with pytest.raises(AssertionError, match="proven"):
            moved(store, wave_id, [key(0)], RowState.RELEASED, proof=proof)
    assert moved(store, wave_id, [key(0)], RowState.RELEASED, proof=accounted(wave_id)) == 1
    assert set(row_states(store, other).values()) == {RowState.PENDING}


def test_rows_that_move_are_counted_once_each_however_many_there_are(store: Store) -> None:
    rows = 2 * PORTION + 3
    wave_id = sealed(store, range(rows))
    moved(store, wave_id, [key(0)], RowState.HELD)
    assert moved(store, wave_id, [key(1), key(1), key(2), key(rows)], RowState.DIALLED) == 2
    assert moved(store, wave_id, [key(1)], RowState.DIALLED) == 0
    everybody = [key(index) for index in range(rows)]
    assert moved(store, wave_id, everybody, RowState.UNKNOWN, but=RowState.DIALLED) == rows - 2
    assert_counted(store, wave_id)
    assert [found for found, state in row_states(store, wave_id).items() if state is RowState.DIALLED] == [
        key(1),
        key(2),
    ]


def test_rows_of_one_state_get_another_and_of_that_state_already_none_does(store: Store) -> None:
    wave_id, other = sealed(store, range(5)), sealed(store, range(5, 8), number=2)
    with store.database.write() as transaction:
        assert set_state_where(transaction, wave_id, RowState.PENDING, RowState.PENDING) == 0
        assert set_state_where(transaction, wave_id, RowState.HELD, RowState.DIALLED) == 0
        found = set_state_where(
            transaction, wave_id, RowState.PENDING, RowState.HELD, "AND row_key < ?", (key(2),)
        )
        assert found == 2
        assert set_state_where(transaction, wave_id, RowState.PENDING, RowState.UNKNOWN) == 3
    assert [state.name for state in row_states(store, wave_id).values()] == ["HELD"] * 2 + ["UNKNOWN"] * 3
    for each in (wave_id, other):
        assert_counted(store, each)
    assert store.waves.wave(other).pending == 3


# In bulk


@pytest.mark.parametrize("chunk", [1, 4, 5, 100])
def test_waves_are_filled_taken_over_and_held_however_their_rows_are_cut_up(
    store: Store, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(store.database, "chunk", chunk)
    former = sealed(store, range(20))
    moved(store, former, [key(12)], RowState.DIALLED)
    later = sealed(store, range(8, 28), number=2, take_from=(former,))
    named = {found: state.name for found, state in row_states(store, former).items()}
    freed = [key(index) for index in range(8, 20) if index != 12]
    assert [found for found, state in named.items() if state == "RELEASED"] == freed
    assert named[key(12)] == "DIALLED"
    assert store.waves.settle_rows(later, [RowState.PENDING], RowState.HELD, tel_count=None) == 20
    for each in (former, later):
        assert_counted(store, each)


@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_a_wave_that_was_never_sealed_leaves_nothing_and_takes_nothing_of_others(
    store: Store, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(store.database, "chunk", chunk)
    kept = sealed(store)
    declared(store)
    wave_id = store.waves.plan_wave(wave(number=2))
    store.waves.add_rows(wave_id, map(row, range(3, 9)))
    with store.database.write() as transaction:
        for each in (kept, wave_id):
            transaction.insert("data_ids", [(each, f"{n}", key(n)) for n in range(4)])
    store.waves.drop_unsealed()
    tables = [store.database.read(f"SELECT wave_id, COUNT(*) FROM {table} GROUP BY wave_id")
              for table in ("waves", "wave_rows", "data_ids")]  # fmt: skip
    assert tables == [[(kept, 1)], [(kept, 3)], [(kept, 4)]]
