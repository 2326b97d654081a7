"""Carries pushes to the application over HTTP, in threads of its own.

A push is delivered if its answer holds the word `success` and comes within three seconds. How often
one is tried is the outbox's to say.
"""

from __future__ import annotations

import http.client
import json
import queue
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from yeta_reconcile.emulator.settings import Settings

PATIENCE = 3.0
"""Real seconds, from the document's later revision."""

_Errand = tuple[str, bytes, "Callable[[bool], None]"]


class Courier:
    """A carrier for `Emulator(carrier=…)`; `close` ends its threads."""

    def __init__(self, settings: Settings, *, threads: int = 8) -> None:
        self._urls = {url.url_module: url.url for url in settings.urls}
        self._queue: queue.SimpleQueue[_Errand | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"courier-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def __call__(self, module: str, data: dict[str, Any], settle: Callable[[bool], None]) -> None:
        """Take a push to be delivered; `settle` is told how it went, from another thread."""
        url = self._urls.get(module)
        if url is None:
            # The application never asked for pushes of this module: there is nothing to fail.
            settle(True)
            return
        self._queue.put((url, json.dumps(data, ensure_ascii=False).encode(), settle))

    def close(self) -> None:
        """Deliver what was taken, once, and end the threads."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        connections: dict[str, http.client.HTTPConnection] = {}
        while (errand := self._queue.get()) is not None:
            url, body, settle = errand
            settle(_delivered(connections, url, body))
        for connection in connections.values():
            connection.close()


def _delivered(connections: dict[str, http.client.HTTPConnection], url: str, body: bytes) -> bool:
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    kept = connections.pop(origin, None)
    deadline = time.monotonic() + PATIENCE
    for connection in (kept, _connected(parts.scheme, parts.netloc)):
        if connection is None:
            continue
        try:
            answer, said = _posted(connection, target, body)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            connection.close()
            # A kept connection may have been closed while it was idle: that is no answer yet.
            if connection is kept:
                continue
            return False
        except (OSError, http.client.HTTPException):
            connection.close()
            return False
        if answer.will_close:
            connection.close()
        else:
            connections[origin] = connection
        in_time = time.monotonic() <= deadline
        return in_time and answer.status == http.HTTPStatus.OK and b"success" in said
    return False


def _connected(scheme: str, netloc: str) -> http.client.HTTPConnection:
    # The connection itself is made by the first request, so one that is not used costs nothing.
    if scheme == "https":
        return http.client.HTTPSConnection(netloc, timeout=PATIENCE)
    return http.client.HTTPConnection(netloc, timeout=PATIENCE)


def _posted(
    connection: http.client.HTTPConnection, target: str, body: bytes
) -> tuple[http.client.HTTPResponse, bytes]:
    content = {"Content-Type": "application/json;charset=UTF-8"}
    connection.request("POST", target, body, content)
    answer = connection.getresponse()
    return answer, answer.read()
