"""ANSI colours by what they mean; a painter that is off gives the text back as it is."""

from __future__ import annotations

from dataclasses import dataclass

_CODES = {
    "strong": "1",
    "faint": "2",
    "good": "32",
    "careful": "33",
    "bad": "31",
    "calm": "36",
    "alarm": "1;31",
}


@dataclass(frozen=True, slots=True)
class Paint:
    """Paints text if `on`. Pad before painting: escape codes take no columns."""

    on: bool

    def __call__(self, text: str, meaning: str) -> str:
        """The text in the colour of a meaning: strong, faint, good, careful, bad, calm or alarm."""
        if not self.on or not text:
            return text
        return f"\x1b[{_CODES[meaning]}m{text}\x1b[0m"
