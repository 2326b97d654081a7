"""Mounts the emulator under httpx in process, with the failures a socket would show."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from yeta_reconcile.emulator import ConnectionClosed, Emulator, Withheld
from yeta_reconcile.platform.client import PlatformClient


class EmulatorTransport(httpx.BaseTransport):
    """`httpx.Client(transport=EmulatorTransport(emulator), base_url=BASE_URL)`.

    A closed connection becomes `httpx.RemoteProtocolError` (or `httpx.ReadError`, where
    `reset=True`), a withheld answer `httpx.ReadTimeout` at once, and a body shorter than its
    Content-Length the `RemoteProtocolError` that httpx raises for it. `before` and `after` see
    each request, in the thread that sends it.
    """

    def __init__(
        self,
        emulator: Emulator,
        *,
        reset: bool = False,
        before: Callable[[httpx.Request], None] | None = None,
        after: Callable[[httpx.Request], None] | None = None,
    ) -> None:
        self._inner = httpx.WSGITransport(app=emulator)
        self._reset = reset
        self._before = before
        self._after = after

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self._before is not None:
            self._before(request)
        response = self._answer(request)
        if self._after is not None:
            self._after(request)
        return response

    def _answer(self, request: httpx.Request) -> httpx.Response:
        try:
            response = self._inner.handle_request(request)
        except ConnectionClosed as error:
            if self._reset:
                raise httpx.ReadError("connection reset", request=request) from error
            said = "Server disconnected without sending a response."
            raise httpx.RemoteProtocolError(said, request=request) from error
        except Withheld as error:
            raise httpx.ReadTimeout("The read operation timed out", request=request) from error
        body = response.read()
        declared = int(response.headers.get("content-length", len(body)))
        if declared > len(body) and request.method != "HEAD":
            said = "peer closed connection without sending complete message body"
            raise httpx.RemoteProtocolError(said, request=request)
        return httpx.Response(response.status_code, headers=response.headers, content=body)


BASE_URL = "http://emulator.test/openapi"


def ready(client: PlatformClient) -> PlatformClient:
    """With a token at hand: what rings is sent with that one or not at all."""
    client.prepare("start")
    return client
