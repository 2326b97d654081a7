"""Whom nobody may call: the numbers of CSV files, as digests in which a row's is looked up.

What a plan makes of it is `planning/list_diff.py`'s. No number is kept and none is said.
"""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import field
from hashlib import blake2b
from pathlib import Path

from yeta_reconcile.amounts import count
from yeta_reconcile.diagnostics import Diagnostic, Position
from yeta_reconcile.documents.csvfile import Table
from yeta_reconcile.documents.reach import Reach
from yeta_reconcile.documents.settings import Settings
from yeta_reconcile.files import file_digest
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.numbers import MOBILE, BadNumberError, normalise
from yeta_reconcile.wording import phrase, said_by

NAMED = 5
_EMPTY = phrase("a file with a header alone bars nobody")
_SIZE = 16
# What is no number as it stands, and may well have been one that a list holds: rounded, or two in a field.
_HIDES_ONE = re.compile(r"\d{11}|\d[eE]\+?\d")


class Barred:
    """Digests of numbers, 16 bytes each and little more: a set of a million takes four times as much.

    They stand one behind the other by their first two bytes. `diagnostics` say what is wrong with the files.
    """

    def __init__(self) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = ()
        self.count = 0
        self._by_start: dict[bytes, bytearray] = {}

    def add(self, digest: bytes) -> None:
        """Take one in."""
        self.count += 1
        place = self._by_start.get(digest[:2])
        if place is None:
            self._by_start[digest[:2]] = bytearray(digest)
        else:
            place += digest

    def __contains__(self, digest: bytes) -> bool:
        place = self._by_start.get(digest[:2], b"")
        at = place.find(digest)
        while at % _SIZE and at > 0:
            at = place.find(digest, at + 1)
        return at >= 0

    def __bool__(self) -> bool:
        return bool(self.count or self.diagnostics)


NOBODY = Barred()


@dataclass(slots=True)
class DoNotCall:
    """The files that `limits.do_not_call` names: (path, its name, where that stands) each.

    A file is read again where it looks otherwise than at last.
    """

    files: tuple[tuple[Path, str, Position], ...]
    reach: Reach
    _seen: tuple[object, str] = field(default=((), ""), repr=False)
    _read: tuple[object, Barred] = field(default=((), NOBODY), repr=False)

    @classmethod
    def of(cls, root: Path, settings: Settings, reach: Reach) -> DoNotCall | None:
        """What the settings of the repository at `root` name; None if that is nothing."""
        names = settings.project.limits.do_not_call if settings.project else ()
        places = [settings.at("limits", "do_not_call", number) for number in range(len(names))]
        files = tuple((root / name, name, at) for name, at in zip(names, places, strict=True))
        return cls(files, reach) if files else None

    def findings(self) -> Iterator[Diagnostic]:
        """Which files are not there, or may not be read."""
        for path, name, at in self.files:
            if why := self.reach.why_not(path):
                hint = phrase("it stands in the repository, or in a folder that `files:` names")
                yield Diagnostic(
                    "error", "out-of-reach", phrase("{name} is not read: {why}", name=name, why=why), at, hint
                )
            elif not posixpath.isfile(path):
                hint = phrase("the path is relative to yeta.yaml")
                yield Diagnostic(
                    "error", "missing-list", phrase("there is no file {name}", name=name), at, hint
                )

    def looks(self) -> tuple[tuple[int, ...], ...]:
        """What tells a file that was written anew without reading it. Raises OSError."""
        stats = (path.stat() for path, _, _ in self.files)
        return tuple((one.st_ino, one.st_size, one.st_mtime_ns, one.st_ctime_ns) for one in stats)

    def fingerprint(self) -> str:
        """32 hex that change whenever the files do. Raises OSError."""
        looks = self.looks()
        if self._seen[0] != looks:
            digest = blake2b(b"".join(file_digest(path) for path, _, _ in self.files), digest_size=16)
            self._seen = looks, digest.hexdigest()
        return self._seen[1]

    def numbers(self, digest: Callable[..., bytes]) -> Barred:
        """The numbers as `digest` makes them."""
        try:
            known = self.fingerprint(), digest("")
        except OSError:
            known = None
        if known is None or self._read[0] != known:
            barred, diagnostics = Barred(), list[Diagnostic]()
            for path, name, _ in self.files:
                diagnostics += _take(Table(path, name, "auto", self.reach, first=_EMPTY), digest, barred)
            barred.diagnostics = tuple(diagnostics)
            self._read = known, barred
        return self._read[1]


def _take(table: Table, digest: Callable[..., bytes], barred: Barred) -> tuple[Diagnostic, ...]:
    """Take in the numbers of a file; what is wrong with it. Its first line may name the columns, or not."""
    bad = 0
    for line, text in _first_fields(table):
        if MOBILE.fullmatch(text):
            barred.add(digest(text))
        elif text:
            try:
                barred.add(digest(normalise(text)))
            except BadNumberError as problem:
                if _HIDES_ONE.search(unicodedata.normalize("NFKC", text)):
                    hint = phrase("mend the row: whom it means would be called")
                    table.findings.add(line, "bad-number", said_by(problem), hint=hint, field=0)
                    continue
                if line == table.header_line:
                    continue
                bad += 1
                if bad <= NAMED:
                    summary = phrase("this bars nobody: {problem}", problem=problem)
                    table.findings.add(line, "bad-number", summary, severity="warning", field=0)
    if bad > NAMED:
        table.findings.add(
            0,
            "more-rows",
            count(bad - NAMED, "more row bars nobody", "more rows bar nobody"),
            severity="warning",
        )
    return table.findings.all()


def _first_fields(table: Table) -> Iterator[tuple[int, str]]:
    if table.header:
        yield table.header_line, table.header[0]
    for lines, rows in table.blocks():
        for line, fields in zip(lines, rows, strict=True):
            yield line, fields[0].strip()
