"""The lock: one holder, known by name, gone by itself when it is dead."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.store.states import NOW, States, begun, holding, sealed
from yeta_reconcile.apply.holding import holding as held_by
from yeta_reconcile.apply.run import Pauses, Run
from yeta_reconcile.clock import SystemClock
from yeta_reconcile.errors import StateLocked
from yeta_reconcile.store import Store
from yeta_reconcile.store.lock import LIFETIME_MS, Holder

OTHER = Holder("other", "elsewhere", 8, "import")


def test_a_free_lock_is_taken_and_names_its_holder(store: Store) -> None:
    assert store.lock.acquire(OTHER, NOW) is False
    current = store.lock.current(NOW)
    assert current == Holder("other", "elsewhere", 8, "import", NOW, NOW + LIFETIME_MS)


def test_whoever_comes_second_is_told_who_holds_it_and_for_how_long(states: States) -> None:
    holding(states.open())
    second = states.open()
    with pytest.raises(StateLocked, match="locked by `yeta apply`, process 7 on host, since") as refused:
        second.lock.acquire(OTHER, NOW + 1000)
    assert "30 s" in refused.value.hint
    assert refused.value.exit_code == 6


def test_a_dead_holders_lock_is_taken_over_and_that_is_told(store: Store) -> None:
    holding(store)
    assert store.lock.current(NOW + LIFETIME_MS) is None
    assert store.lock.acquire(OTHER, NOW + LIFETIME_MS) is True
    assert [found.holder for found in [store.lock.current(NOW + LIFETIME_MS + 1)] if found] == ["other"]


def test_a_heartbeat_keeps_it(states: States) -> None:
    store = states.open()
    holder = holding(store)
    assert store.lock.renew(holder, NOW + LIFETIME_MS - 1)
    with pytest.raises(StateLocked):
        states.open().lock.acquire(OTHER, NOW + LIFETIME_MS + 1)


def test_an_expired_lock_is_not_renewed_even_if_nobody_took_it(store: Store) -> None:
    holder = holding(store)
    assert not store.lock.renew(holder, NOW + LIFETIME_MS)


def test_no_intent_is_begun_without_the_lock(store: Store) -> None:
    wave_id = sealed(store)
    holder = holding(store)
    store.lock.take_away()
    with pytest.raises(StateLocked, match="was lost"):
        begun(store, holder, wave_id, phase="creating")
    assert store.intents.open() == []
    assert store.waves.wave(wave_id).phase == "planned"


def test_no_intent_is_begun_once_the_lock_expired(store: Store) -> None:
    holder = holding(store, now=NOW - LIFETIME_MS)
    with pytest.raises(StateLocked):
        begun(store, holder, sealed(store))
    assert store.intents.open() == []


def test_what_is_released_is_only_our_own(store: Store) -> None:
    holder = holding(store)
    store.lock.release(OTHER)
    assert store.lock.current(NOW)
    store.lock.release(holder)
    assert store.lock.current(NOW) is None


class WrongClock(SystemClock):
    """The clock of a machine that nobody sets."""

    def __init__(self, seconds: float) -> None:
        self.off = timedelta(seconds=seconds)

    def now(self) -> datetime:
        return super().now() + self.off


def on_a_machine(store: Store, *, off: float, holder: Holder = OTHER) -> Run:
    """A run whose machine's clock is `off` by so many seconds."""
    nobody: Any = None
    return Run(store, nobody, WrongClock(off), holder, Pauses(settle=0.1, timeout=0.2))


@pytest.mark.parametrize("off", [60.0, -60.0])
def test_a_machine_whose_clock_is_wrong_takes_no_lock_that_lives(states: States, off: float) -> None:
    first = states.open()
    us = Holder("us", "host", 7, "apply")
    with held_by(on_a_machine(first, off=-off, holder=us)):
        with (
            pytest.raises(StateLocked, match="locked by `yeta apply`"),
            held_by(on_a_machine(states.open(), off=off)),
        ):
            pass
        assert first.lock.renew(us)
        on_a_machine(first, off=off, holder=us).still_holds()
        assert first.intents.begin(us, wave_id=None, call="discard", timeout=1)


@pytest.mark.parametrize("off", [60.0, -60.0])
def test_what_a_dead_holder_sent_is_waited_for_by_the_clock_of_the_state(states: States, off: float) -> None:
    dead, heir = states.open(), states.open()
    with held_by(on_a_machine(dead, off=off)):
        dead.intents.begin(OTHER, wave_id=None, call="discard", timeout=300)
    (intent,) = dead.intents.open()
    assert 300 <= intent.deadline - intent.begun < 10_000
    with held_by(on_a_machine(heir, off=-off)):
        assert 100 <= heir.now() - intent.deadline < 10_000
