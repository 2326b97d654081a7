"""What a wave's task is asked to be. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from yeta_reconcile.documents.models import Calling, DirectCall


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a task is created with, as declared.

    `begin` None: when it is created; `windows` None: the lines' hours. Times are
    aware; `recall_wait` is whole seconds; a direct call has one line and neither times nor recall.
    """

    robot: str
    lines: tuple[str, ...]
    voice: str | None = None
    begin: datetime | None = None
    end: datetime | None = None
    windows: tuple[str, ...] | None = None
    recall_count: int = 0
    recall_wait: int = 0

    @classmethod
    def of(cls, declared: Calling) -> Attributes:
        """The attributes a document declares."""
        if isinstance(declared, DirectCall):
            return cls(robot=declared.robot, lines=(declared.line,), voice=declared.voice)
        recall = declared.recall
        return cls(
            robot=declared.robot,
            lines=declared.lines,
            voice=declared.voice,
            begin=declared.schedule.begin,
            end=declared.schedule.end,
            windows=declared.schedule.windows,
            recall_count=recall.count,
            recall_wait=int(recall.wait.total_seconds()) if recall.count else 0,
        )

    def shown(self) -> dict[str, Any]:
        """Plain JSON values by name, absent ones left out; what `restore` reads."""
        values = {
            "robot": self.robot,
            "lines": list(self.lines),
            "voice": self.voice,
            "begin": self.begin.isoformat() if self.begin else None,
            "end": self.end.isoformat() if self.end else None,
            "windows": list(self.windows) if self.windows else None,
            "recall_count": self.recall_count or None,
            "recall_wait": self.recall_wait or None,
        }
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def restore(cls, shown: dict[str, Any]) -> Attributes:
        """The attributes that `shown` gave."""
        windows = shown.get("windows")
        begin, end = shown.get("begin"), shown.get("end")
        return cls(
            robot=shown["robot"],
            lines=tuple(shown["lines"]),
            voice=shown.get("voice"),
            begin=datetime.fromisoformat(begin) if begin else None,
            end=datetime.fromisoformat(end) if end else None,
            windows=tuple(windows) if windows else None,
            recall_count=shown.get("recall_count", 0),
            recall_wait=shown.get("recall_wait", 0),
        )

    def changes_from(self, former: Attributes | None) -> dict[str, tuple[Any, Any]]:
        """Name: (former, now) for every attribute that differs; moments are compared, not their offsets."""
        old = former.shown() if former else {}
        new = self.shown()
        names = [*new, *(name for name in old if name not in new)]
        return {
            name: (old.get(name), new.get(name))
            for name in names
            if former is None or getattr(self, name) != getattr(former, name)
        }
