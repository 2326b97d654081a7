"""Results by line and tags of a wave, on both engines: each row by its last call, and its last dialog."""

from __future__ import annotations

from tests.receiver.pushes import AT, dialog, outbound, push
from tests.receiver.states import KEY, State
from tests.store.states import States
from yeta_reconcile.store import Store
from yeta_reconcile.store.breakdown import breakdown


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
