"""The inserts of an apply, each between its intent and its outcome on disk, against a bare pool's.

Counted from the first batch that is in to the last; planning, creating, verifying and starting are not.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from tests.bench.repository import SECRETS, values, write_campaign, write_project
from tests.bench.row import Cost, Row, side_by_side
from tests.bench.slow_platform import BATCH, COLUMNS, slow_platform
from yeta_reconcile.apply import Apply
from yeta_reconcile.apply.holding import holding
from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.running import run_of
from yeta_reconcile.cli.session import session
from yeta_reconcile.planning.planner import Planner

BATCHES = 1000
IN_FLIGHT = 8


def measure(folder: Path) -> tuple[Cost, Cost]:
    rounds = (folder / str(number) for number in range(10))
    return side_by_side(lambda: applied(next(rounds)), posted, rounds=3)


def applied(folder: Path) -> Cost:
    """A campaign from its document to its started task."""
    in_at: list[float] = []

    def hear(event: dict[str, Any]) -> None:
        if event["event"] == "inserted":
            in_at.append(time.perf_counter())

    folder.mkdir()
    write_campaign(folder, "renewal", range(BATCHES * BATCH))
    with slow_platform() as url:
        write_project(folder, url)
        context = Context(
            chdir=folder, here=folder, env=None, verbose=0, color=False, log_format="text", environ=SECRETS
        )
        with session(context, create=True) as opened:
            run = run_of(opened, "apply", hear)
            planner = Planner(opened.repository, opened.store, opened.client)
            with holding(run):
                report = Apply(run, planner, planner.plan(opened.clock.now())).carry_out()
    assert report.exit_code == 0, report.problems
    assert len(in_at) == BATCHES
    return Cost(in_at[-1] - in_at[0])


def posted() -> Cost:
    """The same bodies out of memory."""
    bodies = [
        json.dumps({"task_id": "1", "call_column": COLUMNS, "call_list": rows}, ensure_ascii=False).encode()
        for first in range(0, BATCHES * BATCH, BATCH)
        for rows in [[values(row) for row in range(first, first + BATCH)]]
    ]
    in_at: list[float] = []
    limits = httpx.Limits(max_connections=IN_FLIGHT)
    with slow_platform() as url, httpx.Client(limits=limits) as client:
        target = f"{url}/outbound/v1/task/insert?token={'0' * 32}"

        def post(body: bytes) -> None:
            client.post(target, content=body).raise_for_status().json()
            in_at.append(time.perf_counter())

        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            list(pool.map(post, bodies))
    return Cost(in_at[-1] - in_at[0])


ROW = Row(
    "apply of 1,000 batches, 20 ms a call, 8 in flight: its inserts", "a bare httpx pool", 1 / 0.92, measure
)
