"""`python -I -S asking.py ADDRESS ARGUMENTS…` is `yeta ARGUMENTS…` by the process that forks (`warm.py`)."""

from __future__ import annotations

import os
import socket
import sys

LENGTH = 8


def ended(address: str, arguments: list[str], environ: dict[bytes, bytes], streams: list[int]) -> int:
    """The exit code of a command in this process's folder; negative: the signal it died of."""
    words = [b"%d" % len(arguments), *map(os.fsencode, arguments)]
    message = b"\0".join([*words, *(name + b"=" + value for name, value in environ.items())])
    folder = os.open(".", os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        socket.send_fds(connection, [b"%0*d" % (LENGTH, len(message))], [*streams, folder])
        os.close(folder)
        connection.sendall(message)
        return int(connection.recv(LENGTH))


if __name__ == "__main__":
    sys.exit(ended(sys.argv[1], sys.argv[2:], {**os.environb}, [0, 1, 2]))
