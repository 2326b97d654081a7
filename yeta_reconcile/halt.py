"""The halt: a flag beside the state, so that it can be set while the state is locked or lost.

It is looked at before every start and call-out. Setting and lifting it is all that happens here.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from yeta_reconcile.errors import StateError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

FILE = "yeta.halt"


@dataclass(frozen=True, slots=True)
class Halt:
    """Who halted, when (ISO 8601) and which tasks were paused by it."""

    who: str
    at: str
    paused: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"halted by {self.who} at {self.at}"


@dataclass(frozen=True, slots=True)
class HaltFlag:
    """The flag of one state. `folder` is where the state's file is, or `state/` with PostgreSQL."""

    folder: Path
    name: str = field(default=FILE)

    @classmethod
    def beside(cls, state: str, root: Path) -> HaltFlag:
        """The flag of the state that the settings name."""
        if "://" in state:
            return cls(root / "state")
        path = root / state
        # Several states may share a folder; each has a flag of its own.
        return cls(path.parent, f"{path.stem}.halt")

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / self.name

    def read(self) -> Halt | None:
        """The halt that is set, if one is; a file that cannot be read counts as one."""
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            return Halt("somebody", f"an unknown time ({error.strerror})")
        try:
            values: dict[str, Any] = json.loads(text)
            return Halt(str(values["who"]), str(values["at"]), tuple(map(str, values["paused"])))
        except (ValueError, KeyError, TypeError):
            return Halt("somebody", "an unknown time")

    def why(self) -> str | None:
        """The halt's own words, or None; what a run asks before it rings."""
        halt = self.read()
        return str(halt) if halt else None

    def set(self, who: str, now: datetime, paused: tuple[str, ...] = ()) -> None:
        """Set it, or add to the tasks it paused; on disk when this returns."""
        former = self.read()
        halt = {
            "who": former.who if former else who,
            "at": former.at if former else now.isoformat(timespec="seconds"),
            "paused": [*dict.fromkeys([*(former.paused if former else ()), *paused])],
        }
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary = self.path.with_suffix(".halt-new")
            with temporary.open("w", encoding="utf-8") as stream:
                json.dump(halt, stream)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(self.path)
        except OSError as error:
            raise StateError(
                f"the halt cannot be written to {self.path}: {error.strerror}",
                hint="the folder must be writable",
            ) from error

    def lift(self) -> None:
        """Take it off."""
        self.path.unlink(missing_ok=True)
