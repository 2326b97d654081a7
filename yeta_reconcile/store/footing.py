"""The files under our feet: whether a path still leads to what SQLite has open there.

SQLite itself does not notice when its file, or the log beside it, is removed or replaced: it goes on writing
to what nobody finds any more. It keeps the log and its index as long as anybody has the file open.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from yeta_reconcile.errors import StateGone
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.wording import phrase

# The file, its write-ahead log, and the index of that.
BESIDE = ("-wal", "-shm")
Identity = tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Footing:
    """What a path led to when it was opened: device and inode of the file and of what belongs to it."""

    paths: tuple[Path, ...]
    files: tuple[Identity, ...]

    @classmethod
    def of(cls, path: Path) -> Footing:
        """What it leads to now."""
        paths = (path, *beside(path))
        return cls(paths, _found(paths))

    @property
    def file(self) -> Identity:
        """The file itself; None: there is none."""
        return self.files[0]

    def holds(self) -> bool:
        """Whether the path still leads there."""
        return _found(self.paths) == self.files

    def left_behind(self) -> bool:
        """Whether another file has its place beside its log, which would be taken for that one's."""
        now = _found(self.paths)
        return now[0] != self.files[0] and any(
            there is not None and there == own for there, own in zip(now[1:], self.files[1:], strict=True)
        )


def beside(path: Path) -> list[Path]:
    """What SQLite keeps beside a file."""
    return [path.with_name(path.name + suffix) for suffix in BESIDE]


def written_at(path: Path) -> int | None:
    """When a file was written last that nobody here may write, and that has no log; None for any other.

    Such a file is all there is, and is read as it stands: SQLite would make a log beside it.
    """
    log = beside(path)[0]
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        return None
    return None if log.exists() and log.stat().st_size else path.stat().st_mtime_ns


def gone(path: Path) -> StateGone:
    """What stops whoever has a state open that nobody finds any more."""
    return StateGone(
        phrase(
            "the file of the state {path} is gone, or another has its place: nothing more is written",
            path=path,
        ),
        hint=phrase(
            "put it back, with its -wal and -shm, or `yeta state restore FILE`; then run the command again"
        ),
    )


@contextmanager
def alone(folder: Path, *, shared: bool = False) -> Iterator[None]:
    """Only one at a time puts another file in place in a folder, and nobody opens one (`shared`) meanwhile.

    The kernel takes the lock off whoever dies.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        # A disk that knows no such lock is none that a state may lie on; it is found out elsewhere.
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _found(paths: tuple[Path, ...]) -> tuple[Identity, ...]:
    return tuple(map(_identity, paths))


def _identity(path: Path) -> Identity:
    try:
        there = path.stat()
    except OSError:
        return None
    return there.st_dev, there.st_ino
