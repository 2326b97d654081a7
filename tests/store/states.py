"""States and what stands in them, made up: each factory has the ordinary case and takes what differs."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from yeta_reconcile.store import Store, open_store
from yeta_reconcile.store.lock import Holder
from yeta_reconcile.store.row_states import COUNTER
from yeta_reconcile.waves.attributes import (
    Attributes,
)
from yeta_reconcile.waves.proof import Claim, Journalled, Proof, prove
from yeta_reconcile.waves.record import Phase, RowRecord, RowState, WaveRecord

KEY = "a secret of the tests"
NOW = 1_800_000_000_000
ATTRIBUTES = Attributes("719", ("100",), windows=("09:00:00-18:00:00",))


class States(ExitStack):
    """Opens one state as often as asked, each time over a connection of its own."""

    def __init__(self, location: str, root: Path) -> None:
        super().__init__()
        self.location = location
        self.root = root

    def open(self, **override: Any) -> Store:
        given: dict[str, Any] = {
            "environ": {"YETA_STATE_KEY": KEY},
            "project": "acme",
            "environment": "",
            "create": True,
        }
        store = open_store(self.location, self.root, **(given | override))
        self.callback(store.close)
        return store


def key(index: int) -> bytes:
    return index.to_bytes(16)


def row(index: int, **override: Any) -> RowRecord:
    given: dict[str, Any] = {"content": b"c" * 16, "batch": index // 50, "line": index + 2}
    return RowRecord(0, key(index), **(given | override))


def wave(campaign: str = "renewal", number: int = 1, **override: Any) -> WaveRecord:
    made = WaveRecord(
        0, campaign, number, 0, Phase.PLANNED, f"{campaign}~w{number}~mark", ATTRIBUTES, ("客户手机号码",),
        created_at=NOW,
    )  # fmt: skip
    return replace(made, **override)


def call_uuid(at: int) -> str:
    """An id as the platform makes them, of a call every seven seconds: what grows stands in the middle."""
    ticks = f"{0x11331133E28F0000 + at * 70_000_000:016x}"
    return f"{ticks[8:]}-{ticks[4:8]}-{ticks[:4]}-b8fa-2769c24918cd"


def declared(store: Store, name: str = "renewal") -> None:
    store.campaigns.declare(name, "Campaign", ("phone",), protect=False)


def sealed(
    store: Store, rows: Iterable[int] = range(3), *, take_from: tuple[int, ...] = (), **override: Any
) -> int:
    """A wave of a declared campaign, with rows, that counts."""
    made = wave(**override)
    declared(store, made.campaign)
    wave_id = store.waves.plan_wave(made)
    store.waves.add_rows(wave_id, map(row, rows))
    store.waves.seal_wave(wave_id, take_from=[accounted(former) for former in take_from])
    return wave_id


def accounted(wave_id: int) -> Proof:
    """As of a wave that was deleted, and whose dialled numbers all have their records."""
    proof = prove(Claim.ACCOUNTED, Journalled(wave_id, Phase.DELETED, accounted=True))
    assert proof is not None
    return proof


def unsent(wave_id: int) -> Proof:
    """As of a wave of which no task was ever made."""
    proof = prove(Claim.UNSENT, Journalled(wave_id, has_task=False))
    assert proof is not None
    return proof


def holding(store: Store, name: str = "us", now: int = NOW) -> Holder:
    """Somebody who holds the lock."""
    holder = Holder(name, "host", 7, "apply")
    store.lock.acquire(holder, now)
    return holder


def begun(store: Store, holder: Holder, wave_id: int | None, **override: Any) -> int:
    """An intent."""
    given: dict[str, Any] = {"call": "insert", "timeout": 30_000, "batch": 0, "rows": 50}
    return store.intents.begin(holder, NOW + 1, wave_id=wave_id, **(given | override))


def row_states(store: Store, wave_id: int) -> dict[bytes, RowState]:
    return {found.key: found.state for found in store.waves.rows(wave_id)}


def counts(store: Store, wave_id: int) -> tuple[dict[RowState, int], dict[RowState, int]]:
    """The wave's counts as they are kept, and as its rows are."""
    kept = store.database.read(
        f"SELECT {', '.join(COUNTER.values())} FROM waves WHERE wave_id = ?", (wave_id,)
    )[0]
    found = [record.state for record in store.waves.rows(wave_id)]
    return dict(zip(COUNTER, kept, strict=True)), {state: found.count(state) for state in COUNTER}
