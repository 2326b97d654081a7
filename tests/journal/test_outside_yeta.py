"""Whose a pause or a start was: ours, though it shows late, or not, though we died in between."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.lab import Lab, number
from tests.support.records import deliver
from tests.support.scenes import DAY, a_lab, paused_under_way, the_only_task
from tests.support.trouble import KILLED_BEFORE, Point, TroubledLab
from tests.support.twisted import twisted
from yeta_reconcile.apply.controller import leave_to_people
from yeta_reconcile.apply.holding import holding
from yeta_reconcile.emulator import Fault
from yeta_reconcile.emulator.task import Task

ROWS = range(60)
RECALL = "{count: 1, wait: 10m}"


def left_alone(lab: Lab) -> tuple[str, ...]:
    """What `reconcile` leaves to people."""
    return leave_to_people(lab.plan())[1]


@pytest.mark.sweep
def test_our_own_pause_that_shows_late_is_not_taken_for_one_outside_yeta(tmp_path: Path) -> None:
    lab = twisted(tmp_path)
    lab.campaign(rows=ROWS)
    lab.converge()
    lab.emulator.advance(120)
    deliver(lab)
    shown: list[int] = []

    def late(row: dict[str, Any], _task: Task) -> None:
        if row["status"] == 3:
            shown.append(lab.emulator.clock.now_ms)
            row["status"] = 2 if shown[-1] - shown[0] < 2000 else 3

    lab.twist = late
    lab.campaign(rows=ROWS, recall=RECALL)
    for _ in range(3):
        lab.apply()
        lab.emulator.advance(60)
        deliver(lab)
        assert left_alone(lab) == ()


@pytest.mark.sweep
def test_a_declared_pause_of_a_task_that_did_not_show_for_once_is_ours_all_the_same(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    paused_under_way(lab, ROWS)
    lab.emulator.change(lag_seconds=10**6)
    lab.apply()
    lab.emulator.change(lag_seconds=0.0)
    lab.apply()
    lab.campaign(rows=ROWS)
    assert left_alone(lab) == ()


def test_a_task_that_was_lost_while_it_went_on_and_is_found_paused_was_paused_outside_yeta(
    tmp_path: Path,
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=ROWS)
    lab.converge()
    lab.emulator.advance(20)
    lab.emulator.change(lag_seconds=10**6)
    lab.apply()
    lab.emulator.change(lag_seconds=0.0)
    lab.emulator.console_pause(the_only_task(lab))
    assert left_alone(lab) == ("renewal wave 1 (paused outside yeta)",)


def test_a_pause_outside_yeta_outlives_a_death_in_its_resume(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    assert isinstance(lab, TroubledLab)
    lab.campaign(rows=ROWS)
    lab.converge()
    lab.emulator.advance(20)
    lab.emulator.console_pause(the_only_task(lab))
    nth = len(lab.requests) + 1
    lab.before = lambda request: _strike_at_start(lab, request)
    assert lab.try_apply() is None
    assert nth < len(lab.requests)
    lab.before = lab.point = None
    with lab.store() as store, lab.client() as client:
        run = lab.run(store, client)
        with lab.beating(run), holding(run):
            pass
    assert left_alone(lab) == ("renewal wave 1 (paused outside yeta)",)


def _strike_at_start(lab: TroubledLab, request: httpx.Request) -> None:
    if request.url.path.endswith("/task/start"):
        lab.point = Point("request", len(lab.requests), KILLED_BEFORE)
        lab._spoil(request)


def test_no_start_leaves_while_an_intent_on_its_wave_is_unknown(tmp_path: Path) -> None:
    lab = twisted(tmp_path)
    paused_under_way(lab, ROWS)
    lab.remove("renewal")
    lab.emulator.faults.add(Fault("closed_before", "task/delete"))
    # A status of which it cannot be told whether the deletion was done.
    lab.twist = lambda row, _task: row.update(status=8)
    lab.apply()
    lab.campaign(rows=ROWS)
    sent = len(lab.changes_sent())
    assert lab.apply().exit_code == 8
    assert len(lab.changes_sent()) == sent
    lab.twist = None
    lab.converge()
    lab.emulator.run_until_idle()
    assert Counter(Counter(lab.rung()).values()) == {1: 60}


def test_a_wave_of_which_there_is_a_record_is_never_discarded(tmp_path: Path) -> None:
    lab = twisted(tmp_path)
    lab.campaign(rows=range(20))

    def late(row: dict[str, Any], task: Task) -> None:
        # That it was started does not show for a minute and a half.
        if task.started_at and lab.emulator.clock.now_ms - task.started_at < 90_000:
            row.update(status=0, time_task_start=0, process_count=0, process_tel_count=0)

    lab.twist = late
    lab.apply()
    lab.emulator.advance(40)
    deliver(lab)
    assert lab.rung()
    for _ in range(4):
        lab.apply()
        lab.emulator.advance(15)
    lab.emulator.run_until_idle()
    assert Counter(Counter(lab.rung()).values()) == {1: 20}
    assert lab.changes_sent().count("create") == 1


@pytest.mark.sweep
@pytest.mark.parametrize("noted", [False, True], ids=["at once", "after an apply has noted it"])
def test_a_staged_task_that_is_started_outside_yeta_stops_no_other_campaign(
    tmp_path: Path, noted: bool
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign("calm", ROWS, state="staged")
    lab.campaign("loud", range(100, 160), lines='["200"]')
    lab.converge()
    lab.emulator.advance(60)
    staged = next(task for task in lab.emulator.world.tasks.values() if task.name.startswith("calm~"))
    lab.emulator.console_start(str(staged.task_id))
    if noted:
        lab.apply()
    lab.campaign("loud", range(100, 160), lines='["200"]', state="paused")
    lab.campaign("late", range(200, 203), lines='["300"]')
    planned = lab.plan()
    assert (planned.exit_code, planned.forbidden, planned.plan.blocked) == (8, False, ("calm",))
    report = lab.apply()
    assert report.exit_code == 8
    assert [problem.campaign for problem in report.problems] == ["calm"]
    paused = {task.name.partition("~")[0] for task in lab.emulator.world.tasks.values() if task.status == 3}
    assert paused == {"loud"}
    # Either word of the document settles it.
    lab.campaign("calm", ROWS, state="running")
    lab.converge()
    lab.emulator.advance(DAY)
    assert not {number(n) for n in (*ROWS, *range(200, 203))} - set(lab.rung())
    assert max(Counter(lab.rung()).values()) == 1


def test_a_campaign_that_we_started_cannot_be_declared_staged_whoever_resumed_it(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=ROWS)
    lab.converge()
    task = the_only_task(lab)
    lab.emulator.console_pause(task)
    lab.emulator.console_start(task)
    lab.campaign(rows=ROWS, state="staged")
    assert lab.plan().exit_code == 3
