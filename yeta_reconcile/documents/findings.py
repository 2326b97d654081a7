"""What is found in one file: of each kind the first ones whole, of the rest how many and where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from yeta_reconcile.amounts import count
from yeta_reconcile.diagnostics import Diagnostic, Position, Severity
from yeta_reconcile.documents.stretches import Stretches
from yeta_reconcile.wording import UNSAID, Text, phrase

# Findings of one kind that are shown whole: one cause makes many, and hides all others.
SHOWN = 20

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
        self._counts: dict[tuple[Severity, str], int] = defaultdict(int)
        self._more: dict[tuple[Severity, str], Stretches] = defaultdict(Stretches)

    def add(
        self,
        line: int,
        code: str,
        summary: Text,
        *,
        hint: Text = UNSAID,
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
        self._counts[kind] += 1
        if self._counts[kind] <= SHOWN:
            self._found.append((found, cell))
        elif found.position is not None:
            self._more[kind].add(found.position.line)

    def all(self) -> tuple[Diagnostic, ...]:
        """Every finding that was kept, and of each kind how many more there are and where."""
        rows = {cell[0]: None for _, cell in self._found if cell}
        starts = self._starts(rows) if rows else {}
        found = [
            replace(found, position=Position(self.label, *starts[cell])) if cell in starts else found
            for found, cell in self._found
        ]
        return (*found, *self._of_the_rest())

    def _of_the_rest(self) -> Iterator[Diagnostic]:
        for (severity, code), more in self._more.items():
            words = count(more.count, "more of this kind: line", "more of this kind: lines")
            yield Diagnostic(
                severity,
                code,
                phrase("{words} {more}", words=words, more=more),
                Position(self.label, more.first),
            )
