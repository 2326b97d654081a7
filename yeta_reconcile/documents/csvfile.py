"""CSV → a header and rows with their lines, as a stream. Knows nothing of what the columns mean.

Encoding and delimiter are decided strictly: what cannot be told is an error, never mojibake.
"""

from __future__ import annotations

import codecs
import csv
import re
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Literal

from yeta_reconcile.amounts import count
from yeta_reconcile.diagnostics import Diagnostic, Position, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from yeta_reconcile.documents.reach import Reach

Encoding = Literal["auto", "utf-8", "gb18030"]

CHUNK = 1 << 20
# Findings of one kind that are shown whole; of the rest, the count.
SHOWN = 100_000
# Lines that are looked at to tell a GB18030 file from a damaged UTF-8 one.
_SAMPLE = 10_000
_BLOCK = 500
_BREAK = re.compile(r"\r\n|\n|\r")
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_DELIMITERS = ",;\t"


# A row's line and the index of a field in it; and where that field begins: line and column, from 1.
Cell = tuple[int, int]
Starts = dict[Cell, tuple[int, int]]


class Findings:
    """What was found in one file; of each kind at most `SHOWN` are kept, the rest are counted.

    `starts` tells where fields begin in the file; asked once all is read, and only if it must.
    """

    def __init__(self, label: str, starts: Callable[[Mapping[int, object]], Starts]) -> None:
        self.label = label
        self.errors = 0
        self._starts = starts
        self._found: list[tuple[Diagnostic, Cell | None]] = []
        self._counts: dict[tuple[Severity, str], int] = {}

    def add(
        self,
        line: int,
        code: str,
        summary: str,
        *,
        hint: str = "",
        severity: Severity = "error",
        field: int | None = None,
    ) -> None:
        """Note a finding at a line of the file (0: the whole file), about the row or one `field` of it."""
        place = Position(self.label, line)
        self._note(Diagnostic(severity, code, summary, place, hint), None if field is None else (line, field))

    def put(self, found: Diagnostic) -> None:
        """Note a finding that stands elsewhere, such as in the document."""
        self._note(found, None)

    def _note(self, found: Diagnostic, cell: Cell | None) -> None:
        self.errors += found.severity == "error"
        kind = (found.severity, found.code)
        self._counts[kind] = count = self._counts.get(kind, 0) + 1
        if count <= SHOWN:
            self._found.append((found, cell))

    def all(self) -> tuple[Diagnostic, ...]:
        """Every finding that was kept, and how many more there are of a kind."""
        rows = {cell[0]: None for _, cell in self._found if cell}
        starts = self._starts(rows) if rows else {}
        found = [
            replace(found, position=Position(self.label, *starts[cell])) if cell in starts else found
            for found, cell in self._found
        ]
        more = [
            Diagnostic(severity, code, f"{count - SHOWN} more of this kind", Position(self.label))
            for (severity, code), count in self._counts.items()
            if count > SHOWN
        ]
        return (*found, *more)


class Table:
    """A CSV file: `header` (stripped names; empty if it cannot be read) and `blocks()` of rows.

    What is beyond `reach` is not opened. No name of the header may be said but through `heading`.
    What is wrong with the file goes to `findings`; `blocks()` gives the rows that can be read all the same.
    """

    def __init__(self, path: Path, label: str, encoding: Encoding, reach: Reach | None = None) -> None:
        self.path = path
        self.findings = Findings(label, self._starts)
        self.header: tuple[str, ...] = ()
        self.header_line = 1
        self._delimiter = ","
        self._codec = ""
        if why := reach.why_not(path) if reach else "":
            self.findings.add(0, "out-of-reach", f"this file is not read: {why}")
            return
        try:
            codec = _survey(path, encoding, self.findings)
            if codec:
                self._codec = codec
                self._read_header()
        except OSError as error:
            self.findings.add(0, "unreadable", f"cannot be read: {error.strerror}")

    def blocks(self) -> Iterator[tuple[Sequence[int], list[list[str]]]]:
        """Rows as wide as the header, some hundred at a time, with the lines on which each begins.

        Blank rows are left out. Rows come in blocks since a step a row, a million times, is what takes long.
        """
        if not self.header:
            return
        with self.path.open(encoding=self._codec, newline="") as file:
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
                    going = self._broken(after, str(error))
                except (UnicodeDecodeError, StopIteration):
                    self.findings.add(0, "changed", "the file changed while it was read")
                    return
                simple = after == line + len(rows)
                lines = range(line, after) if simple else _lines(line, rows)[:-1]
                yield self._of_width(lines, rows)

    def _starts(self, rows: Mapping[int, object]) -> Starts:
        """Where the fields of some rows begin; a row that spans lines may have fields on each."""
        starts: Starts = {}
        row, field, quoted, last = 0, 0, False, max(rows)
        with suppress(OSError, UnicodeDecodeError), self.path.open(encoding=self._codec, newline="") as file:
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

    def _of_width(self, lines: Sequence[int], rows: list[list[str]]) -> tuple[Sequence[int], list[list[str]]]:
        width = len(self.header)
        if {*map(len, rows)} <= {width}:
            return lines, rows
        kept = []
        for line, fields in zip(lines, rows, strict=True):
            if len(fields) == width:
                kept.append((line, fields))
            elif any(fields):
                self._ragged(line, fields)
        return [line for line, _ in kept], [fields for _, fields in kept]

    def _ragged(self, line: int, fields: list[str]) -> None:
        self.findings.add(
            line,
            "ragged-row",
            f"this row has {count(len(fields), 'field')}, the header has {len(self.header)}",
            hint="a field that holds the delimiter or a line break must be in double quotes",
        )

    def _broken(self, line: int, problem: str) -> bool:
        """Say what csv cannot read in a row; whether what follows can be read."""
        unclosed = "unexpected end" in problem or "field larger" in problem
        summary = (
            "a double quote is opened in this row and never closed"
            if unclosed
            else "a double quote stands within a field of this row"
        )
        hint = 'a field with quotes is written "like ""this"""'
        self.findings.add(line, "quotes", summary, hint=hint)
        return not unclosed

    def _read_header(self) -> None:
        """Take the delimiter that cuts the first row into most fields; of equals, the comma."""
        for delimiter in _DELIMITERS:
            with self.path.open(encoding=self._codec, newline="") as file:
                reader = csv.reader(file, delimiter=delimiter, strict=True)
                try:
                    names = next((row for row in reader if any(row)), [])
                except csv.Error:
                    continue
                if len(names) > len(self.header):
                    self.header = tuple(name.strip() for name in names)
                    self.header_line = reader.line_num
                    self._delimiter = delimiter
        if not self.header:
            self.findings.add(
                0, "empty-list", "the file has no header", hint="its first line names the columns"
            )


