"""Backfill: pushes that could not be delivered, fetched as files and put through the same inbox.

What was there already changes nothing and is not stored again.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Protocol

from yeta_reconcile.receiver.archive import BadArchive, read_archive
from yeta_reconcile.receiver.body import digest_of, read_object
from yeta_reconcile.receiver.projector import Projector
from yeta_reconcile.store.inbox import Push

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from typing import IO

    from yeta_reconcile.receiver.archive import Line
    from yeta_reconcile.store import Store

MOST_BYTES = 2_000_000_000
DOWNLOAD_SECONDS = 600.0
BATCH = 200
DEAD = "backfill"


class Files(Protocol):
    """Where the files are (`api.PlatformClient`)."""

    def failed_pushes(self, day: date | None = None) -> list[str]:
        """Paths of the zips."""
        ...

    def download(self, path: str, target: IO[bytes], *, max_bytes: int, seconds: float) -> int:
        """Write one to `target`; its length."""
        ...


@dataclass(slots=True)
class Fetched:
    """What a backfill found, in pushes: new ones, those that were there, and lines that are none.

    `broken` are files that are no sane zip, in words.
    """

    files: int = 0
    new: int = 0
    known: int = 0
    dead: int = 0
    stuck: int = 0
    broken: list[str] = field(default_factory=list)


def backfill(
    store: Store,
    files: Files,
    day: date | None,
    now_ms: int,
    *,
    say: Callable[[str, Fetched], None] = lambda _path, _fetched: None,
) -> Fetched:
    """Fetch the files of a day, or of all days there are, and fold what is in them.

    Raises Unreachable, PlatformError, StateError.
    """
    fetched = Fetched()
    projector = Projector(store)
    projector.drain()
    before = store.inbox.counts().stuck
    seen = {_digest(letter.body) for letter in store.inbox.dead() if letter.module == DEAD}
    for path in files.failed_pushes(day):
        with tempfile.TemporaryFile(prefix="yeta-backfill-") as target:
            files.download(path, target, max_bytes=MOST_BYTES, seconds=DOWNLOAD_SECONDS)
            target.seek(0)
            try:
                _take(store, target, path.rpartition("/")[2], now_ms, seen, fetched)
            except BadArchive as problem:
                fetched.broken.append(problem.message)
        fetched.files += 1
        projector.drain()
        say(path, fetched)
    fetched.stuck = max(store.inbox.counts().stuck - before, 0)
    return fetched


def _take(
    store: Store, target: IO[bytes], name: str, now_ms: int, seen: set[bytes], fetched: Fetched
) -> None:
    batch: list[Push] = []
    for line in read_archive(target, name):
        batch += _push(store, line, now_ms, seen, fetched)
        if len(batch) >= BATCH:
            store.inbox.append(batch)
            batch = []
    if batch:
        store.inbox.append(batch)


def _push(store: Store, line: Line, now_ms: int, seen: set[bytes], fetched: Fetched) -> list[Push]:
    """The push of a line, unless the inbox or a file before has it already."""
    if line.data is None:
        digest = _digest(line.raw)
        push = Push(DEAD, line.raw, now_ms, source="backfill", problem=f"{line.place}: {line.problem}")
        known = digest in seen
    else:
        body = json.dumps(line.data, ensure_ascii=False, default=_plain).encode("utf-8", "surrogatepass")
        push = Push(line.module, body, now_ms, source="backfill")
        digest = digest_of(line.module, read_object(body))
        known = digest in seen or store.inbox.holds(digest)
    fetched.known += known
    fetched.dead += not known and line.data is None
    fetched.new += not known and line.data is not None
    seen.add(digest)
    return [] if known else [push]


def _digest(raw: bytes) -> bytes:
    return blake2b(raw, digest_size=16, person=b"yeta-dead-letter").digest()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError
