"""The receiver's routes: what is asked for, and what is answered; a push only once it is stored.

A WSGI application. `admit` decides without waiting, so that `server` may store many pushes at once.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from yeta_reconcile.numbers import mask_numbers
from yeta_reconcile.platform.pushes import MODULES
from yeta_reconcile.receiver.access import Access
from yeta_reconcile.receiver.contexts import ServedContexts
from yeta_reconcile.receiver.dashboard import DASHBOARD, POLICY, SOON
from yeta_reconcile.receiver.metrics import Metrics
from yeta_reconcile.receiver.writer import Writer
from yeta_reconcile.records.payload import LONGEST, NotAnObject, TooLong, pushes_in, read_object, unpacked
from yeta_reconcile.store.inbox import Push

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse


CONTEXT = "getDialogContext"
LOOKS = frozenset({"/healthz", "/readyz", "/metrics"})
_MODULE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
# Some addresses are typed by hand.
_AS_WRITTEN = {name.lower(): name for name in (*MODULES, CONTEXT)}
_SLASHES = re.compile("//+")
_HEADER = re.compile(r"[\w ,;=+./\"-]{1,100}")
_TEXT = "text/plain; charset=utf-8"
_JSON = "application/json; charset=utf-8"
_HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    status: str
    body: bytes
    content_type: str = _TEXT
    more: tuple[tuple[str, str], ...] = ()
    policy: str = "default-src 'none'"

    def headers(self) -> list[tuple[str, str]]:
        """Its headers, those of security among them."""
        return [
            ("Content-Type", self.content_type),
            ("Content-Length", str(len(self.body))),
            ("Cache-Control", "no-store"),
            ("Content-Security-Policy", self.policy),
            ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"),
            *self.more,
        ]


# What a receiver says of a push that it hands on: whoever has it from another hands it on to nobody.
RELAYED = "X-Yeta-Relayed"
# Only the first holds the word that the platform looks for.
STORED = Reply("200 OK", b"success")
NO_OBJECT = Reply("400 Bad Request", b"not a JSON object\n")
FORBIDDEN = Reply("403 Forbidden", b"forbidden\n")
NOT_FOUND = Reply("404 Not Found", b"not found\n")
NO_JSON = Reply("415 Unsupported Media Type", b"send JSON, and not from a page\n")
ONLY_POST = Reply("405 Method Not Allowed", b"use POST\n", more=(("Allow", "POST"),))
ONLY_GET = Reply("405 Method Not Allowed", b"use GET\n", more=(("Allow", "GET, HEAD"),))
TOO_LONG = Reply("413 Content Too Large", b"the body is too long\n")
CUT_OFF = Reply("400 Bad Request", b"the body ended early\n")
NOT_STORED = Reply("503 Service Unavailable", b"not stored, send it again\n", more=(("Retry-After", "5"),))
BROKEN = Reply("500 Internal Server Error", b"an error of the receiver\n")


class BrokenOff(Exception):
    """A body that ended before the length that it declared: nobody's push."""


@dataclass(slots=True)
class Request:
    """A request as far as it matters. `path` is WSGI's PATH_INFO, tidied; `body` reads it, once.

    `judged` is what the rest of it asks for, or why not, once that was looked at.
    """

    method: str
    path: str
    peer: str
    forwarded: str | None
    host: str | None
    origin: str | None
    content_type: str | None
    encoding: str | None
    body: Callable[[], bytes]
    relayed: bool = False
    judged: str | Refusal | None = None


