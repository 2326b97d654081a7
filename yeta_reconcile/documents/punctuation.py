"""Punctuation in full width, as a Chinese keyboard writes it, where YAML means its own.

Some of it breaks a document, some is taken for text: `lines: [“0551”]` is one text with quotes in it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from yeta_reconcile.diagnostics import Diagnostic
from yeta_reconcile.wording import UNSAID, Text, phrase

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from yeta_reconcile.documents.yamlfile import RawDocument

_MEANT = {
    "：": ":", "，": ",", "“": '"', "”": '"', "‘": "'", "’": "'", "（": "[", "［": "[", "【": "[", "｛": "{",
    "\u3000": "a blank",
}  # fmt: skip
_OPENING = "“”‘’（［【｛"
# A colon behind a key, at the begin of a line or in {}; what begins a value; a comma in brackets; a blank.
_SLIP = re.compile(
    r"^\s*(?:-\s+)?[A-Za-z0-9_-]+\s*(：)"
    r"|[{,，]\s*[^\s{}\[\]:：,，\"']+\s*(：)"
    rf"|(?:[:：\[{{,，]\s*|^\s*-\s+)([{_OPENING}])"
    r"|[\[{][^\]}]*?(，)"
    r"|^ *(\u3000)"
)
# Within quotes, and in what people say to each other, they mean themselves.
_ELSEWHERE = re.compile(r'^ *description *:.*|"(?:[^"\\]|\\.)*"|\'(?:[^\']|\'\')*\'|(?:^|(?<=\s))#.*')
# What these keys hold is for people or for robots.
_TEXTS = {"description", "entries", "defaults", "columns"}


def slip_in(text: str, first: int, last: int) -> Text:
    """A hint at the slip that is nearest before the end of the lines `first` to `last`; "" for none."""
    lines = text.split("\n")
    for number in range(min(last, len(lines)), max(first, 1) - 1, -1):
        bare = _ELSEWHERE.sub(lambda found: " " * len(found[0]), lines[number - 1])
        if found := _SLIP.search(bare):
            at = found.start(found.lastindex or 0)
            mark = bare[at]
            what = phrase("is in full width") if mark != "\u3000" else phrase("is a blank in full width")
            shown = mark if mark != "\u3000" else phrase("U+3000")
            return phrase(
                "{shown} in line {number}, column {at} {what}: write {meant}",
                shown=shown,
                number=number,
                at=at + 1,
                what=what,
                meant=_MEANT[mark],
            )
    return UNSAID


def hinted(findings: Sequence[Diagnostic], raw: RawDocument) -> list[Diagnostic]:
    """The findings of a document, of which those at a line with a slip say so, and further slips."""
    found = [
        replace(found, hint=slip)
        if found.severity == "error"
        and found.position
        and found.position.file == raw.file
        and (slip := slip_in(raw.text, found.position.line, found.position.line))
        else found
        for found in findings
    ]
    return [*found, *_taken_for_text(raw, found)]


def _taken_for_text(raw: RawDocument, said: Sequence[Diagnostic]) -> Iterator[Diagnostic]:
    """Values that begin with quotes in full width, which quote nothing, if nothing else is `said` there."""
    if not any(mark in raw.text for mark in "“”‘’"):
        return
    places = {found.position for found in said}
    for path in _quoted(raw.value, ()):
        place = raw.at(*path)
        if place not in places and (slip := slip_in(raw.text, place.line, place.line)):
            summary = phrase("the quotes around this text are part of it")
            yield Diagnostic("warning", "full-width", summary, place, slip)


def _quoted(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in _TEXTS or (key == "defaults" and not path and value.get("kind") == "Project"):
                yield from _quoted(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _quoted(item, (*path, number))
    elif isinstance(value, str) and value[:1] in set("“”‘’"):
        yield path
