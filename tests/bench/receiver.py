"""The receiver: durable pushes a second against bare waitress, crowds, a large apply beside it, contexts.

Costs are seconds a push, or the 99th percentile of an answer; what is behind `yeta serve` is all of it.
"""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.bench import crowd
from tests.bench.row import Cost, Row, side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECONDS = 4.0
ROUNDS = 3
SECRET = "bench"
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
from yeta_reconcile.campaign import Attributes
from yeta_reconcile.recorded import Phase, RowRecord, WaveRecord
from yeta_reconcile.store import open_store
environ = {"YETA_STATE_KEY": "bench"}
store = open_store("state/yeta.db", Path(sys.argv[1]), environ, project="bench", environment="", create=True)
store.waves.declare("large", "Campaign", ["phone"], protect=False)
attributes = Attributes("719", ("100",))
while True:
    wave = WaveRecord(0, "large", 1, 1, Phase.PLANNED, "large~w1", attributes, created_at=1)
    wave_id = store.waves.plan_wave(wave)
    rows = [RowRecord(wave_id, os.urandom(16), bytes(16), 0, line) for line in range(200_000)]
    store.waves.add_rows(wave_id, sorted(rows, key=lambda row: row.key))
    print("written", flush=True)
"""


@contextmanager
def running(*arguments: str) -> Iterator[str]:
    """A process that prints one line when it is ready; gives the line."""
    environ = os.environ | {"YETA_PUSH_SECRET": SECRET, "YETA_STATE_KEY": "bench"}
    with subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, text=True, env=environ
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@contextmanager
def receiver(folder: Path, contexts: str = "") -> Iterator[str]:
    """`yeta serve` on a fresh state; its base URL."""
    (folder / "yeta.yaml").write_text("kind: Project\nname: bench\n", encoding="utf-8")
    if contexts:
        (folder / "contexts.yaml").write_text(contexts, encoding="utf-8")
    with running("-m", "yeta_reconcile", "-C", str(folder), "serve", "--listen", "127.0.0.1:0") as url:
        yield f"{url}/{SECRET}"


def seen(url: str, clients: int, rate: float = 0.0) -> crowd.Seen:
    found = crowd.result(crowd.start(url, clients, SECONDS, rate))
    assert not found.failed, found
    return found


def a_push(url: str, clients: int) -> Callable[[], Cost]:
    """Seconds a push, all clients together."""
    return lambda: Cost(1 / seen(f"{url}/receiveCallRecord", clients).rate)


def against_waitress(folder: Path) -> tuple[Cost, Cost]:
    with receiver(folder) as ours, running("-c", BARE) as theirs:
        return side_by_side(a_push(ours, 16), a_push(theirs, 16), rounds=ROUNDS)


def crowd_of(clients: int) -> Callable[[Path], tuple[Cost, Cost]]:
    def measure(folder: Path) -> tuple[Cost, Cost]:
        with receiver(folder) as url:
            return side_by_side(a_push(url, clients), a_push(url, 16), rounds=ROUNDS)

    return measure


def beside_apply(folder: Path) -> tuple[Cost, Cost]:
    with receiver(folder) as url, running("-c", APPLY, str(folder)):
        found = [seen(f"{url}/receiveCallRecord", 16, 100).p99 for _ in range(ROUNDS)]
    return Cost(sorted(found)[ROUNDS // 2] / 1000), Cost(0.100)


def contexts(folder: Path) -> tuple[Cost, Cost]:
    with (folder / "contexts.csv").open("w", encoding="utf-8") as file:
        file.write("id,姓名,性别\n")
        file.writelines(f"{number},客户{number},男\n" for number in range(ENTRIES))
    document = "kind: DialogContext\nname: bench\ncontexts: {csv: contexts.csv, key: id}\n"
    with receiver(folder, document) as url:
        _until_read(url.removesuffix(f"/{SECRET}"))
        found = []
        for _ in range(ROUNDS):
            beside = crowd.start(f"{url}/receiveCallRecord", 16, SECONDS, RATE)
            found.append(seen(f"{url}/getDialogContext", 4, 200).p99)
            assert not crowd.result(beside).failed
    return Cost(sorted(found)[ROUNDS // 2] / 1000), Cost(0.020)


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
    Row("durable pushes, 16 clients", "bare waitress, the same POST", 1 / 0.70, against_waitress),
    Row("durable pushes, 64 clients", "its own with 16", 1 / 0.75, crowd_of(64)),
    Row("durable pushes, 256 clients", "its own with 16", 1 / 0.75, crowd_of(256)),
    Row("acknowledgement while apply writes, p99", "100 ms", 1.0, beside_apply),
    Row("getDialogContext of 1,000,000 beside 500 pushes/s, p99", "20 ms", 1.0, contexts),
)
