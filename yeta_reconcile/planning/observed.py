"""What one look at the platform found: configuration, our tasks, orphans. Values only."""

from __future__ import annotations

from dataclasses import field

from yeta_reconcile.frozen import dataclass
from yeta_reconcile.marks import Mark
from yeta_reconcile.platform.resources import Config, Task


@dataclass(frozen=True, slots=True)
class Orphan:
    """A task with our mark that no record knows. `proven` False: only the plain part is ours."""

    task: Task
    mark: Mark
    proven: bool


@dataclass(frozen=True, slots=True)
class Observed:
    """One look. `tasks` are recorded ones by id (None: asked by id and gone).

    `answers` maps the name of a wave whose create was never answered to the task that may be its answer.
    Of the tasks that only call records name, `foreign` ones are somebody else's, and `vanished` ones are
    shown by the platform no more.
    """

    config: Config = field(default_factory=Config)
    tasks: dict[str, Task | None] = field(default_factory=dict)
    orphans: tuple[Orphan, ...] = ()
    answers: dict[str, Task] = field(default_factory=dict)
    foreign: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
