"""Servers on a loopback port that answer one thing, or nothing, and a client that asks them."""

from __future__ import annotations

import http.server
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from yeta_reconcile.platform.client import PlatformClient
from yeta_reconcile.platform.ways import Ways


class Quiet(http.server.ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None: ...


@contextmanager
def answering(body: bytes, certificate: Path | None = None) -> Iterator[str]:
    """A server that answers everything with one body."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None: ...

    with Quiet(("127.0.0.1", 0), Handler) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            scheme, host = ("https", "localhost") if certificate else ("http", "127.0.0.1")
            yield f"{scheme}://{host}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def a_client(url: str, ways: Ways) -> PlatformClient:
    return PlatformClient(url, "key", "secret", ways=ways, timeout=5, patience=0.01)


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
