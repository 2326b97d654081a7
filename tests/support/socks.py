"""A small SOCKS5 proxy on a loopback port: it tunnels, and keeps what it was asked and by whom."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import BinaryIO

from tests.support.passing import accepting, tunnel


@dataclass
class Socks:
    """`asked` are the places that were asked for, `credentials` what came with them.

    `reply` is its answer to a wish to connect (0: it connects, to `leads_to` if that is set); `says` is sent
    in place of all answers; `piece` is how many bytes it sends at once.
    """

    url: str = ""
    user: bytes = b""
    reply: int = 0
    says: bytes | None = None
    piece: int = 4096
    leads_to: tuple[str, int] | None = None
    asked: list[str] = field(default_factory=list)
    credentials: list[bytes] = field(default_factory=list)

    def handle(self, client: socket.socket) -> None:
        with client, suppress(OSError, IndexError), client.makefile("rb") as came:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            methods = came.read(came.read(2)[1])
            if self.says is not None:
                client.sendall(self.says)
                return
            method = 2 if self.user else 0
            if method not in methods:
                client.sendall(b"\x05\xff")
                return
            self.send(client, bytes([5, method]))
            if self.user:
                name = came.read(came.read(2)[1])
                given = name + b":" + came.read(came.read(1)[0])
                self.credentials.append(given)
                self.send(client, bytes([1, given != self.user]))
            kind = came.read(4)[3]
            host = self.host(kind, came)
            (port,) = struct.unpack("!H", came.read(2))
            self.asked.append(f"{host}:{port}")
            # A name as the address it is bound to: the longest form of an answer.
            self.send(client, bytes([5, self.reply, 0, 3, 9]) + b"localhost\x00\x00")
            if not self.reply:
                with socket.create_connection(self.leads_to or (host, port)) as server:
                    tunnel(client, server)

    @staticmethod
    def host(kind: int, came: BinaryIO) -> str:
        read = came.read
        if kind == 3:
            return str(read(read(1)[0]), "ascii")
        return socket.inet_ntop(*((socket.AF_INET, read(4)) if kind == 1 else (socket.AF_INET6, read(16))))

    def send(self, client: socket.socket, answer: bytes) -> None:
        for at in range(0, len(answer), self.piece):
            client.sendall(answer[at : at + self.piece])


@contextmanager
def socks() -> Iterator[Socks]:
    """A proxy while the block runs."""
    made = Socks()
    with accepting(made.handle) as port:
        made.url = f"socks5://127.0.0.1:{port}"
        yield made
