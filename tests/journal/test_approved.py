"""Only rows that the plan counted ring; what is freed, or too late, while apply asks is for the next plan."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.lab import START, Lab, number, settings
from tests.support.records import deliver
from tests.support.scenes import planned, the_only_task
from yeta_reconcile.apply import Apply
from yeta_reconcile.cli.plans import show_plan
from yeta_reconcile.emulator import Emulator, VirtualClock
from yeta_reconcile.plan.plan_json import plan_json
from yeta_reconcile.platform.resources import Left
from yeta_reconcile.render.text import plan_text


def half_filled(tmp_path: Path) -> Lab:
    """120 rows of which 50 were submitted when the balance was used up; the task was started outside yeta."""
    lab = Lab(tmp_path, Emulator(settings(balance=60), clock=VirtualClock(START)), max_in_flight=1)
    lab.campaign(rows=range(120))
    with pytest.raises(Exception, match="balance"):
        lab.apply()
    lab.emulator.world.balance = None
    lab.emulator.console_start(the_only_task(lab))
    lab.emulator.run_until_idle()
    lab.campaign(rows=range(121))
    return lab


@pytest.mark.sweep
def test_rows_that_are_freed_while_a_plan_is_carried_out_are_left_to_the_next_one(tmp_path: Path) -> None:
    lab = half_filled(tmp_path)
    first = Counter(lab.rung())
    lab.declare_project("limits: {new_numbers: 10, ringing_numbers: 10}\n")

    with planned(lab) as apply:
        assert apply.planned.plan.summary.ringing_numbers == 1
        report = apply.carry_out()
    lab.emulator.run_until_idle()

    assert report.exit_code == 7
    assert Counter(lab.rung()) == first + Counter([number(120)])
    lab.declare_project()
    assert sum(rows for _, action, _, _, rows in lab.actions() if action == "start") == 120 - first.total()
    lab.converge()
    lab.emulator.run_until_idle()
    assert Counter(lab.rung()) == Counter(map(number, range(121)))


@pytest.mark.parametrize("follower", ["itself", "another"])
def test_whom_records_free_that_come_while_apply_asks_is_left_to_the_next_plan(
    tmp_path: Path, follower: str
) -> None:
    lab = Lab(tmp_path)
    lab.campaign(rows=range(40))
    lab.converge()
    lab.emulator.advance(20)
    lab.emulator.console_delete(the_only_task(lab))
    lab.emulator.advance(600)
    if follower == "itself":
        lab.campaign(rows=range(41))
    else:
        lab.remove("renewal")
        lab.campaign("next", range(41), extra="continues: [renewal]\n")
    lab.apply()
    lab.emulator.advance(600)
    first = Counter(lab.rung())
    assert 0 < first.total() < 41
    lab.campaign(
        "renewal" if follower == "itself" else "next",
        range(42),
        **({} if follower == "itself" else {"extra": "continues: [renewal]\n"}),
    )

    with planned(lab) as apply:
        assert apply.planned.plan.summary.new_numbers == 1
        deliver(lab)
        report = apply.carry_out()
    lab.emulator.run_until_idle()

    assert Counter(lab.rung()) == first + Counter([number(41)]), report


@pytest.mark.parametrize("kind", ["campaign", "direct"])
def test_nobody_rings_where_more_would_go_out_than_the_plan_counted(tmp_path: Path, kind: str) -> None:
    lab = Lab(tmp_path)
    lab.campaign() if kind == "campaign" else lab.direct()

    with planned(lab) as apply:
        plan = apply.planned.plan
        fewer = tuple(replace(change, rows=change.rows - 1) for change in plan.changes)
        less = replace(apply.planned, plan=replace(plan, changes=fewer))
        report = Apply(apply.run, apply.planner, less).carry_out()
    lab.emulator.run_until_idle()

    assert report.exit_code == 7
    assert "3 rows would go out where the plan showed 2" in str(report.problems)
    assert lab.rung() == []


def test_nothing_is_created_or_started_for_a_yes_that_comes_after_the_end(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.campaign(extra=f"schedule: {{end: '{START + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}Z'}}\n")

    with planned(lab) as apply:
        lab.clock.sleep(3601)
        report = apply.carry_out()

    assert report.exit_code == 7
    assert "3 rows of wave 1 were never dialled" in str(report.problems)
    assert lab.changes_sent() == []


@pytest.mark.sweep
@pytest.mark.parametrize("before", ["staged", "paused"])
def test_nothing_is_started_or_resumed_after_the_end(tmp_path: Path, before: str) -> None:
    lab = Lab(tmp_path)
    end = f"schedule: {{end: '{START + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}Z'}}\n"
    lab.campaign(rows=range(40), extra=end, state="staged" if before == "staged" else "running")
    lab.converge()
    if before == "paused":
        lab.campaign(rows=range(40), extra=end, state="paused")
        lab.converge()
    lab.campaign(rows=range(40), extra=end)
    sent = len(lab.changes_sent())

    with planned(lab) as apply:
        assert apply.planned.plan.doing
        lab.clock.sleep(3601)
        report = apply.carry_out()

    assert report.exit_code == 7
    assert "never dialled" in str(report.problems)
    assert lab.changes_sent()[sent:] == []


@pytest.mark.sweep
@pytest.mark.parametrize("edit", ["paused", "removed", "default", "list"])
@pytest.mark.parametrize("before", ["nothing", "staged", "paused"])
def test_a_document_that_changes_while_apply_asks_rings_nobody(
    tmp_path: Path, before: str, edit: str
) -> None:
    lab = Lab(tmp_path)
    if before != "nothing":
        lab.campaign(state="staged")
        lab.converge()
    if before == "paused":
        lab.campaign()
        lab.converge()
        lab.campaign(state="paused")
        lab.converge()
    lab.campaign()
    rung = len(lab.rung())

    with planned(lab) as apply:
        assert apply.planned.plan.summary.ringing_numbers
        if edit == "paused":
            lab.campaign(state="paused")
        elif edit == "removed":
            lab.remove("renewal")
        elif edit == "default":
            lab.declare_project('defaults: {voice: "1"}\n')
        else:
            lab.rows("renewal", range(2))
        report = apply.carry_out()
    lab.emulator.run_until_idle()

    assert report.exit_code == 7
    assert "changed meanwhile" in str(report.problems)
    assert len(lab.rung()) == rung


def test_a_comment_in_a_document_is_no_change_of_it(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.campaign()

    with planned(lab) as apply:
        lab.campaign(extra="# nobody minds\n")
        report = apply.carry_out()

    assert report.exit_code == 0


def test_direct_calls_whose_document_is_taken_away_while_apply_asks_are_not_made(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.direct()

    with planned(lab) as apply:
        lab.remove("otp")
        report = apply.carry_out()

    assert report.exit_code == 7
    assert lab.rung() == []


@pytest.mark.parametrize("state", ["running", "staged"])
def test_a_task_of_which_every_number_is_refused_is_discarded_and_holds_no_line(
    tmp_path: Path, state: str
) -> None:
    refused = tuple(map(number, range(3)))
    lab = Lab(tmp_path, Emulator(settings(sensitive_numbers=refused), clock=VirtualClock(START)))
    lab.campaign(state=state)

    report = lab.apply()

    assert report.exit_code == 0, report.problems
    assert "start" not in lab.changes_sent()
    assert all(task.deleted for task in lab.emulator.tasks.values())
    assert lab.actions() == []
    lab.campaign("other", range(10, 13))
    assert lab.apply().exit_code == 0


@pytest.mark.sweep
@pytest.mark.parametrize("by", ["document", "hand", "halt"])
def test_whom_a_resumed_wave_may_try_again_rings_by_the_plan_and_its_guard(tmp_path: Path, by: str) -> None:
    lab = Lab(tmp_path, Emulator(settings(result_weights={"20": 1.0}), clock=VirtualClock(START)))
    lab.campaign(rows=range(14), recall="{count: 1, wait: 1h}")
    lab.converge()
    lab.emulator.advance(1200)
    deliver(lab)
    task_id = the_only_task(lab)
    assert len(lab.rung()) == 14
    if by == "document":
        lab.campaign(rows=range(14), recall="{count: 1, wait: 1h}", state="paused")
        lab.converge()
        lab.campaign(rows=range(14), recall="{count: 1, wait: 1h}")
    else:
        lab.emulator.console_pause(task_id)
    lab.declare_project("limits: {ringing_numbers: 0}\n")

    halted = {task_id: Left()} if by == "halt" else {}
    planned = lab.plan(halted_tasks=halted)

    (change,) = planned.plan.changes
    assert (change.action.value, change.ringing_rows) == ("resume", 14)
    assert (planned.plan.summary.ringing_numbers, planned.plan.summary.recall_numbers) == (14, 14)
    assert planned.exit_code == 4
    assert "14 telephones will ring" in plan_text(planned.plan)


def test_whom_a_wave_has_called_in_vain_often_enough_rings_no_more(tmp_path: Path) -> None:
    lab = Lab(tmp_path, Emulator(settings(result_weights={"20": 1.0}), clock=VirtualClock(START)))
    lab.campaign(rows=range(3))
    lab.converge()
    lab.emulator.advance(600)
    deliver(lab)
    with lab.store() as store:
        (wave,) = store.waves.recorded().campaigns["renewal"].waves
        assert [store.calls.in_vain(wave.wave_id, most).rows for most in (0, 1)] == [0, 3]


def test_a_replacement_of_a_started_wave_is_a_deletion_to_the_guard(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.campaign(rows=range(60))
    lab.converge()
    lab.emulator.advance(20)
    deliver(lab)
    lab.declare_project("limits: {deletes: 0}\n")
    lab.rows("renewal", range(59))

    planned = lab.plan()

    assert [change.action.value for change in planned.plan.changes] == ["replace"]
    assert planned.exit_code == 4


def test_a_campaign_that_an_error_keeps_from_anything_is_blocked_and_not_unchanged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = Lab(tmp_path)
    lab.campaign(rows=range(3))
    lab.converge()
    lab.campaign(rows=range(3), state="staged")

    planned = lab.plan()
    show_plan(planned, "text", color=False)

    summary = planned.plan.summary
    assert (summary.blocked, summary.unchanged) == (1, 0)
    assert "Unchanged: " not in capsys.readouterr().out


def test_a_campaign_with_changes_that_an_error_keeps_from_them_is_blocked_in_every_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = Lab(tmp_path)
    lab.campaign("idle", rows=range(5, 8), lines='["200"]')
    lab.campaign("gone", rows=range(8, 11), lines='["300"]')
    lab.converge()
    lab.remove("gone")
    lab.campaign("new", rows=range(3), robot='"no-such"')
    lab.campaign("other", rows=range(3, 5), lines='["nobody-has-it"]')

    planned = lab.plan()
    shown = plan_json(planned.plan)

    summary = shown["summary"]
    assert (summary["campaigns"], summary["unchanged"], summary["blocked"]) == (3, 1, 2)
    assert ([*shown["blocked"]], [*shown["gone"]]) == (["new", "other"], ["gone"])
    for form in ("text", "markdown"):
        show_plan(planned, form, color=False)
        assert "1 campaign unchanged, 2 campaigns blocked" in capsys.readouterr().out


def test_a_plan_in_which_everything_is_blocked_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = Lab(tmp_path)
    lab.campaign()
    lab.converge()
    lab.campaign(state="staged")

    show_plan(lab.plan(), "text", color=False)

    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "Blocked: 1 campaign is kept from any change. 1 error."


def test_a_guard_blocks_each_campaign_whose_changes_it_refuses(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.declare_project("limits: {new_numbers: 4}\n")
    lab.campaign("a", rows=range(3))
    lab.campaign("b", rows=range(3, 6))

    assert lab.plan().plan.blocked == ("a", "b")
