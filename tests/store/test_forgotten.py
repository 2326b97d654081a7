"""Whom campaigns called whose ledger was dropped: number and moment are kept, on every engine."""

from __future__ import annotations

from tests.store.states import NOW, key, sealed
from tests.support.forgetting import forget
from yeta_reconcile.platform.call import Call
from yeta_reconcile.store import Store
from yeta_reconcile.store.calls import fold
from yeta_reconcile.waves.record import Phase, RowState


def test_who_was_called_is_kept_once_and_who_was_not_is_not(store: Store) -> None:
    over = sealed(store, range(4), campaign="a", task_id="7", phase=Phase.COMPLETED)
    store.waves.change_wave(over, started_at=NOW)
    store.waves.set_state(over, [key(0)], RowState.DIALLED)
    store.waves.set_state(over, [key(1)], RowState.HELD)
    sealed(store, [8], campaign="a", number=2)
    with store.database.write() as transaction:
        fold(transaction, Call("c1", recorded=True, task_id="7", number=key(9).hex(), time_ring=NOW), NOW)
    before = store.waves.called_since(NOW)

    forget(store, "a", NOW)

    assert before == {key(number): 1 for number in (0, 1, 2, 3, 9)}
    assert store.waves.called_since(NOW) == before
    assert store.waves.called_since(NOW + 1) == {}
    assert {*store.waves.forgotten_since(NOW)} == {*before}
