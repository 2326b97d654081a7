"""Which files of a repository its globs name. Reads folders, never files, and nothing that is hidden."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

_WILD = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def files_in(root: Path, globs: Iterable[str]) -> list[str]:
    """Paths relative to `root`, with slashes and sorted, that any of `globs` matches.

    `**` stands for any folders. A folder that is reached twice, by a symbolic link, is read once.
    """
    return sorted(filter(matches(globs), _files(root)))


def matches(globs: Iterable[str]) -> Callable[[str], bool]:
    """Whether any of `globs` matches a path."""
    patterns = [_pattern(glob) for glob in globs]
    return lambda label: any(pattern.fullmatch(label) for pattern in patterns)


def _files(root: Path) -> Iterator[str]:
    """Every file that is not hidden; folders behind links come last, so that real ones win."""
    waiting, links = [""], list[str]()
    entered = set()
    while waiting or links:
        folder = waiting.pop() if waiting else links.pop(0)
        try:
            status = os.stat(root / folder)  # noqa: PTH116 -- of many folders
            entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
        except OSError:
            continue
        if (status.st_dev, status.st_ino) in entered:
            continue
        entered.add((status.st_dev, status.st_ino))
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if not entry.is_dir():
                yield folder + entry.name
            else:
                (links if entry.is_symlink() else waiting).append(f"{folder}{entry.name}/")


def _pattern(glob: str) -> re.Pattern[str]:
    """A glob as a regular expression for whole relative paths."""
    parts = []
    for token in re.findall(r"\*\*/|\*\*|\[[^\]]+\]|.", glob.removeprefix("./"), re.DOTALL):
        if token in _WILD:
            parts.append(_WILD[token])
        elif len(token) > 1:  # characters and ranges in brackets, as in a regular expression
            parts.append(token.replace("\\", r"\\").replace("[!", "[^"))
        else:
            parts.append(re.escape(token))
    return re.compile("".join(parts))
