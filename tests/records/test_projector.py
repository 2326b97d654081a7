"""Pushes folded into calls and rows: any order, any number of times, none in the way of another."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.receiver import pushes
from tests.receiver.states import KEY, State, state_in, state_in_memory
from tests.support.postgres import PostgresServer
from yeta_reconcile.platform import pushes as platform_pushes
from yeta_reconcile.records import projector
from yeta_reconcile.store.calls import fold
from yeta_reconcile.store.database import Transaction
from yeta_reconcile.store.inbox import InboxCounts, Push, PushStanding
from yeta_reconcile.store.postgres import PostgresDatabase
from yeta_reconcile.store.sqlite import SqliteDatabase
from yeta_reconcile.waves.record import RowState


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.sweep)])
def state(request: pytest.FixtureRequest) -> Iterator[State]:
    if request.param == "sqlite":
        with state_in(SqliteDatabase(None)) as state:
            yield state
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.state() as location, state_in(PostgresDatabase(location)) as state:
        yield state


def facts(state: State) -> list[Any]:
    return [(one.call, one.wave_id, one.row_key) for one in state.store.calls.every()]


def test_a_record_makes_its_row_dialled(state: State) -> None:
    wave = state.wave("129", range(3), data_ids={"87": 0})

    state.receive(*pushes.four())

    assert state.states(wave) == {0: RowState.DIALLED, 1: RowState.PENDING, 2: RowState.PENDING}
    record = state.store.waves.wave(wave)
    assert (record.dialled, record.pending, record.rows) == (1, 2, 3)
    (call,) = state.store.calls.of_row(wave, state.key_of(0))
    assert call.call.connected
    assert call.call.recording == "ant/4/ivr/call-1.wav"
    assert call.call.tag_max == "A"
    assert call.call.result == "0"


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_every_order_of_the_four_pushes_gives_the_same_facts(order: tuple[int, ...]) -> None:
    with state_in_memory() as straight, state_in_memory() as mixed:
        for state in (straight, mixed):
            state.wave("129", range(3), data_ids={"87": 0})
        straight.receive(*pushes.four())
        for at in order:
            mixed.receive(pushes.four()[at])
        assert facts(mixed) == facts(straight)


@pytest.mark.sweep
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.integers(0, 11), max_size=40), st.randoms(use_true_random=False))
def test_duplicates_and_any_order_of_several_calls_change_nothing(extra: list[int], chance: Any) -> None:
    numbers = [f"1990000000{at}" for at in range(3)]
    everything: list[Push] = [
        push
        for at, number in enumerate(numbers)
        for push in pushes.four(f"call-{at}", number, name=f"客户{at}", task_data_id=str(87 + at))
    ]
    mixed_up = [*everything, *(everything[at] for at in extra)]
    chance.shuffle(mixed_up)
    with state_in_memory() as straight, state_in_memory() as mixed:
        for state, given_pushes in ((straight, everything), (mixed, mixed_up)):
            wave = state.wave("129", range(3), data_ids={"87": 0})
            state.receive(*given_pushes)
            assert state.store.waves.wave(wave).dialled == 3
            assert state.store.inbox.counts() == InboxCounts(0, 0, 0)
        assert facts(mixed) == facts(straight)


def partial(**override: Any) -> list[Push]:
    """What one call's pushes may be where the platform says less in each than it could."""
    nameless = pushes.outbound() | {"task_id": "0", "task_row_index": None}
    return [
        pushes.push(pushes.basic()),
        pushes.push(pushes.basic(callee=None)),
        pushes.push(nameless | {"task_row_head": None, "task_row_value": None}),
        pushes.push(nameless | {"task_data_id": None}),
        pushes.push(pushes.outbound(**override)),
        pushes.push(pushes.voice(task_data_id="87"), "receiveVoice"),
        pushes.push(pushes.dialog(task_data_id=87), "receiveDialog"),
    ]


