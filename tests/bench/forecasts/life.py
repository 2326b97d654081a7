"""One scenario lived through: what was foreseen at its begin, and what came of it by the platform's own log.

The judge shares nothing with the forecast: when a campaign was through is the last hang-up of its calls, and
working time is counted by the minute from the scenario's own hours and days.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.support.lab import COLUMNS, ROBOT, Lab, number
from tests.support.records import deliver
from yeta_reconcile.emulator import Emulator, Lengths, Line, Robot, Settings, Status, VirtualClock
from yeta_reconcile.plan.foresight import Forecast
from yeta_reconcile.plan.plan import ChangeKind

ZONE = ZoneInfo("Asia/Shanghai")
# A Tuesday.
MORNING = datetime(2026, 12, 1, 9, 0, tzinfo=ZONE)
DAY = ("00:00-23:59",)
OVER = {Status.COMPLETED, Status.EXPIRED}
# Between two looks of whoever carries the repository out.
EVERY = 60
FORMER = 400


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is declared and what happens. `declare` writes the documents of the judged campaigns.

    `before` lives on until the moment at which the forecast is made, `within` is called once that was made.
    `hours` and `works` say when anybody could work.
    """

    name: str
    declare: Callable[[Lab], None]
    hours: tuple[str, ...] = DAY
    works: Callable[[date], bool] = lambda _day: True
    lines: tuple[Line, ...] = tuple(Line(line, 5, ("00:00:00-23:59:59",)) for line in ("100", "200", "300"))
    weights: dict[str, float] = field(default_factory=dict)
    lengths: Lengths = field(default_factory=Lengths)
    project: str = ""
    at: datetime = MORNING
    before: Callable[[Lab], None] | None = None
    within: Callable[[Lab], None] | None = None
    judged: tuple[str, ...] = ()
    """Whose forecasts are judged; none named: all."""
    cold: bool = True
    warm: bool = True
    seeds: int = 8
    """How many lives of each; more where the last tries fall into one window or the next by chance."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one campaign: what was foreseen `at` a moment, and when it was through."""

    campaign: str
    at: datetime
    foreseen: Forecast
    through: datetime
    worked: float
    """Seconds of working time from the forecast to the end."""
    off: float
    """By how many seconds of working time it was foreseen too late; below zero: too soon."""

    @property
    def share(self) -> float:
        """The error as a share of the working time."""
        return self.off / max(self.worked, 1.0)

    @property
    def late(self) -> bool:
        """Whether it took longer than nine times in ten."""
        assert self.foreseen.finish_late is not None
        return self.through > self.foreseen.finish_late


def a_lab(root: Path, scenario: Scenario, seed: int) -> Lab:
    """The platform and the repository of a scenario, with nothing declared yet."""
    settings = Settings(
        robots=(Robot(ROBOT, "测试话术", COLUMNS), Robot("720", "另一个", COLUMNS)),
        lines=(*scenario.lines, Line("900", 20, ("00:00:00-23:59:59",))),
        token_seconds=10**8,
        seed=seed,
        result_weights=scenario.weights,
        lengths=scenario.lengths,
    )
    lab = Lab(root, Emulator(settings, clock=VirtualClock(scenario.at.astimezone(UTC))), max_in_flight=1)
    lab.declare_project(scenario.project)
    return lab


def campaign(lab: Lab, name: str, rows: int, **fields: Any) -> None:
    """Declare a campaign whose people nobody else calls."""
    taken = [path.stem for path in sorted(lab.root.glob("*.yaml")) if path.stem not in {name, "yeta"}]
    first = 700 * (len(taken) + 1)
    known = lab.root / f"{name}.csv"
    if known.exists():
        first = int(known.read_text(encoding="utf-8").splitlines()[1][7:11])
    lab.campaign(name, range(first, first + rows), **fields)


def live(root: Path, scenario: Scenario, seed: int, *, warm: bool) -> list[Outcome]:
    """Everything from the declaration to the last call."""
    lab = a_lab(root, scenario, seed)
    if warm:
        _former(lab)
        lab.emulator.advance_to(_next_morning(lab, scenario.at))
    scenario.declare(lab)
    judged = {path.stem for path in lab.root.glob("*.yaml")} - {"yeta", "former"}
    if scenario.before:
        scenario.before(lab)
    at = lab.clock.now().astimezone(ZONE)
    judged = {*scenario.judged} or judged
    forecasts = {one.campaign: one for one in lab.plan().plan.forecast}
    if scenario.within:
        scenario.within(lab)
    until_over(lab)
    ends = _ends(lab)
    return [_outcome(name, at, forecasts[name], ends[name], scenario) for name in sorted(judged)]


