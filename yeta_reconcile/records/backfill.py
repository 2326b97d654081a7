"""Backfill: pushes that could not be delivered, fetched as files and put through the same inbox.

What was there already changes nothing and is not stored again.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from itertools import islice
from typing import IO, Protocol

from yeta_reconcile.errors import Unreachable
from yeta_reconcile.platform.coercion import number_text
from yeta_reconcile.platform.pushes import uuid_of
from yeta_reconcile.records.archive import ArchiveLine, Broken, read_archive
from yeta_reconcile.records.payload import digest_of
from yeta_reconcile.records.projector import Projector
from yeta_reconcile.store import Store
from yeta_reconcile.store.inbox import Push

MOST_BYTES = 2_000_000_000
DOWNLOAD_SECONDS = 600.0
BATCH = 200
DEAD = "backfill"


class Files(Protocol):
    """Where the files are (`api.PlatformClient`)."""

    def failed_pushes(self, day: date | None = None) -> list[str]:
        """Paths of the zips."""

    def download(self, path: str, target: IO[bytes], *, max_bytes: int, seconds: float) -> int:
        """Write one to `target`; its length."""


@dataclass(slots=True)
class Fetched:
    """What a backfill found, in pushes: new ones, those that were there, and lines that are none.

    `broken` are, in words, files that could not be fetched or read, or not all of them.
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

    One file keeps no other away, nor one line another. Raises PlatformError, StateError, and Unreachable
    where the platform does not say which files there are.
    """
    fetched = Fetched()
    projector = Projector(store)
    projector.drain()
    before = store.inbox.counts().stuck
    seen = {_digest(letter.body) for letter in store.inbox.dead() if letter.module == DEAD}
    seen |= store.inbox.without_call()
    for path in files.failed_pushes(day):
        name = path.rpartition("/")[2]
        with tempfile.TemporaryFile(prefix="yeta-backfill-") as target:
            try:
                files.download(path, target, max_bytes=MOST_BYTES, seconds=DOWNLOAD_SECONDS)
            except Unreachable as problem:
                fetched.broken.append(f"{name}: {problem.message}")
            else:
                target.seek(0)
                _take(store, _pushes(store, target, name, now_ms, seen, fetched), fetched)
        fetched.files += 1
        projector.drain()
        say(path, fetched)
    fetched.stuck = max(store.inbox.counts().stuck - before, 0)
    return fetched


def _take(store: Store, pushes: Iterator[Push], fetched: Fetched) -> None:
    """Store what is new, and count it once it is stored."""
    while batch := list(islice(pushes, BATCH)):
        store.inbox.append(batch)
        dead = sum(bool(push.problem) for push in batch)
        fetched.dead += dead
        fetched.new += len(batch) - dead


def _pushes(
    store: Store, target: IO[bytes], name: str, now_ms: int, seen: set[bytes], fetched: Fetched
) -> Iterator[Push]:
    """The pushes of a zip, unless the inbox or a file before has them already."""
    for found in read_archive(target, name):
        if isinstance(found, Broken):
            fetched.broken.append(found.words)
            continue
        digest, push = _push(found, now_ms)
        if digest in seen or (found.data is not None and store.inbox.holds(uuid_of(found.data), digest)):
            fetched.known += 1
        else:
            yield push
        seen.add(digest)


def _push(line: ArchiveLine, now_ms: int) -> tuple[bytes, Push]:
    """The push of a line, and the digest it is known by."""
    if line.data is None:
        problem = f"{line.place}: {line.problem}"
        return _digest(line.raw), Push(DEAD, line.raw, now_ms, source="backfill", problem=problem)
    # A number that JSON would write otherwise goes as text: it is read, and known again, as the number.
    text = json.dumps(line.data, ensure_ascii=False, separators=(",", ":"), default=number_text)
    push = Push(line.module, text.encode("utf-8", "surrogatepass"), now_ms, source="backfill")
    return digest_of(line.module, line.data), push


def _digest(raw: bytes) -> bytes:
    return blake2b(raw, digest_size=16, person=b"yeta-dead-letter").digest()