@pytest.mark.sweep
@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.sampled_from(["Campaign", "DirectCall"]),
    st.sets(st.integers(0, 6), min_size=1),
    st.lists(st.integers(0, 6), max_size=10),
    st.randoms(use_true_random=False),
)
def test_partial_pushes_say_the_same_in_any_order_and_any_number_of_times(
    kind: str, chosen: set[int], extra: list[int], chance: Any
) -> None:
    task_id = "129" if kind == "Campaign" else None
    everything = partial(task_id=task_id or "long-running")
    mixed_up = [*chosen, *(at for at in extra if at in chosen)]
    chance.shuffle(mixed_up)
    with state_in_memory() as straight, state_in_memory() as mixed:
        found = []
        for state, order in ((straight, sorted(chosen)), (mixed, mixed_up)):
            wave = state.wave(task_id, range(3), data_ids={"87": 0}, kind=kind, states={0: RowState.HELD})
            # Another of our waves holds the same number, and another row the same data id.
            state.wave("130", range(3), name="other", data_ids={"87": 1, "88": 0})
            for at in order:
                state.receive(everything[at])
            found.append((facts(state), state.states(wave), state.store.inbox.counts().stuck > 0))
    assert found[0] == found[1]
    assert (found[0][1][0] is RowState.DIALLED) or found[0][0][0][1] is None


@pytest.mark.parametrize("kind", ["Campaign", "DirectCall"])
def test_a_data_id_counts_whichever_push_says_it(state: State, kind: str) -> None:
    task_id = "129" if kind == "Campaign" else None
    wave = state.wave(task_id, range(2), data_ids={"87": 0}, kind=kind, states={0: RowState.HELD})
    state.receive(pushes.push(pushes.basic()), pushes.push(pushes.voice(task_data_id="87"), "receiveVoice"))
    assert state.states(wave)[0] is RowState.DIALLED
    assert state.store.inbox.counts() == InboxCounts(0, 0, 0)


def test_a_record_without_a_task_is_found_by_its_data_id(state: State) -> None:
    wave = state.wave("129", range(2), data_ids={"87": 0})
    state.receive(pushes.push(pushes.outbound(task_id=None)))
    assert state.states(wave) == {0: RowState.DIALLED, 1: RowState.PENDING}


@pytest.mark.parametrize(
    ("number", "why"),
    [("19900000000", "more than one row"), ("19900000009", "no row"), ("", "more than one row")],
)
def test_a_record_without_a_task_that_may_be_of_several_rows_or_none_marks_none_and_says_why(
    state: State, number: str, why: str
) -> None:
    waves = [
        state.wave(task_id, range(2), name=name, data_ids={"87": 0})
        for task_id, name in (("129", "one"), ("130", "two"))
    ]
    nameless = pushes.basic(number=number)
    state.receive(pushes.push(nameless), pushes.push(pushes.voice(task_data_id="87"), "receiveVoice"))
    assert [state.states(wave)[0] for wave in waves] == [RowState.PENDING, RowState.PENDING]
    (stuck,) = state.store.inbox.stuck()
    assert why in stuck.problem
    assert stuck.call_uuid == "call-1"

    state.receive(pushes.push(pushes.outbound(callee=number, task_id="130")))
    assert [state.states(wave)[0] for wave in waves] == [RowState.PENDING, RowState.DIALLED]
    assert state.store.inbox.counts() == InboxCounts(0, 0, 0)


@pytest.mark.parametrize(
    "override", [{"task_data_id": "999"}, {"task_data_id": "87", "direction": 1}, {"task_id": "777"}]
)
def test_what_names_nothing_of_ours_is_somebody_elses_call(state: State, override: dict[str, Any]) -> None:
    wave = state.wave("129", range(2), data_ids={"87": 0})
    state.receive(pushes.push(pushes.outbound(task_id=None) | override))
    assert set(state.states(wave).values()) == {RowState.PENDING}
    assert state.store.inbox.counts() == InboxCounts(0, 0, 0)


