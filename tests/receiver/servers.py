"""A receiver on a real socket, over a state file, in this process or in one of its own."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.support.measured import measured
from yeta_reconcile.platform.transport import client_by
from yeta_reconcile.platform.ways import Ways
from yeta_reconcile.receiver.access import Access
from yeta_reconcile.receiver.contexts import ServedContexts
from yeta_reconcile.receiver.relay import Relay, Target
from yeta_reconcile.receiver.server import Server, bind
from yeta_reconcile.receiver.service import Opening, ReceiverService
from yeta_reconcile.store import Store, open_store

SECRET = "a-secret.of_the~tests"
STATE_KEY = "the key of the tests"


def repository(root: Path, *documents: str) -> Path:
    (root / "yeta.yaml").write_text("kind: Project\nname: acme\n", encoding="utf-8")
    for at, document in enumerate(documents):
        (root / f"document-{at}.yaml").write_text(document, encoding="utf-8")
    return root


def state_of(root: Path, location: str = "state/yeta.db") -> Store:
    return open_store(
        location,
        root,
        {"YETA_STATE_KEY": STATE_KEY},
        project="acme",
        environment="",
        create=True,
    )


@contextmanager
def serving(receiver: ReceiverService, bound: socket.socket, made: Opening) -> Iterator[str]:
    """Serve in a thread while the block runs; gives the base URL."""
    stop, ready = threading.Event(), threading.Event()
    thread = threading.Thread(target=receiver.run, args=(bound, stop, ready.set, made), name="receiver")
    host, port = bound.getsockname()[:2]
    thread.start()
    ready.wait()
    try:
        yield f"http://{f'[{host}]' if ':' in host else host}:{port}"
    finally:
        stop.set()
        thread.join()


@contextmanager
def receiver(root: Path, **access: Any) -> Iterator[tuple[str, Store, ReceiverService]]:
    """A running receiver: its base URL with the secret, its store, itself. `report` makes its dashboard.

    `relay` are the addresses that it hands on to, `state` says where its state is, `opening` who listens.
    """
    report, relay = access.pop("report", None), access.pop("relay", ())
    opening = access.pop("opening", Server)
    client, location = client_by(Ways(), longest=5), access.pop("state", "state/yeta.db")
    inbox, store = state_of(root, location), state_of(root, location)
    try:
        made = ReceiverService(
            inbox,
            store,
            Access(**({"secrets": (SECRET.encode(),)} | access)),
            ServedContexts(root, None, {}),
            timedelta(days=90),
            report,
            Relay([Target.of(url) for url in relay], client) if relay else None,
        )
        with bind("127.0.0.1", 0) as bound, serving(made, bound, opening) as url:
            yield f"{url}/{SECRET}", inbox, made
    finally:
        inbox.close()
        store.close()
        client.close()


@contextmanager
def served(root: Path, *options: str, secret: str = SECRET) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`yeta serve` in a process, which has said where it is: (process, base URL with the secret)."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("YETA_")}
    environ |= {"YETA_PUSH_SECRET": secret, "YETA_STATE_KEY": STATE_KEY} | measured()
    command = [sys.executable, "-m", "yeta_reconcile", "-C", str(root), "serve", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(
        [*command, *options], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        url = process.stdout.readline().strip()
        for line in iter(process.stderr.readline, ""):
            assert not any(one and one in line for one in secret.split(","))
            if line.startswith("The report is at"):
                break
        try:
            yield process, f"{url}/{secret}" if secret else url
        finally:
            if process.poll() is None:
                process.kill()


def post(url: str, body: Any, *, timeout: float = 10) -> tuple[int, bytes]:
    """(status, body) of one POST."""
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=timeout)
    try:
        content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        connection.request("POST", f"/{path}", content)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def get(url: str, *, timeout: float = 10) -> tuple[int, bytes]:
    """(status, body) of one GET."""
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=timeout)
    try:
        connection.request("GET", f"/{path}")
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
