"""The journal on disk: what an intent and its outcome change, they change together."""

from __future__ import annotations

import pytest

from tests.store.states import NOW, States, begun, counts, holding, key, row_states, sealed
from yeta_reconcile.errors import StateLocked
from yeta_reconcile.store import Store
from yeta_reconcile.waves.record import Outcome, Phase, RowState


def test_an_intent_is_open_from_before_the_call_until_its_outcome(states: States) -> None:
    store = states.open()
    wave_id, holder = sealed(store), holding(store)
    intent = begun(store, holder, wave_id, call="create", phase=Phase.CREATING, created_at=NOW + 5)

    seen = states.open()
    (found,) = seen.intents.open(wave_id)
    assert (found.intent_id, found.call, found.outcome, found.deadline) == (
        intent, "create", None, NOW + 1 + 30_000
    )  # fmt: skip
    assert seen.waves.wave(wave_id).phase is Phase.CREATING
    assert seen.waves.wave(wave_id).created_at == NOW + 5

    store.intents.end(
        intent, Outcome.DONE, NOW + 9, wave_id=wave_id, task_id="504138886481984", phase=Phase.FILLING
    )
    assert seen.intents.open() == []
    assert seen.waves.wave(wave_id).task_id == "504138886481984"


def test_an_unknown_outcome_stays_open_until_it_is_settled(store: Store) -> None:
    wave_id, holder = sealed(store), holding(store)
    intent = begun(store, holder, wave_id)
    store.intents.end(intent, Outcome.UNKNOWN, NOW + 9, wave_id=wave_id, code=None, why="timeout")
    (found,) = store.intents.open(wave_id)
    assert (found.outcome, found.ended) == (Outcome.UNKNOWN, NOW + 9)

    store.intents.settle([found], Outcome.DONE, wave_id=wave_id, doubted=True)
    assert store.intents.open() == []
    assert store.intents.done_batches(wave_id) == {0}
    assert store.waves.wave(wave_id).doubted


def test_an_orphans_deletion_is_an_intent_of_no_wave(store: Store) -> None:
    holder = holding(store)
    intent = begun(store, holder, None, call="delete", batch=None, rows=0)
    assert [found.wave_id for found in store.intents.open()] == [None]
    store.intents.end(intent, Outcome.REFUSED, NOW + 2, wave_id=None, code=3010102)
    assert store.intents.open() == []


def test_rows_of_a_call_out_are_unknown_from_before_the_call(store: Store) -> None:
    wave_id, holder = sealed(store, range(4)), holding(store)
    keys = [key(0), key(1)]
    intent = begun(store, holder, wave_id, call="callout", unknown=keys)
    assert row_states(store, wave_id)[key(0)] is RowState.UNKNOWN
    assert store.waves.wave(wave_id).unknown == 2

    store.intents.end(intent, Outcome.DONE, NOW + 2, wave_id=wave_id, states=(keys, RowState.HELD))
    assert store.waves.wave(wave_id).held == 2
    kept, found = counts(store, wave_id)
    assert kept == found


def test_what_a_record_proved_before_the_answer_came_stays(store: Store) -> None:
    wave_id, holder = sealed(store), holding(store)
    intent = begun(store, holder, wave_id, call="callout", unknown=[key(0)])
    store.waves.set_state(wave_id, [key(0)], RowState.DIALLED)
    store.intents.end(intent, Outcome.DONE, NOW + 2, wave_id=wave_id, states=([key(0)], RowState.HELD))
    assert row_states(store, wave_id)[key(0)] is RowState.DIALLED


def test_only_inserts_and_call_outs_that_were_done_count_as_in(store: Store) -> None:
    wave_id, holder = sealed(store), holding(store)
    for batch, (call, outcome) in enumerate(
        [
            ("insert", Outcome.DONE),
            ("insert", Outcome.REFUSED),
            ("callout", Outcome.DONE),
            ("start", Outcome.DONE),
        ]
    ):
        intent = begun(store, holder, wave_id, call=call, batch=batch)
        store.intents.end(intent, outcome, NOW + 2, wave_id=wave_id)
    begun(store, holder, wave_id, batch=9)
    assert store.intents.done_batches(wave_id) == {0, 2}


def test_a_data_id_that_the_platform_gives_twice_costs_no_outcome(store: Store) -> None:
    wave_id, holder = sealed(store), holding(store)
    for batch in range(2):
        intent = begun(store, holder, wave_id, batch=batch)
        store.intents.end(
            intent, Outcome.DONE, NOW + 2, wave_id=wave_id, data_ids=[("d1", key(batch)), ("d2", key(2))]
        )
    assert store.intents.done_batches(wave_id) == {0, 1}
    found = store.database.read("SELECT data_id, row_key FROM data_ids ORDER BY data_id")
    assert [(name, bytes(of)) for name, of in found] == [("d1", key(0)), ("d2", key(2))]


def test_intent_and_wave_change_together_or_not_at_all(states: States) -> None:
    store = states.open()
    wave_id, holder = sealed(store), holding(store)
    with pytest.raises(AssertionError, match="no fields"):
        begun(store, holder, wave_id, unknown=[key(0)], phase=Phase.CREATING, colour="red")
    seen = states.open()
    assert seen.intents.open() == []
    assert seen.waves.wave(wave_id).phase is Phase.PLANNED
    assert row_states(seen, wave_id)[key(0)] is RowState.PENDING


@pytest.mark.parametrize(("after", "in_time"), [(0, True), (3_000, True), (3_001, False), (60_000, False)])
def test_a_call_may_be_sent_as_long_as_it_is_over_by_its_intents_deadline(
    store: Store, after: int, in_time: bool
) -> None:
    holder = holding(store)
    intent = begun(store, holder, None, timeout=33_000)
    begun(store, holder, None, timeout=999_000)
    store.lock.renew(holder, NOW + 1 + after)
    assert store.intents.in_time(intent, holder, 30_000, NOW + 1 + after) is in_time


def test_no_call_may_be_sent_under_a_lock_that_is_lost(store: Store) -> None:
    holder = holding(store)
    intent = begun(store, holder, None, timeout=99_000)
    assert store.intents.in_time(intent, holder, 30_000, NOW + 1)
    assert not store.intents.in_time(intent, holder, 30_000, NOW + 31_000)
    store.lock.take_away()
    assert not store.intents.in_time(intent, holder, 30_000, NOW + 1)


def test_an_intent_that_is_postponed_is_the_same_with_another_deadline(store: Store) -> None:
    holder = holding(store)
    other, intent = begun(store, holder, None), begun(store, holder, None)
    store.intents.postpone(intent, holder, 20_000, NOW + 70)
    first, found = store.intents.open()
    assert (first.intent_id, first.begun, first.deadline) == (other, NOW + 1, NOW + 1 + 30_000)
    assert (found.begun, found.deadline) == (NOW + 1, NOW + 70 + 20_000)


@pytest.mark.parametrize("why", ["taken away", "expired", "settled"])
def test_no_intent_is_postponed_that_is_not_ours_to_send(store: Store, why: str) -> None:
    holder = holding(store)
    intent = begun(store, holder, None)
    at = NOW + 31_000 if why == "expired" else NOW + 2
    if why == "taken away":
        store.lock.take_away()
    elif why == "settled":
        store.intents.settle(store.intents.open(), Outcome.REFUSED, wave_id=None)
    with pytest.raises(StateLocked):
        store.intents.postpone(intent, holder, 20_000, at)
