"""What a run of `yeta` came to, as the number its process ends with (contract: exit codes)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Exit(IntEnum):
    """Every exit code there is; a bare number stands nowhere else."""

    DONE = 0
    FAILED = 1
    CHANGES = 2
    """A plan that was asked to tell has changes."""
    INVALID = 3
    REFUSED = 4
    REJECTED = 5
    LOCKED = 6
    INCOMPLETE = 7
    UNRESOLVED = 8
    DECLINED = 9
    USAGE = 64
    BUG = 70
    INTERRUPTED = 130


# Invalid documents make everything else guesswork; a person is needed before what running again would settle.
_WEIGHT = (Exit.INVALID, Exit.UNRESOLVED, Exit.REFUSED, Exit.FAILED, Exit.INCOMPLETE)


def worst(codes: Iterable[int]) -> Exit:
    """Of several exit codes the one that counts."""
    found = {Exit(code) for code in codes}
    return next((code for code in _WEIGHT if code in found), max(found, default=Exit.DONE))
