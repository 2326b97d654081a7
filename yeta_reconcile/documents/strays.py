"""Files that would be documents of ours under another name: they declare nothing, which is to be said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from yeta_reconcile.diagnostics import Diagnostic, Position
from yeta_reconcile.wording import phrase

STRAYS = ("**/*.yml",)
# That much of a file tells what it is.
_BEGIN = 1 << 16
_KIND = re.compile(rb"""^kind: *["']?(Campaign|DirectCall|DialogContext|Project)\b""", re.MULTILINE)


def stray(root: Path, label: str) -> Iterator[Diagnostic]:
    """A warning if the file, which is not read, holds a document of ours."""
    try:
        with (root / label).open("rb") as file:
            found = _KIND.search(file.read(_BEGIN))
    except OSError:
        return
    if found:
        summary = phrase("this file is not read, and holds a {decode}", decode=found[1].decode())
        hint = phrase("name it .yaml, or name it in `documents:` of yeta.yaml")
        yield Diagnostic("warning", "not-read", summary, Position(label), hint)
