"""1,000 inserts by the platform client, against a bare httpx pool that posts the same bodies."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx

from tests.bench.row import Cost, Row, of_call, side_by_side
from tests.bench.slow_platform import BATCH, slow_platform
from yeta_reconcile.api import PlatformClient

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BATCHES = 1000
IN_FLIGHT = 8
COLUMNS = ["客户手机号码", "姓名"]


def measure(_folder: Path) -> tuple[Cost, Cost]:
    rows = [[f"1990000{number:04d}", "张三"] for number in range(BATCH)]
    payload = {"task_id": "1", "call_column": COLUMNS, "call_list": rows}
    body = json.dumps(payload, ensure_ascii=False).encode()
    with (
        slow_platform() as url,
        PlatformClient(url, "key", "secret", max_in_flight=IN_FLIGHT) as client,
        httpx.Client(limits=httpx.Limits(max_connections=IN_FLIGHT)) as bare,
    ):
        target = f"{url}/outbound/v1/task/insert?token={'0' * 32}"

        def ours(_batch: int) -> None:
            client.insert("1", COLUMNS, rows)

        def theirs(_batch: int) -> None:
            bare.post(target, content=body).raise_for_status().json()

        def all_by(work: Callable[[int], None]) -> None:
            with ThreadPoolExecutor(IN_FLIGHT) as pool:
                list(pool.map(work, range(BATCHES)))

        return side_by_side(
            lambda: of_call(lambda: all_by(ours)), lambda: of_call(lambda: all_by(theirs)), rounds=3
        )


ROW = Row("1,000 inserts, 20 ms a call, 8 in flight", "a bare httpx pool", 1 / 0.92, measure)
