"""Files of failed pushes through the inbox: bad lines and bad files keep nothing else away."""

from __future__ import annotations

import io
import json
import zipfile
from typing import IO, TYPE_CHECKING

from tests.receiver import pushes
from tests.receiver.states import state_in_memory
from yeta_reconcile.receiver.backfill import backfill
from yeta_reconcile.store.inbox import InboxCounts

if TYPE_CHECKING:
    from datetime import date


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
        assert (again.known, again.dead) == (5, 0)
        assert state.store.inbox.counts().dead == 1


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
