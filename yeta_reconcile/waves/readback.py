"""What a create asks for, and what the task then says of it. Pure (design: verified)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from yeta_reconcile.platform.hours import windows_of
from yeta_reconcile.platform.resources import CreateRequest, Task

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from yeta_reconcile.platform.resources import Line
    from yeta_reconcile.waves.record import WaveRecord


@dataclass(frozen=True, slots=True)
class Readback:
    """Attributes by name: `other` than was asked, which decides; not told; (name, asked, told) to warn of."""

    other: tuple[str, ...]
    untold: tuple[str, ...]
    mild: tuple[tuple[str, object, object], ...]


def request_of(wave: WaveRecord, windows: tuple[str, ...], now: int) -> CreateRequest:
    """What a wave's task is created with; `windows` where nobody declared any, `now` in ms for a begin."""
    attributes = wave.attributes
    return CreateRequest(
        name=wave.task_name,
        robot=attributes.robot,
        lines=attributes.lines,
        windows=attributes.windows or windows,
        begin=_ms(attributes.begin) or now,
        end=_ms(attributes.end),
        recall_count=attributes.recall_count,
        recall_wait=attributes.recall_wait,
        voice=attributes.voice,
    )


def read_back(asked: CreateRequest, task: Task) -> Readback:
    """Compare what was asked with what the task says."""
    deciding: dict[str, tuple[object, object]] = {
        "robot": (asked.robot, task.robot),
        "lines": (set(asked.lines), set(task.lines) if task.lines else None),
        "windows": (set(asked.windows), set(task.windows) if task.windows else None),
        "begin": (_second(asked.begin), _second(task.estimate_begin)),
        "end": (_second(asked.end), _second(task.estimate_end)),
    }
    mild: dict[str, tuple[object, object]] = {
        "recall count": (asked.recall_count, task.recall_count),
        "recall wait": (asked.recall_wait if asked.recall_count else None, task.recall_wait),
        "voice": (asked.voice, task.voice),
    }
    return Readback(
        other=tuple(name for name, (want, told) in deciding.items() if told is not None and want != told),
        untold=tuple(name for name, (want, told) in deciding.items() if told is None and want is not None),
        mild=tuple((name, want, told) for name, (want, told) in mild.items() if want not in (None, told)),
    )


def _second(moment: int | None) -> int | None:
    """A moment in ms as whole seconds; the platform's 0 is none."""
    return moment // 1000 if moment else None


def _ms(moment: datetime | None) -> int | None:
    return int(moment.timestamp() * 1000) if moment else None


def reads_otherwise(
    wave: WaveRecord, task: Task, lines: Mapping[str, Line], hours: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Names of attributes in which a task is another than the one its wave asked for.

    `hours`: those in which anybody may be called, for windows nobody declared.
    """
    asked = request_of(wave, windows_of(wave.attributes.lines, lines, hours), wave.created_at)
    return read_back(asked, task).other
