"""What comes with a call's pushes is in its row of the export."""

from __future__ import annotations

from datetime import UTC

from tests.receiver.pushes import AT, four
from tests.receiver.states import state_in_memory
from yeta_reconcile.platform.coercion import instant
from yeta_reconcile.records.export import COLUMNS, Export


def test_when_it_rang_and_how_long_its_recording_is_are_exported() -> None:
    with state_in_memory() as state:
        state.store.inbox.append(four())
        state.projector.drain()
        (row,) = Export(state.store, UTC).rows()
        assert list(row) == list(COLUMNS)
        assert (row["rang_at"], row["recording_seconds"]) == (instant(AT + 2000, UTC), 21)
