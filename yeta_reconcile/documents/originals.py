"""Whether documents still say what was read from them: a file is read again right before something rings."""

from __future__ import annotations

from pathlib import Path

from yeta_reconcile.documents.yamlfile import RawDocument, parse_documents
from yeta_reconcile.documents.yamltext import read_text
from yeta_reconcile.errors import InvalidInput


def says_still(root: Path, document: RawDocument) -> bool:
    """Whether a document's file says what it said; comments do not count. One that is gone says nothing."""
    label = document.file
    try:
        text = read_text(root / label, label)
        if text == document.text:
            return True
        former, now = (parse_documents(said, label) for said in (document.text, text))
    except InvalidInput:
        return False
    return [one.value for one in former] == [one.value for one in now]
