"""What `--only` leaves out: waves of it that go on keep their lines and nothing begins, as the plan says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.lab import Lab, number
from tests.support.records import deliver
from tests.support.scenes import DAY, a_lab
from yeta_reconcile.plan.foresight import LineUse
from yeta_reconcile.plan.plan import Plan

ONLY_A = ("a",)
B_STAGED = "b wave 1, which is staged"


def plan_of_a(lab: Lab) -> Plan:
    return lab.plan(only=ONLY_A).plan


def on_line(plan: Plan) -> list[LineUse]:
    return [held for held in plan.timetable if held.line == "100"]


def whose(plan: Plan) -> list[tuple[str | None, int | None]]:
    return [(held.campaign, held.wave) for held in on_line(plan)]


def b_goes_on(tmp_path: Path, rows: int = 300, **override: object) -> Lab:
    """A campaign that calls on the line that another one wants."""
    lab = a_lab(tmp_path, **override)
    lab.campaign("b", range(rows))
    lab.converge()
    lab.campaign("a", range(900, 903))
    return lab


def test_a_wave_that_is_left_out_and_goes_on_has_its_line_until_it_is_through(tmp_path: Path) -> None:
    lab = b_goes_on(tmp_path)
    plan = plan_of_a(lab)
    theirs, ours = on_line(plan)
    assert whose(plan) == [("b", 1), ("a", 1)]
    assert theirs.until is not None
    assert theirs.until <= ours.since
    (ahead,) = plan.forecast
    assert (ahead.campaign, ahead.waits_for) == ("a", ("b wave 1",))
    (wait,) = [change for change in plan.changes if change.tries]
    assert "in use by b wave 1, through by about" in wait.detail
    began = lab.clock.now()
    while len(lab.rung()) < 300:
        lab.emulator.advance(60)
    took = (lab.clock.now() - began).total_seconds()
    assert abs((theirs.until - began).total_seconds() - took) <= 0.25 * took


@pytest.mark.parametrize("state", ["staged", "running"])
def test_nothing_of_what_is_left_out_begins(tmp_path: Path, state: str) -> None:
    lab = a_lab(tmp_path)
    lab.campaign("b", range(20), state="staged")
    lab.converge()
    lab.campaign("b", range(40), state=state, extra="priority: 9")
    lab.campaign("a", range(900, 903))
    assert whose(plan_of_a(lab)) == [("a", 1)]
    lab.apply(only=ONLY_A)
    lab.emulator.advance(DAY)
    assert {*lab.rung()} == {number(index) for index in range(900, 903)}


def test_what_is_left_out_goes_on_as_its_task_stands_whatever_its_document_says(tmp_path: Path) -> None:
    lab = b_goes_on(tmp_path)
    lab.campaign("b", range(300), state="paused")
    assert on_line(plan_of_a(lab))[0].until is not None
    lab.apply(only=("b",))
    lab.campaign("b", range(300))
    (held,) = on_line(plan_of_a(lab))
    assert (held.campaign, held.until) == ("b", None)
    (ahead,) = plan_of_a(lab).forecast
    assert "held by b, which is paused" in ahead.detail
    lab.remove("b")
    assert whose(plan_of_a(lab)) == [("b", 1)]


def test_no_further_wave_of_what_is_left_out_is_foreseen(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    again = "recall: {again: {on: [not-reached], rounds: 2, wait: 1h}}"
    days = "schedule: {days: workdays, windows: ['09:00-17:10']}"
    lab.campaign("b", range(400), extra=f"{again}\n{days}")
    lab.converge()
    lab.campaign("a", range(900, 903))
    assert whose(lab.plan().plan)[-1][0] == "b"
    assert whose(plan_of_a(lab)) == [("b", 1), ("a", 1)]


def test_who_comes_after_one_that_is_left_out_is_not_foreseen_to_begin(tmp_path: Path) -> None:
    lab = b_goes_on(tmp_path)
    lab.campaign("a", range(900, 903), lines='["200"]', extra="after: [b]")
    plan = plan_of_a(lab)
    assert [change.reason for change in plan.changes] == ["after-another"]
    (ahead,) = plan.forecast
    assert ahead.finish is None
    assert "it begins after b" in ahead.detail
    assert [held.campaign for held in plan.timetable if held.line == "200"] == [None]


def test_one_that_began_waits_for_nobody_any_more_nor_does_its_forecast(tmp_path: Path) -> None:
    lab = b_goes_on(tmp_path, rows=3)
    lab.campaign("a", range(900, 960), lines='["200"]', extra="after: [b]")
    lab.emulator.advance(DAY)
    deliver(lab)
    lab.converge()
    lab.campaign("b", range(300))
    (ahead,) = [one for one in lab.plan().plan.forecast if one.campaign == "a"]
    assert ahead.waits_for == ()
    assert plan_of_a(lab).forecast[0].finish is not None


def test_a_task_that_is_left_out_and_has_its_line_from_its_create_on_is_waited_for(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, line_lock="create")
    lab.campaign("b", range(20), state="staged")
    lab.converge()
    lab.campaign("a", range(900, 903))
    for planned in (plan_of_a(lab), lab.plan().plan):
        assert (planned.summary.ringing_numbers, planned.summary.waiting_numbers) == (0, 3)
        (wait,) = [change for change in planned.changes if change.tries]
        assert "line 100 is in use by b wave 1" in wait.detail
        assert [(held.holder, held.until) for held in on_line(planned)] == [(B_STAGED, None)]
    assert lab.apply(only=ONLY_A).exit_code == 7
    assert lab.rung() == []


def test_what_goes_on_of_what_is_left_out_is_in_the_budget(tmp_path: Path) -> None:
    lab = b_goes_on(tmp_path)
    lab.declare_project(
        "price: {per_call: 1, per_minute: 0, currency: CNY}\nlimits: {spend: {budget: 200, per: month}}\n"
    )
    planned = lab.plan(only=ONLY_A)
    assert planned.exit_code == 4
    assert "limits.spend is 200.00 a month" in str([found.summary for found in planned.plan.diagnostics])
