"""`yeta plan` where nothing changes, against a bare script that reads and asks the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.bench.repository import SECRETS, values, write_campaign, write_project, yeta
from tests.bench.row import Cost, Row, of_python, side_by_side
from tests.bench.slow_platform import BATCH, COLUMNS, HOURS, LINE, ROBOT, slow_platform
from yeta_reconcile.documents.models import Campaign
from yeta_reconcile.documents.survey import load
from yeta_reconcile.marks import owner_digest
from yeta_reconcile.store import Store, open_store
from yeta_reconcile.waves.attributes import (
    Attributes,
)
from yeta_reconcile.waves.record import Phase, RowRecord, WaveRecord

CAMPAIGNS = 1000
EACH = 1000
DIALLED = 400
BEGUN = 1_796_086_800_000

# The token, the pages of the tasks of ours, and a look at each file of the repository.
BARE = """
import os, sys
from hashlib import blake2b
import httpx
root, base, owner = sys.argv[1:]
digests = {}
for folder, _, names in os.walk(root):
    for name in names:
        path = os.path.join(folder, name)
        if path.endswith((".yaml", ".csv")):
            os.stat(path)
            with open(path, "rb") as file:
                digests[path] = blake2b(file.read(), digest_size=32).digest()
with httpx.Client() as client:
    answer = client.post(f"{base}/oauth/v1/token", json={"app_key": "key", "app_secret": "secret"})
    token = answer.json()["result"]["token"]
    tasks, total = [], 1
    while len(tasks) < total:
        page = {"page_size": 50, "page_index": len(tasks) // 50 + 1, "task_name": owner,
                "sort_name": "ID", "sort_order": "ASC"}
        answer = client.post(f"{base}/outbound/v1/task/query", params={"token": token}, json=page)
        total = answer.json()["result"]["total_rows"]
        tasks += answer.json()["result"]["rows"]
assert len(tasks) == 1000, len(tasks)
"""


def measure(folder: Path) -> tuple[Cost, Cost]:
    environ = SECRETS | {"XDG_CACHE_HOME": str(folder / "cache")}
    write_project(folder, "http://127.0.0.1:9")
    for number in range(CAMPAIGNS):
        write_campaign(folder, f"renewal-{number:04d}", rows_of(number))
    with slow_platform(0, plant(folder)) as url:
        write_project(folder, url)
        # This reads all documents and lists and remembers what those say, and that these ask for nothing.
        of_python(*yeta(folder, "apply", "--yes"), environ=environ)
        return side_by_side(
            lambda: of_python(*yeta(folder, "plan"), environ=environ),
            lambda: of_python("-c", BARE, str(folder), url, owner_digest("acme", "")),
            rounds=5,
        )


def rows_of(number: int, each: int = EACH) -> range:
    return range(number * each, (number + 1) * each)


def plant(folder: Path, each: int = EACH, dialled: int = DIALLED) -> Path:
    """Put every campaign into the state, started and partly dialled; → the file of its tasks."""
    store = open_store("state/yeta.db", folder, {}, project="acme", environment="", create=True)
    declared = load(folder, environment=None, environ={}).campaigns
    tasks = []
    for number, name in enumerate(declared):
        task = plant_wave(store, declared[name].model, rows_of(number, each), str(number + 1))
        tasks.append(
            task
            | {"process_count": dialled, "process_tel_count": dialled, "process_through_count": dialled // 2}
        )
    store.close()
    path = folder / "tasks.json"
    path.write_text(json.dumps(tasks), encoding="utf-8")
    return path


def plant_wave(store: Store, declared: Campaign, indexes: range, task_id: str) -> dict[str, Any]:
    """A campaign with one wave in the state; → the wave's task."""
    key, said = store.key, [values(row) for row in indexes]
    rows = sorted(
        (
            RowRecord(0, key.row_digest(row[0]), key.content_digest(row), index // BATCH, index + 2)
            for index, row in enumerate(said)
        ),
        key=lambda row: row.key,
    )
    digest = key.set_digest(row.key for row in rows)
    wave = WaveRecord(
        0, declared.name, 1, 1, Phase.STARTED, str(key.mark("acme", "", declared.name, 1, digest)),
        Attributes.of(declared), tuple(COLUMNS), task_id, set_digest=digest.hex(),
        created_at=BEGUN, started_at=BEGUN,
    )  # fmt: skip
    store.campaigns.declare(declared.name, "Campaign", (), protect=declared.protect)
    wave_id = store.waves.plan_wave(wave)
    store.waves.add_rows(wave_id, rows)
    store.waves.seal_wave(wave_id)
    return {
        "task_id": int(task_id), "task_name": wave.task_name, "status": 2, "deleted": 0,
        "count_tel": len(indexes),
        "time_task_start": BEGUN, "time_task_estimate_begin": BEGUN, "line_num": LINE, "robot_id": ROBOT,
        "time_range": HOURS, "count_max_recall": 1, "time_recall_wait": 3600, "task_type": 0,
    }  # fmt: skip


ROW = Row(
    "plan of 1,000 campaigns and 1,000,000 rows, nothing to do",
    "httpx, 20 pages, stat + hash of the files",
    3.0,
    measure,
    megabytes=100,
)
