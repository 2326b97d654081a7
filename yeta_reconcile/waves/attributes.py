"""What a wave's task is asked to be, as one table: where it stands, its forms, and whether it decides. Pure.

Create, read-back, drift, adoption, what is shown and what is kept go by it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, tzinfo
from operator import attrgetter
from typing import Any, NamedTuple

from yeta_reconcile.documents.models import Calling, DirectCall
from yeta_reconcile.documents.values import EVERY_DAY
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.platform.coercion import instant
from yeta_reconcile.wording import SENTENCES, listed, phrase


def _same(value: Any) -> Any:
    return value


class Form(NamedTuple):
    """The forms of one kind of value: a document's becomes ours, ours is kept as JSON and sent.

    `key` makes what was sent and what is told comparable; `read` makes ours of what is told.
    """

    declared: Callable[[Any], Any] = _same
    kept: Callable[[Any], Any] = _same
    restored: Callable[[Any], Any] = _same
    sent: Callable[[Any], Any] = _same
    key: Callable[[Any], Any] = _same
    read: Callable[[Any, Any], Any] = lambda told, _asked: told
    shown: Callable[[Any], Any] = _same


def _zone(moment: datetime | None) -> tzinfo | None:
    return moment.tzinfo if moment else None


TEXT = Form()
NUMBER = Form(kept=lambda number: number or None)
SECONDS = NUMBER._replace(declared=lambda wait: int(wait.total_seconds()))
LISTED = Form(kept=list, restored=tuple, key=lambda parts: set(parts) if parts else None, shown=sorted)
MOMENT = Form(
    kept=datetime.isoformat,
    restored=datetime.fromisoformat,
    sent=lambda moment: int(moment.timestamp() * 1000),
    # In whole seconds; the platform's 0 is none.
    key=lambda ms: ms // 1000 if ms else None,
    read=lambda told, asked: instant(told, _zone(asked)),
    shown=datetime.isoformat,
)


class Attribute(NamedTuple):
    """One thing that a task is asked to be.

    `name` it bears in `Attributes`, in `CreateRequest` and in `Task`; `path` is where a document says it. If
    it is read back otherwise the wave is staged anew, where it `decides`; else that is a warning.
    `asked`: whether anybody asked for it; if not, the platform chooses.
    """

    name: str
    path: tuple[str, ...]
    form: Form
    decides: bool
    asked: Callable[[Any], bool] = lambda _: True


ATTRIBUTES = (
    Attribute("robot", ("robot",), TEXT, decides=True),
    Attribute("lines", ("lines",), LISTED, decides=True),
    Attribute("voice", ("voice",), TEXT, False, lambda asked: asked.voice is not None),
    Attribute("begin", ("schedule", "begin"), MOMENT, True, lambda asked: asked.begin is not None),
    Attribute("end", ("schedule", "end"), MOMENT, decides=True),
    Attribute("windows", ("schedule", "windows"), LISTED, True, lambda asked: asked.windows is not None),
    Attribute("recall_count", ("recall", "count"), NUMBER, decides=False),
    Attribute("recall_wait", ("recall", "wait"), SECONDS, False, lambda asked: asked.recall_count > 0),
)
# In which stretch of days a task lives, and by which rule: each wave has its own, and that is no change.
DAYS = Form(
    kept=lambda rule: list(rule) if isinstance(rule, tuple) else rule,
    restored=lambda rule: tuple(rule) if isinstance(rule, list) else rule,
)
STRETCH = {"days": DAYS, "since": MOMENT, "until": MOMENT}
BY_NAME = {attribute.name: attribute for attribute in ATTRIBUTES}
_DECLARED = [(a.name, a.form, attrgetter(".".join(a.path))) for a in ATTRIBUTES]


def attribute_path(name: str) -> tuple[str, ...]:
    """Where an attribute stands in a document."""
    if name in STRETCH:
        return ("schedule", "days")
    return BY_NAME[name].path if name in BY_NAME else ("robot",) if name == "columns" else (name,)


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a task is created with, as declared.

    `begin` None: when it is created; `windows` None: the lines' hours. Times are
    aware; `recall_wait` is whole seconds; a direct call has one line and neither times nor recall.
    `days` None: every day; else its task lives from `since` to `until`, days in a row on which it may call.
    """

    robot: str
    lines: tuple[str, ...]
    voice: str | None = None
    begin: datetime | None = None
    end: datetime | None = None
    windows: tuple[str, ...] | None = None
    recall_count: int = 0
    recall_wait: int = 0
    days: str | tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def opens(self) -> datetime | None:
        """When its task begins: not before it is declared, nor before the days on which it may call."""
        return max(filter(None, (self.begin, self.since)), default=None)

    @property
    def closes(self) -> datetime | None:
        """When its task ends: not after it is declared, nor after the days on which it may call."""
        return min(filter(None, (self.end, self.until)), default=None)

    @property
    def in_stretch(self) -> Attributes:
        """The same with begin and end as its task has them."""
        begin, end = self.opens if self.begin else None, self.closes
        return self if begin is self.begin and end is self.end else replace(self, begin=begin, end=end)

    @property
    def stretch(self) -> str | None:
        """On which days it calls, and until when its task does, in words; None: every day."""
        if self.days is None:
            return None
        rule = self.days if isinstance(self.days, str) else listed(self.days, 0, by=SENTENCES)
        return phrase("{rule} until {until}", rule=rule, until=self.until.isoformat()) if self.until else rule

    @classmethod
    def of(
        cls, declared: Calling, since: datetime | None = None, until: datetime | None = None
    ) -> Attributes:
        """The attributes a document declares, in a stretch of days on which it may call."""
        if isinstance(declared, DirectCall):
            return cls(robot=declared.robot, lines=(declared.line,), voice=declared.voice)
        said = ((name, form, read(declared)) for name, form, read in _DECLARED)
        values = {name: form.declared(value) for name, form, value in said if value is not None}
        values["recall_wait"] = values["recall_wait"] if values["recall_count"] else 0
        days = None if declared.schedule.days == EVERY_DAY else declared.schedule.days
        return cls(**values, days=days, since=since, until=until)

    def shown(self) -> dict[str, Any]:
        """Plain JSON values by name, absent ones left out; what `restore` reads."""
        forms = {a.name: a.form for a in ATTRIBUTES} | STRETCH
        own = ((name, form.kept, getattr(self, name)) for name, form in forms.items())
        values = {name: kept(value) for name, kept, value in own if value is not None}
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def restore(cls, shown: dict[str, Any]) -> Attributes:
        """The attributes that `shown` gave."""
        forms = {a.name: a.form for a in ATTRIBUTES} | STRETCH
        return cls(**{name: form.restored(shown[name]) for name, form in forms.items() if shown.get(name)})

    def changes_from(self, former: Attributes | None) -> dict[str, tuple[Any, Any]]:
        """Name: (former, now) for every attribute that differs; moments are compared, not their offsets.

        Not its stretch of days, which is compared by whoever knows the days, nor an end that comes after it.
        """
        if self == former:
            return {}
        old = former.shown() if former else {}
        new = self.shown()
        names = [*new, *(name for name in old if name not in new)]
        return {
            name: (old.get(name), new.get(name))
            for name in names
            if former is None or (name not in STRETCH and self._differs(former, name))
        }

    def _differs(self, former: Attributes, name: str) -> bool:
        asked, was, until = getattr(self, name), getattr(former, name), former.until
        if name != "end" or until is None:
            return bool(asked != was)
        return bool(min(asked or until, until) != min(was or until, until))