def test_a_basic_record_alone_is_a_call_without_a_row(state: State) -> None:
    wave = state.wave("129", range(1), data_ids={"87": 0})
    state.receive(pushes.push(pushes.basic()))

    assert state.states(wave) == {0: RowState.PENDING}
    assert state.store.inbox.counts().stuck == 0
    assert [one.wave_id for one in state.store.calls.every()] == [None]


def test_a_row_is_found_by_its_number_where_the_data_id_is_not_known(state: State) -> None:
    wave = state.wave("129", range(3))
    state.receive(pushes.push(pushes.outbound(number="19900000002", callee="", name="客户2")))
    assert state.states(wave)[2] is RowState.DIALLED


def test_a_row_is_found_by_the_callee_where_the_record_repeats_no_row(state: State) -> None:
    wave = state.wave("129", range(3))
    data = pushes.outbound(number="19900000001", task_row_head=None, task_row_value=None)
    state.receive(pushes.push(data))
    assert state.states(wave)[1] is RowState.DIALLED


def test_the_number_that_was_dialled_outweighs_a_data_id(state: State) -> None:
    wave = state.wave("129", range(3), data_ids={"87": 0})
    state.receive(pushes.push(pushes.outbound(number="19900000002")))
    assert state.states(wave) == {0: RowState.PENDING, 1: RowState.PENDING, 2: RowState.DIALLED}


@pytest.mark.parametrize("turn", [1, -1])
def test_where_records_of_a_call_name_different_rows_each_is_dialled_in_any_order(
    state: State, turn: int
) -> None:
    wave_id = state.wave("129", range(3))
    # The call was forwarded: the first record knows the number it came to, the other whose row it was.
    forwarded = pushes.basic("call-1", "19900000002", task_id="129")
    whose = pushes.outbound("call-1", "19900000000", callee="19900000002", task_data_id="")

    state.receive(*[pushes.push(data) for data in (forwarded, whose)][::turn])

    assert state.states(wave_id) == {0: RowState.DIALLED, 1: RowState.PENDING, 2: RowState.DIALLED}
    (record,) = state.store.calls.every()
    assert record.row_key == state.keys[wave_id, 0]


def test_of_rows_with_one_number_the_one_that_says_the_same_was_dialled(state: State) -> None:
    wave = state.wave("129", [(0, "甲"), (0, "乙")], key_is_number=False)
    state.receive(pushes.push(pushes.outbound(name="乙")))
    assert sorted(state.states(wave).values()) == [RowState.PENDING, RowState.DIALLED]
    (call,) = state.store.calls.every()
    assert call.row_key == state.key_of(1, wave)


def test_rows_that_say_the_same_are_taken_by_one_data_id_each(state: State) -> None:
    wave = state.wave("129", [(0, "甲"), (0, "甲")], key_is_number=False)
    for uuid, data_id in (("call-1", "87"), ("call-2", "87"), ("call-3", "88"), ("call-1", "87")):
        state.receive(pushes.push(pushes.outbound(uuid, name="甲", task_data_id=data_id)))
    assert [*state.states(wave).values()] == [RowState.DIALLED, RowState.DIALLED]
    assert state.store.waves.wave(wave).dialled == 2


def test_a_record_whose_row_is_not_found_stays_and_blocks_nothing(state: State) -> None:
    wave = state.wave("129", range(1), data_ids={"87": 0})
    state.receive(
        pushes.push(pushes.outbound("stranger", "19900000009", task_data_id="999")),
        pushes.push({"no": "call"}),
        pushes.push(pushes.outbound()),
        pushes.push({"call_uuid": "x"}, "receiveSomethingNew"),
    )

    assert state.states(wave) == {0: RowState.DIALLED}
    problems = [push.problem for push in state.store.inbox.stuck()]
    assert len(problems) == 3
    assert "no row of its wave" in problems[0]
    assert "call_uuid" in problems[1]
    assert "receiveSomethingNew" in problems[2]
    assert not any("1990000" in problem for problem in problems)


