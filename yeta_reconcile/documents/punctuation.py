"""Punctuation in full width, as a Chinese keyboard writes it, where YAML means its own.

Some of it breaks a document, some is taken for text: `lines: [“0551”]` is one text with quotes in it.
"""

from __future__ import annotations

import re
import unicodedata

from yeta_reconcile.wording import UNSAID, Text, phrase

_MEANT = {
    "：": ":", "，": ",", "“": '"', "”": '"', "‘": "'", "’": "'", "（": "[", "［": "[", "【": "[", "｛": "{",
    "—": "-", "\u3000": "a blank",
}  # fmt: skip
_OPENING = "“”‘’（［【｛"
# A colon behind a key, at the begin of a line or in {}; what begins a value; a comma in brackets; what begins
# an item or a comment; a blank.
_SLIP = re.compile(
    r"^\s*(?:-\s+)?[A-Za-z0-9_-]+\s*(：)"
    r"|[{,，]\s*[^\s{}\[\]:：,，\"']+\s*(：)"
    rf"|(?:[:：\[{{,，]\s*|^\s*-\s+)([{_OPENING}])"
    r"|[\[{][^\]}]*?(，)"
    r"|^\s*([－—])[\s\"']|(?:^|\s)(＃)"
    r"|^ *(\u3000)|[:,\[{] *(\u3000)"
)
# A value, with its quotes if it has any; what times, lengths and numbers in it may be written with.
_VALUE = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\']|\'\')*\'|[^,\]}#]*')
_IN_VALUES = re.compile(r"[：；，．－／％＋０-９\u3000]")
# Within quotes, and in what people say to each other, they mean themselves.
_ELSEWHERE = re.compile(r'^ *description *:.*|"(?:[^"\\]|\\.)*"|\'(?:[^\']|\'\')*\'|(?:^|(?<=\s))#.*')


def slip_in(text: str, first: int, last: int) -> Text:
    """A hint at the slip that is nearest before the end of the lines `first` to `last`; "" for none."""
    lines = text.split("\n")
    for number in range(min(last, len(lines)), max(first, 1) - 1, -1):
        bare = _ELSEWHERE.sub(lambda found: " " * len(found[0]), lines[number - 1])
        if found := _SLIP.search(bare):
            return _named(lines[number - 1], number, found.start(found.lastindex or 0))
    return UNSAID


def slip_within(text: str, line: int, column: int) -> Text:
    """A hint at the first such mark or digit within the value that begins there; "" if it has none."""
    row = text.split("\n")[line - 1]
    value = _VALUE.match(row, column - 1)
    found = _IN_VALUES.search(value[0]) if value else None
    return _named(row, line, column - 1 + found.start()) if found else UNSAID


def _named(row: str, number: int, at: int) -> Text:
    mark = row[at]
    what = phrase("is in full width") if mark != "\u3000" else phrase("is a blank in full width")
    shown = mark if mark != "\u3000" else phrase("U+3000")
    return phrase(
        "{shown} in line {number}, column {at} {what}: write {meant}",
        shown=shown,
        number=number,
        at=at + 1,
        what=what,
        meant=_MEANT.get(mark) or unicodedata.normalize("NFKC", mark),
    )