def _former(lab: Lab) -> None:
    """A campaign of the same robot that is over, with its records."""
    lab.campaign("former", range(FORMER), lines='["900"]')
    until_over(lab)


def _next_morning(lab: Lab, at: datetime) -> int:
    """The next moment that lies in the week as `at` does."""
    moment = at
    while moment <= lab.clock.now():
        moment += timedelta(days=7)
    return int(moment.timestamp() * 1000)


def until_over(lab: Lab, until: datetime | None = None) -> None:
    """Look every minute, as `yeta reconcile` does, until nothing is left to do; or until a moment."""
    told = 0
    for _ in range(2000):
        told += _told(lab, told)
        report = lab.apply()
        if report.exit_code == 0 and not _alive(lab):
            return
        if until is not None and lab.clock.now() >= until:
            return
        _until_something_ends(lab, until)
    raise AssertionError("it never ends")


def _told(lab: Lab, told: int) -> int:
    """Hand the records on that came since."""
    fresh = lab.emulator.pushes[told:]
    deliver(lab, [push for push in fresh if push.module == "receiveCallRecord" and "task_id" in push.data])
    return len(fresh)


def _alive(lab: Lab) -> bool:
    tasks = lab.emulator.tasks.values()
    return any(task.status not in OVER and not task.deleted for task in tasks if "~w" in task.name)


def _until_something_ends(lab: Lab, until: datetime | None) -> None:
    """To the next look after a task or a line was done with: looks before it would find nothing new."""
    emulator = lab.emulator
    # Where nothing goes on, the next day may be one to go on: looks on the hour are enough for that, but not
    # for a round or a canary that is waited for.
    look = EVERY * 1000 if _timed(lab) else 3_600_000
    further = 86_400_000 if _alive(lab) else look - emulator.clock.now_ms % look + 1000
    last = int(until.timestamp() * 1000) if until else emulator.clock.now_ms + further
    before = _standing(lab)
    while (due := emulator.world.agenda.first_at()) is not None and due <= last and _standing(lab) == before:
        emulator.advance_to(due)
    if _standing(lab) == before:
        emulator.advance_to(last)
    else:
        step = EVERY * 1000
        emulator.advance_to(min((emulator.clock.now_ms // step + 1) * step, last))


def _timed(lab: Lab) -> bool:
    """Whether the last apply waits for a moment that is known."""
    return any(change.kind is ChangeKind.TIMED for change in lab.applied[-1].changes)


def _standing(lab: Lab) -> tuple[int, int]:
    tasks = lab.emulator.tasks.values()
    return sum(task.status in OVER for task in tasks), len(lab.emulator.world.lines.holders)


def _ends(lab: Lab) -> dict[str, datetime]:
    """The last hang-up of each campaign."""
    names = {str(task.task_id): task.name.partition("~w")[0] for task in lab.emulator.tasks.values()}
    ends: dict[str, int] = {}
    for push in lab.emulator.pushes:
        if push.module == "receiveCallRecord" and "task_id" in push.data:
            name = names[push.data["task_id"]]
            ends[name] = max(ends.get(name, 0), push.data["time_hangup"])
    return {name: datetime.fromtimestamp(ms / 1000, ZONE) for name, ms in ends.items()}


def _outcome(name: str, at: datetime, foreseen: Forecast, through: datetime, scenario: Scenario) -> Outcome:
    assert foreseen.finish is not None, (name, foreseen.detail)
    finish = foreseen.finish.astimezone(ZONE)
    sign = 1 if finish >= through else -1
    off = sign * working(min(finish, through), max(finish, through), scenario)
    return Outcome(name, at, foreseen, through, working(at, through, scenario), off)


def working(since: datetime, until: datetime, scenario: Scenario) -> float:
    """Seconds between two moments in which the scenario's hours and days let anybody call."""
    total = 0.0
    day = since.date()
    while day <= until.date():
        for hours in scenario.hours if scenario.works(day) else ():
            begin, end = (
                datetime.fromisoformat(f"{day}T{part}").replace(tzinfo=ZONE) for part in hours.split("-")
            )
            total += max((min(end, until) - max(begin, since)).total_seconds(), 0.0)
        day += timedelta(days=1)
    return total


__all__ = [
    "MORNING",
    "ZONE",
    "Outcome",
    "Scenario",
    "a_lab",
    "campaign",
    "live",
    "number",
    "until_over",
    "working",
]
