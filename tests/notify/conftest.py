"""A webhook on the loopback interface: a real server that keeps what it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.served import Served, served


@dataclass
class Webhook:
    """What was posted, and what is answered: `status` 0 is no answer while `stuck` is not set."""

    url: str = ""
    status: int = 200
    bodies: list[Any] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    stuck: threading.Event = field(default_factory=threading.Event)
    let_go: list[str] = field(default_factory=list)

    @property
    def told(self) -> list[str]:
        return [body["message"] for body in self.bodies]


@contextmanager
def listening(hook: Webhook) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if hook.status == 0:
                hook.stuck.wait(60)
                hook.let_go.append(self.path)
                return
            hook.paths.append(self.path)
            if hook.status == 200:
                hook.bodies.append(json.loads(body))
            self.send_response(hook.status)
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hook.url = f"http://127.0.0.1:{server.server_address[1]}/hook?key=secret"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield
        finally:
            hook.stuck.set()
            server.shutdown()
            thread.join()


@pytest.fixture
def hook() -> Iterator[Webhook]:
    one = Webhook()
    with listening(one):
        yield one


@pytest.fixture
def here(tmp_path: Path, hook: Webhook) -> Iterator[Served]:
    with served(tmp_path / "campaigns") as one:
        one.environ["OPS_WEBHOOK"] = hook.url
        yield one
