"""A state with waves of made-up rows, and a projector on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.receiver.pushes import AT
from yeta_reconcile.marks import Key
from yeta_reconcile.records.projector import Projector
from yeta_reconcile.store.database import Database
from yeta_reconcile.store.inbox import Push
from yeta_reconcile.store.sqlite import SqliteDatabase
from yeta_reconcile.store.store import Store
from yeta_reconcile.waves.attributes import (
    Attributes,
)
from yeta_reconcile.waves.record import Phase, RowRecord, RowState, WaveRecord

KEY = Key(b"the key of the tests")


@dataclass
class State:
    store: Store
    keys: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.projector = Projector(self.store)

    def wave(
        self,
        task_id: str | None,
        rows: Iterable[Any],
        *,
        name: str = "renewal",
        kind: str = "Campaign",
        data_ids: Mapping[str, int] | None = None,
        states: Mapping[int, RowState] | None = None,
        key_is_number: bool = True,
        lines: tuple[str, ...] = ("100",),
    ) -> int:
        """A started wave; a row is an index, or (index, name). Its id."""
        waves = self.store.waves
        self.store.campaigns.declare(name, kind, ["phone"], protect=False)
        wave_id = waves.plan_wave(
            WaveRecord(
                0, name, 1, 1, Phase.STARTED, f"{name}~w1", Attributes("719", lines),
                columns=("客户手机号码", "姓名"), task_id=task_id, kind=kind, created_at=AT, started_at=AT,
            )
        )  # fmt: skip
        made = []
        for at, row in enumerate(rows):
            index, words = row if isinstance(row, tuple) else (row, f"客户{row}")
            made.append(self._row(wave_id, at, index, words, key_is_number=key_is_number))
        waves.add_rows(wave_id, sorted(made, key=lambda row: row.key))
        with self.store.database.write() as transaction:
            transaction.many(
                "INSERT INTO data_ids VALUES (?, ?, ?)",
                [(wave_id, data_id, self.keys[wave_id, at]) for data_id, at in (data_ids or {}).items()],
            )
        waves.seal_wave(wave_id)
        for at, state in (states or {}).items():
            waves.settle_rows(wave_id, [RowState.PENDING], state, keys=[self.keys[wave_id, at]])
        return wave_id

    def _row(self, wave_id: int, at: int, index: int, words: str, *, key_is_number: bool) -> RowRecord:
        number = f"1990000{index:04d}"
        digest = KEY.row_digest(number)
        key = digest if key_is_number else KEY.row_digest(f"key {at}")
        self.keys[wave_id, at if not key_is_number else index] = key
        content = KEY.content_digest((number, words))
        return RowRecord(wave_id, key, content, 0, at + 2, None if key_is_number else digest)

    def add_row(self, wave_id: int, index: int) -> None:
        row = self._row(wave_id, index, index, f"客户{index}", key_is_number=True)
        self.store.waves.add_rows(wave_id, [row])

    def key_of(self, at: int, wave_id: int = 1) -> bytes:
        return self.keys[wave_id, at]

    def states(self, wave_id: int) -> dict[int, RowState]:
        by_key = {row.key: row.state for row in self.store.waves.rows(wave_id)}
        return {at: by_key[key] for (wave, at), key in sorted(self.keys.items()) if wave == wave_id}

    def receive(self, *pushes: Push) -> None:
        self.store.inbox.append(pushes)
        self.projector.drain()


@contextmanager
def state_in_memory() -> Iterator[State]:
    with state_in(SqliteDatabase(None)) as state:
        yield state


@contextmanager
def state_in(database: Database) -> Iterator[State]:
    store = Store(database, KEY)
    store.bind("acme", "")
    try:
        yield State(store)
    finally:
        store.close()
