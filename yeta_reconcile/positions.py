"""Where a value stands in a file, and what is said about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place: `file` relative to the repository, `line` and `column` from 1 (0: the whole file).

    The whole file is shown as its first line, since editors and pipelines expect `path:line:column`.
    """

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line or 1}:{self.column or 1}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: what is wrong (`summary`) and what would be right (`hint`), at a place if it has one.

    `code` is a short kebab-case word from a closed list of its module: shown and searched for, never
    branched on. Neither `summary` nor `hint` may hold a telephone number or a dynamic value in the clear.
    """

    severity: Severity
    code: str
    summary: str
    position: Position | None = None
    hint: str = ""
    campaign: str | None = None

    def __str__(self) -> str:
        place = f"{self.position}: " if self.position else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.severity}: {self.summary}{hint}"
