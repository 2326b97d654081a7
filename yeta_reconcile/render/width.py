"""How wide text stands in a terminal, Chinese included: measure, pad, wrap, and make it safe."""

from __future__ import annotations

import re
import unicodedata

# Two columns each (UAX #11). Ambiguous ones (→ ± …) take one, as terminals draw them by default.
_WIDE = frozenset("WF")
_NO_WIDTH = frozenset(("Mn", "Me", "Cf"))
# Controls could move the cursor or recolour the screen; format characters could reorder a line.
_UNSAFE = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
# One wide character and the punctuation that may not begin a line, or a run without spaces.
_PIECE = re.compile(
    r"\s+|[ᄀ-ᅟ⺀-￠\U0001f300-\U0003ffff][、。〉》」』】，．：；？！）]*|[^\sᄀ-ᅟ⺀-￠\U0001f300-\U0003ffff]+"
)


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
    for piece in _PIECE.findall(text.strip()):
        size = width(piece)
        if line and not piece.isspace() and used + size > columns:
            lines.append(line.rstrip())
            line, used = "", 0
        if line or not piece.isspace():
            line += piece
            used += size
    return [*lines, line.rstrip()] if line else lines
