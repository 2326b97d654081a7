"""Several connections at once: nobody loses a write, nobody waits long, nobody reads what is half done."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.store.states import NOW, States, begun, counts, declared, holding, key, row, sealed, wave
from tests.support.forgetting import forget
from yeta_reconcile.errors import StateError, StateLocked
from yeta_reconcile.store import Store
from yeta_reconcile.store.inbox import Push
from yeta_reconcile.store.lock import Holder
from yeta_reconcile.waves.record import Outcome, RowState
from yeta_reconcile.wording import Text

pytestmark = pytest.mark.sweep


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run all at the same time; what each gave."""
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        barrier.wait(30)
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result(60) for future in [pool.submit(run, work) for work in works]]


def test_of_many_who_want_the_lock_at_once_one_gets_it(states: States) -> None:
    def acquire(store: Store, name: str) -> bool:
        try:
            store.lock.acquire(Holder(name, "host", 1, "apply"), NOW)
        except StateLocked:
            return False
        return True

    stores = [states.open() for _ in range(6)]
    got = at_once(*(lambda s=s, n=n: acquire(s, f"h{n}") for n, s in enumerate(stores)))
    assert got.count(True) == 1


def test_rows_that_two_move_at_once_are_counted_once(states: States) -> None:
    stores = [states.open(), states.open()]
    wave_id = sealed(stores[0], range(60))

    def move(store: Store, state: RowState) -> None:
        for index in range(60):
            store.waves.set_state(wave_id, [key(index), key(59 - index)], state)

    at_once(lambda: move(stores[0], RowState.DIALLED), lambda: move(stores[1], RowState.HELD))
    kept, found = counts(stores[0], wave_id)
    assert kept == found
    assert kept[RowState.PENDING] == 0


def test_waves_planned_at_once_get_attempts_of_their_own(states: States) -> None:
    stores = [states.open() for _ in range(4)]
    declared(stores[0])
    at_once(*(lambda s=s: s.waves.plan_wave(wave()) for s in stores))
    assert sorted(stores[0].database.read("SELECT attempt FROM waves")) == [(1,), (2,), (3,), (4,)]


def test_history_is_one_chain_however_many_write_it(states: States) -> None:
    stores = [states.open() for _ in range(3)]
    at_once(*(lambda s=s: [s.history.append({"n": n}, NOW) for n in range(10)] for s in stores))
    assert len(stores[0].history.entries()) == 30
    assert stores[0].history.broken() is None


def test_threads_share_one_connection(store: Store) -> None:
    wave_id, holder = sealed(store), holding(store)

    def insert(batch: int) -> None:
        intent = begun(store, holder, wave_id, batch=batch)
        store.intents.end(intent, Outcome.DONE, NOW + 2, wave_id=wave_id)
        assert store.waves.wave(wave_id).rows == 3

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(insert, batch) for batch in range(80)]:
            done.result()
    assert store.intents.done_batches(wave_id) == set(range(80))


def test_what_is_not_committed_is_read_by_nobody_else(states: States) -> None:
    store, seen = states.open(), states.open()
    wave_id = sealed(store)
    with store.database.write() as transaction:
        transaction.execute("UPDATE waves SET detail = 'half' WHERE wave_id = ?", (wave_id,))
        assert transaction.read("SELECT detail FROM waves") == [("half",)]
        assert store.database.read("SELECT detail FROM waves") == [("half",)]
        assert seen.waves.wave(wave_id).detail == ""
    assert seen.waves.wave(wave_id).detail == "half"


@pytest.mark.parametrize("error", [StateError(Text("no")), KeyboardInterrupt(), ZeroDivisionError()])
def test_a_transaction_that_is_broken_off_leaves_nothing(store: Store, error: BaseException) -> None:
    wave_id = sealed(store)

    def broken_off() -> None:
        with store.database.write() as transaction:
            transaction.execute("UPDATE waves SET detail = 'half'")
            raise error

    with pytest.raises(type(error)):
        broken_off()
    assert store.waves.wave(wave_id).detail == ""
    store.waves.change_wave(wave_id, detail="whole")
    assert store.waves.wave(wave_id).detail == "whole"


def test_bulk_never_holds_a_receiver_long(states: States, monkeypatch: pytest.MonkeyPatch) -> None:
    apply, receiver = states.open(), states.open()
    monkeypatch.setattr(apply.database, "chunk", 500)
    declared(apply)
    wave_id = apply.waves.plan_wave(wave())
    done = threading.Event()

    def receive() -> int:
        stored = 0
        while not done.is_set():
            receiver.inbox.append([Push("receiveCallRecord", b"{}", NOW)])
            stored += 1
        return stored

    def fill() -> int:
        try:
            apply.waves.add_rows(wave_id, map(row, range(20_000)))
            apply.waves.seal_wave(wave_id)
            follower = sealed(apply, range(20_000), number=2, take_from=(wave_id,))
            forget(apply, "renewal", NOW)
        finally:
            done.set()
        return follower

    _, stored = at_once(fill, receive)
    # At least one push came in between each two portions, not all of them after the whole.
    assert stored > 40
    assert receiver.inbox.counts().waiting == stored
