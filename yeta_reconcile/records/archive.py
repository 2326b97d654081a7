"""Zips of failed pushes, read as a stream and within bounds: whatever is in them leaves no file behind.

Decides nothing about a push; a line that is none, or a damaged file, is a finding and not the end of others.
"""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from yeta_reconcile.amounts import count
from yeta_reconcile.records.payload import LONGEST, NotAnObject, read_object
from yeta_reconcile.wording import Text, phrase

MOST_FILES = 10_000
MOST_BYTES = 8_000_000_000
# Deflate makes JSON lines about ten times smaller; a thousand times is a bomb.
MOST_RATIO = 300
_SMALL = 1_000_000


# What reading a zip raises where its bytes are not what they should be.
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, RuntimeError, ValueError,
    ArithmeticError, LookupError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Broken:
    """A zip that is none or that nobody should unpack, or a file in it that cannot be read (on); in words."""

    words: Text


@dataclass(frozen=True, slots=True)
class ArchiveLine:
    """One failed push: its module and data, or in `problem` why it is none. `place` is file and line."""

    place: str
    module: str
    data: dict[str, Any] | None
    raw: bytes
    problem: str = ""


def read_archive(file: IO[bytes], name: str) -> Iterator[ArchiveLine | Broken]:
    """Every line of every file in a zip (docs/platform.md, row 3), and what of it cannot be read."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if too_much := _too_much(entries):
                yield Broken(phrase("{name} {too_much}", name=name, too_much=too_much))
                return
            for at, entry in enumerate(entries, 1):
                yield from _entry(archive, entry, phrase("{name}, file {at}", name=name, at=at))
    except _DAMAGED as error:
        yield Broken(
            phrase("{name} cannot be read as a zip: {type_name}", name=name, type_name=type(error).__name__)
        )


def _too_much(entries: list[zipfile.ZipInfo]) -> str:
    sizes = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if len(entries) > MOST_FILES or sizes > MOST_BYTES:
        return phrase(
            "holds more than is taken: {files}, {bytes}",
            files=count(len(entries), "file"),
            bytes=count(sizes, "byte"),
        )
    if sizes > _SMALL and sizes > packed * MOST_RATIO:
        return phrase("unpacks to more than {most} times its size: it is not read", most=MOST_RATIO)
    return ""


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, where: str) -> Iterator[ArchiveLine | Broken]:
    try:
        with archive.open(entry) as stream:
            yield from _lines(stream, entry, where)
    except _DAMAGED as error:
        yield Broken(phrase("{where} cannot be read whole: {name}", where=where, name=type(error).__name__))


def _lines(stream: IO[bytes], entry: zipfile.ZipInfo, where: str) -> Iterator[ArchiveLine]:
    number, left = 0, entry.file_size
    while left > 0 and (raw := stream.readline(min(LONGEST * 2, left))):
        number += 1
        # What an entry says of its size binds it: a lie would be how a bomb comes in.
        left -= len(raw)
        if raw.strip():
            yield _line(raw.strip(), phrase("{where}, line {number}", where=where, number=number))


def _line(raw: bytes, place: str) -> ArchiveLine:
    try:
        wrapped = read_object(raw)
    except NotAnObject as reason:
        return ArchiveLine(place, "", None, raw, str(reason))
    module, data = wrapped.get("module"), wrapped.get("data")
    if isinstance(data, str):
        try:
            data = read_object(data.encode("utf-8", "surrogatepass"))
        except NotAnObject as reason:
            return ArchiveLine(place, "", None, raw, phrase("its data: {reason}", reason=reason))
    if not isinstance(module, str) or not module.isidentifier() or not isinstance(data, dict):
        return ArchiveLine(place, "", None, raw, phrase("it names no module or holds no data"))
    return ArchiveLine(place, module, data, raw)
