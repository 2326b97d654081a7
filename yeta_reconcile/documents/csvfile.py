"""CSV → a header and rows with their lines, as a stream. Knows nothing of what the columns mean.

The delimiter is decided strictly, as the encoding is in `documents/encoding.py`: what cannot be told is an
error.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from yeta_reconcile.amounts import count
from yeta_reconcile.documents.encoding import codec_of
from yeta_reconcile.documents.findings import Findings, Starts
from yeta_reconcile.documents.heading import cleaned
from yeta_reconcile.documents.reach import Reach
from yeta_reconcile.wording import UNSAID, Text, phrase

_BLOCK = 500
_BREAK = re.compile(r"\r\n|\n|\r")
# What a merge that was not settled leaves behind; both its sides stand in the file.
_CONFLICT = re.compile(r"\s*(?:<{7}|\|{7}|={7}|>{7})")
_DELIMITERS = ",;\t"
# What Excel takes for the delimiter where it stands in a line above the header.
_DECLARED = re.compile(r'"?sep=([^"\w\s]|\t)"?\s*')
NAMES = phrase("its first line names the columns")
# So far below the first line the header may stand that a title was put above.
_TITLES = 10

Rows = tuple["Sequence[int]", list[list[str]]]


class Table:
    """A CSV file: `header` (stripped names; empty if it cannot be read) and `blocks()` of rows.

    `codec` is what it is read as, "" if it cannot be; `header_row` the line of the header if that is not the
    first with something in it, and `first` what is said to belong there. What is beyond `reach` is not
    opened. No name of the header may be said but through `heading`. What is wrong with the file goes to
    `findings`; `blocks()` gives the rows that can be read all the same.
    """

    def __init__(
        self,
        path: Path,
        label: str,
        encoding: str,
        reach: Reach | None = None,
        header_row: int | None = None,
        *,
        first: Text = NAMES,
    ) -> None:
        self.path = path
        self._first = first
        self._above = header_row - 1 if header_row else None
        self.findings = Findings(label, self._starts)
        self.header: tuple[str, ...] = ()
        self.header_line = 1
        self._delimiter = ","
        self.codec = ""
        if why := reach.why_not(path) if reach else UNSAID:
            self.findings.add(0, "out-of-reach", phrase("this file is not read: {why}", why=why))
            return
        try:
            codec = codec_of(path, encoding, self.findings)
            if codec:
                self.codec = codec
                self._read_header()
        except OSError as error:
            self.findings.add(0, "unreadable", phrase("cannot be read: {strerror}", strerror=error.strerror))

    def blocks(self) -> Iterator[Rows]:
        """Rows as wide as the header, some hundred at a time, with the lines on which each begins.

        Blank rows at the end are left out. Rows come in blocks since a step a row, a million times, is what
        takes long.
        """
        held: list[Sequence[int]] = []
        for lines, rows in self._blocks():
            full = len(rows)
            while full and _is_blank(rows[full - 1]):
                full -= 1
            if full:
                for blank in held:
                    yield blank, [[""] * len(self.header) for _ in blank]
                held = []
                yield lines[:full], rows[:full]
            if full < len(rows):
                held.append(lines[full:])

    def line_with(self, names: Collection[str]) -> int:
        """The line that holds all these names, among the first ones below the header; 0 if none does."""
        for delimiter in self._delimiters()[0]:
            with self.path.open(encoding=self.codec, newline="") as file:
                reader = csv.reader(file, delimiter=delimiter)
                with suppress(csv.Error):
                    for row in islice(reader, self.header_line + _TITLES):
                        if reader.line_num > self.header_line and {*names} <= {*map(cleaned, row)}:
                            return reader.line_num
        return 0

    def _blocks(self) -> Iterator[Rows]:
        if not self.header:
            return
        with self.path.open(encoding=self.codec, newline="") as file:
            reader = csv.reader(file, delimiter=self._delimiter, strict=True)
            going = True
            while going:
                line = reader.line_num + 1
                rows: list[list[str]] = []
                try:
                    while reader.line_num < self.header_line:
                        next(reader)
                        line = reader.line_num + 1
                    rows.extend(islice(reader, _BLOCK))
                    going = bool(rows)
                    after = reader.line_num + 1
                except csv.Error as error:  # the rows before it are in `rows`
                    after = _lines(line, rows)[-1]
                    going = self._broken(after, Text(error))
                except (UnicodeDecodeError, StopIteration):
                    self.findings.add(0, "changed", phrase("the file changed while it was read"))
                    return
                simple = after == line + len(rows)
                lines = range(line, after) if simple else _lines(line, rows)[:-1]
                yield self._of_width(lines, rows)

    def _starts(self, rows: Mapping[int, object]) -> Starts:
        """Where the fields of some rows begin; a row that spans lines may have fields on each."""
        starts: Starts = {}
        row, field, quoted, last = 0, 0, False, max(rows)
        with suppress(OSError, UnicodeDecodeError), self.path.open(encoding=self.codec, newline="") as file:
            for line, text in enumerate(file, 1):
                if not row and line in rows:
                    row, field, quoted = line, 0, False
                    starts[row, 0] = line, 1
                if not row:
                    if line > last:
                        break
                    continue
                for column, character in enumerate(text, 1):
                    if character == '"':
                        quoted = not quoted
                    elif character == self._delimiter and not quoted:
                        field += 1
                        starts[row, field] = line, column + 1
                row = row if quoted else 0
        return starts

    def _of_width(self, lines: Sequence[int], rows: list[list[str]]) -> Rows:
        width = len(self.header)
        if {*map(len, rows)} <= {width}:
            return lines, rows
        named = max(at for at, name in enumerate(self.header, 1) if name)
        kept = []
        for line, fields in zip(lines, rows, strict=True):
            if len(fields) == width:
                kept.append((line, fields))
            elif len(fields) >= named and _is_blank(fields[named:]) and not _is_blank(fields):
                kept.append((line, [*fields[:named], *[""] * (width - named)]))
            elif not _is_blank(fields):
                self._ragged(line, fields)
        return [line for line, _ in kept], [fields for _, fields in kept]

    def is_conflict(self, line: int, fields: list[str]) -> bool:
        """Whether a row is a conflict marker of a merge; it is said."""
        if not _CONFLICT.match(fields[0]):
            return False
        summary = phrase("a conflict marker of a merge stands here: the list holds both sides")
        self.findings.add(
            line, "conflict", summary, hint=phrase("settle the merge; take the markers out"), field=0
        )
        return True

    def _ragged(self, line: int, fields: list[str]) -> None:
        if self.is_conflict(line, fields):
            return
        self.findings.add(
            line,
            "ragged-row",
            phrase(
                "this row has {fields}, the header has {header}",
                fields=count(len(fields), "field"),
                header=len(self.header),
            ),
            hint=phrase("a field that holds the delimiter or a line break must be in double quotes"),
        )

    def _broken(self, line: int, problem: Text) -> bool:
        """Say what csv cannot read in a row; whether what follows can be read."""
        unclosed = "unexpected end" in problem or "field larger" in problem
        summary = (
            phrase("a double quote is opened in this row and never closed")
            if unclosed
            else phrase("a double quote stands within a field of this row")
        )
        hint = phrase('a field with quotes is written "like ""this"""')
        self.findings.add(line, "quotes", summary, hint=hint)
        return not unclosed

    def _delimiters(self) -> tuple[str, int]:
        """Those that may be the delimiter, and how many lines stand above the header."""
        with self.path.open(encoding=self.codec, newline="") as file:
            declared = _DECLARED.fullmatch(file.readline(_TITLES))
        delimiters, above = (declared[1], 1) if declared else (_DELIMITERS, 0)
        return delimiters, above if self._above is None else self._above

    def _read_header(self) -> None:
        """Take the delimiter that cuts the first row into most fields; of equals, the comma."""
        delimiters, above = self._delimiters()
        empty = self._above is None
        for delimiter in delimiters:
            with self.path.open(encoding=self.codec, newline="") as file:
                reader = csv.reader(islice(file, above, None), delimiter=delimiter, strict=True)
                try:
                    names = next((row for row in reader if not _is_blank(row)), [])
                except csv.Error:
                    empty = False
                    continue
                empty &= not names
                if len(names) > len(self.header):
                    self.header = tuple(map(cleaned, names))
                    self.header_line = above + reader.line_num
                    self._delimiter = delimiter
        if not any(self.header):
            self.header = ()
            summary = phrase("the file is empty") if empty else phrase("the file has no header")
            hint = self._first
            if self._above is not None:
                hint = phrase("`header_row:` says that it stands in line {above}", above=self._above + 1)
            self.findings.add(0, "empty-list", summary, hint=hint)


def _is_blank(fields: list[str]) -> bool:
    return not "".join(fields).strip()


def _lines(first: int, rows: list[list[str]]) -> list[int]:
    """The lines on which rows begin if the first begins on `first`, then the line after the last."""
    lines = [first]
    for fields in rows:
        breaks = sum(len(_BREAK.findall(text)) for text in fields)
        lines.append(lines[-1] + 1 + breaks)
    return lines