@dataclass(frozen=True, slots=True)
class Deposit:
    """The pushes of one request, all of them to be stored before it is answered with `answer`."""

    pushes: tuple[Push, ...]
    answer: Reply
    began: float


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is given without a look at the body, and the reason as it is counted."""

    reason: str
    answer: Reply


@dataclass(frozen=True, slots=True)
class App:
    """Everything the routes need. `storing` tells at once whether pushes can be stored, as last known."""

    access: Access
    writer: Writer
    contexts: ServedContexts
    metrics: Metrics
    storing: Callable[[], bool]
    exposition: Callable[[], bytes]
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    dashboard: Callable[[], bytes | None] | None = None

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        answer = self.answer(request_of(environ))
        start_response(answer.status, answer.headers())
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else answer.body]

    def answer(self, request: Request) -> Reply:
        """Answer a request; for a push this waits until it is stored."""
        admitted = self.admit(request)
        if isinstance(admitted, Reply):
            return admitted
        return self.settled(admitted, stored=self.writer.store(admitted.pushes))

    def is_push(self, path: str) -> bool:
        """Whether a path may lead to the inbox; the others are answered without it, and wait for nothing."""
        return path not in LOOKS and not path.lower().endswith((f"/{CONTEXT}".lower(), f"/{DASHBOARD}"))

    def admit(self, request: Request) -> Reply | Deposit:
        """The answer; or, for a push, what has to be stored first."""
        if request.path in LOOKS:
            return self._look(request)
        module = self._module(request)
        if isinstance(module, Refusal):
            self.metrics.refused(module.reason)
            return module.answer
        if module == DASHBOARD:
            return self._dashboard()
        try:
            return self._context(request) if module == CONTEXT else self._push(module, request)
        except TooLong:
            self.metrics.refused("size")
            return TOO_LONG
        except BrokenOff:
            self.metrics.refused("malformed")
            return CUT_OFF

    def reads(self, request: Request) -> bool:
        """Whether the body is looked at: not where the rest of a request tells the answer."""
        return request.path not in LOOKS and not isinstance(self._module(request), Refusal)

    def settled(self, deposit: Deposit, *, stored: bool) -> Reply:
        """The answer to a push, once it is known whether it is on disk."""
        outcome = "refused" if not stored else "dead" if deposit.answer is NO_OBJECT else "stored"
        for push in deposit.pushes:
            self.metrics.answered(push.module, outcome, time.perf_counter() - deposit.began)
        return deposit.answer if stored else NOT_STORED

    def _module(self, request: Request) -> str | Refusal:
        """What may be asked for; or why not, without a look at the body."""
        if request.judged is None:
            request.judged = self._judge(request)
        return request.judged

    def _judge(self, request: Request) -> str | Refusal:
        module = self.access.module(request.path)
        if module is None:
            return Refusal("secret", NOT_FOUND)
        if not _MODULE.fullmatch(module):
            return Refusal("path", NOT_FOUND)
        if not self.access.admits(request.peer, request.forwarded):
            return Refusal("network", FORBIDDEN)
        if not self.access.meant(request.host):
            return Refusal("host", FORBIDDEN)
        if module == DASHBOARD and self.dashboard is not None:
            return DASHBOARD if request.method in {"GET", "HEAD"} else Refusal("method", ONLY_GET)
        if request.method != "POST":
            return Refusal("method", ONLY_POST)
        if request.origin is not None:
            return Refusal("origin", NO_JSON)
        if not self.access.takes(request.content_type):
            return Refusal("type", NO_JSON)
        return _AS_WRITTEN.get(module.lower(), module)

    def _dashboard(self) -> Reply:
        """The last page that was made, until the first one a page that asks again; who looks asks for one."""
        found = self.dashboard() if self.dashboard is not None else None
        return Reply("200 OK", SOON, _HTML) if found is None else Reply("200 OK", found, _HTML, policy=POLICY)

    def _push(self, module: str, request: Request) -> Deposit:
        began = time.perf_counter()
        body = request.body()
        try:
            body = unpacked(body, request.encoding or "")
            found = pushes_in(module, body, request.content_type or "")
        except NotAnObject as reason:
            dead = Push(module, body, self.now_ms(), problem=f"{reason}{_declared(request)}")
            return Deposit((dead,), NO_OBJECT, began)
        source = "relay" if request.relayed else "push"
        return Deposit(tuple(Push(name, part, self.now_ms(), source) for name, part in found), STORED, began)

    def _context(self, request: Request) -> Reply:
        began = time.perf_counter()
        try:
            body = unpacked(request.body(), request.encoding or "")
            ((_, body),) = pushes_in(CONTEXT, body, request.content_type or "")
            asked = read_object(body)
        except ValueError:
            return Reply("400 Bad Request", b"{}", _JSON)
        robot, relation = _text(asked.get("robot_id")), _text(asked.get("call_relation_id"))
        answer = Reply("200 OK", self.contexts.answer(robot, relation), _JSON)
        self.metrics.context_seconds.observe(time.perf_counter() - began)
        return answer

    def _look(self, request: Request) -> Reply:
        if request.method not in {"GET", "HEAD"}:
            return ONLY_GET
        if request.path == "/healthz":
            return Reply("200 OK", b"alive\n")
        if request.path == "/metrics":
            return Reply("200 OK", self.exposition(), "text/plain; version=0.0.4; charset=utf-8")
        storing, contexts = self.storing(), self.contexts.state
        looked = bool(contexts.read_at or contexts.problem)
        body = {
            "ready": storing and looked,
            "storing": "yes" if storing else "no",
            "contexts": "stale" if contexts.problem else "fresh" if looked else "not read yet",
        }
        status = "200 OK" if storing and looked else "503 Service Unavailable"
        return Reply(status, json.dumps(body).encode() + b"\n", _JSON)


def request_of(environ: dict[str, Any]) -> Request:
    """A request out of WSGI's environment."""

    def body() -> bytes:
        length = environ.get("CONTENT_LENGTH") or ""
        if length.isdecimal() and int(length) > LONGEST:
            raise TooLong
        read: bytes = environ["wsgi.input"].read(LONGEST + 1 if not length.isdecimal() else int(length))
        if len(read) > LONGEST:
            raise TooLong
        if length.isdecimal() and len(read) < int(length):
            raise BrokenOff
        return read

    return Request(
        method=environ["REQUEST_METHOD"],
        path=tidy(environ.get("PATH_INFO", "")),
        peer=environ.get("REMOTE_ADDR", ""),
        forwarded=environ.get("HTTP_X_FORWARDED_FOR"),
        host=environ.get("HTTP_HOST"),
        origin=environ.get("HTTP_ORIGIN"),
        content_type=environ.get("CONTENT_TYPE"),
        encoding=environ.get("HTTP_CONTENT_ENCODING"),
        relayed=f"HTTP_{RELAYED.upper().replace('-', '_')}" in environ,
        body=body,
    )


def tidy(path: str) -> str:
    """A path as it was meant: without a slash at its end, and none doubled."""
    return _SLASHES.sub("/", path).rstrip("/") or "/"


def _declared(request: Request) -> str:
    """What a dead letter's headers say of its body, for whoever looks at it."""
    said = {"Content-Type": request.content_type, "Content-Encoding": request.encoding}
    words = [f"{name}: {text}" for name, text in said.items() if text and _HEADER.fullmatch(text)]
    return mask_numbers(f" ({', '.join(words)})") if words else ""


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).strip()
