"""A platform that takes 20 ms for every answer and next to no processor.

It knows tokens and inserts alone, and forgets at once. Run in a process of its own: `slow_platform()`.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LATENCY = 0.020
BATCH = 50

TOKEN = {"token": "0" * 32, "time_expire": 3600}
INSERTED = {"total": BATCH, "task_data_ids": [*range(BATCH)]}


def _answer(result: object) -> bytes:
    body = json.dumps({"code": 0, "message": "ok", "result": result}).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def _talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    token, inserted = _answer(TOKEN), _answer(INSERTED)
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
            await asyncio.sleep(LATENCY)
            writer.write(token if b"/oauth/" in head else inserted)
    except asyncio.IncompleteReadError:
        writer.close()


async def _serve() -> None:
    server = await asyncio.start_server(_talk, "127.0.0.1", 0)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/openapi\n")
    sys.stdout.flush()
    await server.serve_forever()


@contextmanager
def slow_platform() -> Iterator[str]:
    """Run it, and give its base URL."""
    command = [sys.executable, "-m", "tests.bench.slow_platform"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


if __name__ == "__main__":
    asyncio.run(_serve())
