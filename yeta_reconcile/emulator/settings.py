"""What an emulated platform is like: its resources, and the answers its document leaves open.

Plain frozen data; reading a settings file turns JSON into it and does nothing else.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

DAY = "00:00:00-23:59:59"
EPOCH = 1_527_321_492_000
_MADE_UP = "emulator-secret"


_Kind = TypeVar("_Kind", bound="DataclassInstance")


def _read(kind: type[_Kind], given: Mapping[str, Any]) -> _Kind:
    """Read a JSON object whose keys are the fields' names."""
    unknown = sorted(set(given) - {field.name for field in dataclasses.fields(kind)})
    if unknown:
        raise ValueError(f"{kind.__name__} has no {', '.join(unknown)}")
    return kind(**{name: _frozen(value) for name, value in given.items()})


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class Robot:
    """A script; `status` 4 is published, the only kind that may call."""

    robot_id: str
    robot_name: str = "金融外呼"
    call_column: tuple[str, ...] = ("客户手机号码", "姓名", "性别")
    status: int = 4
    type: int = 2
    deleted: int = 0
    time_create: int = EPOCH
    time_update: int = EPOCH


@dataclass(frozen=True, slots=True)
class Line:
    """A line; `time_expire` in seconds after `time_apply`, -1 for ever."""

    line_num: str
    concurrents: int = 10
    time_work: tuple[str, ...] = ("08:00:00-20:00:00",)
    time_apply: int = EPOCH
    time_expire: int = -1

    def expired(self, now_ms: int) -> bool:
        """Tell whether the line can no longer be used."""
        return self.time_expire >= 0 and self.time_apply + self.time_expire * 1000 <= now_ms


@dataclass(frozen=True, slots=True)
class Voice:
    voice_code: str
    voice_name: str = "春春"


@dataclass(frozen=True, slots=True)
class Url:
    """Where the application wants pushes of a module (or getDialogContext) sent."""

    url_module: str
    url: str


