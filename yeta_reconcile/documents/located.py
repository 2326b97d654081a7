"""A document with its place in its file, and what is wrong with one."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path
from typing import Generic, TypeVar

from yeta_reconcile.diagnostics import (
    Diagnostic,
    Position,
)
from yeta_reconcile.documents.models import (
    Campaign,
    DialogContext,
    DirectCall,
)
from yeta_reconcile.documents.settings import Settings
from yeta_reconcile.documents.yamlfile import RawDocument, parse_documents
from yeta_reconcile.documents.yamltext import read_text
from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.frozen import dataclass

T_co = TypeVar("T_co", bound=Campaign | DirectCall | DialogContext, covariant=True)


@dataclass(frozen=True, slots=True)
class Located(Generic[T_co]):
    """A document and where it stands; `file` is relative to the repository."""

    model: T_co
    file: str
    _raw: RawDocument = field(repr=False)
    _settings: Settings = field(repr=False)

    @property
    def written(self) -> str:
        """What stands in the document itself; comments do not count."""
        return repr(self._raw.value)

    def at(self, *path: str | int) -> Position:
        """Where a value stands; if nobody gives it, the nearest around it in the document."""
        inherited = ("defaults", *(("lines", 0) if path == ("line",) else path))
        if not self._inherits(path) or not self._settings.has(*inherited):
            return self._raw.at(*path)
        return self._settings.at(*inherited)

    def _inherits(self, path: tuple[str | int, ...]) -> bool:
        """Whether the project's defaults may give it: they are laid under mappings, key by key."""
        given = self._raw.has(*path) or not isinstance(self._raw.value_at(*path), dict)
        return not given and not isinstance(self.model, DialogContext)

    def key_at(self, *path: str | int) -> Position:
        """Where a key stands."""
        return self._raw.key_at(*path)

    def stands(self, root: Path) -> bool:
        """Whether its file, and the settings that lie under it, still say what was read from them."""
        return all(says_still(root, read) for read in (self._raw, self._settings.raw))


@dataclass(frozen=True, slots=True)
class Flaw:
    """What cannot be used as it stands: a document, or, without a kind and a name, a file that holds none.

    `finding` is the first error of it; `at` is where it begins.
    """

    at: Position
    finding: Diagnostic
    kind: str = ""
    name: str = ""


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
