"""Several receivers of one state in PostgreSQL: what one acknowledged is stored once, whoever goes."""

from __future__ import annotations

import http.client
import json
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.receiver.pushes import basic
from tests.receiver.servers import receiver, repository, served, state_of
from tests.support.patience import until
from tests.support.postgres import PostgresServer
from yeta_reconcile.records.projector import Projector
from yeta_reconcile.store.inbox import PushStanding

CLIENTS = 4
TURNS = 200
# What a client has to see from each receiver before the next one goes.
ENOUGH = 15
PAUSE = 0.002


class Entry(NamedTuple):
    """What a client wrote down of a try: "acknowledged", "refused" unread or by an answer, or "unknown"."""

    uuid: str
    host: str
    became: str


class Client(threading.Thread):
    """Sends one push after another over kept connections, each until one of those there acknowledges it."""

    def __init__(self, name: str, addresses: list[str], over: threading.Event) -> None:
        super().__init__()
        self._named, self._addresses, self._over = name, addresses, over
        self._connections: dict[str, http.client.HTTPConnection] = {}
        self.log: list[Entry] = []

    def run(self) -> None:
        number = 0
        while not self._over.wait(PAUSE):
            number += self._sent(f"{self._named}-{number}")
        for connection in self._connections.values():
            connection.close()

    def _sent(self, uuid: str) -> bool:
        """Whether it was acknowledged; if not, it is sent again, to the next."""
        addresses = [*self._addresses]
        url = addresses[len(self.log) % len(addresses)]
        host, _, path = url.removeprefix("http://").partition("/")
        connection = self._connections.setdefault(host, http.client.HTTPConnection(host, timeout=20))
        became = "refused"
        try:
            if connection.sock is None:
                connection.connect()
            became = "unknown"
            connection.request("POST", f"/{path}/receiveCallRecord", json.dumps(basic(uuid)).encode())
            answer = connection.getresponse()
            stored = answer.read() == b"success" and answer.status == 200
            became = "acknowledged" if stored else "refused"
        except (OSError, http.client.HTTPException):
            connection.close()
        self.log.append(Entry(uuid, host, became))
        return became == "acknowledged"


class Lives(NamedTuple):
    """Where receivers are, and who sends to them."""

    addresses: list[str]
    clients: list[Client]

    def seen(self) -> None:
        """Until each receiver has acknowledged enough since now."""
        before = [len(client.log) for client in self.clients]
        hosts = {url.removeprefix("http://").partition("/")[0] for url in self.addresses}

        def enough() -> bool:
            new = (
                entry for client, at in zip(self.clients, before, strict=True) for entry in client.log[at:]
            )
            count = Counter(entry.host for entry in new if entry.became == "acknowledged")
            return all(count[host] >= ENOUGH for host in hosts)

        until(enough, 60)


@contextmanager
def sent_to(addresses: list[str]) -> Iterator[Lives]:
    over = threading.Event()
    clients = [Client(f"client-{at}", addresses, over) for at in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        yield Lives(addresses, clients)
    finally:
        over.set()
        for client in clients:
            client.join()


Made = tuple[str, Callable[[], None]]
"""A receiver: its base URL, and what ends it."""


def follow_each_other(make: Callable[[ExitStack], Made], turns: int) -> list[Entry]:
    """Two receivers under load, of which the older ends again and again, and another comes; what was seen."""
    with ExitStack() as stack:
        running = [make(stack) for _ in range(2)]
        addresses = [url for url, _ in running]
        with sent_to(addresses) as lives:
            for left in reversed(range(turns)):
                lives.seen()
                url, end = running.pop(0)
                end()
                addresses.remove(url)
                if left:
                    running.append(make(stack))
                    addresses.append(running[-1][0])
            lives.seen()
        return [entry for client in lives.clients for entry in client.log]


def check(location: str, root: Path, log: list[Entry]) -> None:
    """Each push is a call and folded once; again is there at most what has no outcome a client knows."""
    acknowledged = Counter(entry.uuid for entry in log if entry.became == "acknowledged")
    doubtful = Counter(entry.uuid for entry in log if entry.became == "unknown")
    assert set(acknowledged.values()) == {1}
    with closing(state_of(root, location)) as store:
        Projector(store).drain()
        stored = Counter(store.database.read("SELECT call_uuid, standing FROM inbox"))
        calls = Counter(record.call.call_uuid for record in store.calls.every())
    folded = Counter(
        {uuid: count for (uuid, standing), count in stored.items() if standing == PushStanding.FOLDED}
    )
    again = Counter(
        {uuid: count for (uuid, standing), count in stored.items() if standing == PushStanding.DUPLICATE}
    )
    assert set(stored) == {(uuid, PushStanding.FOLDED) for uuid in folded} | {
        (uuid, PushStanding.DUPLICATE) for uuid in again
    }
    assert set(acknowledged) <= set(folded)
    assert set(folded) <= set(acknowledged) | set(doubtful)
    assert calls == folded
    assert set(folded.values()) == {1}
    assert again <= doubtful


@pytest.fixture
def location(postgres: PostgresServer, tmp_path: Path) -> Iterator[str]:
    with postgres.state() as made:
        (repository(tmp_path) / "yeta.yaml").write_text(
            f"kind: Project\nname: acme\nstate: {made}\n", "utf-8"
        )
        yield made


def in_process(root: Path, location: str) -> Callable[[ExitStack], Made]:
    """Receivers that are told to stop as SIGTERM tells them."""

    def make(stack: ExitStack) -> Made:
        own = stack.enter_context(ExitStack())
        url, _, _ = own.enter_context(receiver(root, state=location))
        return url, own.close

    return make


def as_process(root: Path, how: signal.Signals) -> Callable[[ExitStack], Made]:
    """Receivers that a signal ends."""

    def make(stack: ExitStack) -> Made:
        process, url = stack.enter_context(served(root))

        def end() -> None:
            process.send_signal(how)
            assert process.wait(30) == (0 if how is signal.SIGTERM else -how)

        return url, end

    return make


def test_what_receivers_acknowledged_that_were_killed_in_turn_is_stored_once(
    location: str, tmp_path: Path
) -> None:
    log = follow_each_other(as_process(tmp_path, signal.SIGKILL), 2)
    check(location, tmp_path, log)


def test_receivers_that_are_replaced_one_by_one_leave_no_push_without_an_answer(
    location: str, tmp_path: Path
) -> None:
    log = follow_each_other(in_process(tmp_path, location), 2)
    check(location, tmp_path, log)
    assert [entry for entry in log if entry.became == "unknown"] == []


@pytest.mark.torture
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_what_hundreds_of_receivers_acknowledged_is_stored_once(
    location: str, tmp_path: Path, how: signal.Signals
) -> None:
    log = follow_each_other(as_process(tmp_path, how), TURNS)
    check(location, tmp_path, log)
    assert how is signal.SIGKILL or [entry for entry in log if entry.became == "unknown"] == []
