"""Which files documents may name: those of the repository and of the folders it says, and none of a state's.

Asked with links resolved, by `load` for the finding and by `table` right before a file is opened.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator
from os.path import realpath
from pathlib import Path

from yeta_reconcile.diagnostics import Diagnostic, Position
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.wording import phrase

KEY_SUFFIX = ".key"
# Where the halt of a state in PostgreSQL stands.
WITHOUT_FILE = "state/halt"


@dataclass(frozen=True, slots=True)
class Reach:
    """Real paths: what is in `folders`, the repository's first, may be named; not `settings`, no state."""

    folders: tuple[str, ...]
    states: tuple[str, ...]
    settings: str

    @classmethod
    def of(cls, root: Path, folders: Iterable[str], states: Iterable[str], settings: str) -> Reach:
        """What the settings of the repository at `root` say; states are paths or URLs of databases."""
        files = [WITHOUT_FILE if "://" in state else state for state in states]
        return cls(
            tuple(realpath(root / folder) for folder in (".", *folders)),
            tuple(realpath(root / file) for file in dict.fromkeys(files)),
            realpath(root / settings),
        )

    def why_not(self, path: Path | str, real: Callable[[Path | str], str] = realpath) -> str:
        """Why a file must not be read, without a word of what is in it; "" if it may be."""
        try:
            file = real(path)
        except (OSError, ValueError):
            return phrase("its path leads nowhere")
        if not any(_within(file, folder) for folder in self.folders):
            return phrase("it lies outside of the repository")
        if file == self.settings:
            return phrase("the settings are no list")
        if any(self._is_of(state, file) for state in self.states):
            return phrase("it lies beside the state")
        return ""

    def _is_of(self, state: str, file: str) -> bool:
        """Whether a file is a state's: all in its folder, or its own where that is the repository's."""
        (folder, name), (place, own) = posixpath.split(state), posixpath.split(file)
        if not _within(self.folders[0], folder):
            return _within(file, folder)
        return place == folder and (own.endswith(KEY_SUFFIX) or own.startswith(posixpath.splitext(name)[0]))


class Folders:
    """Real paths of many files of few folders: each folder is followed once.

    For one look at a repository: a folder may become a link at any time, and whoever opens a file asks anew.
    """

    def __init__(self) -> None:
        self._real: dict[str, str] = {}

    def real(self, path: Path | str) -> str:
        """As `realpath`."""
        folder, name = posixpath.split(path)
        if name in {"", ".", ".."}:
            return realpath(path)
        if folder not in self._real:
            self._real[folder] = realpath(folder)
        return realpath(path) if posixpath.islink(path) else posixpath.join(self._real[folder], name)


def folder_findings(
    root: Path, folders: Iterable[str], at: Callable[[str, int], Position]
) -> Iterator[Diagnostic]:
    """Those of the folders that `files:` names that are none."""
    for nth, folder in enumerate(folders):
        if not posixpath.isdir(root / folder):
            what = (
                phrase("{folder} is a file", folder=folder)
                if posixpath.exists(root / folder)
                else phrase("there is no folder {folder}", folder=folder)
            )
            hint = phrase("`files:` names folders, relative to yeta.yaml, in which lists may stand")
            yield Diagnostic("error", "no-folder", phrase("files: {what}", what=what), at("files", nth), hint)


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
