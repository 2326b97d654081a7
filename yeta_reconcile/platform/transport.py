"""HTTP exchanges that end: a connection pool whose every wait is cut to what is left of the call.

httpx bounds each read alone, so that a server that sends a byte now and then would hold a call for
ever. Redirects, cookies and compression are not followed: a request goes where the settings say, by the way
that `ways` tells, once.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from threading import Lock, local
from typing import Any

import httpcore
import httpx

from yeta_reconcile.platform import socks
from yeta_reconcile.platform.ways import Proxy, Ways
from yeta_reconcile.wording import phrase

_SAME_NAME = (
    "ConnectTimeout",
    "PoolTimeout",
    "ReadTimeout",
    "WriteTimeout",
    "ConnectError",
    "ReadError",
    "WriteError",
    "ProxyError",
    "UnsupportedProtocol",
    "LocalProtocolError",
    "RemoteProtocolError",
)
_TO_HTTPX: dict[type[Exception], type[httpx.TransportError]] = {
    getattr(httpcore, name): getattr(httpx, name) for name in _SAME_NAME
}
_FOREIGN = tuple(_TO_HTTPX)


class _Deadline(local):
    """When the call of this thread ends, on the clock of `now`."""

    at: float = float("inf")


def _left(
    deadline: _Deadline, now: Callable[[], float], timeout: float | None, late: type[Exception]
) -> float:
    left = deadline.at - now()
    if left <= 0:
        raise late(phrase("the time for this call is over"))
    return left if timeout is None else min(left, timeout)


class _Stream(httpcore.NetworkStream):
    """A connection that waits no longer than until the deadline of the thread that uses it."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: _Deadline, now: Callable[[], float]) -> None:
        self._inner = inner
        self._deadline = deadline
        self._now = now
        self._held = b""

    def _left(self, timeout: float | None, late: type[Exception]) -> float:
        return _left(self._deadline, self._now, timeout, late)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._held:
            self._send(b"", timeout)
        return self._inner.read(max_bytes, self._left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if buffer.startswith(b"POST ") and buffer.endswith(b"\r\n\r\n"):
            # The body follows at once: one system call and one packet for both.
            self._held = buffer
        else:
            self._send(buffer, timeout)

    def _send(self, buffer: bytes, timeout: float | None) -> None:
        buffer, self._held = self._held + buffer, b""
        self._inner.write(buffer, self._left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._left(timeout, httpcore.ConnectTimeout)
        inner = self._inner.start_tls(ssl_context, server_hostname, left)
        return _Stream(inner, self._deadline, self._now)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Opens connections that know the deadline; a SOCKS proxy, if there is one, connects in its place."""

    def __init__(self, deadline: _Deadline, now: Callable[[], float], through: Proxy | None = None) -> None:
        self._inner = httpcore.SyncBackend()
        self._deadline = deadline
        self._now = now
        self._through = through

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(self._deadline, self._now, timeout, httpcore.ConnectTimeout)
        through = self._through
        first = (host, port) if through is None else through.address
        inner = self._inner.connect_tcp(*first, left, local_address, socket_options)
        stream = _Stream(inner, self._deadline, self._now)
        if through is not None:
            try:
                socks.connect(stream, host, port, through.credentials)
            except BaseException:
                stream.close()
                raise
        return stream


class _Body(httpx.SyncByteStream):
    """The body of an answer, read under the deadline of its call."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._inner
        except _FOREIGN as error:
            raise _translated(error) from None

    def close(self) -> None:
        self._inner.close()


def _translated(error: Exception) -> httpx.TransportError:
    for foreign, ours in _TO_HTTPX.items():
        if isinstance(error, foreign):
            return ours(error.args[0] if error.args else "")
    raise error


class Wire(httpx.BaseTransport):
    """Pools of `connections` kept-alive connections each; `timeout` seconds bound a call as a whole.

    The bound holds for the wait for a connection, connect, TLS, request and answer together. Only
    resolving the host's name, which the system does, is outside of it. A request's extension
    `total` overrides `timeout`. `ways` tells the proxy of an address; raises InvalidInput where it cannot be
    used.
    """

    def __init__(
        self,
        *,
        connections: int,
        timeout: float,
        ways: Ways | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._timeout = timeout
        self._connections = connections
        self._ways = ways or Ways()
        self._now = now
        self._deadline = _Deadline()
        self._pools: dict[tuple[str, str], httpcore.ConnectionPool] = {}
        self._opening = Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request`; raises httpx's transport errors."""
        seconds = request.extensions.get("total", self._timeout)
        self._deadline.at = self._now() + seconds
        url = request.url
        try:
            answer = self._pool(url).handle_request(
                httpcore.Request(
                    request.method,
                    httpcore.URL(
                        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions={"timeout": {**request.extensions.get("timeout", {}), "pool": seconds}},
                )
            )
        except _FOREIGN as error:
            raise _translated(error) from None
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer.stream))

    def close(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            pool.close()

    def _pool(self, url: httpx.URL) -> httpcore.ConnectionPool:
        """The pool by which a host is asked, opened once."""
        place = (url.scheme, url.netloc.decode("ascii"))
        found = self._pools.get(place)
        if found is None:
            with self._opening:
                found = self._pools.get(place) or self._opened(url)
                self._pools[place] = found
        return found

    def _opened(self, url: httpx.URL) -> httpcore.ConnectionPool:
        proxy = self._ways.proxy_for(str(url))
        given: dict[str, Any] = {
            # One for all connections, since reading the certificates takes long.
            "ssl_context": self._ways.certificates if url.scheme == "https" else None,
            "max_connections": self._connections,
            "max_keepalive_connections": self._connections,
            # Shorter than servers wait: a connection that they close under a request costs a doubt.
            "keepalive_expiry": 4.0,
            "network_backend": _Backend(
                self._deadline, self._now, proxy if proxy and proxy.is_socks else None
            ),
        }
        if proxy is None or proxy.is_socks:
            return httpcore.ConnectionPool(**given)
        secure = self._ways.certificates if proxy.kind == "https" else None
        return httpcore.HTTPProxy(proxy.where, proxy.credentials, proxy_ssl_context=secure, **given)


def client_by(ways: Ways, *, longest: float, waits: float = 30.0) -> httpx.Client:
    """A client for what is no call of the platform's, by the same ways.

    A request ends within `longest` seconds; `waits` are those for one piece of its answer.
    """
    wire = Wire(connections=4, timeout=longest, ways=ways)
    return httpx.Client(transport=wire, timeout=waits, follow_redirects=False, trust_env=False)
