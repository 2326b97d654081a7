"""One campaign's changes in their order: what is not out of the way keeps the rest from being staged."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.support.lab import number
from tests.support.records import deliver
from tests.support.scenes import DAY, a_lab, planned
from tests.support.twisted import twisted
from yeta_reconcile.apply import Apply
from yeta_reconcile.apply.approval import Approval
from yeta_reconcile.emulator import Fault
from yeta_reconcile.emulator.task import Status
from yeta_reconcile.exits import Exit
from yeta_reconcile.plan.plan import Action


def test_a_list_that_changes_while_another_campaign_is_staged_leaves_alone_what_is_staged_of_it(
    tmp_path: Path,
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign("two", lines='["200"]', state="staged")
    lab.converge()
    lab.campaign("two", lines='["200"]', recall="{count: 1, wait: 1h}")
    lab.campaign("one", range(10, 13))

    def change(request: httpx.Request) -> None:
        if request.url.path.endswith("task/create"):
            lab.rows("two", range(1, 4))

    lab.before = change
    sent = lab.changes_sent()
    (problem,) = lab.apply().problems
    assert (problem.exit_code, problem.campaign, problem.summary, problem.hint) == (
        Exit.INCOMPLETE, "two", "its contact list changed meanwhile", "run again",
    )  # fmt: skip
    assert lab.changes_sent() == [*sent, "create", "insert", "start"]


def test_nothing_is_staged_while_a_wave_before_it_is_not_out_of_the_way(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, max_numbers=50)
    lab.ordered = True
    lab.campaign(rows=range(80))
    lab.apply()
    lab.emulator.advance(60)
    deliver(lab)
    lab.campaign(rows=range(1, 81), recall="{count: 1, wait: 1h}")
    lab.emulator.faults.add(Fault("code_before", "task/pause", code=10005))
    sent = lab.changes_sent()
    assert lab.apply().exit_code == Exit.FAILED
    assert lab.changes_sent() == [*sent, "pause"]


def test_a_staged_task_that_cannot_be_deleted_is_neither_filled_anew_nor_started(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(state="staged")
    lab.converge()
    lab.campaign(rows=range(1, 4))
    lab.emulator.faults.add(Fault("code_before", "task/delete", code=10005))
    sent = lab.changes_sent()
    assert lab.apply().exit_code == Exit.FAILED
    assert lab.changes_sent() == [*sent, "delete"]


def test_what_waits_is_said_of_its_wave_or_of_its_rows(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=range(20))
    lab.apply()
    lab.emulator.advance(60)
    lab.campaign(rows=range(1, 20))
    (problem,) = lab.apply().problems
    assert (problem.campaign, problem.summary.partition(":")[0]) == ("renewal", "wave 1 waits")
    assert problem.waits


def test_whom_a_plan_counted_and_who_is_held_since_is_said_and_not_staged(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign()
    with planned(lab) as apply:
        changes = [change for change in apply.planned.plan.changes if change.action is Action.CREATE]
        counted = replace(apply.planned, plan=replace(apply.planned.plan, changes=tuple(changes)))
    lab.converge()
    lab.emulator.advance(DAY)
    sent = lab.changes_sent()
    with planned(lab) as apply:
        (problem,) = Apply(apply.run, apply.planner, counted).carry_out().problems
    assert (problem.exit_code, problem.campaign, problem.summary, problem.hint) == (
        Exit.INCOMPLETE, "renewal", "whom the plan counted is not free yet: nothing is staged", "run again",
    )  # fmt: skip
    assert lab.changes_sent() == sent


def test_no_more_is_staged_than_the_plan_counted(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(state="staged")
    with planned(lab) as apply:
        plan = apply.planned.plan
        fewer = tuple(replace(change, rows=change.rows - 1) for change in plan.changes)
        less = replace(apply.planned, plan=replace(plan, changes=fewer))
        (problem,) = Apply(apply.run, apply.planner, less).carry_out().problems
    assert (problem.exit_code, problem.campaign, problem.summary, problem.hint) == (
        Exit.INCOMPLETE,
        "renewal",
        "3 rows would go out where the plan showed 2: nothing of it is started",
        "run again: the next plan shows them",
    )
    assert lab.changes_sent() == []


def test_of_a_wave_that_the_plan_knew_and_that_is_no_more_nobody_is_staged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign()
    monkeypatch.setattr(Approval, "vanished", lambda _self, _waves: True)
    (problem,) = lab.apply().problems
    assert (problem.exit_code, problem.campaign) == (Exit.INCOMPLETE, "renewal")
    assert problem.summary.startswith("a wave that held its rows when the plan was made is no more")
    assert problem.hint.startswith("run again")
    assert lab.changes_sent() == []


def test_a_list_of_as_many_others_that_comes_after_the_plan_calls_nobody_out(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.direct()
    with planned(lab) as apply:
        lab.rows("otp", range(3, 6))
        (problem,) = apply.carry_out().problems
    assert (problem.exit_code, problem.campaign) == (Exit.INCOMPLETE, "otp")
    assert "list" in problem.summary
    assert "changed meanwhile" in problem.summary
    assert lab.rung() == []


def test_of_what_is_staged_only_what_the_plan_named_is_started(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, max_numbers=50)
    lab.ordered = True
    lab.campaign(rows=range(80), state="staged")
    lab.converge()
    lab.campaign(rows=range(80))
    with planned(lab) as apply:
        plan = apply.planned.plan
        assert {change.wave for change in plan.changes} == {1, 2}
        less = replace(plan, changes=tuple(change for change in plan.changes if change.wave == 1))
        Apply(apply.run, apply.planner, replace(apply.planned, plan=less)).carry_out()
    lab.emulator.advance(DAY)
    assert len(lab.rung()) == 50


def test_a_start_that_the_platform_said_it_made_and_never_shows_is_sent_again(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(extra="schedule: {begin: 2026-12-01T20:00:00}")
    lab.converge()
    (task,) = lab.emulator.tasks.values()
    task.status, task.started_at = Status.NEW, 0
    lab.emulator.advance(600)
    assert [(action, reason) for _, action, _, reason, _ in lab.actions()] == [("start", "start-unconfirmed")]
    assert lab.apply().exit_code == Exit.DONE
    assert lab.changes_sent().count("start") == 2
    lab.emulator.advance(DAY)
    assert Counter(lab.rung()) == Counter(map(number, range(3)))


@pytest.mark.parametrize("trouble", ["not filled", "more than planned", "more instead", "not as asked"])
def test_nothing_of_a_campaign_is_started_while_one_of_its_waves_is_not_staged(
    tmp_path: Path, trouble: str
) -> None:
    lab = twisted(tmp_path, max_numbers=50)
    lab.ordered = True
    # The first wave is full; of the second one there is a row, or none any more.
    for rows in [51] if trouble == "more instead" else [51, 50]:
        lab.campaign(rows=range(rows), state="staged")
        lab.converge()
    created = lab.changes_sent().count("create")
    lab.campaign(rows=range(80))
    if trouble == "not filled":
        lab.emulator.faults.add(Fault("code_before", "task/insert", code=10005))
    if trouble == "not as asked":
        lab.twist = lambda row, _task: row.update(count_tel=row["count_tel"] - (row["count_tel"] == 30))
    with planned(lab) as apply:
        plan = apply.planned.plan
        assert len({change.wave for change in plan.changes}) == 2
        if trouble.startswith("more"):
            fewer = tuple(replace(one, rows=one.rows - (one.rows == 30)) for one in plan.changes)
            plan = replace(plan, changes=fewer)
        carried = Apply(apply.run, apply.planner, replace(apply.planned, plan=plan)).carry_out()
    problem = carried.problems[0]
    assert problem.campaign == "renewal"
    assert problem.hint
    if trouble == "not as asked":
        assert problem.summary.startswith("a wave was staged 3 times over")
        assert lab.changes_sent().count("create") == created + 4
    assert "start" not in lab.changes_sent()
