"""Zips of failed pushes, read as a stream and within bounds: whatever is in them leaves no file behind.

Decides nothing about a push; a line that is none is a finding, never the end of the others.
"""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from yeta_reconcile.errors import YetaError
from yeta_reconcile.receiver.body import LONGEST, NotAnObject, read_object

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_FILES = 10_000
MOST_BYTES = 8_000_000_000
# Deflate makes JSON lines about ten times smaller; a thousand times is a bomb.
MOST_RATIO = 300
_SMALL = 1_000_000


class BadArchive(YetaError):
    """A file that is no zip, or one that nobody should unpack."""


@dataclass(frozen=True, slots=True)
class Line:
    """One failed push: its module and data, or in `problem` why it is none. `place` is file and line."""

    place: str
    module: str
    data: dict[str, Any] | None
    raw: bytes
    problem: str = ""


def read_archive(file: IO[bytes], name: str) -> Iterator[Line]:
    """Every line of every file in a zip (refinements.md, row 3). Raises BadArchive."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            _check(entries, name)
            for at, entry in enumerate(entries, 1):
                with archive.open(entry) as stream:
                    yield from _lines(stream, entry, f"{name}, file {at}")
    except (zipfile.BadZipFile, RuntimeError, EOFError, OSError, zlib.error) as error:
        raise BadArchive(f"{name} cannot be read as a zip: {type(error).__name__}") from error


def _check(entries: list[zipfile.ZipInfo], name: str) -> None:
    sizes = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if len(entries) > MOST_FILES or sizes > MOST_BYTES:
        raise BadArchive(f"{name} holds more than is taken: {len(entries)} files, {sizes} bytes")
    if sizes > _SMALL and sizes > packed * MOST_RATIO:
        raise BadArchive(f"{name} unpacks to {sizes // max(packed, 1)} times its size: it is not read")


def _lines(stream: IO[bytes], entry: zipfile.ZipInfo, where: str) -> Iterator[Line]:
    number, left = 0, entry.file_size
    while left > 0 and (raw := stream.readline(min(LONGEST * 2, left))):
        number += 1
        # What an entry says of its size binds it: a lie would be how a bomb comes in.
        left -= len(raw)
        if raw.strip():
            yield _line(raw.strip(), f"{where}, line {number}")


def _line(raw: bytes, place: str) -> Line:
    try:
        wrapped = read_object(raw)
    except NotAnObject as reason:
        return Line(place, "", None, raw, str(reason))
    module, data = wrapped.get("module"), wrapped.get("data")
    if isinstance(data, str):
        try:
            data = read_object(data.encode())
        except NotAnObject as reason:
            return Line(place, "", None, raw, f"its data: {reason}")
    if not isinstance(module, str) or not module.isidentifier() or not isinstance(data, dict):
        return Line(place, "", None, raw, "it names no module or holds no data")
    return Line(place, module, data, raw)
