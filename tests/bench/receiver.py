"""The receiver: durable pushes a second against bare waitress, crowds, a large apply beside it, contexts.

Costs are seconds a push, or the 99th percentile of an answer; what is behind `yeta serve` is all of it.
"""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.bench import crowd
from tests.bench.row import Cost, Row, peak_of, side_by_side

SECONDS = 4.0
ROUNDS = 3
SECRET = "bench"
KEY = "bench"
ENTRIES = 1_000_000
RATE = 500

BARE = """
import logging
from waitress.server import create_server
logging.getLogger("waitress.queue").setLevel(logging.ERROR)
def app(environ, start_response):
    environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "7")])
    return [b"success"]
server = create_server(app, host="127.0.0.1", port=0, connection_limit=1000)
print(f"http://127.0.0.1:{server.effective_port}", flush=True)
server.run()
"""

# What a first apply of a large list writes, again and again, as fast as it can.
APPLY = """
import os, sys
from pathlib import Path
from yeta_reconcile.store import open_store
from yeta_reconcile.waves.attributes import Attributes
from yeta_reconcile.waves.record import Phase, RowRecord, WaveRecord
environ = {"YETA_STATE_KEY": "bench"}
store = open_store("state/yeta.db", Path(sys.argv[1]), environ, project="bench", environment="", create=True)
store.campaigns.declare("large", "Campaign", ["phone"], protect=False)
attributes = Attributes("719", ("100",))
while True:
    wave = WaveRecord(0, "large", 1, 1, Phase.PLANNED, "large~w1", attributes, created_at=1)
    wave_id = store.waves.plan_wave(wave)
    rows = [RowRecord(wave_id, os.urandom(16), bytes(16), 0, line) for line in range(200_000)]
    store.waves.add_rows(wave_id, sorted(rows, key=lambda row: row.key))
    print("written", flush=True)
"""


class Process(NamedTuple):
    """A process that runs: the line it printed when it was ready, and its id."""

    said: str
    pid: int


