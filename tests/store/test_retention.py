"""What is older than `retention` goes, however much it is, and nobody waits for it."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

import pytest

from tests.store.states import NOW, States, call_uuid, sealed
from yeta_reconcile.errors import StateError
from yeta_reconcile.store import Store, inbox
from yeta_reconcile.store.inbox import Push
from yeta_reconcile.store.soundness import findings

OLD, YOUNG = NOW - 100_000, NOW


def pushed(store: Store, count: int, at: int = OLD, *, size: int = 10, looked_at: bool = True) -> None:
    store.inbox.append([Push("receiveVoice", b"x" * size, at) for _ in range(count)])
    store.inbox.append([Push("receiveVoice", b"x" * size, at, problem="no JSON") for _ in range(count)])
    if looked_at:
        with store.database.write() as transaction:
            transaction.execute("UPDATE inbox SET standing = 1 WHERE received = ?", (at,))


def left(store: Store) -> tuple[int, int]:
    counted = "SELECT (SELECT COUNT(*) FROM inbox), (SELECT COUNT(*) FROM dead_letters)"
    inbox_rows, dead = store.database.read(counted)[0]
    return inbox_rows, dead


def steps(store: Store, stop_after: int = 10**9) -> list[int]:
    """How many pushes each transaction threw away."""
    gone: list[int] = []
    before = sum(left(store))

    def pause() -> bool:
        gone.append(before - sum(gone) - sum(left(store)))
        return len(gone) >= stop_after

    assert store.inbox.purge(YOUNG, pause) == sum(gone)
    return gone


def test_it_goes_in_steps_of_so_many_pushes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "PURGE_CHUNK", 40)
    pushed(store, 100)
    pushed(store, 5, YOUNG)
    assert steps(store) == [40, 40, 20, 40, 40, 20]
    assert left(store) == (5, 5)


def test_it_goes_in_steps_of_so_many_bytes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "PURGE_BYTES", 2500)
    pushed(store, 5, size=1000)
    pushed(store, 1, size=3000)
    assert steps(store) == [2, 2, 1, 1, 2, 2, 1, 1]


def test_between_two_steps_others_write_and_the_rest_may_be_left(
    states: States, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "PURGE_CHUNK", 40)
    store, receiver = states.open(), states.open()
    pushed(store, 100)
    assert steps(store, stop_after=1) == [40]
    receiver.inbox.append([Push("receiveVoice", b"{}", YOUNG)])
    assert sum(steps(store)) == 160
    assert left(store) == (1, 0)


def test_what_nobody_has_looked_at_yet_stays_however_old(store: Store) -> None:
    pushed(store, 3, looked_at=False)
    assert store.inbox.purge(YOUNG) == 3
    assert left(store) == (3, 0)


def test_pushes_of_one_time_stand_together_and_few_places_of_the_file_change_when_they_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "PURGE_CHUNK", 200)
    with States("yeta.db", tmp_path) as states:
        store = states.open()
        store.inbox.append([Push("receiveVoice", b"{}", OLD) for _ in range(4000)])
        with store.database.write() as transaction:
            transaction.many(
                "UPDATE inbox SET standing = 1, call_uuid = ?, digest = ? WHERE serial = ?",
                [(call_uuid(at), blake2b(b"%d" % at, digest_size=16).digest(), at + 1) for at in range(4000)],
            )
        store.database.compact()
        log = tmp_path / "yeta.db-wal"
        assert not log.stat().st_size
        assert store.inbox.purge(YOUNG, lambda: True) == 200
        assert log.stat().st_size // 4096 < 20


def test_a_state_that_is_compacted_holds_the_same_and_goes_on(states: States) -> None:
    store, receiver = states.open(), states.open()
    sealed(store, range(300))
    pushed(store, 300, size=20_000)
    receiver.inbox.counts()
    store.inbox.purge(YOUNG)
    before = store.database.room()

    store.database.compact()

    assert store.database.room() < before
    assert findings(store) == []
    receiver.inbox.append([Push("receiveVoice", b"{}", YOUNG)])
    assert left(store) == (1, 0)
    assert store.waves.wave(1).rows == 300


def test_a_file_that_somebody_writes_to_all_the_time_is_not_compacted(
    states: States, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "://" in states.location:
        # Its server does it beside those who write.
        with states.open().database.write():
            states.open().database.compact()
        return
    store, writer = states.open(), states.open()
    monkeypatch.setattr(store.database, "_busy_seconds", 0.05)
    with writer.database.write(), pytest.raises(StateError, match="busy with another writer"):
        store.database.compact()
