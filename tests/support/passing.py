"""A small proxy on a loopback port: it passes requests on, tunnels CONNECT, and keeps what it was asked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Passing:
    """`asked` are the first lines that came, with their `credentials`; `refuses` is a status, if any."""

    url: str = ""
    refuses: int = 0
    asked: list[str] = field(default_factory=list)
    credentials: list[str] = field(default_factory=list)

    def handle(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                if not (piece := client.recv(65536)):
                    return
                head += piece
            head, _, body = head.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            self.asked.append(first)
            self.credentials += [line for line in lines if line.lower().startswith("proxy-authorization")]
            if self.refuses:
                client.sendall(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % self.refuses)
                return
            self.forward(client, first, lines, body)

    def forward(self, client: socket.socket, first: str, lines: list[str], body: bytes) -> None:
        method, target, version = first.split(" ")
        connects = method == "CONNECT"
        parts = urlsplit(f"//{target}" if connects else target)
        with socket.create_connection((parts.hostname, parts.port or 80)) as server:
            if connects:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                path = target.partition(parts.netloc)[2]
                kept = [line for line in lines if not line.lower().startswith(("proxy-", "connection:"))]
                head = "\r\n".join([f"{method} {path} {version}", *kept, "Connection: close"])
                server.sendall(f"{head}\r\n\r\n".encode("latin-1") + body)
            tunnel(client, server)


def tunnel(client: socket.socket, server: socket.socket) -> None:
    """Pass on what either says until both have done."""
    back = threading.Thread(target=copied, args=(server, client))
    back.start()
    copied(client, server)
    back.join()


def copied(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def accepting(handle: Callable[[socket.socket], None]) -> Iterator[int]:
    """A loopback port while the block runs; each connection to it is handled in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=handle, args=(listening.accept()[0],), daemon=True).start()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield int(listening.getsockname()[1])
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


@contextmanager
def passing() -> Iterator[Passing]:
    """A proxy while the block runs."""
    made = Passing()
    with accepting(made.handle) as port:
        made.url = f"http://127.0.0.1:{port}"
        yield made