def _lines(first: int, rows: list[list[str]]) -> list[int]:
    """The lines on which rows begin if the first begins on `first`, then the line after the last."""
    lines = [first]
    for fields in rows:
        breaks = sum(len(_BREAK.findall(text)) for text in fields)
        lines.append(lines[-1] + 1 + breaks)
    return lines


def _survey(path: Path, encoding: Encoding, findings: Findings) -> str:
    """Read the whole file once and tell its codec; "" if it cannot be read, with the reason found."""
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(_WORKBOOKS):
        findings.add(0, "encoding", "this is an Excel workbook", hint="save it as CSV UTF-8")
        return ""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        findings.add(0, "encoding", "this is UTF-16", hint="save it as CSV UTF-8")
        return ""
    is_utf8 = encoding == "utf-8" or start.startswith(codecs.BOM_UTF8)
    codec: str = "utf-8-sig" if is_utf8 else encoding
    bad_line, nul_line = _first_bad_line(path, "utf-8" if codec == "auto" else codec)
    if nul_line:
        findings.add(nul_line, "nul", "there is a NUL byte in this line", hint="save the file anew")
        return ""
    if codec == "auto":
        if not bad_line:
            return "utf-8"
        if not _is_mostly_utf8(path):
            codec, utf8_line = "gb18030", bad_line
            bad_line, _ = _first_bad_line(path, codec)
            if not bad_line:
                return codec
            codec, bad_line = "UTF-8 nor GB18030", utf8_line
    if bad_line:
        _say_undecodable(findings, bad_line, codec, declared=encoding != "auto")
        return ""
    return codec


def _say_undecodable(findings: Findings, line: int, codec: str, *, declared: bool) -> None:
    if " nor " in codec:
        summary, hint = f"this line is neither {codec}", "save the file as CSV UTF-8"
    elif codec == "gb18030":
        summary, hint = "this line is not GB18030", "take `encoding: gb18030` off, or save anew"
    else:
        given = "declared" if declared else "as its other lines are"
        summary = f"this line is not UTF-8, {given}"
        hint = "mend the line; if the whole file is GB18030, say `encoding: gb18030`"
    findings.add(line, "encoding", summary, hint=hint)


def _first_bad_line(path: Path, codec: str) -> tuple[int, int]:
    """The first line that is not of the codec, and the first with a NUL byte; 0 if there is none."""
    decoder = codecs.getincrementaldecoder(codec)()
    lines = 1
    with path.open("rb") as file:
        while True:
            chunk = file.read(CHUNK)
            nul = chunk.find(b"\0")
            if nul >= 0:
                return 0, lines + chunk.count(b"\n", 0, nul)
            held = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                return lines + chunk.count(b"\n", 0, max(error.start - held, 0)), 0
            if not chunk:
                return 0, 0
            lines += chunk.count(b"\n")


def _is_mostly_utf8(path: Path) -> bool:
    """Whether a file that breaks as UTF-8 is one nevertheless, by its first lines that are not ASCII.

    Pairs of bytes of GB18030 are often UTF-8 of U+0080 to U+07FF, which tells nothing; a whole line that is
    UTF-8 with Chinese in it hardly ever happens, so that one in a hundred already tells.
    """
    good = bad = 0
    with path.open("rb") as file:
        for line in file:
            if line.isascii():
                continue
            try:
                good += max(line.decode("utf-8")) >= "\u0800"
            except (UnicodeDecodeError, StopIteration):
                bad += 1
            if good + bad == _SAMPLE:
                break
    return good * 100 > bad
