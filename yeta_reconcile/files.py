"""Files that are there whole or not at all, and digests of files. The one place that replaces a file."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import IO

# What other users may do with a new file is the umask's to say.
ORDINARY = 0o666
PRIVATE = 0o600


@contextmanager
def whole_file(path: Path, mode: int = ORDINARY) -> Iterator[IO[bytes]]:
    """A stream whose bytes become the file, on disk, when the block ends well; else the file is as it was.

    A link is followed. What is no regular file, a device or a pipe, is written into and stays what it is.
    Raises OSError.
    """
    # A name like /dev/fd/63 leads to what no path names: it is only opened, not followed.
    if path.exists() and not path.is_file():
        with _opened(path) as stream:
            yield stream
        return
    real = Path(os.path.realpath(path))
    beside = real.with_name(f".{real.name}-{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(real)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync(real.parent)


def write_whole(path: Path, text: str, mode: int = ORDINARY) -> None:
    """Replace a file with a text in UTF-8. Raises OSError."""
    with whole_file(path, mode) as stream:
        stream.write(text.encode("utf-8", "backslashreplace"))


def _opened(path: Path) -> IO[bytes]:
    """A device or pipe, opened for writing; a pipe that nobody reads is an error and no wait."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    os.set_blocking(descriptor, True)
    return os.fdopen(descriptor, "wb")


def sync(path: Path) -> None:
    """Have a file, or a folder's names, on disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# Of a thousand short lists, asking for more room a list takes longer than the digest.
_PIECE = 1 << 16


def file_digest(path: Path) -> bytes:
    """BLAKE2b of a file's bytes, 32 bytes. Raises OSError."""
    digest = blake2b(digest_size=32)
    for piece in _pieces(path):
        digest.update(piece)
    return digest.digest()


def read_bytes(path: Path | str, most: int) -> bytes:
    """A file's first bytes: all of them, or more than `most` where there are more. Raises OSError."""
    found = b""
    for piece in _pieces(path):
        found += piece
        if len(found) > most:
            break
    return found


def _pieces(path: Path | str) -> Iterator[bytes]:
    # Without a file object, which takes as long as the digest of a short list.
    descriptor = os.open(path, os.O_RDONLY)
    try:
        while piece := os.read(descriptor, _PIECE):
            yield piece
    finally:
        os.close(descriptor)