@contextmanager
def running(*arguments: str) -> Iterator[Process]:
    """A process that prints one line when it is ready, and is there until the block ends.

    An error if it is not: what is measured beside it would be measured beside nothing.
    """
    environ = os.environ | {"YETA_PUSH_SECRET": SECRET, "YETA_STATE_KEY": KEY}
    # What it says to people stands between the rows of the table only if it did not come up.
    with (
        tempfile.TemporaryFile("w+") as words,
        subprocess.Popen(
            [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=words, text=True, env=environ
        ) as process,
    ):
        assert process.stdout is not None
        try:
            said = process.stdout.readline().strip()
            if not said:
                words.seek(0)
                sys.exit(f"it ended before it was ready: {words.read()}")
            yield Process(said, process.pid)
            assert process.poll() is None, "it ended before it was to"
        finally:
            process.terminate()


@contextmanager
def receiver(folder: Path, contexts: str = "", server: str = "waitress") -> Iterator[Process]:
    """`yeta serve` on a fresh state; what it says is its base URL with the secret."""
    folder.mkdir(exist_ok=True)
    (folder / "yeta.yaml").write_text("kind: Project\nname: bench\n", encoding="utf-8")
    if contexts:
        (folder / "contexts.yaml").write_text(contexts, encoding="utf-8")
    with serving(folder, server) as process:
        yield process


@contextmanager
def serving(folder: Path, server: str = "waitress") -> Iterator[Process]:
    """`yeta serve` on what is there."""
    command = ("-m", "yeta_reconcile", "-C", str(folder), "serve", "--listen", "127.0.0.1:0")
    with running(*command, "--server", server) as process:
        yield Process(f"{process.said}/{SECRET}", process.pid)


def seen(url: str, clients: int, rate: float = 0.0) -> crowd.Seen:
    found = crowd.result(crowd.start(url, clients, SECONDS, rate))
    assert not found.failed, found
    return found


def a_push(server: Process, clients: int) -> Callable[[], Cost]:
    """Seconds a push, all clients together; and the server's memory."""
    return lambda: Cost(1 / seen(f"{server.said}/receiveCallRecord", clients).rate, peak_of(server.pid))


def against_waitress(clients: int) -> Callable[[Path], tuple[Cost, Cost]]:
    def measure(folder: Path) -> tuple[Cost, Cost]:
        with receiver(folder) as ours, running("-c", BARE) as theirs:
            return side_by_side(a_push(ours, clients), a_push(theirs, clients), rounds=ROUNDS)

    return measure


def behind_granian(clients: int) -> Callable[[Path], tuple[Cost, Cost]]:
    def measure(folder: Path) -> tuple[Cost, Cost]:
        with receiver(folder / "a", server="granian") as one, receiver(folder / "b") as other:
            return side_by_side(a_push(one, clients), a_push(other, clients), rounds=ROUNDS)

    return measure


def crowd_of(clients: int) -> Callable[[Path], tuple[Cost, Cost]]:
    def measure(folder: Path) -> tuple[Cost, Cost]:
        with receiver(folder) as ours:
            return side_by_side(a_push(ours, clients), a_push(ours, 16), rounds=ROUNDS)

    return measure


def beside_apply(folder: Path) -> tuple[Cost, Cost]:
    with receiver(folder) as ours, running("-c", APPLY, str(folder)):
        found = [seen(f"{ours.said}/receiveCallRecord", 16, 100).p99 for _ in range(ROUNDS)]
        return Cost(median(found) / 1000, peak_of(ours.pid)), Cost(0.100)


def contexts(folder: Path) -> tuple[Cost, Cost]:
    """The 99th percentile against 20 ms; the half-way mark stands in `half_of_contexts`."""
    return asked(folder, lambda crowd: crowd.p99), Cost(0.020)


def half_of_contexts(folder: Path) -> tuple[Cost, Cost]:
    return asked(folder, lambda crowd: crowd.p50), Cost(0.020)


def asked(folder: Path, figure: Callable[[crowd.Seen], float]) -> Cost:
    """A figure of the answers to getDialogContext out of many, while pushes come in."""
    with (folder / "contexts.csv").open("w", encoding="utf-8") as file:
        file.write("id,姓名,性别\n")
        file.writelines(f"{number},客户{number},男\n" for number in range(ENTRIES))
    document = "kind: DialogContext\nname: bench\ncontexts: {csv: contexts.csv, key: id}\n"
    with receiver(folder, document) as ours:
        _until_read(ours.said.removesuffix(f"/{SECRET}"))
        found = []
        for _ in range(ROUNDS):
            beside = crowd.start(f"{ours.said}/receiveCallRecord", 16, SECONDS, RATE)
            found.append(figure(seen(f"{ours.said}/getDialogContext", 4, 200)))
            assert not crowd.result(beside).failed
        return Cost(median(found) / 1000, peak_of(ours.pid))


def _until_read(base: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection(base.removeprefix("http://"))
        connection.request("GET", "/readyz")
        ready = connection.getresponse().status == 200
        connection.close()
        if ready:
            return
        time.sleep(0.5)
    raise RuntimeError("the contexts were not read")


ROWS = (
    Row("durable pushes, 1 client", "bare waitress, the same POST", None, against_waitress(1)),
    Row("durable pushes, 16 clients", "bare waitress, the same POST", 1 / 0.70, against_waitress(16)),
    Row("the same, 64 clients", "bare waitress, the same POST", None, against_waitress(64)),
    Row("durable pushes, 64 clients", "its own with 16", 1 / 0.75, crowd_of(64)),
    Row("durable pushes, 256 clients", "its own with 16", 1 / 0.75, crowd_of(256)),
    Row("durable pushes behind granian, 1 client", "behind waitress", None, behind_granian(1)),
    Row("durable pushes behind granian, 16 clients", "behind waitress", None, behind_granian(16)),
    Row("durable pushes behind granian, 256 clients", "behind waitress", None, behind_granian(256)),
    Row("acknowledgement while apply writes, p99", "100 ms", 1.0, beside_apply),
    Row("getDialogContext of 1,000,000 beside 500 pushes/s, p50", "20 ms", None, half_of_contexts),
    Row("getDialogContext of 1,000,000 beside 500 pushes/s, p99", "20 ms", 1.0, contexts),
)
