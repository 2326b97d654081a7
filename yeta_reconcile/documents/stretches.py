"""Lines of a file in few words: `7, 9-20`, however many they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field

from yeta_reconcile.frozen import dataclass

# Stretches that are named at once; in a list of any length that is enough to begin with.
NAMED_STRETCHES = 100


@dataclass(slots=True)
class Stretches:
    """Lines that come in ascending order: how many, the first, and as text the stretches they make."""

    count: int = 0
    _ends: list[list[int]] = field(default_factory=list)
    _last: int = -1

    @classmethod
    def of(cls, lines: Iterable[int]) -> Stretches:
        """Lines in any order."""
        found = cls()
        for line in sorted(lines):
            found.add(line)
        return found

    @property
    def first(self) -> int:
        """The first line, 0 if there is none."""
        return self._ends[0][0] if self._ends else 0

    def add(self, line: int) -> None:
        """Take one more line, which is none of those before; of stretches beyond what is named, the count."""
        self.count += 1
        if len(self._ends) <= NAMED_STRETCHES:
            if self._ends and line == self._last + 1:
                self._ends[-1][1] = line
            else:
                self._ends.append([line, line])
        self._last = line

    def __str__(self) -> str:
        named = self._ends[:NAMED_STRETCHES]
        shown = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in named)
        return f"{shown}, …" if len(self._ends) > NAMED_STRETCHES else shown
