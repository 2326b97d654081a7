"""`python -m tests.bench.growth.fill WHAT FOLDER COUNT`: repositories and states of any size.

In a process of its own: Linux counts the memory of whoever starts a process as the least that it ever had.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from typing import Any

from tests.bench.crowd import body
from tests.bench.nothing import BEGUN, plant
from tests.bench.receiver import KEY
from tests.bench.repository import write_campaign, write_project
from tests.store.states import call_uuid
from yeta_reconcile.platform.call import Call
from yeta_reconcile.store import Store, open_store
from yeta_reconcile.store.database import Transaction
from yeta_reconcile.waves.record import Phase, RowState

NOWHERE = "http://127.0.0.1:9"
# Rows of a campaign: of few where campaigns count, of many where records do, and those of a day.
FEW, MANY, DAILY = 20, 10_000, 1000
# Days whose documents are still in the repository, and whose raw pushes are still kept.
DECLARED, KEPT = 10, 90
DAY_MS = 86_400_000
AT_ONCE = 10_000


def campaigns(folder: Path, count: int, each: int = FEW, dialled: int = 0) -> None:
    """So many campaigns of `each` rows, all started and as declared."""
    write_project(folder, NOWHERE)
    for number in range(count):
        write_campaign(folder, f"renewal-{number:04d}", range(number * each, (number + 1) * each))
    plant(folder, each, dialled)


def records(folder: Path, count: int) -> None:
    """Everybody of campaigns of 10,000 was called, so many in all, and each call has its record."""
    campaigns(folder, count // MANY, MANY, MANY)
    with closing(opened(folder)) as store, store.database.write() as transaction:
        all_called(transaction)
        for wave_id in range(1, count // MANY + 1):
            transaction.insert("calls", called(store, wave_id, BEGUN))


def days(folder: Path, count: int) -> None:
    """So many days, each with a campaign of 1,000 people who were all called, its run, and its pushes.

    The documents of all but the last days are gone from the repository, and so are the pushes that are older
    than `retention`.
    """
    campaigns(folder, count, DAILY, DAILY)
    with closing(opened(folder)) as store, store.database.write() as transaction:
        all_called(transaction)
        transaction.execute("UPDATE waves SET phase = ?", (Phase.COMPLETED,))
        transaction.execute("UPDATE campaigns SET protect = 0")
        for day in range(count):
            began = BEGUN - (count - day) * DAY_MS
            transaction.execute(
                "UPDATE waves SET created_at = ?, started_at = ? WHERE wave_id = ?", (began, began, day + 1)
            )
            transaction.insert("calls", called(store, day + 1, began))
            if count - day <= KEPT:
                pushes = range(day * DAILY, (day + 1) * DAILY)
                transaction.insert("inbox", (pushed(at, began) for at in pushes))
            run(store, began)
    ended(folder / "tasks.json")
    for document in sorted(folder.glob("renewal-*.yaml"))[:-DECLARED]:
        document.unlink()
        (folder / "data" / f"{document.stem}.csv").unlink()


def ended(path: Path) -> None:
    """The platform shows every task as one that is over."""
    tasks = [task | {"status": 4} for task in json.loads(path.read_text("utf-8"))]
    path.write_text(json.dumps(tasks), "utf-8")


def all_called(transaction: Transaction) -> None:
    """Everybody who is in a wave."""
    transaction.execute("UPDATE wave_rows SET row_state = ?", (int(RowState.DIALLED),))
    transaction.execute("UPDATE waves SET dialled = pending, pending = 0")


def called(store: Store, wave_id: int, began: int) -> Iterator[tuple[Any, ...]]:
    """A call of each row of a wave, as the table has it."""
    keys = store.database.read("SELECT row_key FROM wave_rows WHERE wave_id = ?", (wave_id,))
    for at, (key,) in enumerate(keys):
        dialled, answered = began + at * 1000, at % 2 == 0
        uuid, data_id, result = f"{wave_id}-{at}", f"{wave_id}{at:06d}", "0" if answered else "20"
        call = Call(
            uuid, recorded=True, direction=2, robot="719", task_id=str(wave_id), data_id=data_id,
            row_index=at, number=key.hex(), row_number=key.hex(), line="100", result=result,
            time_dial=dialled, time_answer=dialled + 9000 if answered else None, duration_ring=7,
            duration_call=21 if answered else None, tag_max="A" if answered else "",
        )  # fmt: skip
        yield (
            uuid, dialled + 30_000, dialled, wave_id, key, call.task_id, data_id, key, 1, result, "",
            int(answered), call.to_json(),
        )  # fmt: skip


def runs(folder: Path, count: int) -> None:
    """A history of so many runs."""
    write_project(folder, NOWHERE)
    with closing(opened(folder)) as store, store.database.write():
        for at in range(count):
            run(store, BEGUN + at * 2)


def run(store: Store, began: int) -> None:
    """A run that made five changes, and ended."""
    entry = {"who": "somebody", "command": "apply", "commit": "0" * 40, "plan": "0" * 16}
    link = store.history.append(entry | {"changes": ["renewal: wave 1: create"] * 5}, began)
    store.history.end(link, {"outcome": "done", "exit_code": 0}, began + 1)


def pushes(folder: Path, count: int) -> None:
    """So many raw pushes, folded and a year old, in a state whose key is that of the bench's receivers."""
    write_project(folder, NOWHERE)
    with closing(opened(folder, {"YETA_STATE_KEY": KEY})) as store:
        for first in range(0, count, AT_ONCE):
            some = range(first, first + min(AT_ONCE, count - first))
            with store.database.write() as transaction:
                transaction.insert("inbox", (pushed(at, BEGUN - 365 * DAY_MS) for at in some))


def pushed(at: int, received: int) -> tuple[Any, ...]:
    content = body(at)
    digest = blake2b(content, digest_size=16).digest()
    return (
        at + 1,
        "receiveCallRecord",
        content,
        received,
        "push",
        1,
        digest,
        call_uuid(at),
        "",
        0,
    )


def opened(folder: Path, environ: Mapping[str, str] | None = None) -> Store:
    return open_store("state/yeta.db", folder, environ or {}, project="acme", environment="", create=True)


def rows(folder: Path, count: int) -> None:
    """One campaign that was never applied, with so many rows."""
    write_project(folder, NOWHERE)
    write_campaign(folder, "renewal", range(count))


WHAT = {
    "campaigns": campaigns,
    "rows": rows,
    "records": records,
    "runs": runs,
    "pushes": pushes,
    "days": days,
}

if __name__ == "__main__":
    WHAT[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
