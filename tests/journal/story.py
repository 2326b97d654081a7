"""One story with every change a plan can hold, and what must be true of it whatever went wrong on the way."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests.support.lab import LINES, OPEN, START, Lab, number, settings
from tests.support.postgres import PostgresServer
from tests.support.trouble import Point, TroubledLab
from yeta_reconcile.emulator import Emulator, Line, VirtualClock
from yeta_reconcile.emulator.task import Status

BAD = number(57)
EVENING = 3 * 3600


def a_lab(root: Path, point: Point | None = None, **override: Any) -> TroubledLab:
    """A platform of four lines, which refuses one number."""
    lines = tuple(Line(line, 5, (OPEN,)) for line in (*LINES, "400"))
    platform = settings(**{"sensitive_numbers": (BAD,), "lines": lines} | override)
    root.mkdir(exist_ok=True)
    return TroubledLab(root, Emulator(platform, clock=VirtualClock(START)), point=point)


def opening(lab: TroubledLab) -> None:
    """Three batches with a bad number; one that will pause; one that will be deleted; one only staged."""
    lab.campaign("big", range(110), lines='["100"]')
    lab.campaign("calm", range(200, 203), lines='["200"]', extra="schedule: {begin: 2026-12-01T20:00:00}")
    lab.campaign("doomed", range(300, 303), lines='["300"]', extra="schedule: {begin: 2026-12-01T20:00:00}")
    lab.campaign("quiet", range(400, 404), lines='["400"]', state="staged")


def second_thoughts(lab: TroubledLab) -> None:
    """A pause, a delete, and a restage."""
    lab.campaign(
        "calm", range(200, 203), lines='["200"]', state="paused",
        extra="schedule: {begin: 2026-12-01T20:00:00}",
    )  # fmt: skip
    lab.remove("doomed")
    lab.campaign("quiet", [(400, "另一个"), 401, 402, 405], lines='["400"]', state="staged")


def evening(lab: TroubledLab) -> None:
    """The first wave is through; more rows want a further one. What was paused goes on."""
    lab.emulator.advance(EVENING)
    lab.campaign("big", range(160), lines='["100"]')
    lab.campaign("calm", range(200, 203), lines='["200"]', extra="schedule: {begin: 2026-12-01T20:00:00}")


STEPS: tuple[Callable[[TroubledLab], None], ...] = (opening, second_thoughts, evening)
DECLARED = {
    "big": [number(n) for n in range(160)],
    "calm": [number(n) for n in range(200, 203)],
    "quiet": [number(n) for n in (400, 401, 402, 405)],
}


def live_through(lab: TroubledLab) -> None:
    """Apply each step until it is complete."""
    for step in STEPS:
        step(lab)
        until_done(lab)


def until_done(lab: TroubledLab, most: int = 8) -> None:
    """Run apply again and again, as a person or a pipeline would."""
    said: list[Any] = []
    for _ in range(most):
        report = lab.try_apply()
        if report is not None:
            if report.exit_code == 0:
                return
            said.append([str(problem) for problem in report.problems])
        lab.emulator.advance(40)
    raise AssertionError(f"not complete after {most} runs: {said}")


def end_state(lab: TroubledLab) -> dict[str, Any]:
    """What is the same however one came to it: started tasks and what they hold; tasks that wait."""
    state: dict[str, Any] = defaultdict(list)
    for task in lab.emulator.tasks.values():
        if task.started_at or not task.deleted:
            numbers = tuple(sorted(row.number for row in task.rows))
            state[task.name.split("~")[0]].append((Status(task.status).name, task.deleted, numbers))
    return {name: sorted(tasks) for name, tasks in state.items()}


def phases(lab: TroubledLab) -> list[tuple[str, str, int]]:
    """Campaign, phase and rows of what the state holds. A wave number that a death left out is none of it."""
    with lab.store() as store:
        return [
            (wave.campaign, wave.phase.value, wave.pending)
            for campaign in store.waves.recorded().campaigns.values()
            for wave in campaign.waves
        ]


def a_day_later(lab: TroubledLab) -> None:
    """Everything that was to ring has rung; the state is told."""
    lab.before = None
    lab.emulator.advance(24 * 3600)
    lab.apply()
    assert lab.actions() == []


def watch_starts(lab: TroubledLab) -> None:
    """At each start that leaves: the task holds each number once, and its count was read right before."""

    def check(request: httpx.Request) -> None:
        if not request.url.path.endswith("/task/start"):
            return
        task = lab.emulator.tasks[json.loads(request.content)["task_id"]]
        if task.status is not Status.NEW:
            return
        numbers = Counter(row.number for row in task.rows)
        assert max(numbers.values()) == 1, "a start was sent to a task that holds a number twice"
        campaign = task.name.split("~")[0]
        declared = {*DECLARED.get(campaign, ()), *(number(n) for n in range(300, 303))}
        assert numbers.keys() <= declared
        before = [c for c in lab.emulator.calls_log if not c.path.endswith(("/token", "/task/start"))]
        assert before[-1].path.endswith("/task/query"), "the count was not read right before the start"
        assert before[-1].body.get("task_id") == str(task.task_id)

    lab.before = check


def assert_nothing_blind(lab: Lab) -> None:
    """No insert went out twice without a look at the count, and no create without a look for its twin."""
    seen: dict[tuple[str, Any], bool] = {}
    for call in lab.emulator.calls_log:
        kind = call.path.rsplit("/", 1)[-1]
        if kind == "query":
            asked = call.body.get("task_id")
            for key in [key for key in seen if asked is None or key[0] == asked]:
                del seen[key]
        elif kind in {"insert", "create"}:
            rows = str(call.body.get("call_list", call.body.get("task_name")))
            key = (call.body.get("task_id", ""), rows)
            assert key not in seen, f"{kind} was sent again blindly"
            # Of a create that was answered, a restage makes another of the same name.
            settled = {10004, 10001, 3030002, 200203} | ({0} if kind == "create" else set())
            if call.code not in settled:
                seen[key] = True


def assert_rung_once(lab: Lab) -> None:
    """No number rang twice."""
    twice = [rung for rung, times in Counter(lab.rung()).items() if times > 1]
    assert not twice, f"{len(twice)} numbers rang twice"


def assert_nothing_lost(lab: TroubledLab) -> None:
    """Everybody declared as running was dialled in the end; the bad number alone is named instead."""
    rung = set(lab.rung())
    for name in ("big", "calm"):
        missing = set(DECLARED[name]) - rung
        assert missing <= {BAD}, f"{len(missing)} numbers of {name} were never dialled"
    aside = [d for d in lab.plan().plan.diagnostics if d.code == "row-set-aside"]
    assert [(d.position.file, d.position.line) for d in aside if d.position] == [("big.csv", 59)]


def on_postgresql(server: PostgresServer, root: Path, point: Point | None = None) -> TroubledLab:
    lab = a_lab(root, point)
    lab.state = server.schema()
    lab.declare_project()
    return lab
