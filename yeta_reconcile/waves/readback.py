"""What a create asks for, and what the task then says of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from yeta_reconcile.frozen import dataclass
from yeta_reconcile.platform.hours import windows_of
from yeta_reconcile.platform.resources import CreateRequest, Line, Task
from yeta_reconcile.waves.attributes import ATTRIBUTES, MOMENT
from yeta_reconcile.waves.record import Phase, WaveRecord


@dataclass(frozen=True, slots=True)
class Readback:
    """Attributes by name: `other` than was asked, which decides; not told; (name, asked, told) to warn of."""

    other: tuple[str, ...]
    untold: tuple[str, ...]
    mild: tuple[tuple[str, object, object], ...]


def request_of(wave: WaveRecord, windows: tuple[str, ...], now: int) -> CreateRequest:
    """What a wave's task is created with; `windows` where nobody declared any, `now` in ms for a begin."""
    attributes = wave.attributes.in_stretch
    own = ((a.name, a.form.sent, getattr(attributes, a.name)) for a in ATTRIBUTES)
    declared = {name: sent(value) for name, sent, value in own if value is not None}
    since = MOMENT.sent(attributes.since) if attributes.since else now
    asked: dict[str, Any] = {"windows": windows, "begin": max(now, since), **declared}
    return CreateRequest(name=wave.task_name, **asked)


def read_back(asked: CreateRequest, task: Task) -> Readback:
    """Compare what was asked with what the task says."""
    pairs = [
        (
            attribute,
            attribute.form.key(getattr(asked, attribute.name)) if attribute.asked(asked) else None,
            attribute.form.key(getattr(task, attribute.name)),
        )
        for attribute in ATTRIBUTES
    ]
    deciding = [(a.name, want, told) for a, want, told in pairs if a.decides]
    return Readback(
        other=tuple(name for name, want, told in deciding if told is not None and want != told),
        untold=tuple(name for name, want, told in deciding if told is None and want is not None),
        mild=tuple(
            (a.name.replace("_", " "), want, told)
            for a, want, told in pairs
            if not a.decides and want not in (None, told)
        ),
    )


def reads_otherwise(
    wave: WaveRecord, task: Task, lines: Mapping[str, Line], hours: tuple[str, ...]
) -> tuple[str, ...]:
    """Names of attributes in which a task is another than the one its wave asked for.

    `hours`: those in which anybody may be called, for windows nobody declared.
    """
    asked = request_of(wave, windows_of(wave.attributes.lines, lines, hours), wave.created_at)
    return read_back(asked, task).other


def differing(wave: WaveRecord, task: Task) -> dict[str, tuple[Any, Any]]:
    """Name: (applied, live) of what the platform tells and is not as it was applied, its state left aside."""
    found: dict[str, tuple[Any, Any]] = {}
    own = wave.attributes.in_stretch
    for name, _, form, _, was_asked in ATTRIBUTES:
        asked, told = getattr(own, name), getattr(task, name)
        applied, live = (None if asked is None else form.key(form.sent(asked))), form.key(told)
        if was_asked(own) and live not in (None, applied):
            found[name] = (
                None if asked is None else form.shown(asked),
                form.shown(form.read(told, asked)),
            )
    if not wave.imported and wave.phase is not Phase.FILLING:
        asked = wave.pending + wave.dialled + wave.held + wave.unknown
        if task.count_tel not in (None, asked):
            found["count"] = (asked, task.count_tel)
    return found
