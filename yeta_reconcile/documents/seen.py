"""Which digests of a list stood before, and where they stand again."""

from __future__ import annotations

from collections.abc import Sequence

from yeta_reconcile.documents.findings import SHOWN
from yeta_reconcile.documents.stretches import Stretches


class Seen:
    """Digests that were seen. Of those that come again: the first `SHOWN` with their lines, then `more`."""

    def __init__(self) -> None:
        self.lines: list[tuple[bytes, int]] = []
        self.more = Stretches()
        self._digests: set[bytes] = set()

    @property
    def again(self) -> int:
        """How often one came again."""
        return len(self.lines) + self.more.count

    def fresh(
        self, digests: list[bytes], lines: Sequence[int], *, among: list[bool] | None = None
    ) -> list[bool] | None:
        """Which digests are seen for the first time, of those `among` says; None for all of them."""
        block = set(digests)
        if among is None and len(block) == len(digests) and self._digests.isdisjoint(block):
            self._digests |= block
            return None
        fresh = []
        for place, digest in enumerate(digests):
            counts = among is None or among[place]
            fresh.append(counts and digest not in self._digests)
            if fresh[-1]:
                self._digests.add(digest)
            elif counts and len(self.lines) < SHOWN:
                self.lines.append((digest, lines[place]))
            elif counts:
                self.more.add(lines[place])
        return fresh
