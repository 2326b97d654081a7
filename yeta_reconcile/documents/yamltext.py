"""The text of a YAML file, and in our words why it cannot be read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from yeta_reconcile.diagnostics import Diagnostic, Position
from yeta_reconcile.documents.punctuation import slip_in
from yeta_reconcile.documents.yamlwords import in_our_words, is_where_it_begins
from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.files import read_bytes
from yeta_reconcile.wording import UNSAID, Text, phrase

if TYPE_CHECKING:
    from ruamel.yaml.error import MarkedYAMLError

MAX_BYTES = 1_000_000
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")


def read_text(path: Path | str, label: str) -> str:
    """The text of a file. Raises InvalidInput if it cannot be read, is no UTF-8, or is too large."""
    try:
        data = read_bytes(path, MAX_BYTES + 1)
    except IsADirectoryError:
        raise _refused(label, "unreadable", phrase("this is a folder, not a file")) from None
    except OSError as error:
        raise _refused(
            label, "unreadable", phrase("cannot be read: {strerror}", strerror=error.strerror)
        ) from None
    if len(data) > MAX_BYTES:
        raise _refused(
            label,
            "too-large",
            phrase("the file is larger than {max_bytes} MB", max_bytes=MAX_BYTES // 1_000_000),
            hint=phrase("rows belong in a CSV file; split what is left over several files"),
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _refused(
            Position(label, line),
            "encoding",
            phrase("this is not UTF-8"),
            hint=phrase("save the file as UTF-8"),
        ) from None


def _refuse_control_characters(text: str, label: str) -> None:
    match = _CONTROL.search(text)
    if match is None:
        return
    line = text.count("\n", 0, match.start()) + 1
    column = match.start() - text.rfind("\n", 0, match.start())
    raise _refused(
        Position(label, line, column),
        "control-character",
        phrase("the control character U+{ord:04X} cannot stand in YAML", ord=ord(match[0])),
        hint=phrase('take it out, or write it as an escape in double quotes, like "\\x1b"'),
    )


def syntax_error(error: MarkedYAMLError, label: str, text: str) -> InvalidInput:
    """What a parser refused in a text, in our words."""
    problem, context = str(error.problem or ""), str(error.context or "")
    mark = error.problem_mark or error.context_mark
    begin = error.context_mark or mark
    noticed = mark.line + 1 if mark else 1
    first = error.context_mark.line + 1 if error.context_mark else noticed - 2
    last = first if "simple key" in context else noticed
    at = begin if is_where_it_begins(problem) else mark
    position = Position(label, at.line + 1, at.column + 1) if at else Position(label)
    said, hint = in_our_words(problem, context)
    return _refused(position, "syntax", said, hint=slip_in(text, first, last) or hint)


def _refused(place: str | Position, code: str, summary: Text, *, hint: Text = UNSAID) -> InvalidInput:
    position = Position(place) if isinstance(place, str) else place
    found = Diagnostic("error", code, summary, position, hint)
    return InvalidInput(phrase("a document cannot be read"), [found])
