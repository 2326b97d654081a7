"""Odd and malformed traffic between good pushes: what is acknowledged is on disk, and nothing is twice.

`make torture ARGS=tests/receiver/test_wild_traffic.py` sends it for a minute, or for YETA_TORTURE_SECONDS, at
a `yeta serve` in a process of its own.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import socket
import threading
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.receiver.servers import SECRET, receiver, repository, served, state_of

# Read before the tests take what begins with YETA_ out of the environment.
SECONDS = float(os.environ.get("YETA_TORTURE_SECONDS", "60"))
# So much more than at the beginning a receiver may have open, and hold in memory (kB).
DESCRIPTORS, MEMORY = 40, 200_000


class Traffic:
    """What was sent at a receiver, by a token in each body, and which of it was acknowledged."""

    def __init__(self, address: tuple[str, int], seed: int) -> None:
        self.address = address
        self.random = random.Random(seed)
        self.sent: set[str] = set()
        self.acknowledged: set[str] = set()

    def one(self) -> None:
        """One connection with one push, or with what only looks like one."""
        token = f"{self.random.getrandbits(64):016x}"
        result = self.random.choice(["1", 1, None, "忙"])
        body = json.dumps({"call_uuid": token, "task_result": result}).encode()
        ways = [self._good, self._good, self._packed, self._chunked, self._torn, self._bent]
        way = self.random.choice(ways)
        raw = way(body)
        self.sent.add(token)
        seen = b""
        with suppress(OSError), socket.create_connection(self.address, timeout=10) as client:
            for part in self._cut(raw):
                client.sendall(part)
            if self.random.random() < 0.2:
                return  # nobody waits for the answer
            client.shutdown(socket.SHUT_WR)
            while part := client.recv(65536):
                seen += part
        # What was bent is kept as it came, and is another body.
        if seen.startswith(b"HTTP/1.1 200") and seen.endswith(b"success") and way != self._bent:
            self.acknowledged.add(token)

    def _head(self, *more: str) -> bytes:
        module = self.random.choice(["receiveCallRecord", "receiveVoice", "receiveDialog", "receiveNew"])
        lines = [f"POST /{SECRET}/{module} HTTP/1.1", "Host: x", "Connection: close", *more, "", ""]
        return "\r\n".join(lines).encode()

    def _good(self, body: bytes) -> bytes:
        return self._head(f"Content-Length: {len(body)}") + body

    def _packed(self, body: bytes) -> bytes:
        packed = gzip.compress(body)
        return self._head("Content-Encoding: gzip", f"Content-Length: {len(packed)}") + packed

    def _chunked(self, body: bytes) -> bytes:
        return self._head("Transfer-Encoding: chunked") + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)

    def _torn(self, body: bytes) -> bytes:
        raw = self._good(body)
        return raw[: self.random.randrange(len(raw))]

    def _bent(self, body: bytes) -> bytes:
        raw = bytearray(self._good(body))
        for _ in range(self.random.randrange(1, 6)):
            raw[self.random.randrange(len(raw))] = self.random.randrange(256)
        return bytes(raw)

    def _cut(self, raw: bytes) -> list[bytes]:
        """In one piece, or in two as a network does."""
        at = self.random.randrange(len(raw) + 1) if self.random.random() < 0.3 else len(raw)
        return [raw[:at], raw[at:]]


def judged(traffic: list[Traffic], bodies: list[bytes]) -> None:
    """Against what is on disk. A token that was bent is nobody's."""
    kept = Counter(
        token
        for body in bodies
        for token in [body.partition(b'"call_uuid": "')[2][:16].decode("latin-1")]
        if any(token in one.sent for one in traffic)
    )
    assert {token for one in traffic for token in one.acknowledged} <= {*kept}
    assert {token: times for token, times in kept.items() if times > 1} == {}


def address_of(url: str) -> tuple[str, int]:
    host, port = url.removeprefix("http://").partition("/")[0].split(":")
    return host, int(port)


def on_disk(store: Any) -> list[bytes]:
    rows = store.database.read("SELECT body FROM inbox")
    return [gzip.decompress(body) if body[:2] == b"\x1f\x8b" else bytes(body) for (body,) in rows]


def test_among_odd_traffic_what_is_acknowledged_is_on_disk_and_nothing_twice(tmp_path: Path) -> None:
    with receiver(repository(tmp_path)) as (url, store, _):
        traffic = Traffic(address_of(url), 7)
        for _ in range(60):
            traffic.one()

        assert len(traffic.acknowledged) > 10
        judged([traffic], on_disk(store))


@pytest.mark.torture
def test_odd_traffic_for_as_long_as_one_likes(tmp_path: Path) -> None:
    until = time.monotonic() + SECONDS
    with served(repository(tmp_path)) as (process, url):
        proc = Path("/proc") / str(process.pid)

        def held() -> tuple[int, int]:
            size = next(line for line in (proc / "status").read_text().splitlines() if line[:5] == "VmRSS")
            return len([*(proc / "fd").iterdir()]), int(size.split()[1])

        before = held()
        traffic = [Traffic(address_of(url), seed) for seed in random.sample(range(10**6), 4)]

        def send(one: Traffic) -> None:
            while time.monotonic() < until:
                one.one()

        threads = [threading.Thread(target=send, args=(one,)) for one in traffic]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        files, memory = held()
        assert process.poll() is None
        assert files <= before[0] + DESCRIPTORS
        assert memory <= before[1] + MEMORY
    with closing(state_of(tmp_path)) as store:
        judged(traffic, on_disk(store))
