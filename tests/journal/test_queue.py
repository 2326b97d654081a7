"""Who gets a line and who waits for whom, and that the plan says before what happens then."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.lab import Lab, number
from tests.support.records import deliver
from tests.support.scenes import DAY, a_lab
from yeta_reconcile.emulator.task import Status
from yeta_reconcile.plan.plan import Change
from yeta_reconcile.planning.queue import LineClaim, LineHolder, queue
from yeta_reconcile.wording import Text

pytestmark = pytest.mark.sweep

# The order


def lined_up(*claims: LineClaim, **held: LineHolder) -> tuple[list[str], dict[str, Text]]:
    """Campaigns in their order, and for whom each of them waits."""
    found = queue(claims, {line.removeprefix("line"): holder for line, holder in held.items()})
    waiting = {name: turn.holders[0][1].words for (name, _), turn in found.waiting.items()}
    return [claim.campaign for claim in found.order], waiting


def test_first_comes_the_higher_priority_then_the_earlier_end_then_the_name() -> None:
    early, late = datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC)
    order, waiting = lined_up(
        LineClaim("e", 1, ("1",)), LineClaim("d", 1, ("1",)), LineClaim("c", 1, ("1",), end=late),
        LineClaim("b", 1, ("1",), end=early), LineClaim("a", 1, ("1",), priority=-1),
        LineClaim("z", 1, ("1",), priority=1),
    )  # fmt: skip
    assert order == ["z", "b", "c", "d", "e", "a"]
    assert waiting == dict.fromkeys("bcdea", "z wave 1")


def test_who_holds_a_line_comes_before_any_priority() -> None:
    held = LineHolder(Text("low wave 2"), "low", 2)
    order, waiting = lined_up(
        LineClaim("high", 1, ("1",), priority=9), LineClaim("low", 2, ("1",)), line1=held
    )
    assert order == ["low", "high"]
    assert waiting == {"high": "low wave 2"}


def test_a_line_is_not_kept_free_for_one_who_cannot_have_all_he_needs() -> None:
    _, waiting = lined_up(
        LineClaim("both", 1, ("1", "2"), priority=9),
        LineClaim("one", 1, ("2",)),
        line1=LineHolder(Text("task 7")),
    )
    assert waiting == {"both": "task 7"}


def test_how_many_come_first_is_counted() -> None:
    found = queue([LineClaim(name, 1, ("1",)) for name in "abcd"], {"1": LineHolder(Text("task 7"))})
    assert [found.waiting[name, 1].ahead for name in "abcd"] == [0, 1, 2, 3]


# Plan and apply


def changes_of(lab: Lab, name: str) -> list[Change]:
    return [change for change in lab.plan().plan.changes if change.campaign == name]


def counts(lab: Lab) -> tuple[int, int]:
    summary = lab.plan().plan.summary
    return summary.ringing_numbers, summary.waiting_numbers


def first_rings(lab: Lab) -> list[str]:
    """Campaigns in the order in which their first telephone rang."""
    return list(dict.fromkeys(ring.task_name.partition("~")[0] for ring in lab.emulator.dialled))


def three(tmp_path: Path, **override: object) -> Lab:
    lab = a_lab(tmp_path, **override)
    lab.campaign("a", range(10))
    lab.campaign("b", range(10, 20), extra="priority: 5")
    lab.campaign("c", range(20, 30), extra="schedule: {end: 2026-12-20T18:00:00}")
    return lab


def assert_each_rang_once(lab: Lab, rows: range) -> None:
    lab.emulator.advance(DAY)
    deliver(lab)
    assert Counter(lab.rung()) == Counter(number(index) for index in rows)


@pytest.mark.parametrize("lock", ["create", "start"])
def test_campaigns_on_one_line_ring_one_after_the_other_in_their_order(tmp_path: Path, lock: str) -> None:
    lab = three(tmp_path, line_lock=lock)
    assert counts(lab) == (10, 20)
    (create, wait) = changes_of(lab, "c")
    assert (create.action, wait.action, wait.reason, wait.rows) == ("create", "wait", "line-taken", 10)
    assert wait.detail.startswith("line 100 is in use by b wave 1")
    assert "1 more come first" in changes_of(lab, "a")[1].detail
    report = lab.apply()
    assert report.exit_code == 7
    said = [str(problem) for problem in report.problems]
    assert len(said) == 2
    assert all("waits for its line, as planned: line 100 is in use by b wave 1" in words for words in said)
    assert counts(lab) == (0, 20)
    for _ in range(3):
        lab.emulator.advance(3600)
        lab.apply()
    assert first_rings(lab) == ["b", "c", "a"]
    assert_each_rang_once(lab, range(30))
    assert lab.actions() == []


def test_what_is_rung_is_what_the_plan_said_rings(tmp_path: Path) -> None:
    lab = three(tmp_path)
    for _ in range(4):
        before = len(lab.rung())
        ringing, _ = counts(lab)
        lab.apply()
        lab.emulator.advance(3600)
        assert len(lab.rung()) - before == ringing


def test_staged_waves_wait_as_new_ones_do(tmp_path: Path) -> None:
    lab = three(tmp_path)
    for name, rows in (("a", range(10)), ("b", range(10, 20)), ("c", range(20, 30))):
        lab.campaign(name, rows, state="staged")
    lab.converge()
    lab.campaign("a", range(10))
    lab.campaign("c", range(20, 30), extra="priority: 1")
    assert counts(lab) == (10, 10)
    (wait,) = changes_of(lab, "a")
    assert (wait.action, wait.waiting_rows) == ("wait", 10)
    assert "c wave 1" in wait.detail
    lab.apply()
    lab.emulator.advance(60)
    assert first_rings(lab) == ["c"]


def test_a_further_wave_waits_for_the_one_before_it(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=range(20))
    lab.converge()
    lab.campaign(rows=range(30))
    assert counts(lab) == (0, 10)
    assert "line 100 is in use by renewal wave 1" in changes_of(lab, "renewal")[1].detail


def test_a_foreign_task_is_named_by_its_id_its_name_and_its_end(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    name, numbers = "回访 19900001111", [number(900)]
    task_id = lab.emulator.add_foreign_task(name, numbers=numbers, status=Status.RUNNING, line="100")
    lab.emulator.tasks[task_id].end = int(datetime(2026, 12, 1, 12, tzinfo=UTC).timestamp() * 1000)
    lab.campaign()
    assert counts(lab) == (0, 3)
    detail = changes_of(lab, "renewal")[1].detail
    assert f"line 100 is in use by task {task_id} (回访 199****1111) until 2026-12-01 20:00" in detail
    assert "at the latest, through by about 2026-12-01 17:0" in detail
    assert lab.apply().exit_code == 7
    lab.emulator.finish(task_id)
    lab.converge()
    lab.emulator.advance(DAY)
    assert {number(index) for index in range(3)} <= {*lab.rung()}


def test_when_a_foreign_task_will_be_through_is_foreseen_by_its_counts(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.emulator.add_foreign_task(
        "survey", numbers=[number(900 + index) for index in range(400)], status=Status.RUNNING, line="100"
    )
    lab.campaign()
    plan = lab.plan().plan
    (foreseen,) = plan.forecast
    (foreign, ours) = [held for held in plan.timetable if held.line == "100"]
    assert (foreign.campaign, foreign.holder[:5]) == (None, "task ")
    assert foreign.until is not None
    assert foreseen.start is not None
    assert foreign.until <= ours.since <= foreseen.start
    assert foreseen.waits_for == (foreign.holder,)
    began = lab.clock.now()
    while any(task.status is Status.RUNNING for task in lab.emulator.tasks.values()):
        lab.emulator.advance(60)
    took = (lab.clock.now() - began).total_seconds()
    assert abs((foreign.until - began).total_seconds() - took) <= 0.25 * took


def test_a_task_of_ours_that_is_staged_on_a_line_it_has_waits_for_nobody(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, line_lock="create")
    lab.campaign(state="staged")
    lab.converge()
    lab.campaign()
    assert counts(lab) == (3, 0)
    lab.converge()
    assert_each_rang_once(lab, range(3))


def test_where_tasks_share_a_line_nobody_waits_for_one_that_goes_on(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, line_lock="off")
    lab.campaign("one", range(20))
    lab.converge()
    lab.campaign("two", range(20, 30))
    assert counts(lab) == (10, 0)
    lab.converge()
    assert_each_rang_once(lab, range(30))


def test_a_line_that_becomes_free_meanwhile_is_given_to_who_comes_first(tmp_path: Path) -> None:
    lab = three(tmp_path)
    lab.apply()
    planned = lab.plan().plan
    assert [c.campaign for c in planned.changes if c.tries] == ["a", "c"]
    lab.emulator.advance(3600)
    assert counts(lab) == (10, 10)
    lab.apply()
    lab.emulator.advance(3600)
    assert first_rings(lab)[:2] == ["b", "c"]


@pytest.mark.parametrize(("limit", "tries"), [(10, 0), (25, 1), (30, 2)])
def test_no_more_is_tried_than_the_limit_lets_ring(tmp_path: Path, limit: int, tries: int) -> None:
    lab = three(tmp_path, line_lock="off")
    lab.declare_project(f"limits: {{ringing_numbers: {limit}}}\n")
    planned = lab.plan()
    assert planned.exit_code == 0
    assert sum(change.tries is not None for change in planned.plan.changes) == tries
    report = lab.apply()
    assert (report.exit_code == 7) is (tries < 2)
    lab.emulator.advance(600)
    assert len(lab.rung()) <= limit


def test_a_campaign_that_is_removed_leaves_its_line_to_the_next_in_the_same_apply(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign("one", range(200))
    lab.converge()
    lab.remove("one")
    lab.campaign("two", range(300, 310))
    assert counts(lab) == (10, 0)
    lab.converge()
    lab.emulator.advance(DAY)
    assert {number(index) for index in range(300, 310)} <= {*lab.rung()}
