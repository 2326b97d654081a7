"""What the texts of campaigns said when they were read last, so that what is unchanged costs a digest.

Reading YAML takes most of the time in which a thousand documents are loaded. Values and places of a text are
a function of the text and of the code that reads it: they are kept by a digest of the one, in a file that is
worth nothing to any other code. What they mean is found out anew in every run. The file lies in the cache
folder of the user, and nobody else can read it. One that is damaged, foreign or not to be written is none.
"""

from __future__ import annotations

import json
import os
import sys
from array import array
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from functools import cache
from hashlib import blake2b
from math import isfinite
from pathlib import Path
from typing import Any

import ruamel.yaml

from yeta_reconcile.documents import yamlfile, yamltext
from yeta_reconcile.documents.yamlfile import RawDocument, parse_documents, resolve
from yeta_reconcile.files import PRIVATE, write_whole

# A smaller repository is read as fast without; of a larger one so much has to be new before all is written.
LEAST, SHARE = 100, 10
# Seconds after which the file of another repository, whose folder may be long gone, is taken away.
MONTH = 30 * 86400
# What holds people's names, or secrets, is kept nowhere else.
_KEPT = {"Campaign", "DirectCall"}

_Place = tuple[str | int, ...]


class _Unkept(Exception):
    """A value that JSON would change."""


class Readings:
    """The texts of one repository: `documents` reads each, `keep` keeps what was read."""

    def __init__(self, root: Path, environ: Mapping[str, str]) -> None:
        self._file = _file_of(root, environ)
        self._former = _kept_in(self._file) if self._file else {}
        self._read: dict[str, list[Any]] = {}
        self._new: dict[str, list[RawDocument]] = {}

    def documents(self, text: str, label: str) -> list[RawDocument]:
        """Every document in a text, as `parse_documents`."""
        digest = blake2b(text.encode(), digest_size=16).hexdigest()
        if kept := self._former.get(digest):
            self._read[digest] = kept
            return [_restored(label, text, one) for one in kept]
        self._new[digest] = found = parse_documents(text, label)
        return found

    def keep(self) -> None:
        """Keep what was read, if enough of it is new: of a repository without errors alone."""
        if self._file is None or len(self._read) + len(self._new) < LEAST:
            return
        new = {digest: kept for digest, found in self._new.items() if (kept := _said(found))}
        every = self._read | new
        if len(every) < LEAST or len(new) * SHARE < len(every):
            return
        text = json.dumps(every, default=lambda _moment: None)  # it stands beside, as text
        with suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not _ours(self._file.parent.stat(), 0o022):
                return  # whoever else writes there may have put a link where the file would be
            write_whole(self._file, f"{_seal(text)}\n{text}", PRIVATE)
            oldest = self._file.stat().st_mtime - MONTH
            for other in self._file.parent.glob("*.json"):
                if other.stat().st_mtime < oldest:
                    other.unlink()


def _file_of(root: Path, environ: Mapping[str, str]) -> Path | None:
    home, given = Path(environ.get("HOME", "")), Path(environ.get("XDG_CACHE_HOME", ""))
    folder = given if given.is_absolute() else home / ".cache"
    digest = blake2b(os.fsencode(root), digest_size=8).hexdigest()
    return folder / "yeta" / f"{digest}.json" if folder.is_absolute() else None


def _kept_in(path: Path) -> dict[str, Any]:
    """What a file holds that this code wrote for this user; nothing if it is any other."""
    try:
        with path.open("rb") as stream:
            found = os.fstat(stream.fileno())
            seal, _, text = stream.read().decode().partition("\n")
    except (OSError, ValueError):
        return {}
    kept: dict[str, Any] = json.loads(text) if _ours(found, 0o077) and seal == _seal(text) else {}
    return kept


def _ours(found: os.stat_result, forbidden: int) -> bool:
    """Whether something is this user's, and others have none of the `forbidden` rights to it."""
    return found.st_uid == os.geteuid() and not found.st_mode & forbidden


def _seal(text: str) -> str:
    """A digest of what is kept and of the code that has read it."""
    return blake2b(text.encode(), digest_size=32, key=_code()).hexdigest()


@cache
def _code() -> bytes:
    library = Path(sys.modules.get("_ruamel_yaml", ruamel.yaml).__file__ or "").stat()
    parser = f"{ruamel.yaml.__version__} {library.st_size} {library.st_mtime_ns}".encode()
    modules = __file__, yamlfile.__file__, yamltext.__file__
    sources = [Path(file).read_bytes() for file in modules]
    return blake2b(b"\0".join([parser, *sources]), digest_size=32).digest()


def _said(documents: list[RawDocument]) -> list[Any]:
    """Documents as JSON has them, with what it knows no form for beside; none if that would be others."""
    kept = []
    for document in documents:
        kind = document.value.get("kind") if isinstance(document.value, dict) else None
        if kind not in _KEPT or document.findings:
            return []
        times: list[tuple[_Place, str]] = []
        try:
            value = _plain(document.value, (), times)
        except _Unkept:
            return []
        kept.append([value, document.places.tobytes().hex(), times])
    return kept


def _plain(value: Any, path: _Place, times: list[tuple[_Place, str]]) -> Any:
    match value:
        case dict():
            if not all(type(key) is str for key in value):
                raise _Unkept
            return {key: _plain(part, (*path, key), times) for key, part in value.items()}
        case list():
            return [_plain(part, (*path, nth), times) for nth, part in enumerate(value)]
        case datetime() | date():
            if not path or resolve(value.isoformat()) != value:
                raise _Unkept
            times.append((path, value.isoformat()))
        case float() if not isfinite(value):
            raise _Unkept
    return value


def _restored(label: str, text: str, kept: Any) -> RawDocument:
    value, places, times = kept
    for (*around, last), moment in times:
        place = value
        for part in around:
            place = place[part]
        place[last] = resolve(moment)
    return RawDocument(label, value, [], text, array("Q", bytes.fromhex(places)))
