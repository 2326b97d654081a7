"""A contact list as a document declares it: which file, and what its rows mean. It reads nothing of it."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from hashlib import blake2b
from pathlib import Path
from typing import Literal

from yeta_reconcile.diagnostics import Position
from yeta_reconcile.documents.donotcall import DoNotCall
from yeta_reconcile.documents.reach import Reach
from yeta_reconcile.frozen import dataclass

SEPARATOR = "\x00"


@dataclass(frozen=True, slots=True)
class ListSpec:
    """A contact list as declared: the file, and what its rows mean.

    `label` is the path that diagnostics show; `header_row` the header's line (None: the first that is not
    blank); `columns` platform column → CSV header; `key` the headers that identify a row (None: the
    number's); `required` are platform columns that may not be empty; `at` tells where a part of `contacts:`
    stands; `reach` which files may be read; `without` is whom nobody may call.
    """

    path: Path
    label: str
    encoding: str = "auto"
    header_row: int | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    key: tuple[str, ...] | None = None
    duplicates: Literal["error", "first"] = "error"
    same_number: Literal["error", "allow"] = "error"
    bad_numbers: Literal["error", "skip"] = "error"
    changed_number: Literal["warn", "call"] = "warn"
    ordered: bool = False
    required: tuple[str, ...] = ()
    at: Callable[..., Position] | None = field(default=None, compare=False)
    reach: Reach | None = field(default=None, compare=False)
    without: DoNotCall | None = field(default=None, compare=False)

    @property
    def there(self) -> bool:
        """Whether there is a file that may be read; where not, `load` says so."""
        return not (self.reach and self.reach.why_not(self.path)) and posixpath.isfile(self.path)

    def looks(self) -> tuple[tuple[int, ...], ...]:
        """What changes whenever its file does, or that of whom nobody may call; empty if one is missing."""
        try:
            found = self.path.stat()
            barred = self.without.looks() if self.without else ()
        except OSError:
            return ()
        return ((found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns), *barred)

    def fingerprint(self, file_digest: bytes, columns: Sequence[str] | None) -> bytes:
        """32 bytes that change whenever the rows could; `columns` are the robot's. Raises OSError."""
        parts = (
            file_digest.hex(),
            self.encoding,
            repr(sorted(self.columns.items())),
            repr(self.key),
            self.duplicates,
            self.same_number,
            self.bad_numbers,
            self.changed_number,
            repr(self.ordered),
            repr(None if columns is None else tuple(columns)),
            *((self.without.fingerprint(),) if self.without else ()),
            *((f"header_row={self.header_row}",) if self.header_row else ()),
            *((f"required={self.required}",) if self.required else ()),  # what former versions kept holds on
        )
        return blake2b(SEPARATOR.join(parts).encode(), digest_size=32).digest()
