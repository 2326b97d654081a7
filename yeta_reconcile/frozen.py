"""Dataclasses that are made and filled quickly: that nobody changes one, types hold.

One that is frozen at run time sets each field by a call: to make records of forty fields took a tenth of
a plan with nothing to do. And what is written out for each class is compiled at every start of a command,
which took a tenth more: what compares, hashes and shows them is the same for all here, and does what the
standard library's does. The type checker knows no difference, and refuses every assignment.
"""

from __future__ import annotations

import dataclasses
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls: type | None = None, /, *, frozen: bool = False, **given: Any) -> Any:
        """As that of the standard library."""
        if cls is None:
            return lambda later: dataclass(later, frozen=frozen, **given)
        if given.keys() - {"slots", "kw_only"} or not cls.__annotations__:
            return dataclasses.dataclass(cls, unsafe_hash=frozen, **given)
        made = dataclasses.dataclass(cls, repr=False, eq=False, **given)
        compared = [field.name for field in dataclasses.fields(made) if field.compare]
        shown = [field.name for field in dataclasses.fields(made) if field.repr]
        told = attrgetter(*compared)

        def same(self: Any, other: Any) -> Any:
            return told(self) == told(other) if other.__class__ is self.__class__ else NotImplemented

        @recursive_repr()
        def words(self: Any) -> str:
            parts = (f"{name}={getattr(self, name)!r}" for name in shown)
            return f"{self.__class__.__qualname__}({', '.join(parts)})"

        for name, method in {
            "__eq__": same,
            "__hash__": (lambda self: hash(told(self))) if frozen else None,
            "__repr__": words,
        }.items():
            if name not in cls.__dict__:
                setattr(made, name, method)
        return made