def test_a_call_whose_row_is_not_there_makes_a_list_that_asked_for_nothing_be_looked_at_again(
    state: State,
) -> None:
    state.wave("129", range(3))
    before = state.store.waves.campaign("renewal")

    state.receive(pushes.push(pushes.outbound(number="19900000009", task_data_id="")))

    after = state.store.waves.campaign("renewal")
    assert before is not None
    assert after is not None
    assert after.generation > before.generation


def test_stuck_pushes_are_folded_when_they_are_replayed_after_a_fix(state: State) -> None:
    wave = state.wave("129", range(1))
    state.receive(pushes.push(pushes.outbound("late", "19900000009", task_data_id="999")))
    assert state.store.inbox.counts().stuck == 1
    state.add_row(wave, 9)

    assert state.store.inbox.retry() == 1
    state.projector.drain()

    assert state.store.inbox.counts() == InboxCounts(0, 0, 0)
    assert state.states(wave)[9] is RowState.DIALLED


def test_a_call_finds_its_row_when_its_task_becomes_known(state: State) -> None:
    state.receive(*pushes.four())
    assert [one.wave_id for one in state.store.calls.every()] == [None]
    wave = state.wave("129", range(1), data_ids={"87": 0})

    assert state.projector.relink() == 1
    assert state.projector.relink() == 0
    assert state.store.inbox.counts() == InboxCounts(0, 0, 0)

    assert state.states(wave) == {0: RowState.DIALLED}
    assert next(state.store.calls.every()).received == pushes.AT


