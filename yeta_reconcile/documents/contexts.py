"""Dialog contexts in a CSV file: relation id → what the robot is given, as a stream.

Decides what the file means and what is wrong with it; who asks for contexts is the receiver's affair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from yeta_reconcile.diagnostics import Diagnostic, Position
from yeta_reconcile.documents.cells import trimmed
from yeta_reconcile.documents.csvfile import Table
from yeta_reconcile.documents.heading import ADVICE, Heading, cleaned
from yeta_reconcile.documents.reach import Reach
from yeta_reconcile.wording import phrase


class ContextEntry(NamedTuple):
    """The values of one relation id, by the headers of the other columns; `line` is where they stand."""

    line: int
    relation_id: str
    values: dict[str, str]


class ContextReader:
    """Reads one file: iterate once, then look at `diagnostics` and `failed`.

    `key` is the header with the relation ids; `at` tells where a part of `contexts:` stands, `reach` which
    files may be read. Rows with an error are not given.
    """

    def __init__(
        self,
        path: Path,
        label: str,
        encoding: str,
        key: str,
        at: Callable[..., Position],
        reach: Reach | None = None,
    ) -> None:
        self._table = Table(path, label, encoding, reach)
        self._findings, self.codec = self._table.findings, self._table.codec
        self.label = label
        self._key = key = cleaned(key)
        header = self._table.header
        heading = Heading(header, (key,))
        if heading.is_row:
            line, summary = self._table.header_line, phrase("the first line looks like a row")
            self._findings.add(line, "no-header", summary, hint=ADVICE)
        if header and key not in header:
            summary = phrase("the file has no header {key}", key=key)
            self._findings.put(Diagnostic("error", "columns", summary, at("key"), heading.hint(key)))
        for name in sorted({name for name in header if name and header.count(name) > 1}):
            line, summary = (
                self._table.header_line,
                phrase("{called} stands twice", called=heading.called(name)),
            )
            again = header.index(name, header.index(name) + 1)
            self._findings.add(line, "doubled-header", summary, hint=phrase("rename one"), field=again)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What is wrong with the file, so far as it was read."""
        return self._findings.all()

    @property
    def failed(self) -> bool:
        """Whether there is an error."""
        return self._findings.errors > 0

    def __iter__(self) -> Iterator[ContextEntry]:
        header = self._table.header
        if self._key not in header:
            return
        at = header.index(self._key)
        names = [*header[:at], *header[at + 1 :]]
        first: dict[str, int] = {}
        for lines, rows in self._table.blocks():
            for line, fields in zip(lines, rows, strict=True):
                relation_id = fields.pop(at).strip()
                former = first.setdefault(relation_id, line)
                if not relation_id:
                    self._findings.add(line, "empty-key", phrase("the relation id is empty"), field=at)
                elif former != line:
                    summary = phrase("the row in line {former} has the same relation id", former=former)
                    hint = phrase("take one of them out")
                    self._findings.add(line, "duplicate-key", summary, hint=hint, field=at)
                else:
                    values = dict(zip(names, map(trimmed, fields), strict=True))
                    values.pop("", None)
                    yield ContextEntry(line, relation_id, values)
