"""States as each schema that ever was kept them: how one is made and kept, and how it is laid anew.

A file holds the statements that made the tables, as they were sent to each engine, and the rows; it is never
made anew, so that a migration which is changed after it was out does not go unseen.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.store.states import NOW, declared, holding, key, row, sealed, wave
from tests.support.forgetting import forget
from yeta_reconcile.platform.call import Call
from yeta_reconcile.platform.resources import Left
from yeta_reconcile.store import Store
from yeta_reconcile.store.calls import fold
from yeta_reconcile.store.copying import TABLES, continue_serials
from yeta_reconcile.store.database import Database
from yeta_reconcile.store.inbox import Push
from yeta_reconcile.store.schema import MIGRATIONS, RECORDS, in_dialect
from yeta_reconcile.waves.record import Outcome, Phase, RowState

FOLDER = Path(__file__).parent / "released"
NEWEST = len(MIGRATIONS)
DIALECTS = ("sqlite", "postgresql")
ALL = ("migrations", *TABLES)


def file(schema: int) -> Path:
    return FOLDER / f"schema-{schema}.json"


def lived(store: Store) -> None:
    """What a plain life leaves: each kind of wave, doubts, a direct call, records, pushes, a history."""
    now = NOW - 86_400_000
    first = sealed(store, range(6), task_id="7", created_at=now)
    holder = holding(store, now=now)
    done = store.intents.begin(holder, now, wave_id=first, call="insert", timeout=30_000, batch=0, rows=6)
    store.intents.end(done, Outcome.DONE, now, wave_id=first, data_ids=[(f"d{n}", key(n)) for n in range(6)])
    store.intents.begin(holder, now, wave_id=first, call="insert", timeout=30_000, batch=1, rows=6)
    for phase in (Phase.CREATING, Phase.FILLING, Phase.VERIFIED, Phase.STARTED):
        store.waves.change_wave(first, phase=phase)
    store.waves.change_wave(first, started_at=now, tel_count=6)
    store.waves.put_aside(first, row(5), "名单.csv", 200203)
    store.waves.set_state(first, [key(3)], RowState.HELD)
    with store.database.write() as transaction:
        fold(transaction, Call("c1", recorded=True, task_id="7", data_id="d0", time_answer=now), now)
    halted = sealed(store, [8], campaign="halted", task_id="9", phase=Phase.PAUSED)
    store.waves.change_wave(halted, halted=Left.said("halt"))
    reactivated = sealed(store, [9], campaign="reactivated", task_id="10", phase=Phase.COMPLETED)
    store.waves.change_wave(reactivated, reactivated=True)
    discarded = sealed(store, [10], campaign="discarded", task_id="11", phase=Phase.FILLING)
    store.waves.change_wave(discarded, to_discard=True)
    store.campaigns.declare("otp", "DirectCall", ("phone",), protect=False)
    otp = store.waves.plan_wave(wave("otp", kind="DirectCall"))
    store.waves.add_rows(otp, [row(11, number=key(11))])
    store.waves.seal_wave(otp)
    sealed(store, [12], campaign="gone", task_id="8")
    forget(store, "gone", now)
    declared(store, "old-name")
    store.campaigns.rename("old-name", "new-name")
    store.lock.release(holder)
    store.history.append({"who": "甲", "command": "apply", "outcome": "done", "exit_code": 0}, now)
    store.history.append({"who": "乙", "command": "apply"}, now + 1)
    store.history.begin_plan("p", now)
    store.inbox.append(
        [Push("receiveCallRecord", b'{"a": 1}', now), Push("x", b"\xff", now, problem="no JSON")]
    )
    store.set_flag("halt", "by 甲")


def keep(store: Store) -> None:
    """Write what `store` holds down as a state of the newest schema. Raises FileExistsError."""
    made = {
        dialect: [
            RECORDS,
            *(in_dialect(one, dialect) for _, statements in MIGRATIONS for one in statements),
        ]
        for dialect in DIALECTS
    }
    rows = {table: store.database.read(f"SELECT * FROM {table}") for table in ALL}
    with file(NEWEST).open("x", encoding="utf-8") as stream:
        stream.write(written({"schema": NEWEST, "statements": made, "rows": rows}))


def written(kept: dict[str, Any]) -> str:
    """As JSON, a statement and a row a line."""

    def said(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, default=lambda binary: {"hex": binary.hex()})

    def lists(of: dict[str, list[Any]]) -> str:
        ends = ",\n"
        return ends.join(f'"{name}": [\n{ends.join(map(said, items))}\n]' for name, items in of.items())

    return (
        f'{{"schema": {kept["schema"]},\n"statements": {{\n{lists(kept["statements"])}\n}},\n'
        f'"rows": {{\n{lists(kept["rows"])}\n}}}}\n'
    )


def lay(database: Database, schema: int) -> None:
    """Put the state of that schema where nothing is."""
    kept = json.loads(file(schema).read_text("utf-8"))
    with database.write() as transaction:
        for statement in kept["statements"][database.dialect]:
            transaction.execute(statement)
        for table, rows in kept["rows"].items():
            transaction.insert(table, [[_value(value) for value in one] for one in rows])
        if database.dialect == "postgresql":
            continue_serials(transaction)


def _value(value: Any) -> Any:
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value
