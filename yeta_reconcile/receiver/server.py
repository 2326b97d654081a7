"""The server: waitress in front of the application, with its channels kept from spinning and bounded.

Pushes are queued for the writer, whose one thread stores and answers them in batches; everything else is
answered by threads of its own, so that neither holds the other. The only module here that knows waitress.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher, WSGITask
from waitress.utilities import RequestEntityTooLarge

from yeta_reconcile.receiver.app import BROKEN, RELAYED, App, Reply, Request, tidy
from yeta_reconcile.receiver.descriptors import NONE_LEFT, room
from yeta_reconcile.records.payload import LONGEST

log = logging.getLogger(__name__)

CONNECTIONS = 1000
THREADS = 4
IDLE_SECONDS = 60
# A request that takes longer than this to come in is a slow client's, or nobody's.
REQUEST_SECONDS = 20
DRAIN_SECONDS = 10.0
# At the end, whoever is connected and silent is waited for so long: its next request may be on the way.
LINGER_SECONDS = 0.5
# Where no descriptor is left, nobody is let in for so long, and so many that are silent leave.
PAUSE_SECONDS = 0.1
LEAVE_AT_ONCE = 16
SAY_EVERY = 60.0
BACKLOG = 1024
_TOO_LARGE = RequestEntityTooLarge("").code
# The longest body as it may come over the wire: each byte in a chunk of its own, and the headers behind.
_LONGEST_SENT = 6 * LONGEST + 16_384


class _Task(WSGITask):
    """Sends an answer that is ready; header and body in one piece."""

    def execute(self) -> None:
        answer = self.channel.prepared
        if answer is None:
            answer = _answered(self.channel.server.app, self.request.asked())
        self.channel.prepared = None
        self.complete = True
        self.status = answer.status
        self.response_headers = answer.headers()
        self.content_length = len(answer.body)
        if self.channel.server.leaving:
            # Its next request goes to another receiver, instead of being cut off here.
            self.request.headers["CONNECTION"] = "close"
        head = self.build_response_header()
        self.wrote_header = True
        self.channel.write_soon(head if self.request.command == "HEAD" else head + answer.body)


class _ErrorTask(ErrorTask):
    """What waitress refuses by itself, answered in the same form."""

    def execute(self) -> None:
        error = self.request.error
        self.channel.server.app.metrics.refused("size" if error.code == _TOO_LARGE else "malformed")
        body = f"{error.reason}\n".lower().encode()
        answer = Reply(f"{error.code} {error.reason}", body)
        self.status = answer.status
        self.response_headers = answer.headers()
        self.content_length = len(body)
        self.set_close_on_finish()
        self.write(body)


class _Parser(HTTPRequestParser):
    """A request on its way in: a body that nobody will look at is not taken, and of a longer one no more."""

    _asked: Request | None = None

    def __init__(self, channel: _Channel, adjustments: Adjustments) -> None:
        super().__init__(adjustments)
        self._channel = channel

    def received(self, data: bytes) -> int:
        consumed = int(super().received(data))
        if self.body_rcv is not None and self.error is None:
            self._judge()
        if self.completed:
            # It is answered now; waitress would ask for the body first.
            self.expect_continue = False
        return consumed

    def _judge(self) -> None:
        first = self._asked is None
        if first and not self._channel.server.app.reads(self.asked()):
            self.completed = True
            self.headers["CONNECTION"] = "close"
        elif max(self.content_length, len(self.body_rcv)) > LONGEST:
            self.completed = True
            self.error = RequestEntityTooLarge(f"exceeds max_body of {LONGEST}")

    def asked(self) -> Request:
        """The request, in the application's words; read once its headers are there."""
        if self._asked is None:
            # What reads the body does not hold the request: a circle would be there until it is looked for.
            body_rcv = self.body_rcv
            self._asked = Request(
                method=self.command.upper(),
                path=tidy(self.path),
                peer=self._channel.addr[0],
                forwarded=self.headers.get("X_FORWARDED_FOR"),
                host=self.headers.get("HOST"),
                origin=self.headers.get("ORIGIN"),
                content_type=self.headers.get("CONTENT_TYPE"),
                encoding=self.headers.get("CONTENT_ENCODING"),
                relayed=RELAYED.upper().replace("-", "_") in self.headers,
                body=lambda: b"" if body_rcv is None else bytes(body_rcv.getfile().read()),
            )
        return self._asked


class _Channel(HTTPChannel):
    """One connection."""

    task_class = _Task
    error_task_class = _ErrorTask
    prepared: Reply | None = None
    began = 0.0

    def parser_class(self, adjustments: Adjustments) -> _Parser:
        return _Parser(self, adjustments)

    def writable(self) -> bool:
        # While a worker has the request there is nothing for the loop to write: stock waitress says there
        # is, and the loop spins and takes the interpreter from the worker.
        if self.requests and self.total_outbufs_len <= self.adj.outbuf_high_watermark:
            return bool(self.will_close)
        return bool(super().writable())

    def received(self, data: bytes) -> bool:
        if self.request is None:
            self.began = time.time()
        return bool(super().received(data))

    def _flush_some(self, do_close: bool = True) -> bool:
        # Who has answered asks for the body of the request behind by himself: stock waitress's loop, which
        # takes nobody to be at work, then sends the same once more.
        with self.outbuf_lock:
            return bool(super()._flush_some(do_close))


