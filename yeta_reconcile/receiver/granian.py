"""Another server: a worker of granian's in this process, in front of the same application.

The only module here that knows granian, which is imported where it is asked for. A push is answered from the
writer's thread, once it is on disk; until then no thread waits for it.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
import threading
import time
from typing import Any

from yeta_reconcile.extras import extra
from yeta_reconcile.receiver.app import BROKEN, App, Reply, request_of
from yeta_reconcile.receiver.descriptors import room
from yeta_reconcile.receiver.server import BACKLOG, CONNECTIONS, DRAIN_SECONDS, LINGER_SECONDS
from yeta_reconcile.wording import phrase

log = logging.getLogger(__name__)

# Each holds a request whose body is still on its way, or one that is no push.
THREADS = 64
# For the headers of a request to come in; whoever is connected and silent leaves as well.
SILENT_MS = 20_000
LONGEST_HEADERS = 16_384
_NEEDS = phrase("--server granian needs")
_INSTEAD = phrase("take --server waitress")


class GranianServer:
    """Serves an application on a bound socket until what `serve` is given is set; granian's threads work."""

    def __init__(self, app: App, bound: socket.socket) -> None:
        inner = extra("granian._granian", "granian", _NEEDS, _INSTEAD)
        http = extra("granian.http", "granian", _NEEDS, _INSTEAD)
        # It says at each start and end that a worker starts and ends.
        logging.getLogger("_granian").setLevel(logging.WARNING)
        self._app = app
        self._leaving = False
        self._ended = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._signal = inner.WorkerSignal()
        self._signal.add_cb(self._ended.set)
        # It closes the socket that it is given, and asks how many may knock where it listens anew.
        knocking = (BACKLOG,) if sys.platform == "linux" else ()
        holder = inner.SocketHolder(bound.dup().detach(), False, *knocking)
        self._worker = inner.WSGIWorker(
            1,
            (None, holder),
            None,
            py_threads=THREADS,
            backpressure=room(CONNECTIONS),
            http_mode="1",
            http1_opts=http.HTTP1Settings(header_read_timeout=SILENT_MS, max_buffer_size=LONGEST_HEADERS),
        )
        self._scheduler = inner.CallbackScheduler(self._loop, self._answer, None, None, None)

    def serve(self, stop: threading.Event) -> None:
        """Answer until `stop` is set; then finish what was begun, and hang up."""
        self._worker.serve_mtr(self._scheduler, self._loop, self._signal)
        stop.wait()
        self._leaving = True
        time.sleep(LINGER_SECONDS)
        self._signal.set()
        if not self._ended.wait(DRAIN_SECONDS):
            log.warning("requests that were still coming in after %d s were let go", DRAIN_SECONDS)

    def close(self) -> None:
        """Let go of what is held."""
        self._loop.close()

    def _answer(self, way: Any, environ: dict[str, Any]) -> None:
        """Answer a request over `way`, which is of this request alone and may be kept."""

        def give(reply: Reply) -> None:
            last = [("Connection", "close")] if self._leaving else []
            body = b"" if environ["REQUEST_METHOD"] == "HEAD" else reply.body
            way.response_bytes(int(reply.status[:3]), [*reply.headers(), *last], body)

        try:
            found = self._app.admit(request_of(environ))
            if isinstance(found, Reply):
                give(found)
            elif not self._app.writer.put(
                found.pushes, lambda stored: give(self._app.settled(found, stored=stored))
            ):
                give(self._app.settled(found, stored=False))
        except Exception:
            log.exception("a request could not be answered")
            give(BROKEN)