def test_calls_that_stay_loose_are_tried_once_each_and_keep_no_other_from_its_row(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = [pushes.push(pushes.outbound(f"held-{at:03}", task_id="x", direction=1)) for at in range(120)]
    ours = pushes.push(pushes.outbound("ours", task_id="x"))
    state.receive(*held, ours)
    wave = state.wave(None, range(1), data_ids={"87": 0}, kind="DirectCall", states={0: RowState.HELD})
    assert state.states(wave) == {0: RowState.HELD}

    sizes: list[int] = []
    tried: list[str] = []

    def noted(transaction: Any, call: Any, received: int) -> str:
        tried.append(call.call_uuid)
        return fold(transaction, call, received)

    monkeypatch.setattr("yeta_reconcile.records.projector.fold", noted)

    def pause() -> bool:
        sizes.append(len(tried))
        return False

    assert state.projector.relink(pause) == len(tried) == len(set(tried)) == 121
    assert max(after - before for before, after in pairwise([0, *sizes])) <= 50
    assert state.states(wave) == {0: RowState.DIALLED}
    assert state.projector.relink(lambda: True) <= 50


def test_pushes_come_in_while_others_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "state.db"
    real = platform_pushes.read_push
    with state_in(SqliteDatabase(file)) as state, state_in(SqliteDatabase(file, busy_seconds=0.05)) as beside:

        def read(name: str, data: Any, *rest: Any) -> Any:
            if data["call_uuid"] == "first":
                beside.store.inbox.append([pushes.push(pushes.basic("meanwhile"))])
            return real(name, data, *rest)

        monkeypatch.setattr(platform_pushes, "read_push", read)
        state.receive(pushes.push(pushes.basic("first")))
        assert {call.call.call_uuid for call in state.store.calls.every()} == {"first", "meanwhile"}


def test_what_is_folded_is_not_waited_for_and_what_came_in_is(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"sqlite": "PRAGMA synchronous", "postgresql": "SHOW synchronous_commit"}
    off, on = {"sqlite": (1, 2), "postgresql": ("off", "on")}[state.store.database.dialect]
    levels: list[Any] = []

    def noted(transaction: Transaction, *rest: Any) -> str:
        levels.append(transaction.read(asked[state.store.database.dialect])[0][0])
        return fold(transaction, *rest)

    def stored(transaction: Transaction, table: str, rows: Any) -> None:
        levels.append(transaction.read(asked[state.store.database.dialect])[0][0])

    monkeypatch.setattr("yeta_reconcile.records.projector.fold", noted)
    state.receive(pushes.push(pushes.basic()))
    monkeypatch.setattr("yeta_reconcile.store.inbox._insert", stored)
    state.store.inbox.append([pushes.push(pushes.basic("second"))])
    assert levels == [off, on, on]


def test_slow_folding_keeps_nobody_waiting_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(transaction: Any, call: Any, received: int) -> str:
        time.sleep(projector.LONGEST_SECONDS / 2)
        return fold(transaction, call, received)

    monkeypatch.setattr("yeta_reconcile.records.projector.fold", slow)
    with state_in_memory() as state:
        state.store.inbox.append([pushes.push(pushes.basic(f"call-{at}")) for at in range(8)])
        assert state.projector.step()
        assert 4 <= len(state.store.inbox.waiting(8)) < 8
        state.projector.drain()
        assert len(list(state.store.calls.every())) == 8


@pytest.mark.parametrize(
    "former", [RowState.PENDING, RowState.HELD, RowState.UNKNOWN, RowState.RELEASED, RowState.SET_ASIDE]
)
def test_a_record_proves_a_call_whatever_was_thought_of_the_row(state: State, former: RowState) -> None:
    wave = state.wave("129", range(2), data_ids={"87": 0}, states={0: former})
    state.receive(*pushes.four())
    assert state.states(wave)[0] is RowState.DIALLED
    assert state.store.waves.wave(wave).dialled == 1


def test_calls_of_strangers_are_kept_and_touch_no_row(state: State) -> None:
    wave = state.wave("129", range(2), data_ids={"87": 0})
    state.receive(pushes.push(pushes.outbound(task_id="777")))
    assert set(state.states(wave).values()) == {RowState.PENDING}
    assert state.store.inbox.counts().stuck == 0
    assert len(list(state.store.calls.of_number(KEY.row_digest("19900000000")))) == 1


def test_a_direct_calls_row_is_found_by_its_data_id_under_any_task(state: State) -> None:
    wave = state.wave(None, range(2), data_ids={"87": 0}, kind="DirectCall", states={0: RowState.HELD})
    state.receive(*pushes.four(task_id="long-running"))
    assert state.states(wave)[0] is RowState.DIALLED


def test_a_call_out_that_was_never_answered_is_settled_by_its_record(state: State) -> None:
    wave = state.wave(None, range(2), kind="DirectCall", states={0: RowState.UNKNOWN, 1: RowState.UNKNOWN})
    state.receive(*pushes.four(task_id="long-running", task_data_id="555"))
    assert state.states(wave) == {0: RowState.DIALLED, 1: RowState.UNKNOWN}
    assert state.store.waves.wave(wave).unknown == 1


@pytest.mark.parametrize(
    "override",
    [{"robot_id": "another"}, {"time_dial": 1_700_000_000_000}, {"direction": 1}],
)
def test_a_record_that_need_not_be_of_an_unanswered_call_out_settles_nothing(
    state: State, override: dict[str, Any]
) -> None:
    wave = state.wave(None, range(1), kind="DirectCall", states={0: RowState.UNKNOWN})
    state.receive(pushes.push(pushes.outbound(task_id="x", task_data_id="555") | override))
    assert state.states(wave) == {0: RowState.UNKNOWN}


@pytest.mark.parametrize(
    ("data_ids", "then"), [({}, RowState.DIALLED), ({"87": 1}, RowState.HELD)], ids=["none came", "one came"]
)
def test_a_held_call_out_is_settled_by_its_number_where_no_answer_ever_came(
    state: State, data_ids: dict[str, int], then: RowState
) -> None:
    held = dict.fromkeys((0, 1), RowState.HELD)
    wave = state.wave(None, range(2), data_ids=data_ids, kind="DirectCall", states=held)
    state.receive(*pushes.four(task_id="long-running", task_data_id="555"))
    assert state.states(wave)[0] is then


def test_a_record_settles_the_call_out_in_doubt_and_not_the_one_that_is_held(state: State) -> None:
    held = state.wave(None, range(1), name="held", kind="DirectCall", states={0: RowState.HELD})
    doubted = state.wave(None, range(1), name="doubted", kind="DirectCall", states={0: RowState.UNKNOWN})
    state.receive(*pushes.four(task_id="long-running", task_data_id="555"))
    assert state.states(held) == {0: RowState.HELD}
    assert state.states(doubted) == {0: RowState.DIALLED}


def two_numbers() -> Push:
    """A direct call that repeats the row of one number, and says that another was called."""
    return pushes.push(pushes.outbound(number="19900000001", callee="19900000000", task_id="long-running"))


def test_a_row_in_doubt_comes_before_one_held_also_by_the_other_of_two_numbers(state: State) -> None:
    held = state.wave(None, [1], name="held", kind="DirectCall", states={1: RowState.HELD})
    doubted = state.wave(None, [0], name="doubted", kind="DirectCall", states={0: RowState.UNKNOWN})
    state.receive(two_numbers())
    assert (state.states(held), state.states(doubted)) == ({1: RowState.HELD}, {0: RowState.DIALLED})


def test_where_the_row_that_a_call_repeats_is_held_the_other_number_tells_no_row(state: State) -> None:
    answered = state.wave(
        None, [1, 2], name="answered", data_ids={"5": 2}, kind="DirectCall", states={1: RowState.HELD}
    )
    held = state.wave(None, [0], name="held", kind="DirectCall", states={0: RowState.HELD})
    state.receive(two_numbers())
    assert state.states(answered)[1] is RowState.HELD
    assert state.states(held) == {0: RowState.HELD}


def test_a_number_in_two_unanswered_call_outs_is_not_guessed(state: State) -> None:
    waves = [
        state.wave(None, range(1), name=name, kind="DirectCall", states={0: RowState.UNKNOWN})
        for name in ("one", "two")
    ]
    state.receive(pushes.push(pushes.outbound(task_id="x", task_data_id="555")))
    assert [state.states(wave)[0] for wave in waves] == [RowState.UNKNOWN, RowState.UNKNOWN]


def test_results_count_rows_by_their_last_call(state: State) -> None:
    wave = state.wave("129", range(3), data_ids={"87": 0, "88": 1})
    busy: dict[str, Any] = {"task_result": "5", "task_result_desc": "用户正忙", "time_answer": 0}
    later: dict[str, Any] = {
        "task_tries": 1,
        "time_dial": pushes.AT + 600_000,
        "time_ring": pushes.AT + 601_000,
    }
    state.receive(
        pushes.push(pushes.outbound("a", **busy)),
        pushes.push(pushes.outbound("b", time_answer=pushes.AT + 605_000, **later)),
        pushes.push(pushes.outbound("c", "19900000001", task_data_id="88", **busy)),
    )
    results = state.store.calls.results(wave)
    assert (results.dialled, results.connected, results.calls) == (2, 1, 3)
    assert results.by_result == (("0", "成功", 1), ("5", "用户正忙", 1))


def test_a_bug_in_folding_one_push_is_its_reason_to_stay(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    wave = state.wave("129", range(1), data_ids={"87": 0})
    real = platform_pushes.read_push

    def broken(name: str, data: Any, *rest: Any) -> Any:
        if data.get("call_uuid") == "poison":
            raise ZeroDivisionError
        return real(name, data, *rest)

    monkeypatch.setattr(platform_pushes, "read_push", broken)
    state.receive(pushes.push(pushes.basic("poison")), *pushes.four())

    assert [push.problem.split()[0] for push in state.store.inbox.stuck()] == ["ZeroDivisionError"]
    assert state.states(wave) == {0: RowState.DIALLED}


def test_a_number_without_bounds_in_a_field_that_nobody_knows_keeps_no_push_back(state: State) -> None:
    body = b'{"call_uuid": "z", "x": 1e9999999, "y": 1e99999999999999999999, "task_row_value": "[1e9999999]"}'
    state.receive(Push("receiveCallRecord", body, pushes.AT))
    assert state.store.inbox.counts() == InboxCounts(0, 0, 0)
    assert [one.call.call_uuid for one in state.store.calls.every()] == ["z"]


def test_pushes_that_are_folded_together_come_to_what_they_come_to_one_by_one(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one call twice, of two calls of one row, of rows that are not there, and what is no call.

    And what was stuck is said again just after its call's row was found.
    """
    stuck = pushes.push(pushes.outbound("call-5", "19900000009", task_data_id="999"))
    told = [
        pushes.push(pushes.outbound("call-5", "19900000001", name="客户1", task_data_id="88")),
        stuck,
        *pushes.four(),
        pushes.push(pushes.outbound()),
        pushes.push(pushes.outbound("call-2", task_tries=1)),
        pushes.push(pushes.outbound("call-3", "19900000009", task_data_id="999")),
        pushes.push({"no": "call"}),
        pushes.push(pushes.outbound("call-4", "19900000001", name="客户1", task_data_id="88")),
        pushes.push(pushes.voice("call-4"), "receiveVoice"),
        pushes.push(pushes.voice("call-4"), "receiveVoice"),
    ]
    with state_in_memory() as alone:
        for one in (alone, state):
            one.wave("129", range(3), data_ids={"87": 0, "88": 1})
            one.receive(stuck)
            one.store.inbox.append(told)
        while alone.projector.step(1):
            pass
        monkeypatch.setattr(projector, "LONGEST_SECONDS", 60.0)
        assert state.projector.step(len(told))
        assert not state.store.inbox.waiting(1)
        asked = "SELECT serial, standing, digest, call_uuid, problem FROM inbox ORDER BY serial"
        assert state.store.database.read(asked) == alone.store.database.read(asked)
        assert facts(state) == facts(alone)
        assert state.states(1) == alone.states(1)
        assert state.store.waves.wave(1) == alone.store.waves.wave(1)


def test_the_pushes_of_a_call_are_found_without_a_look_at_those_of_others() -> None:
    asked: list[str] = []
    database = SqliteDatabase(None)
    with state_in(database) as state:
        state.wave("129", range(1), data_ids={"87": 0})
        folding = projector.Projector(state.store, relay=["x"])
        database._connection.set_trace_callback(asked.append)
        for told in (pushes.four(), [pushes.push(pushes.outbound("call-2", task_id="130"))]):
            state.store.inbox.append(told)
            folding.drain()
        state.store.inbox.of_call("call-1")
        state.store.inbox.holds("call-1", b"")
        state.store.inbox.traffic(pushes.AT)
        database._connection.set_trace_callback(None)
        of_calls = {sql for sql in asked if "call_uuid" in sql and "inbox" in sql}
        plans = {sql: database.read(f"EXPLAIN QUERY PLAN {sql}") for sql in of_calls}
    looks = [line[3] for plan in plans.values() for line in plan]
    assert sum("inbox_call (<expr>=?)" in look for look in looks) > 5
    assert [look for look in looks if re.match(r"SCAN (inbox|i)\b(?!.*inbox_new)", look)] == []


def test_raw_pushes_go_after_retention_and_facts_stay(state: State) -> None:
    wave = state.wave("129", range(1), data_ids={"87": 0})
    state.receive(*pushes.four())
    before = facts(state)

    assert state.store.inbox.purge(pushes.AT) == 0
    state.store.inbox.append([pushes.push(pushes.basic("new"), received=pushes.AT)])
    assert state.store.inbox.purge(pushes.AT + 1) == 4

    assert facts(state) == before
    assert state.states(wave) == {0: RowState.DIALLED}
    assert [push.call_uuid for push in state.store.inbox.waiting(10)] == [None]


def test_two_projectors_fold_no_push_twice(state: State) -> None:
    state.wave("129", range(1), data_ids={"87": 0})
    state.store.inbox.append(pushes.four())
    (first, *_) = waiting = state.store.inbox.waiting(10)
    state.projector.drain()

    assert state.projector._fold_all(waiting) == []

    stored = state.store.inbox.push(first.serial)
    assert stored is not None
    assert stored.standing is PushStanding.FOLDED
