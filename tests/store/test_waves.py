"""Campaigns, waves and rows: what is recorded, what moves, and what never happens by halves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.store.states import (
    NOW,
    States,
    begun,
    counts,
    declared,
    holding,
    key,
    row,
    row_states,
    sealed,
    unsent,
    wave,
)
from tests.support.forgetting import forget
from yeta_reconcile.errors import Incomplete, StateError
from yeta_reconcile.platform.resources import Left
from yeta_reconcile.store import Store
from yeta_reconcile.store import waves as waves_module
from yeta_reconcile.store.schema import MIGRATIONS
from yeta_reconcile.waves.record import Outcome, Phase, RowState


def test_a_campaign_is_declared_gone_and_declared_again(store: Store) -> None:
    declared(store)
    store.campaigns.set_gone("renewal", NOW)
    store.campaigns.set_gone("renewal", NOW + 5)
    assert store.waves.recorded().campaigns["renewal"].gone_at == NOW
    store.campaigns.declare("renewal", "DirectCall", ("id", "phone"), protect=True)
    record = store.waves.recorded().campaigns["renewal"]
    assert (record.kind, record.key, record.protect, record.gone_at) == (
        "DirectCall", ("id", "phone"), True, None
    )  # fmt: skip


def test_a_renamed_campaign_keeps_its_waves_and_remembers_its_names(store: Store) -> None:
    wave_id = sealed(store)
    store.campaigns.rename("renewal", "spring")
    store.campaigns.rename("spring", "summer")
    record = store.waves.recorded().campaigns
    assert list(record) == ["summer"]
    assert record["summer"].former == ("renewal", "spring")
    assert [held.wave_id for held in record["summer"].waves] == [wave_id]


def test_a_wave_counts_only_once_it_is_sealed(states: States) -> None:
    store, seen = states.open(), states.open()
    declared(store)
    wave_id = store.waves.plan_wave(wave())
    store.waves.add_rows(wave_id, map(row, range(120)))
    assert seen.waves.recorded().campaigns["renewal"].waves == ()
    assert list(seen.waves.ledger("renewal")) == []

    store.waves.seal_wave(wave_id)
    record = seen.waves.recorded().campaigns["renewal"]
    assert (record.next_wave, record.waves[0].rows, record.waves[0].pending) == (2, 120, 120)
    assert [held.key for held in seen.waves.ledger("renewal")] == [key(index) for index in range(120)]


def test_what_was_cut_off_while_it_was_recorded_is_discarded(store: Store) -> None:
    kept = sealed(store, range(5))
    torn = store.waves.plan_wave(wave(number=2))
    store.waves.add_rows(torn, map(row, range(10, 20)))
    store.waves.drop_unsealed()
    assert store.database.read("SELECT wave_id FROM waves") == [(kept,)]
    assert store.database.read("SELECT COUNT(*) FROM wave_rows") == [(5,)]


def test_a_wave_reads_back_as_it_was_recorded(store: Store) -> None:
    wave_id = sealed(store, task_id="7", set_digest="ab", promised="cd", imported=True, tel_count=3,
                     started_at=NOW + 1, outside_yeta=True, phase=Phase.PAUSED)  # fmt: skip
    found = store.waves.wave(wave_id)
    assert found == wave(
        wave_id=wave_id, attempt=1, task_id="7", set_digest="ab", promised="cd", imported=True,
        tel_count=3, started_at=NOW + 1, outside_yeta=True, phase=Phase.PAUSED, pending=3,
    )  # fmt: skip
    assert store.waves.by_task("7") == found
    assert store.waves.by_task("8") is None


def test_a_discarded_attempt_is_left_out_but_its_task_stays_known(store: Store) -> None:
    first = sealed(store, task_id="7")
    assert store.waves.discard(unsent(first))
    second = sealed(store)
    recorded = store.waves.recorded()
    assert [held.wave_id for held in recorded.campaigns["renewal"].waves] == [second]
    assert store.waves.wave(second).attempt == 2
    assert recorded.task_ids == {"7"}
    assert {held.wave_id for held in store.waves.ledger("renewal")} == {second}


def test_whom_a_discarded_attempt_called_is_in_the_ledger_also_of_the_name_it_goes_on_under(
    store: Store,
) -> None:
    tried = sealed(store, [1, 2], campaign="spring", task_id="8")
    assert store.waves.discard(unsent(tried))
    sealed(store, [3])
    store.campaigns.rename("renewal", "spring")
    assert {held.key for held in store.waves.ledger("spring")} == {key(3)}

    store.waves.settle_rows(tried, [RowState.PENDING], RowState.DIALLED, keys=[key(2)])

    assert {held.key: held.state for held in store.waves.ledger("spring")} == {
        key(2): RowState.DIALLED, key(3): RowState.PENDING,
    }  # fmt: skip
    assert store.waves.knows_task("8")


def test_a_wave_that_was_called_after_all_is_not_discarded(store: Store) -> None:
    wave_id = sealed(store)
    store.waves.settle_rows(wave_id, [RowState.PENDING], RowState.DIALLED, keys=[key(0)])
    assert not store.waves.discard(unsent(wave_id))
    assert store.waves.wave(wave_id).phase is Phase.PLANNED


def test_no_row_is_free_and_no_wave_discarded_without_a_proof(store: Store) -> None:
    wave_id = sealed(store)
    with pytest.raises(AssertionError):
        store.waves.set_state(wave_id, [key(0)], RowState.RELEASED)
    with pytest.raises(AssertionError):
        store.waves.change_wave(wave_id, phase=Phase.DISCARDED)
    assert store.waves.wave(wave_id).pending == 3


def test_two_waves_never_hold_one_task(store: Store) -> None:
    first, second = sealed(store, task_id="7"), sealed(store, number=2)
    with pytest.raises(StateError):
        store.waves.change_wave(second, task_id="7")
    assert store.waves.wave(first).task_id == "7"
    assert store.waves.wave(second).task_id is None


def test_a_following_wave_takes_what_was_proven_undialled_and_nothing_else(store: Store) -> None:
    former = sealed(store, range(6))
    store.waves.set_state(former, [key(0), key(1)], RowState.DIALLED)
    store.waves.set_state(former, [key(2)], RowState.HELD)
    sealed(store, [1, 2, 3, 4], number=2, take_from=(former,))
    assert row_states(store, former) == {
        key(0): RowState.DIALLED, key(1): RowState.DIALLED, key(2): RowState.HELD,
        key(3): RowState.RELEASED, key(4): RowState.RELEASED, key(5): RowState.PENDING,
    }  # fmt: skip
    kept, found = counts(store, former)
    assert kept == found


def test_rows_in_bulk_are_the_same_however_they_are_cut_up(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store.database, "chunk", 7)
    monkeypatch.setattr(waves_module, "CHUNK", 5)
    former = sealed(store, range(50))
    later = sealed(store, range(10, 50), number=2, take_from=(former,))
    assert store.waves.wave(former).pending == 10
    assert [held.key for held in store.waves.rows(later)] == [key(index) for index in range(10, 50)]
    assert store.waves.settle_rows(later, [RowState.PENDING], RowState.HELD, tel_count=40) == 40
    assert store.waves.wave(later).held == 40
    for held in (former, later):
        kept, found = counts(store, held)
        assert kept == found
    forget(store, "renewal", NOW)
    assert store.database.read("SELECT COUNT(*) FROM wave_rows") == [(0,)]


def test_a_campaign_that_is_forgotten_leaves_its_tasks_and_its_wave_numbers(store: Store) -> None:
    sealed(store, task_id="7")
    wave_id = sealed(store, number=2, task_id="8")
    intent = begun(store, holding(store), wave_id)
    store.intents.end(intent, Outcome.DONE, NOW, wave_id=wave_id, data_ids=[("d", key(0))])
    store.waves.put_aside(wave_id, row(1), "a.csv", 200203)
    store.campaigns.rename("renewal", "spring")
    forget(store, "spring", NOW)

    recorded = store.waves.recorded()
    assert not recorded.campaigns
    assert not recorded.task_ids
    assert recorded.forgotten == {"7", "8"}
    assert store.waves.knows_task("7")
    for table in ("waves", "wave_rows", "data_ids", "intents", "set_aside"):
        assert store.database.read(f"SELECT COUNT(*) FROM {table}") == [(0,)], table
    for name in ("spring", "renewal"):
        declared(store, name)
        assert store.waves.recorded().campaigns[name].next_wave == 3


def test_an_orphan_that_is_forgotten_moves_the_wave_numbers_of_its_campaign_on(store: Store) -> None:
    declared(store)
    store.campaigns.forget_task("9", "renewal", 5, NOW)
    store.campaigns.forget_task("9", "renewal", 3, NOW)
    store.campaigns.forget_task("10", "unheard-of", 4, NOW)
    declared(store, "unheard-of")
    campaigns = store.waves.recorded().campaigns
    assert {name: record.next_wave for name, record in campaigns.items()} == {"renewal": 5, "unheard-of": 4}
    assert store.waves.recorded().forgotten == {"9", "10"}


def test_a_refused_batch_is_parted_under_numbers_of_its_own(store: Store) -> None:
    wave_id = sealed(store, range(100))
    numbers = store.waves.split_batch(wave_id, [[key(0), key(1)], [key(2)]])
    assert numbers == [2, 3]
    batches = {held.key: held.batch for held in store.waves.rows(wave_id)}
    assert (batches[key(0)], batches[key(2)], batches[key(3)], batches[key(60)]) == (2, 3, 0, 1)


def test_a_row_that_the_platform_refused_is_out_of_the_wave_and_named(store: Store) -> None:
    wave_id = sealed(store, range(3))
    store.waves.put_aside(wave_id, row(1), "a.csv", 200203)
    store.waves.put_aside(wave_id, row(1, content=b"d" * 16, line=9), "b.csv", 200203)
    assert store.waves.set_aside("renewal") == {key(1): (b"d" * 16, "b.csv", 9, 200203)}
    assert store.waves.wave(wave_id).rows == 2
    kept, found = counts(store, wave_id)
    assert kept == found


def test_the_same_row_named_twice_is_counted_once(store: Store) -> None:
    wave_id = sealed(store, range(3))
    store.waves.set_state(wave_id, [key(1), key(1), key(77)], RowState.DIALLED)
    kept, found = counts(store, wave_id)
    assert kept == found
    assert kept[RowState.DIALLED] == 1


def test_a_list_that_asks_for_nothing_is_remembered(store: Store) -> None:
    declared(store)
    store.campaigns.settle_list("renewal", "print", 7, ["一行", "b"])
    record = store.waves.recorded().campaigns["renewal"]
    assert (record.settled_list, record.settled_rows, record.settled_notes) == ("print", 7, ("一行", "b"))
    assert store.waves.campaign("renewal") == record


@pytest.mark.sweep
@pytest.mark.parametrize("change", ["phase", "seal", "aside", "rename", "settle"])
def test_whatever_changes_a_ledger_makes_comparisons_with_it_old(store: Store, change: str) -> None:
    wave_id = sealed(store)
    before = store.waves.recorded().campaigns["renewal"].generation
    changes: dict[str, Callable[[], object]] = {
        "phase": lambda: store.waves.change_wave(wave_id, phase=Phase.CREATING),
        "seal": lambda: sealed(store, number=2),
        "aside": lambda: store.waves.put_aside(wave_id, row(1), "a.csv", 1),
        "rename": lambda: store.campaigns.rename("renewal", "renewal"),
        "settle": lambda: store.waves.settle_rows(wave_id, [RowState.PENDING], RowState.RELEASED),
    }
    changes[change]()
    assert store.waves.recorded().campaigns["renewal"].generation > before


def test_a_number_is_found_in_every_wave_whatever_identifies_its_row(store: Store) -> None:
    by_number = sealed(store, [5])
    declared(store, "by-id")
    other = store.waves.plan_wave(wave("by-id"))
    store.waves.add_rows(other, [row(1, number=key(5)), row(5, number=key(6))])
    store.waves.seal_wave(other)
    assert store.waves.discard(unsent(by_number))
    found = [(held.wave_id, held.key) for held in store.waves.rows_of_number(key(5))]
    assert found == [(by_number, key(5)), (other, key(1))]


@pytest.mark.parametrize("asked", [1, 5, 40])
def test_numbers_are_found_in_waves_by_the_key_or_by_going_through_them(store: Store, asked: int) -> None:
    by_number = sealed(store, range(20))
    declared(store, "by-id")
    other = store.waves.plan_wave(wave("by-id"))
    store.waves.add_rows(other, [row(50 + at, number=key(at), state=RowState(at % 5)) for at in range(20)])
    store.waves.seal_wave(other)
    numbers = {key(at) for at in range(4, 4 + asked)}

    found = sorted(store.waves.rows_of_numbers(numbers, {by_number: 20, other: 20}))

    # Those of the states 2 and 3 are free for others.
    assert found == [
        *((by_number, key(at), key(at), RowState.PENDING) for at in range(4, 20) if key(at) in numbers),
        *(
            (other, key(50 + at), key(at), RowState(at % 5))
            for at in range(4, 20)
            if key(at) in numbers and at % 5 not in {2, 3}
        ),
    ]
    assert not list(store.waves.rows_of_numbers(numbers, {}))

    doubted = store.waves.rows_of_numbers(numbers, {by_number: 20, other: 20}, {other})
    let_go = [held for held in doubted if held not in found]
    assert let_go == [
        (other, key(50 + at), key(at), RowState.RELEASED)
        for at in range(4, 20)
        if key(at) in numbers and at % 5 == 3
    ]


def test_names_are_in_the_order_of_their_bytes(store: Store) -> None:
    for name in ("b", "a-z", "a", "ab", "a0"):
        declared(store, name)
    assert list(store.waves.recorded().campaigns) == ["a", "a-z", "a0", "ab", "b"]


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("kept", "special"),
    [
        ("discard", {"to_discard": True}),
        ("risen", {"reactivated": True}),
        ("halt", {"halted": Left()}),
        ("halt 3 2 -", {"halted": Left(3, 2, None)}),
        ("halting", {"detail": "halting"}),
    ],
)
def test_what_earlier_versions_kept_in_words_goes_on_being_read(
    store: Store, kept: str, special: dict[str, Any]
) -> None:
    wave_id = sealed(store)
    before = store.waves.wave(wave_id)
    store.waves.change_wave(wave_id, detail=kept)
    statements = dict(MIGRATIONS)["what is special about a wave has names"]

    with store.database.write() as transaction:
        for statement in statements:
            if statement.startswith("UPDATE"):
                transaction.execute(statement)

    assert store.waves.wave(wave_id) == replace(before, **special)


@pytest.mark.parametrize(
    ("stands", "counts"),
    [
        ({"state": RowState.DIALLED}, True),
        ({"state": RowState.RELEASED, "round": 2}, True),
        ({"state": RowState.PENDING}, False),
        ({"state": RowState.HELD}, False),
        ({"state": RowState.UNKNOWN}, False),
        ({"state": RowState.DIALLED, "round": 2}, False),
        ({"state": RowState.DIALLED, "round": 3}, False),
        ({"state": RowState.DIALLED, "round": 2, "number": b"another"}, True),
    ],
)
def test_no_wave_counts_that_would_have_a_row_twice_in_a_round_or_in_two_at_once(
    store: Store, stands: dict[str, Any], counts: bool
) -> None:
    declared(store)
    former = store.waves.plan_wave(wave())
    store.waves.add_rows(former, [row(0, **stands), row(1)])
    store.waves.seal_wave(former)
    further = store.waves.plan_wave(wave(number=2, round=2, called_again=1))
    store.waves.add_rows(further, [row(0, round=2), row(2)])

    if counts:
        store.waves.seal_wave(further)
    else:
        with pytest.raises(Incomplete, match="to be called again; nothing is staged"):
            store.waves.seal_wave(further)
    assert len(store.waves.recorded().campaigns["renewal"].waves) == 1 + counts
    assert [held.round for held in store.waves.rows(further)] == [2, 1]


def test_what_a_wave_before_it_came_to_is_no_matter_for_rows_that_are_called_first(store: Store) -> None:
    sealed(store, [0])
    sealed(store, [0], number=2)
    assert len(store.waves.recorded().campaigns["renewal"].waves) == 2