@dataclass(frozen=True, slots=True)
class PushHabits:
    """How badly pushes travel. Rates are chances between 0 and 1; times are virtual seconds."""

    delay: float = 1.0
    late_rate: float = 0.0
    late_by: float = 600.0
    duplicate_rate: float = 0.0
    lost_rate: float = 0.0
    """Chance that a push is never tried, and found only in the failed-push file of its day."""
    retry_after: float = 10.0


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long the parts of a call take, in seconds: from, to, and where three are given the likeliest last.

    Talking is `talk_least` and more, exponentially, by `talk_more` on average, at most `talk_most`.
    """

    setup: tuple[float, float] = (0.7, 3.0)
    ring: tuple[float, float, float] = (2.0, 25.0, 7.0)
    talk_least: float = 3.0
    talk_more: float = 32.0
    talk_most: float = 300.0
    no_answer: tuple[float, float] = (28.0, 45.0)
    """How long it rings where nobody answers."""
    other: tuple[float, float] = (0.0, 6.0)
    """Of a call that fails in any other way."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be chosen of a platform. Defaults are the document's, else the plainest."""

    robots: tuple[Robot, ...] = (
        Robot("111111"),
        Robot("719", "测试话术", ("客户手机号码", "姓名")),
        Robot("4444", "呼入话术", ("客户手机号码", "姓名")),
        Robot("222222", "待发布话术", status=3),
        Robot("333333", "已删除话术", deleted=1),
    )
    lines: tuple[Line, ...] = (
        Line("055169101407", 10, ("09:00:00-12:00:00", "13:00:00-17:59:59")),
        Line("055169101408", 100, ("08:00:00-20:00:00",)),
        Line("69101338", 20, ("08:00:00-21:00:00",)),
    )
    voices: tuple[Voice, ...] = (Voice("60020"), Voice("60030", "小燕"))
    urls: tuple[Url, ...] = ()
    app_key: str = "emulator-key"
    app_secret: str = _MADE_UP
    business_id: str = "2745"
    app_id: str = "emulated-app"
    prefix: str = "/openapi"
    token_seconds: int = 3600
    seed: int = 1

    # Ids above 2^53 by default: a client that reads them as floating point loses them.
    first_task_id: int = 9_504_138_886_481_985
    first_data_id: int = 32_264_888_839_704_577

    line_lock: Literal["create", "start", "off"] = "start"
    paused_keeps_line: bool = True
    hours_rule: Literal["intersection", "union"] = "intersection"
    enterprise_hours: tuple[str, ...] = (DAY,)
    bad_batch: Literal["whole", "before", "around"] = "whole"
    """An insert with a bad number: refused whole, or the rows before it, or all other rows, get in;
    200203 is answered in each case."""
    sensitive_numbers: tuple[str, ...] = ()
    """Well-formed numbers that are refused with 200203 all the same."""
    max_batch: int = 50
    max_numbers: int | None = None
    """Numbers that one task takes; more answer 200213. Not documented, so no bound by default."""
    balance: int | None = None
    """Numbers that may still be submitted; 200209 when too few are left. None: no bound."""
    ignores_recall: bool = False
    """The later revision that took recall off create: it is accepted and has no effect."""
    start_again: int = 0
    """What a start of a task that is live already answers."""
    delete_cuts_calls: bool = False
    """Calls in progress at a delete are cut and leave no record; else they finish and push."""
    staged_tasks_expire: bool = True
    """A task that was never started becomes 7 (expired) too when its end passes."""

    lag_queries: int = 0
    lag_seconds: float = 0.0
    """How many task queries, or virtual seconds, later a create or an insert shows in a query."""
    deleted_listed: Literal["always", "by_id", "never"] = "always"
    unset_times: Literal["zero", "absent"] = "zero"
    config_page: int | None = None
    """Robots a page of config/query when the client names no size; None: not paged."""

    result_weights: Mapping[str, float] = field(default_factory=dict)
    """Chances of task_result values in place of the usual spread."""
    lengths: Lengths = Lengths()
    scripted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """task_result of a number's first, second, … call; the last one stays."""
    pushes: PushHabits = PushHabits()
    voice_urls: Literal["relative", "absolute", "mixed"] = "mixed"
    public_url: str = "http://127.0.0.1:8900"
    """Where the emulator is reached, for absolute urls of recordings."""

    latency: float = 0.0
    """Real seconds every answer of the interface takes."""
    busy_above: int | None = None
    """More requests than this in flight at once answer 10004."""
    keep_history: bool = True
    """Keep every request, dialling and push in lists; a long-lived server does not."""

    def robot(self, robot_id: str) -> Robot | None:
        return next((r for r in self.robots if r.robot_id == robot_id), None)

    def line(self, line_num: str) -> Line | None:
        return next((ln for ln in self.lines if ln.line_num == line_num), None)

    def url(self, module: str) -> str | None:
        return next((u.url for u in self.urls if u.url_module == module), None)

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Self:
        """Read a settings file's object; an unknown key is a ValueError that names it."""
        return _read(cls, cls.fields_from_json(given))

    @classmethod
    def fields_from_json(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """Read some fields, as for `Emulator.change`."""
        parts: dict[str, Any] = dict(given)
        kinds: dict[str, type[Robot | Line | Voice | Url]] = {
            "robots": Robot,
            "lines": Line,
            "voices": Voice,
            "urls": Url,
        }
        for name, kind in kinds.items():
            if name in parts:
                parts[name] = tuple(_read(kind, item) for item in parts[name])
        if "lengths" in parts:
            parts["lengths"] = _read(Lengths, parts["lengths"])
        if "pushes" in parts:
            parts["pushes"] = _read(PushHabits, parts["pushes"])
        if "scripted" in parts:
            parts["scripted"] = {k: tuple(v) for k, v in parts["scripted"].items()}
        return parts
