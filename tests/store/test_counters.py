"""Counts by row state are kept beside the rows; whatever happens in whatever order, they agree with them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.states import NOW, accounted, begun, counts, holding, key, row, sealed
from tests.support.forgetting import forget
from yeta_reconcile.store import Store
from yeta_reconcile.waves.record import Outcome, RowState

pytestmark = pytest.mark.sweep

ROWS = 12
some_keys = st.lists(st.integers(0, ROWS + 2).map(key), max_size=6)
state = st.sampled_from(RowState)
unproven = st.sampled_from([one for one in RowState if one is not RowState.RELEASED])
step = st.one_of(
    st.tuples(st.just("set-state"), some_keys, unproven),
    st.tuples(st.just("release"), some_keys),
    st.tuples(st.just("settle"), st.lists(state, max_size=3, unique=True), state),
    st.tuples(st.just("settle-keys"), st.lists(state, max_size=3, unique=True), state, some_keys),
    st.tuples(st.just("aside"), st.integers(0, ROWS - 1)),
    st.tuples(st.just("call"), some_keys, unproven, st.sampled_from(Outcome)),
    st.tuples(st.just("follow"), some_keys),
)


def carry_out(store: Store, holder: Any, wave_id: int, number: int, step: tuple[Any, ...]) -> None:
    what, *given = step
    if what == "set-state":
        store.waves.set_state(wave_id, *given)
    elif what == "release":
        store.waves.release(accounted(wave_id), *given)
    elif what == "settle":
        store.waves.settle_rows(wave_id, given[0], given[1])
    elif what == "settle-keys":
        store.waves.settle_rows(wave_id, given[0], given[1], keys=given[2])
    elif what == "aside":
        store.waves.put_aside(wave_id, row(given[0]), "a.csv", 200203)
    elif what == "call":
        intent = begun(store, holder, wave_id, call="callout", unknown=given[0])
        store.intents.end(intent, given[2], NOW, wave_id=wave_id, states=(given[0], given[1]))
    else:
        rows = sorted({int.from_bytes(one) for one in given[0]})
        sealed(store, rows, number=number, take_from=(wave_id,))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(step, min_size=1, max_size=8))
def test_a_waves_counts_are_those_of_its_rows(store: Store, steps: list[tuple[Any, ...]]) -> None:
    store.lock.take_away()
    holder = holding(store)
    if "renewal" in store.waves.recorded().campaigns:
        forget(store, "renewal", NOW)
    wave_id = sealed(store, range(ROWS))
    for at, one in enumerate(steps):
        carry_out(store, holder, wave_id, at + 2, one)
    for (found,) in store.database.read("SELECT wave_id FROM waves"):
        kept, counted = counts(store, found)
        assert kept == counted