class _Server(TcpWSGIServer):
    """The listening socket."""

    channel_class = _Channel
    app: App
    closed_until = 0.0
    said_at = 0.0
    leaving = False

    def readable(self) -> bool:
        full = bool(self.accepting) and len(self._map) >= self.adj.connection_limit
        # Else waitress would say so for each that leaves and the next that comes.
        self.in_connection_overflow = full
        if full:
            self._close_idlest(1)
            self._say(f"{self.adj.connection_limit} are open")
        # Whoever knocks while nobody can be let in would wake the loop again and again.
        return bool(super().readable()) and time.time() >= self.closed_until

    def accept(self) -> Any:
        try:
            return super().accept()
        except OSError as problem:
            if problem.errno not in NONE_LEFT:
                raise
            self.closed_until = time.time() + PAUSE_SECONDS
            self._close_idlest(LEAVE_AT_ONCE)
            self._say(str(problem.strerror))
            return None

    def _say(self, why: str) -> None:
        now = time.time()
        if now - self.said_at > SAY_EVERY:
            self.said_at = now
            log.warning("no connection can be taken: %s; those that are silent leave", why)

    def leave(self) -> None:
        """Let in who has knocked, as far as there is room, and nobody more: the next are refused at once."""
        self.leaving = True
        waited_for = -1
        while waited_for < len(self._map) < self.adj.connection_limit:
            waited_for = len(self._map)
            self.handle_accept()
        del self._map[self.socket.fileno()]
        self.socket.close()

    def maintenance(self, now: float) -> None:
        super().maintenance(now)
        for channel in self.active_channels.values():
            slow = channel.request is not None and now - channel.began > REQUEST_SECONDS
            if slow and not channel.requests:
                channel.will_close = True

    def _close_idlest(self, most: int) -> None:
        """Those who have been silent longest make room for who wants to speak."""
        idle = [channel for channel in self.active_channels.values() if not channel.requests]
        for channel in sorted(idle, key=lambda channel: channel.last_activity)[:most]:
            channel.will_close = True


class _Lanes:
    """Hands requests to whoever answers them; what waitress calls a dispatcher."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._others = ThreadedTaskDispatcher()
        self._others.set_thread_count(THREADS)

    def add_task(self, channel: _Channel) -> None:
        request = channel.requests[0]
        if request.error is None and self._app.is_push(request.asked().path):
            admitted = self._admit(channel)
            if not isinstance(admitted, Reply):
                if self._app.writer.put(
                    admitted.pushes, lambda stored: self._settle(channel, admitted, stored)
                ):
                    return
                admitted = self._app.settled(admitted, stored=False)
            channel.prepared = admitted
        self._others.add_task(channel)

    def _admit(self, channel: _Channel) -> Any:
        try:
            return self._app.admit(channel.requests[0].asked())
        except Exception:
            log.exception("a request could not be answered")
            return BROKEN

    def _settle(self, channel: _Channel, deposit: Any, stored: bool) -> None:
        channel.prepared = self._app.settled(deposit, stored=stored)
        channel.service()

    def shutdown(self) -> None:
        self._others.shutdown(timeout=1)


def _answered(app: App, request: Request) -> Reply:
    try:
        return app.answer(request)
    except Exception:
        log.exception("a request could not be answered")
        return BROKEN


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host.strip("[]"), port), family=family, backlog=BACKLOG)


class Server:
    """Serves an application on a bound socket, in the thread that calls `serve`."""

    def __init__(self, app: App, bound: socket.socket) -> None:
        _quiet_waitress([secret.decode() for secret in app.access.secrets])
        self._channels: dict[int, Any] = {}
        self._lanes = _Lanes(app)
        self._bound = bound
        adjustments = Adjustments(
            sockets=[bound],
            backlog=BACKLOG,
            connection_limit=room(CONNECTIONS),
            channel_timeout=IDLE_SECONDS,
            cleanup_interval=5,
            max_request_header_size=16_384,
            max_request_body_size=_LONGEST_SENT,
            inbuf_overflow=_LONGEST_SENT,
            clear_untrusted_proxy_headers=False,
            ident="",
            log_socket_errors=False,
        )
        info = (bound.family, bound.type, bound.proto, bound.getsockname())
        self._server = _Server(
            None, self._channels, True, bound, self._lanes, adjustments, info, bind_socket=False
        )
        self._server.app = app

    def serve(self, stop: threading.Event) -> None:
        """Answer until `stop` is set; then finish what was begun, and hang up."""
        while not stop.is_set():
            wasyncore.loop(timeout=0.2, use_poll=True, map=self._channels, count=1)
        self._server.leave()
        began = time.monotonic()
        while (waited := time.monotonic() - began) < DRAIN_SECONDS and self._awaits(waited):
            wasyncore.loop(timeout=0.05, use_poll=True, map=self._channels, count=1)

    def close(self) -> None:
        """Let go of every connection."""
        self._lanes.shutdown()
        wasyncore.close_all(self._channels, ignore_all=True)

    def _awaits(self, waited: float) -> bool:
        """Whether anything that was begun is to be answered, or may just have been sent."""
        return any(
            waited < LINGER_SECONDS
            or channel.requests
            or channel.request is not None
            or channel.total_outbufs_len
            for channel in [*self._server.active_channels.values()]
        )


class _NoSecrets(logging.Filter):
    """waitress names the path of a request that went wrong, and the secret stands in it."""

    def __init__(self, secrets: list[str]) -> None:
        super().__init__()
        self._secrets = secrets

    def filter(self, record: logging.LogRecord) -> bool:
        words = record.getMessage()
        for secret in self._secrets:
            words = words.replace(secret, "***")
        record.msg, record.args = words, ()
        return True


def _quiet_waitress(secrets: list[str]) -> None:
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    logger = logging.getLogger("waitress")
    logger.setLevel(logging.WARNING)
    logger.filters[:] = [one for one in logger.filters if not isinstance(one, _NoSecrets)]
    logger.addFilter(_NoSecrets(secrets))
