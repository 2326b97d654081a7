"""Aligned tables as text, Chinese included."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence

from yeta_reconcile.frozen import dataclass
from yeta_reconcile.wording import Text, spoken

# Two columns each (UAX #11). Ambiguous ones (→ ± …) take one, as terminals draw them by default.
_WIDE = frozenset("WF")
_NO_WIDTH = frozenset(("Mn", "Me", "Cf"))
# Controls could move the cursor or recolour the screen; format characters could reorder a line.
_UNSAFE = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
# One wide character, or a run without spaces; with the punctuation that may not end or begin a line.
# It takes longer to compile than all of what is imported for a table: not for what is all ASCII.
_PIECE = (
    r"\s+|[（《「『【〈]*[ᄀ-ᅟ⺀-￠\U0001f300-\U0003ffff][、。〉》」』】，．：；？！）]*"
    r"|[（《「『【〈]*[^\sᄀ-ᅟ⺀-￠\U0001f300-\U0003ffff]+[、。〉》」』】，．：；？！）]*"
)

_CODES = {
    "strong": "1",
    "faint": "2",
    "good": "32",
    "careful": "33",
    "bad": "31",
    "calm": "36",
    "alarm": "1;31",
}

ABSENT = "–"
_GAP = "  "


def table(
    headers: Sequence[Text],
    rows: Iterable[Sequence[object]],
    *,
    right: Collection[Text] = (),
    indent: int = 0,
) -> list[str]:
    """Lines of a table, the headers first. Whole numbers get separators, None is a dash.

    `right` names the headers whose columns stand at the right edge; nothing is cut or wrapped.
    """
    cells = [[*map(spoken, headers)], *([_cell(value) for value in row] for row in rows)]
    widths = [max(width(cell) for cell in column) for column in zip(*cells, strict=True)]
    edges = [header in right for header in headers]
    space = " " * indent
    return [
        space
        + _GAP.join(
            pad(cell, columns, right=edge) for cell, columns, edge in zip(row, widths, edges, strict=True)
        ).rstrip()
        for row in cells
    ]


def _cell(value: object) -> str:
    if value is None or value == "":
        return ABSENT
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return clean(spoken(value)) if isinstance(value, str) else clean(str(value))


@dataclass(frozen=True, slots=True)
class Paint:
    """Paints text if `on`. Pad before painting: escape codes take no columns."""

    on: bool

    def __call__(self, text: str, meaning: str) -> str:
        """The text in the colour of a meaning: strong, faint, good, careful, bad, calm or alarm."""
        if not self.on or not text:
            return text
        return f"\x1b[{_CODES[meaning]}m{text}\x1b[0m"


def clean(text: str) -> str:
    r"""The text on one line, with what a terminal would act on written out (`\x1b`, `\u202e`)."""
    if text.isprintable():
        return text
    return "".join(_written_out(char) for char in text)


def _written_out(char: str) -> str:
    if char in "\t\n\r":
        return " "
    if unicodedata.category(char) not in _UNSAFE:
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def width(text: str) -> int:
    """Columns the text takes in a terminal."""
    if text.isascii():
        return len(text)
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    if unicodedata.category(char) in _NO_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(char) in _WIDE else 1


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """The text filled with spaces to that many columns; `right` puts it to the right edge."""
    space = " " * max(columns - width(text), 0)
    return space + text if right else text + space


def wrap(text: str, columns: int) -> list[str]:
    """Lines of at most that many columns. Chinese breaks anywhere, a long path or id never."""
    lines: list[str] = []
    line, used = "", 0
    for piece in re.findall(r"\s+|\S+" if text.isascii() else _PIECE, text.strip()):
        size = width(piece)
        if line and not piece.isspace() and used + size > columns:
            lines.append(line.rstrip())
            line, used = "", 0
        if line or not piece.isspace():
            line += piece
            used += size
    return [*lines, line.rstrip()] if line else lines
