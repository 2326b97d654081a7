"""One request and its whole answer, bounded in size; every failure told as sent or not sent.

Knows a call by its name alone, for the log, and no code's meaning. Goes below httpx's client on purpose:
that one writes each URL, and with it the token, to the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import httpx

from yeta_reconcile.platform.answers import Envelope, OddAnswer, read_envelope
from yeta_reconcile.wording import Text, phrase, said_by

LOG = logging.getLogger(__name__)
LARGEST_ANSWER = 16 * 2**20
_HEADERS = [
    (b"Content-Type", b"application/json;charset=UTF-8"),
    (b"Accept", b"application/json"),
    (b"User-Agent", b"yeta-reconcile"),
]
# A proxy that refuses to connect has passed nothing on.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


class NoAnswer(Exception):
    """No envelope came back.

    `sent`: the request may have arrived; `again`: asking once more may help.
    """

    def __init__(self, why: Text, *, sent: bool = True, again: bool = True) -> None:
        super().__init__(why)
        self.why = why
        self.sent = sent
        self.again = again


class Waiting:
    """Counts what is being asked, by any thread; `now` is a monotonic clock, in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._asked = 0
        self._since = 0.0
        self._lock = Lock()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """While the block runs, an answer is owed; waits between tries count as well."""
        with self._lock:
            if not self._asked:
                self._since = self._now()
            self._asked += 1
        try:
            yield
        finally:
            with self._lock:
                self._asked -= 1

    def heard(self) -> None:
        """Something came."""
        self._since = self._now()

    @property
    def seconds(self) -> float:
        """How long nothing was heard while something was asked; 0 if nothing is."""
        return self._now() - self._since if self._asked else 0.0


class Exchange:
    """Requests over one transport, `timeout` seconds each; `now` is a monotonic clock.

    `waiting` is told when something comes.
    """

    def __init__(
        self, transport: httpx.BaseTransport, timeout: float, now: Callable[[], float], waiting: Waiting
    ) -> None:
        self._transport = transport
        self._now = now
        self._waiting = waiting
        self._extensions = _limits(timeout)

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()

    def post(self, call: str, url: httpx.URL, body: bytes) -> Envelope:
        """Send a JSON body, read the envelope. Raises NoAnswer."""
        began, outcome = self._now(), phrase("broken off")
        try:
            answer = self._answer(url, body)
            outcome = phrase("code {code}", code=answer.code)
        except NoAnswer as error:
            outcome = error.why
            raise
        finally:
            LOG.debug("%s call: %s, %.0f ms", call, outcome, (self._now() - began) * 1000)
        return answer

    def _answer(self, url: httpx.URL, body: bytes) -> Envelope:
        request = httpx.Request("POST", url, headers=_HEADERS, content=body, extensions=self._extensions)
        response = self._open(request)
        parts, length = [], 0
        for chunk in _body(response):
            parts.append(chunk)
            length += len(chunk)
            if length > LARGEST_ANSWER:
                response.close()
                raise NoAnswer(
                    phrase("an answer of more than {largest_answer} bytes", largest_answer=LARGEST_ANSWER),
                    again=False,
                )
        status = response.status_code
        self._waiting.heard()
        try:
            return read_envelope(status, b"".join(parts))
        except OddAnswer as odd:
            raise NoAnswer(said_by(odd), again=status == 200 or _may_pass(status)) from None

    def get(self, url: httpx.URL, seconds: float) -> Iterator[bytes]:
        """The chunks of a file, all of it within `seconds`. Raises NoAnswer."""
        response = self._open(httpx.Request("GET", url, extensions=_limits(seconds)))
        status = response.status_code
        if status != 200:
            response.close()
            raise NoAnswer(phrase("HTTP status {status}", status=status), again=_may_pass(status))
        for chunk in _body(response):
            self._waiting.heard()
            yield chunk

    def _open(self, request: httpx.Request) -> httpx.Response:
        try:
            return self._transport.handle_request(request)
        except httpx.TransportError as error:
            raise no_answer(error) from None


def _body(response: httpx.Response) -> Iterator[bytes]:
    assert isinstance(response.stream, httpx.SyncByteStream)
    try:
        yield from response.stream
    except httpx.TransportError as error:
        raise no_answer(error) from None
    finally:
        response.close()


def _limits(seconds: float) -> dict[str, Any]:
    names = ("connect", "read", "write", "pool")
    return {"total": seconds, "timeout": dict.fromkeys(names, seconds)}


def _may_pass(status: int) -> bool:
    return status >= 500 or status in {408, 425, 429}


def no_answer(error: httpx.TransportError) -> NoAnswer:
    """What went wrong, from the kind of error alone: its text may hold an address or a header."""
    sent = not isinstance(error, _NOT_SENT)
    if isinstance(error, httpx.TimeoutException):
        return NoAnswer(
            phrase("no whole answer in time") if sent else phrase("no connection in time"), sent=sent
        )
    if isinstance(error, httpx.ProxyError):
        said = error.args[0] if error.args else ""
        refuses = phrase("the proxy refuses to connect")
        return NoAnswer(said if isinstance(said, Text) else refuses, sent=False)
    if not sent:
        doubted = "CERTIFICATE_VERIFY_FAILED" in str(error)
        why = (
            phrase("its certificate is not trusted; platform.ca_file names who is")
            if doubted
            else phrase("no connection")
        )
        return NoAnswer(why, sent=False)
    if isinstance(error, httpx.ProtocolError):
        return NoAnswer(phrase("an answer that is not HTTP, or half an answer"))
    return NoAnswer(phrase("the connection broke"))
