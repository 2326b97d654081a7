"""What comes with a call's pushes is in its row of the export, and shown of it by `calls show`."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from tests.receiver.pushes import AT, basic, dialog, four, outbound, push, voice
from tests.receiver.states import State, state_in_memory
from yeta_reconcile.platform.coercion import instant
from yeta_reconcile.records.dialog import conversation
from yeta_reconcile.records.export import COLUMNS, Export
from yeta_reconcile.records.recordings import Asked, recorded_calls
from yeta_reconcile.store.inbox import Push

RELATION = "customer-7"


def incoming(uuid: str = "in-1", at: int = AT) -> list[Push]:
    """The pushes of somebody's call to us."""
    record = basic(uuid, caller="19900000009", callee="100", direction=1, call_relation_id=RELATION)
    record |= {"time_answer": at + 9000, "time_hangup": at + 30_000}
    return [push(record), push(voice(uuid), "receiveVoice")]


def exported(state: State, **options: Any) -> dict[str, dict[str, Any]]:
    return {row["call_uuid"]: row for row in Export(state.store, UTC, **options).rows()}


def test_when_it_rang_and_how_long_its_recording_is_are_exported() -> None:
    with state_in_memory() as state:
        state.store.inbox.append(four())
        state.projector.drain()
        (row,) = Export(state.store, UTC).rows()
        assert list(row) == list(COLUMNS)
        assert (row["rang_at"], row["recording_seconds"]) == (instant(AT + 2000, UTC), 21)
        assert row["row_index"] == 0


def test_a_call_stands_beside_the_line_of_its_row_in_its_wave_and_under_its_campaign_alone() -> None:
    with state_in_memory() as state:
        # The same people, in another order.
        for name, task, rows in (("renewal", "129", (0, 1)), ("winback", "130", (1, 0))):
            state.wave(task, rows, name=name)
            for row in rows:
                number, said = f"1990000000{row}", f"客户{row}"
                state.receive(
                    push(outbound(f"{name}-{row}", number, name=said, task_id=task, task_data_id=""))
                )
        state.receive(*incoming())
        lines = {
            name: {uuid: row["line"] for uuid, row in exported(state, campaign=name).items()}
            for name in ("renewal", "winback")
        }
        assert lines == {
            "renewal": {"renewal-0": 2, "renewal-1": 3},
            "winback": {"winback-1": 2, "winback-0": 3},
        }
        both = lines["renewal"] | lines["winback"] | {"in-1": None}
        assert {uuid: row["line"] for uuid, row in exported(state).items()} == both


def test_the_line_that_somebody_called_is_whole_where_it_is_one_of_ours() -> None:
    with state_in_memory() as state:
        state.wave("129", [0], lines=("055169101407",))
        for uuid, line in (("ours", "055169101407"), ("another", "055169101408")):
            state.receive(push(basic(uuid, caller="19900000009", callee=line, direction=1)))
        rows = exported(state)
        assert [rows[uuid]["phone_line"] for uuid in ("ours", "another")] == ["055169101407", "055*****1408"]
        call = state.store.calls.one("ours")
        assert call
        assert conversation(state.store, call, UTC, reveal=False).line == "055169101407"


def test_a_relation_id_is_a_digest_and_whole_only_where_it_is_revealed() -> None:
    with state_in_memory() as state:
        state.receive(*incoming(), *four())
        masked = exported(state)["in-1"]["relation_id"]
        assert len(masked) == 32
        assert exported(state, reveal=True)["in-1"]["relation_id"] == RELATION
        assert exported(state, reveal=True)["call-1"]["relation_id"] is None
        call = state.store.calls.one("in-1")
        assert call
        assert conversation(state.store, call, UTC, reveal=False).relation_id == masked
        assert conversation(state.store, call, UTC, reveal=True).relation_id == RELATION


def test_what_the_row_of_a_call_said_is_exported_only_where_it_is_revealed() -> None:
    with state_in_memory() as state:
        state.wave("129", [0], data_ids={"87": 0})
        state.receive(*four(), *incoming())
        export = Export(state.store, UTC, reveal=True)
        assert list(export.columns()) == [*COLUMNS, "客户手机号码", "姓名"]
        rows = exported(state, reveal=True)
        assert (rows["call-1"]["客户手机号码"], rows["call-1"]["姓名"]) == ("19900000000", "客户0")
        assert (rows["in-1"]["客户手机号码"], rows["in-1"]["姓名"]) == (None, None)
        assert "姓名" not in exported(state)["call-1"]
        call = state.store.calls.one("call-1")
        assert call
        row = {"客户手机号码": "19900000000", "姓名": "客户0"}
        assert conversation(state.store, call, UTC, reveal=True).row == row
        assert conversation(state.store, call, UTC, reveal=False).row == {}


def test_the_lowest_tag_of_a_dialog_is_shown_beside_the_highest() -> None:
    with state_in_memory() as state:
        state.receive(push(dialog(), "receiveDialog"))
        call = state.store.calls.one("call-1")
        assert call
        shown = conversation(state.store, call, UTC, reveal=False)
        assert (shown.tag, shown.tag_min) == ("A", "C")


def test_recordings_are_of_a_campaign_of_incoming_calls_or_of_calls_by_name() -> None:
    with state_in_memory() as state:
        state.wave("129", [0], data_ids={"87": 0})
        state.receive(*four(), *incoming(), *incoming("in-2", AT + 60_000), push(basic("mute", direction=1)))
        campaign = state.store.waves.campaign("renewal")

        def found(**asked: Any) -> list[str]:
            return [call.call_uuid for call in recorded_calls(state.store, Asked(**asked))]

        assert found(campaign=campaign) == ["call-1"]
        assert found() == ["in-1", "in-2"]
        assert found(since=AT + 60_000) == ["in-2"]
        assert found(until=AT + 60_000) == ["in-1"]
        assert found(uuids=("in-2", "mute", "nobody")) == ["in-2"]
