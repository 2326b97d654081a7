"""Receivers of one state in PostgreSQL: durable pushes a second of several, by turns with one of them alone.

Clients, server and receivers share this machine: on two cores the sum cannot double.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.bench import crowd
from tests.bench.receiver import ROUNDS, SECONDS, SECRET, Process, running
from tests.bench.row import Cost, Row, peak_of, side_by_side
from tests.support.postgres import PostgresServer

CLIENTS = 64


@contextmanager
def receivers(folder: Path, count: int) -> Iterator[list[Process]]:
    """So many `yeta serve` on one fresh state; each says its base URL with the secret."""
    server = PostgresServer(durable=True)
    server.begin()
    try:
        project = f"kind: Project\nname: bench\nstate: {server.schema()}\n"
        (folder / "yeta.yaml").write_text(project, encoding="utf-8")
        command = ("-m", "yeta_reconcile", "-C", str(folder), "serve", "--listen", "127.0.0.1:0")
        with ExitStack() as stack:
            made = [stack.enter_context(running(*command)) for _ in range(count)]
            yield [Process(f"{one.said}/{SECRET}", one.pid) for one in made]
    finally:
        server.end()


def a_push(servers: Sequence[Process]) -> Callable[[], Cost]:
    """Seconds a push, all clients together, who are spread over the receivers; the most memory of one."""

    def measure() -> Cost:
        each = CLIENTS // len(servers)
        crowds = [crowd.start(f"{one.said}/receiveCallRecord", each, SECONDS) for one in servers]
        seen = [crowd.result(one) for one in crowds]
        assert not any(one.failed for one in seen), seen
        return Cost(1 / sum(one.rate for one in seen), max(peak_of(one.pid) for one in servers))

    return measure


def beside_one(count: int) -> Callable[[Path], tuple[Cost, Cost]]:
    def measure(folder: Path) -> tuple[Cost, Cost]:
        with receivers(folder, count) as made:
            return side_by_side(a_push(made), a_push(made[:1]), rounds=ROUNDS)

    return measure


ROWS = tuple(
    Row(f"durable pushes into PostgreSQL, {count} receivers", "one of them alone", None, beside_one(count))
    for count in (2, 4)
)
