"""The emulator as a WSGI application: requests in, envelopes out, faults in between.

Reads and answers HTTP; what a call does is the operations', what goes wrong is the faults'.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import parse_qs
from wsgiref.types import StartResponse

from yeta_reconcile.emulator import codes, recording
from yeta_reconcile.emulator.codes import Refusal
from yeta_reconcile.emulator.faults import ConnectionClosed, Fault, Faults, Withheld
from yeta_reconcile.emulator.operations import Operations
from yeta_reconcile.emulator.world import World

AUTHORIZE = "/oauth/v1/token"
_STATUS = {
    200: "200 OK",
    206: "206 Partial Content",
    400: "400 Bad Request",
    404: "404 Not Found",
    405: "405 Method Not Allowed",
    416: "416 Range Not Satisfiable",
    500: "500 Internal Server Error",
    502: "502 Bad Gateway",
}
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_GATEWAY_PAGE = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>"
)


@dataclass(slots=True)
class LoggedCall:
    """A request of the interface; `at` is epoch ms of the virtual clock.

    `code` is what the client was answered, `outcome` what the platform did; None where there was
    no such thing.
    """

    at: int
    path: str
    body: Any
    code: int | None = None
    outcome: int | None = None
    fault: str | None = None

    @property
    def executed(self) -> bool:
        """Tell whether the platform carried the call out."""
        return self.outcome == codes.OK


class Response(NamedTuple):
    """An answer; `declared` is the Content-Length where it is not the body's."""

    status: int
    body: bytes
    content_type: str = "application/json;charset=UTF-8"
    headers: tuple[tuple[str, str], ...] = ()
    declared: int | None = None


