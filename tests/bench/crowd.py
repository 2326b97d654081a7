"""Clients that post over kept connections as fast as they are answered, in a process of their own.

`python -m tests.bench.crowd URL CLIENTS SECONDS [RATE]` prints what it saw; with RATE (a second, all clients
together) it keeps to that.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from typing import NamedTuple
from urllib.parse import urlsplit


class Seen(NamedTuple):
    """What the crowd saw, in ms. `failed` counts answers that were not 200, `answered` all."""

    rate: float
    p50: float
    p99: float
    failed: int
    answered: int
    longest: float


def body(number: int) -> bytes:
    """A record of the usual size."""
    data = {
        "business_id": "2745", "app_id": "test", "robot_id": "719", "call_uuid": f"crowd-{number:09d}",
        "caller": "055169101407", "callee": "19900000000", "direction": 2,
        "time_answer": 1796086809000, "time_hangup": 1796086830000, "duration_ring": 7, "duration_call": 21,
        "task_id": "504138886481984", "task_data_id": str(32264888839704576 + number),
        "time_dial": 1796086800000, "time_ring": 1796086802000, "task_result": "0",
        "task_result_desc": "成功", "task_tries": 0, "task_row_index": number,
        "task_row_head": ["客户手机号码", "姓名"], "task_row_value": ["19900000000", "张三"],
    }  # fmt: skip
    return json.dumps(data, ensure_ascii=False).encode()


async def _client(
    at: int, clients: int, url: str, until: float, pause: float, asks: bool, seen: list[float]
) -> int:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    number, failed = at, 0
    due = time.perf_counter() + pause * at / clients
    while (now := time.perf_counter()) < until:
        if pause and now < due:
            await asyncio.sleep(due - now)
            now = time.perf_counter()
        content = (
            b'{"call_relation_id":"%d","robot_id":"4444"}' % (number * 7919 % 1_000_000)
            if asks
            else body(number)
        )
        head = f"POST {parts.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content)}\r\n\r\n"
        writer.write(head.encode() + content)
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(answer.partition(b"content-length:")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        failed += b" 200 " not in answer[:14]
        seen.append(time.perf_counter() - (due if pause else now))
        number += clients
        due += pause
    writer.close()
    return failed


async def _all(url: str, clients: int, seconds: float, rate: float) -> Seen:
    seen: list[float] = []
    until = time.perf_counter() + seconds
    pause = clients / rate if rate else 0.0
    asks = url.endswith("getDialogContext")
    work = [_client(at, clients, url, until, pause, asks, seen) for at in range(clients)]
    began = time.perf_counter()
    failed = sum(await asyncio.gather(*work))
    took = time.perf_counter() - began
    seen.sort()
    p50, p99 = seen[len(seen) // 2] * 1000, seen[int(len(seen) * 0.99)] * 1000
    return Seen(len(seen) / took, p50, p99, failed, len(seen), seen[-1] * 1000)


def start(url: str, clients: int, seconds: float, rate: float = 0.0) -> subprocess.Popen[str]:
    """Send the crowd out."""
    command = [sys.executable, "-m", "tests.bench.crowd", url, str(clients), str(seconds), str(rate)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def result(crowd: subprocess.Popen[str]) -> Seen:
    """Wait for it, and hear what it saw."""
    out, _ = crowd.communicate()
    if crowd.returncode:
        raise RuntimeError("the crowd failed")
    rate, p50, p99, failed, answered, longest = out.split()
    return Seen(float(rate), float(p50), float(p99), int(failed), int(answered), float(longest))


if __name__ == "__main__":
    answer = asyncio.run(_all(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])))
    sys.stdout.write(" ".join(map(str, answer)) + "\n")
