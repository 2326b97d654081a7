"""Files of failed pushes through the inbox: bad lines and bad files keep nothing else away."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date
from typing import IO, Any

import pytest

from tests.receiver import pushes
from tests.receiver.states import State, state_in, state_in_memory
from yeta_reconcile.errors import StateError, Unreachable
from yeta_reconcile.records.backfill import backfill
from yeta_reconcile.store.database import Database
from yeta_reconcile.store.inbox import InboxCounts, Push
from yeta_reconcile.store.postgres import PostgresDatabase
from yeta_reconcile.store.sqlite import SqliteDatabase
from yeta_reconcile.waves.record import RowState
from yeta_reconcile.wording import Text


class Files:
    """A platform with these files."""

    def __init__(self, **files: bytes) -> None:
        self.files = files

    def failed_pushes(self, day: date | None = None) -> list[str]:
        assert day is None
        return [*self.files]

    def download(self, path: str, target: IO[bytes], *, max_bytes: int, seconds: float) -> int:
        assert max_bytes
        assert seconds
        return target.write(self.files[path])


def packed(*lines: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as target:
        target.writestr("2745/day/0000.txt", b"\n".join(lines))
    return made.getvalue()


def facts(state: State) -> list[Any]:
    return [one.call for one in state.store.calls.every()]


def line(data: object, module: str = "receiveCallRecord") -> bytes:
    return json.dumps({"data": data, "module": module, "retryTimes": 4, "timestamp": 1}).encode()


def test_bad_lines_and_bad_files_keep_nothing_else_away_and_twice_changes_nothing() -> None:
    files = Files(
        broken=b"no zip",
        good=packed(
            line(pushes.outbound()),
            b"no JSON",
            line(pushes.outbound() | {"note": 1.50}),
            line(pushes.outbound()),
            line({"no": "call"}),
        ),
    )
    with state_in_memory() as state:
        wave = state.wave("129", range(1), data_ids={"87": 0})
        first = backfill(state.store, files, None, 5)
        assert (first.files, first.new, first.known, first.dead, first.stuck) == (2, 3, 1, 1, 1)
        assert len(first.broken) == 1
        assert state.store.inbox.counts() == InboxCounts(0, 1, 1)
        assert state.store.waves.wave(wave).dialled == 1

        again = backfill(state.store, files, None, 6)
        assert (again.new, again.known, again.dead, again.stuck) == (0, 5, 0, 0)
        assert state.store.inbox.counts() == InboxCounts(0, 1, 1)


def test_what_came_as_a_live_push_is_known_to_backfill() -> None:
    with state_in_memory() as state:
        state.receive(pushes.push(pushes.outbound(odd=0.5)))
        fetched = backfill(state.store, Files(day=packed(line(pushes.outbound(odd=0.5)))), None, 5)
        assert (fetched.new, fetched.known) == (0, 1)


def test_more_lines_than_a_batch_all_come_in() -> None:
    many = [line(pushes.basic(f"call-{number}")) for number in range(450)]
    with state_in_memory() as state:
        assert backfill(state.store, Files(day=packed(*many)), None, 5).new == 450
        assert len(list(state.store.calls.every())) == 450


def test_a_damaged_file_of_a_zip_costs_nothing_but_itself() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as target:
        target.writestr("0000.txt", b"\n".join(line(pushes.basic(f"first-{at}")) for at in range(150)))
        target.writestr("0001.txt", line(pushes.basic("second")))
        target.writestr("0002.txt", line(pushes.basic("third")))
    files = Files(day=made.getvalue().replace(b"second", b"secund", 1))
    with state_in_memory() as state:
        fetched = backfill(state.store, files, None, 5)
        assert fetched.new == len(list(state.store.calls.every())) == 151
        assert fetched.broken == ["day, file 2 cannot be read whole: BadZipFile"]


def test_what_cannot_be_stored_is_not_counted_as_new(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []

    def full(_pushes: object) -> None:
        raise StateError(Text("the disk is full"))

    with state_in_memory() as state:
        monkeypatch.setattr(state.store.inbox, "append", full)
        with pytest.raises(StateError):
            backfill(
                state.store,
                Files(day=packed(line(pushes.basic()))),
                None,
                5,
                say=lambda _path, fetched: counted.append(fetched.new),
            )
    assert counted == []


def test_a_file_that_cannot_be_fetched_is_named_and_keeps_no_other_away() -> None:
    class Partly(Files):
        def download(self, path: str, target: IO[bytes], *, max_bytes: int, seconds: float) -> int:
            if path == "gone":
                raise Unreachable(Text("HTTP status 404"))
            return super().download(path, target, max_bytes=max_bytes, seconds=seconds)

    with state_in_memory() as state:
        fetched = backfill(state.store, Partly(gone=b"", good=packed(line(pushes.basic()))), None, 5)
        assert (fetched.files, fetched.new, fetched.broken) == (2, 1, ["gone: HTTP status 404"])


@pytest.mark.parametrize("number", ["1e5000", "1e99999999999999999999", "9" * 5000, "0." + "1" * 5000, "1e3"])
def test_a_number_of_any_form_is_known_again_and_keeps_no_line_away(number: str) -> None:
    body = f'{{"call_uuid":"a","size":{number},"x":{number}}}'
    odd = f'{{"module":"receiveVoice","data":{body}}}'.encode()
    day = Files(day=packed(odd, line(pushes.basic("after"))))
    with state_in_memory() as fetched, state_in_memory() as live:
        assert backfill(fetched.store, day, None, 5).new == 2
        live.receive(Push("receiveVoice", body.encode(), 5))
        assert backfill(live.store, day, None, 5).new == 1
        assert facts(fetched) == facts(live)
        assert fetched.store.inbox.counts() == live.store.inbox.counts() == InboxCounts(0, 0, 0)


def test_a_line_of_the_longest_length_fits_though_json_may_be_written_longer() -> None:
    data = pushes.voice(marks=[1] * 450_000)
    wrapped = json.dumps({"data": data, "module": "receiveVoice"}, separators=(",", ":")).encode()
    with state_in_memory() as state:
        assert backfill(state.store, Files(day=packed(wrapped)), None, 5).new == 1
        assert state.store.inbox.counts() == InboxCounts(0, 0, 0)


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.sweep)])
def test_what_is_stuck_is_known_to_backfill_and_folded_once_when_it_can_be(
    engine: str, request: pytest.FixtureRequest
) -> None:
    database: Database = (
        SqliteDatabase(None)
        if engine == "sqlite"
        else PostgresDatabase(request.getfixturevalue("postgres").schema())
    )
    stranger = pushes.outbound("late", "19900000009", task_data_id="999")
    day = Files(day=packed(line(stranger), line({"no": "call"}), line({"call_uuid": "x"}, "receiveNew")))
    with state_in(database) as state:
        wave = state.wave("129", range(1))
        state.receive(pushes.push({"call_uuid": "x"}, "receiveNew"))
        first = backfill(state.store, day, None, 5)
        assert (first.new, first.known, first.stuck) == (2, 1, 2)
        for _ in range(2):
            again = backfill(state.store, day, None, 5)
            assert (again.new, again.known, again.stuck) == (0, 3, 0)
        assert state.store.inbox.counts().stuck == 3

        state.add_row(wave, 9)
        assert state.store.inbox.retry() == 3
        state.projector.drain()
        assert state.states(wave)[9] is RowState.DIALLED
        assert state.store.inbox.counts().stuck == 2
        assert backfill(state.store, day, None, 5).known == 3
