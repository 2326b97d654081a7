"""Apply rings whom the plan showed and nobody else, whatever comes in between."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.lab import Lab
from tests.support.records import deliver
from tests.support.scenes import planned, the_only_task
from yeta_reconcile.errors import StateLocked

pytestmark = pytest.mark.sweep


@pytest.mark.parametrize("limits", ["", "limits: {ringing_numbers: 10}\n"])
def test_records_that_come_after_the_plan_free_nobody_whom_it_did_not_show(
    tmp_path: Path, limits: str
) -> None:
    lab = Lab(tmp_path)
    lab.declare_project(limits)
    exempt = "exempt: [{limit: ringing_numbers, reason: first, until: 2026-12-01}]\n" if limits else ""
    lab.campaign(rows=range(60), extra=exempt)
    lab.converge()
    lab.emulator.advance(120)
    lab.emulator.console_delete(the_only_task(lab))
    lab.emulator.advance(120)
    pushes = list(lab.emulator.pushes)
    last = pushes[-1].data["call_uuid"]
    deliver(lab, [push for push in pushes if push.data["call_uuid"] != last])
    lab.campaign(rows=range(65))

    with planned(lab) as apply:
        # The receiver writes beside apply, and all the while that apply asks.
        deliver(lab)
        report = apply.carry_out()
    before = len(lab.rung())
    lab.emulator.run_until_idle()

    assert apply.planned.plan.summary.ringing_numbers == 5
    assert report.exit_code == 7
    assert len(lab.rung()) - before == 5
    # The next plan shows them, and guards are asked about them.
    assert [(action, rows) for _, action, _, _, rows in lab.actions()] == [("replace", 60 - before)]
    assert lab.plan().exit_code == (4 if limits else 0)


@pytest.mark.parametrize(
    "change",
    [
        {"robot_id": "720"},
        {"lines": ("200",)},
        {"time_range": ("00:00:00-23:59:59",)},
        {"end": 1_796_200_000_000},
    ],
    ids=["robot", "line", "windows", "end"],
)
def test_a_staged_task_that_was_changed_outside_yeta_is_never_started_as_it_is(
    tmp_path: Path, change: dict[str, object]
) -> None:
    lab = Lab(tmp_path)
    windows = "schedule: {windows: ['09:00-12:00']}\n"
    lab.campaign(state="staged", extra=windows)
    lab.converge()
    task = lab.emulator.tasks[the_only_task(lab)]
    for name, value in change.items():
        assert hasattr(task, name)
        setattr(task, name, value)

    lab.campaign(extra=windows)

    assert [(action, reason) for _, action, _, reason, _ in lab.actions()] == [
        ("replace", "changed-outside-yeta"),
        ("start", "declared-running"),
    ]
    lab.converge()
    assert task.deleted
    assert not task.started_at


def test_a_task_that_is_changed_outside_yeta_between_plan_and_start_is_staged_anew(tmp_path: Path) -> None:
    lab = Lab(tmp_path, max_in_flight=1)
    lab.campaign(state="staged")
    lab.converge()
    task = lab.emulator.tasks[the_only_task(lab)]
    lab.campaign()

    with planned(lab) as apply:
        task.robot_id = "720"
        report = apply.carry_out()

    assert report.exit_code == 7
    assert "has another robot than was asked" in str(report.problems)
    assert not task.started_at
    lab.converge()
    assert task.deleted


def test_whoever_lost_the_lock_while_it_asked_writes_nothing(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.campaign()

    with planned(lab) as apply:
        apply.run.store.lock.take_away()
        with pytest.raises(StateLocked):
            apply.carry_out()
        assert apply.run.store.waves.recorded().campaigns == {}
