"""Dataclasses of which a plan makes one a campaign or more: that nobody changes them, types hold.

One that is frozen at run time sets each field by a call: to make records of forty fields took a tenth of
a plan with nothing to do. The type checker knows no difference, and refuses every assignment.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls: type | None = None, /, *, frozen: bool = False, **given: Any) -> Any:
        """As that of the standard library."""
        return dataclasses.dataclass(cls, unsafe_hash=frozen, **given)
