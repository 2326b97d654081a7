"""Results by line and tags of a wave, on both engines: each row by its last call, and its last dialog."""

from __future__ import annotations

import json
from dataclasses import replace

from tests.receiver.pushes import AT, dialog, outbound, push
from tests.receiver.states import KEY, State
from tests.store.states import States, key, sealed
from yeta_reconcile.store import Store
from yeta_reconcile.store.breakdown import breakdown
from yeta_reconcile.waves.accounting import Results


def test_each_row_counts_under_the_line_of_its_last_call_and_the_tags_of_its_last_dialog(
    states: States,
) -> None:
    state = State(Store(states.open().database, KEY))
    wave = state.wave("129", range(3))
    calls = (
        ("a", 0, "100", "20", 0),
        ("b", 0, "200", "0", 1),
        ("c", 1, "100", "20", 0),
        ("d", 2, "", "20", 0),
    )
    state.receive(
        *(
            push(
                outbound(uuid, f"1990000000{row}", name=f"客户{row}", caller=line, task_result=result,
                         task_result_desc="", task_data_id=uuid, time_dial=AT + at * 60_000)
            )
            for uuid, row, line, result, at in calls
        ),
        push(dialog("a", tag_max="B"), "receiveDialog"),
        push(dialog("b", tag_max="A", tag_min=""), "receiveDialog"),
        push(dialog("c"), "receiveDialog"),
    )  # fmt: skip

    found = breakdown(state.store.database, wave)

    assert found.by_line == (("", "20", "", 1), ("100", "20", "", 1), ("200", "0", "", 1))
    assert found.highest == (("A", 2),)
    assert found.lowest == (("C", 2),)


def test_the_last_call_is_the_latest_then_the_greatest_id_and_without_a_record_it_is_of_tags_alone(
    states: States,
) -> None:
    store = states.open()
    wave, other = sealed(store, range(5)), sealed(store, range(5), campaign="other")
    calls = (
        # Of the same moment.
        ("b", wave, 0, 5, 1, "0", 1, "B"), ("a", wave, 0, 5, 1, "20", 0, "A"),
        # Without a moment it is before all others.
        ("z", wave, 1, None, 1, "0", 1, "C"), ("c", wave, 1, 3, 1, "20", 0, "D"),
        ("e", wave, 2, 4, 1, "20", 0, "A"), ("d", wave, 2, 9, 0, "", 1, "E"),
        # The last that has a tag.
        ("g", wave, 3, 7, 1, "20", 0, None), ("f", wave, 3, 6, 1, "0", 1, "F"),
        # None of them has a moment.
        ("k", wave, 4, None, 1, "0", 0, None), ("j", wave, 4, None, 1, "20", 0, None),
        # Of no row, and of another wave.
        ("h", wave, None, 99, 1, "7", 0, "G"), ("i", other, 0, 99, 1, "8", 0, "H"),
    )  # fmt: skip
    with store.database.write() as transaction:
        transaction.insert(
            "calls",
            (
                (uuid, 1, at, of, None if row is None else key(row), "t", uuid, None, recorded, result, "",
                 connected, json.dumps({"line": uuid} | ({"tag_max": tag} if tag else {})))
                for uuid, of, row, at, recorded, result, connected, tag in calls
            ),
        )  # fmt: skip

    results = Results(dialled=5, connected=3, calls=9, by_result=(("20", "", 3), ("0", "", 2)), last=7)
    assert store.calls.results(wave) == results
    assert store.calls.totals(wave) == replace(results, by_result=())
    empty = sealed(store, range(1), campaign="empty")
    assert store.calls.results(empty) == store.calls.totals(empty) == Results()
    found = breakdown(store.database, wave)
    assert [row[:2] for row in found.by_line] == [*zip("bcegk", ("0", "20", "20", "20", "0"), strict=True)]
    assert found.highest == (("B", 1), ("D", 1), ("E", 1), ("F", 1))