class Request(NamedTuple):
    """What is read of a request."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    content_type: str
    body: bytes
    range: str


Admin = Callable[[Request], Response | None]


class Door:
    """Answers requests, from several threads at once."""

    def __init__(self, world: World, operations: Operations, faults: Faults) -> None:
        self.log: list[LoggedCall] = []
        self.in_flight = 0
        self.max_in_flight = 0
        self._counting = threading.Lock()
        self._world = world
        self._operations = operations
        self._faults = faults
        self.admin: Admin = lambda _request: None

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        request = _read(environ)
        response = self.admin(request) or self._answer(request)
        length = len(response.body) if response.declared is None else response.declared
        start_response(
            _STATUS[response.status],
            [
                ("Content-Type", response.content_type),
                ("Content-Length", str(length)),
                *response.headers,
            ],
        )
        return [b"" if request.method == "HEAD" else response.body]

    def _answer(self, request: Request) -> Response:
        path = request.path
        for files, give in (("/voice/", self._recording), ("/push_download/", self._failed_pushes)):
            if path.startswith(files) and request.method not in ("GET", "HEAD"):
                return Response(405, b"", "text/plain", (("Allow", "GET, HEAD"),))
            if path.startswith(files):
                return give(path.removeprefix(files), request.range)
        prefix = self._world.settings.prefix
        call = path.removeprefix(prefix)
        known = call == AUTHORIZE or call in self._operations.by_path
        if not path.startswith(prefix) or not known:
            return Response(404, b"<html><h1>404 Not Found</h1></html>", "text/html")
        if request.method != "POST":
            return Response(405, b"", "text/plain", (("Allow", "POST"),))
        with self._counted() as in_flight:
            if self._world.settings.latency:
                time.sleep(self._world.settings.latency)
            return self._call(call, request, in_flight)

    @contextmanager
    def _counted(self) -> Iterator[int]:
        with self._counting:
            self.in_flight += 1
            in_flight = self.in_flight
            self.max_in_flight = max(self.max_in_flight, in_flight)
        try:
            yield in_flight
        finally:
            with self._counting:
                self.in_flight -= 1

    def _call(self, call: str, request: Request, in_flight: int) -> Response:
        body = _json(request)
        entry = LoggedCall(self._world.clock.now_ms, call, body)
        if self._world.settings.keep_history:
            with self._counting:
                self.log.append(entry)
        fault = self._faults.take(call, body if isinstance(body, dict) else {})
        if fault is not None:
            entry.fault = fault.kind
            return self._spoil(fault, call, request, entry)
        busy_above = self._world.settings.busy_above
        if busy_above is not None and in_flight > busy_above:
            answer = _envelope(codes.BUSY)
        else:
            answer = self._execute(call, request, entry)
        entry.code = answer["code"]
        return _sent(answer)

    def _execute(self, call: str, request: Request, entry: LoggedCall) -> dict[str, Any]:
        """Carry the call out, or refuse it."""
        world = self._world
        with world.lock:
            try:
                answer = _envelope(codes.OK, self._carry_out(call, request, entry.body))
            except Refusal as refusal:
                answer = _envelope(refusal.code, message=refusal.message)
        entry.outcome = answer["code"]
        return answer

    def _carry_out(self, call: str, request: Request, body: Any) -> dict[str, Any]:
        token = request.query.get("token", [""])[0]
        if call != AUTHORIZE and not self._world.token_is_good(token):
            raise Refusal(codes.BAD_TOKEN)
        if not isinstance(body, dict):
            raise Refusal(codes.BAD_PARAMETER, "JSON")
        if call == AUTHORIZE:
            return self._operations.token(body)
        return self._operations.by_path[call](body)

    def _spoil(self, fault: Fault, call: str, request: Request, entry: LoggedCall) -> Response:
        """Carry a fault out. In process, a closed or silent connection is an exception."""
        effect = fault.effect
        if effect == "late":
            self._execute_later(fault, call, request, entry)
            raise Withheld(fault.seconds)
        answer = _envelope(codes.OK)
        if fault.executes:
            answer = self._execute(call, request, entry)
        if effect == "closed":
            raise ConnectionClosed(call)
        if effect == "timeout":
            raise Withheld(fault.seconds)
        if effect == "code":
            entry.code = fault.code
            return _sent(_envelope(fault.code))
        if effect in ("half", "cut"):
            whole = _sent(answer).body
            declared = len(whole) if effect == "cut" else None
            return Response(200, whole[: len(whole) // 2], declared=declared)
        return {
            "html": Response(502, _GATEWAY_PAGE.encode(), "text/html"),
            "status_500": Response(500, b"<html><h1>500</h1></html>", "text/html"),
            "empty": Response(200, b""),
            "not_json": Response(200, b"service unavailable", "text/plain"),
            "wrong_shape": Response(200, b'["ok"]'),
        }[effect]

    def _execute_later(self, fault: Fault, call: str, request: Request, entry: LoggedCall) -> None:
        def act(_: object) -> None:
            self._execute(call, request, entry)

        with self._world.lock:
            now = self._world.clock.now_ms
            self._world.agenda.at(now + int(fault.seconds * 1000), act)

    def _recording(self, path: str, part: str) -> Response:
        if path not in self._world.recordings:
            return Response(404, b"", "text/plain")
        return _ranged(recording.wav(path), part)

    def _failed_pushes(self, path: str, _part: str) -> Response:
        with self._world.lock:
            packed = self._world.failed.zip_at(path, self._world.clock.now_ms)
        if packed is None:
            return Response(404, b"", "text/plain")
        return Response(200, packed, "application/zip")


def _read(environ: Mapping[str, Any]) -> Request:
    length = environ.get("CONTENT_LENGTH")
    stream = environ["wsgi.input"]
    body = b""
    if environ["REQUEST_METHOD"] == "POST":
        body = stream.read(int(length)) if length else stream.read()
    return Request(
        method=environ["REQUEST_METHOD"],
        # WSGI hands paths over as bytes in Latin-1 clothing.
        path=environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace"),
        query=parse_qs(environ.get("QUERY_STRING", "")),
        content_type=environ.get("CONTENT_TYPE", ""),
        body=body,
        range=environ.get("HTTP_RANGE", ""),
    )


def _json(request: Request) -> Any:
    """Give the body's JSON, or None where the type or the text is not what the document asks."""
    kind, _, parameters = request.content_type.lower().partition(";")
    charset = parameters.replace(" ", "").replace('"', "")
    if kind.strip() != "application/json" or charset not in ("", "charset=utf-8"):
        return None
    try:
        return json.loads(request.body.decode("utf-8"))
    except ValueError:
        return None


def _envelope(
    code: int, result: Mapping[str, Any] | None = None, message: str | None = None
) -> dict[str, Any]:
    said = message or codes.MESSAGES.get(code, "未知错误")
    return {"code": code, "message": said, "result": result or {}}


def _sent(envelope: Mapping[str, Any]) -> Response:
    return Response(200, json.dumps(envelope, ensure_ascii=False).encode())


def _ranged(whole: bytes, asked: str) -> Response:
    """Answer a request for a whole file or one range of it."""
    accepts = ("Accept-Ranges", "bytes")
    match = _RANGE.fullmatch(asked)
    if match is None or match.groups() == ("", ""):
        return Response(200, whole, "audio/wav", (accepts,))
    first, last = match.groups()
    if first:
        begin, end = int(first), min(int(last or len(whole)), len(whole) - 1)
    else:
        begin, end = max(len(whole) - int(last), 0), len(whole) - 1
    if begin > end:
        total = (("Content-Range", f"bytes */{len(whole)}"), accepts)
        return Response(416, b"", "audio/wav", total)
    shown = ("Content-Range", f"bytes {begin}-{end}/{len(whole)}")
    return Response(206, whole[begin : end + 1], "audio/wav", (shown, accepts))
