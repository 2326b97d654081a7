"""Doubts about creates, inserts and discards: settled by asking, and never by ringing anybody twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.support.lab import Lab, number
from tests.support.scenes import DAY, a_lab, assert_each_rang_once, codes, lose_the_state, the_only_task
from tests.support.sweeping import latin
from tests.support.trouble import KILLED_AFTER, KILLED_AT_WRITE, KILLED_BEFORE, Point, TroubledLab
from yeta_reconcile.emulator import Fault
from yeta_reconcile.emulator.codes import Refusal
from yeta_reconcile.emulator.task import Status

# Creates and orphans


def test_a_create_that_arrives_late_leaves_an_empty_task_that_is_deleted(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign()
    lab.emulator.faults.add(Fault("late", "task/create", seconds=60))
    report = lab.apply()
    assert report.exit_code == 7
    lab.converge()
    lab.emulator.advance(60)
    assert ("renewal", "delete", 1, "orphan", 0) in lab.actions()
    lab.converge()
    assert lab.actions() == []
    assert [task.deleted for task in lab.emulator.tasks.values()].count(True) == 1
    assert_each_rang_once(lab, range(3))


def test_a_late_twin_that_holds_the_line_at_create_is_taken_away(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, line_lock="create")
    lab.campaign()
    lab.emulator.faults.add(Fault("late", "task/create", seconds=16))
    lab.apply()
    lab.converge()
    assert_each_rang_once(lab, range(3))


def test_an_unanswered_create_is_adopted_and_not_repeated(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign()
    lab.emulator.faults.add(Fault("closed_after", "task/create"))
    assert lab.converge().exit_code == 0
    assert lab.changes_sent().count("create") == 1
    assert_each_rang_once(lab, range(3))


def test_a_started_task_without_a_record_blocks_its_campaign_with_exit_8(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign()
    lab.converge()
    lose_the_state(lab)
    planned = lab.plan()
    assert planned.exit_code == 8
    assert {found.code for found in planned.plan.diagnostics} == {"orphan-started"}
    assert planned.plan.changes == ()
    assert lab.apply().exit_code == 8
    assert_each_rang_once(lab, range(3))
    # It goes on blocking when it is completed, and when it was deleted.
    assert lab.plan().exit_code == 8
    lab.emulator.console_delete(the_only_task(lab))
    assert lab.plan().exit_code == 8


def test_a_started_task_of_a_campaign_nobody_declares_blocks_those_without_a_ledger(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign("old")
    lab.converge()
    lose_the_state(lab)
    lab.remove("old")
    lab.campaign("new")
    for _ in range(3):
        assert codes(lab) == {"orphan-started", "undeclared-orphan"}
        assert lab.apply().exit_code == 8
    assert_each_rang_once(lab, range(3))


def test_a_staged_task_without_a_record_is_deleted_before_its_campaign_creates(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, line_lock="create")
    lab.campaign(state="staged")
    lab.converge()
    lose_the_state(lab)
    lab.campaign()
    lab.converge()
    sent = lab.changes_sent()
    assert sent.index("delete") < len(sent) - 1 - sent[::-1].index("create")
    assert_each_rang_once(lab, range(3))


@pytest.mark.parametrize("whose", ["renewal", "former"])
def test_an_orphan_started_at_the_console_before_its_deletion_blocks_every_wave_it_may_concern(
    tmp_path: Path, whose: str
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(whose, state="staged")
    lab.converge()
    task_id = the_only_task(lab)
    lose_the_state(lab)
    lab.remove(whose)
    lab.campaign("renewal")

    def start_in_between(request: httpx.Request) -> None:
        if request.url.path.endswith("/task/query") and json.loads(request.content).get("task_id"):
            lab.before = None
            lab.emulator.console_start(task_id)

    lab.before = start_in_between
    report = lab.apply()
    assert report.exit_code == 8
    assert (whose, True) in {(problem.campaign, bool(problem.hint)) for problem in report.problems}
    assert "create" not in lab.changes_sent()[lab.changes_sent().index("create") + 1 :]
    assert lab.apply().exit_code == 8
    assert_each_rang_once(lab, range(3))


def test_tasks_of_others_are_left_alone_whatever_they_are_called(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.emulator.add_foreign_task("renewal~w1~" + "0" * 24, numbers=[number(900)])
    lab.emulator.add_foreign_task("春季", numbers=[number(901)], status=Status.RUNNING, line="300")
    lab.campaign()
    lab.converge()
    assert lab.actions() == []
    assert "delete" not in lab.changes_sent()
    assert all(not task.deleted for task in lab.emulator.tasks.values())


def test_a_task_that_another_key_marked_blocks_its_campaign_until_somebody_looks(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(state="staged")
    lab.converge()
    lose_the_state(lab)
    lab.key = "another key"
    lab.campaign()
    assert codes(lab) == {"unproven-task"}
    assert lab.apply().exit_code == 8
    assert "delete" not in lab.changes_sent()
    assert lab.rung() == []


def test_two_projects_on_one_account_never_touch_each_other(tmp_path: Path) -> None:
    one = a_lab(tmp_path / "one")
    (tmp_path / "two").mkdir()
    two = Lab(tmp_path / "two", one.emulator, name="other", max_in_flight=1)
    for lab, line, first in ((one, "100", 0), (two, "200", 10)):
        lab.campaign(rows=range(first, first + 3), lines=f'["{line}"]')
        lab.converge()
    assert one.actions() == two.actions() == []
    one.remove("renewal")
    one.converge()
    assert two.actions() == []
    two.emulator.advance(DAY)
    assert {number(10), number(11), number(12)} <= set(two.rung())


# Inserts


@pytest.mark.sweep
@pytest.mark.parametrize("mode", ["whole", "before", "around"])
@pytest.mark.parametrize("place", [0, 3, 49])
def test_a_bad_number_is_found_named_and_left_out_until_its_row_changes(
    tmp_path: Path, mode: str, place: int
) -> None:
    lab = a_lab(tmp_path, bad_batch=mode, sensitive_numbers=(number(place),))
    lab.campaign(rows=range(60))
    lab.converge()
    found = [d for d in lab.plan().plan.diagnostics if d.code == "row-set-aside"]
    assert [(d.position.file, d.position.line) for d in found if d.position] == [("renewal.csv", place + 2)]
    assert lab.actions() == []
    lab.emulator.advance(DAY)
    assert Counter(lab.rung()) == Counter(number(n) for n in range(60) if n != place)
    # The row changes: it is tried again, in a further wave.
    lab.emulator.change(sensitive_numbers=())
    assert lab.actions() == []
    lab.campaign(rows=[(n, "改过") if n == place else n for n in range(60)])
    lab.converge()
    assert_each_rang_once(lab, range(60))


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("mode", "nth", "kind"),
    latin(2, ["before", "around"], range(1, 14), ["closed_after", "closed_before"]),
)
def test_rows_that_a_refused_batch_left_behind_never_pass_for_a_batch_that_got_lost(
    tmp_path: Path, mode: str, nth: int, kind: str
) -> None:
    lab = a_lab(tmp_path, bad_batch=mode, sensitive_numbers=(number(2),))
    lab.campaign(rows=range(5))
    lab.emulator.faults.add(Fault(kind, "task/insert", nth=nth))
    lab.converge()
    assert_each_rang_once(lab, [0, 1, 3, 4])


@pytest.mark.sweep
@pytest.mark.parametrize("nth", range(1, 9))
def test_two_batches_in_flight_one_refused_and_one_lost_are_not_taken_for_each_other(
    tmp_path: Path, nth: int
) -> None:
    lab = a_lab(tmp_path, bad_batch="before", sensitive_numbers=(number(50),))
    lab.max_in_flight = 4
    lab.campaign(rows=range(104))
    lab.emulator.faults.add(Fault("closed_before", "task/insert", nth=nth))
    lab.converge()
    assert_each_rang_once(lab, [n for n in range(104) if n != 50])


def test_an_insert_nobody_can_tell_of_throws_the_staged_task_away(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=range(60), state="staged")
    lab.emulator.faults.add(Fault("closed_before", "task/insert", nth=2))

    def a_stranger_inserts(request: httpx.Request) -> None:
        if request.url.path.endswith("/task/query"):
            for task in lab.emulator.tasks.values():
                if task.submitted == 50:
                    task.batches.append((0, 0, 3))

    lab.before = a_stranger_inserts
    lab.apply()
    lab.before = None
    lab.campaign(rows=range(60))
    lab.converge()
    assert_each_rang_once(lab, range(60))


def test_an_insert_that_arrives_after_its_doubt_was_settled_is_seen_before_the_start(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.emulator.take_line("100")
    lab.campaign()
    lab.emulator.faults.add(Fault("late", "task/insert", seconds=30))
    assert lab.apply().exit_code == 7
    lab.emulator.advance(60)
    lab.emulator.release_line("100")
    lab.converge()
    assert_each_rang_once(lab, range(3))


# Verification


@pytest.mark.sweep
def test_a_task_whose_count_never_fits_is_staged_three_times_over_and_then_a_person_is_asked(
    tmp_path: Path,
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign()

    def one_more(request: httpx.Request) -> None:
        if request.url.path.endswith("/task/query"):
            for task in lab.emulator.tasks.values():
                if task.submitted == 3 and len(task.batches) == 1:
                    task.batches.append((0, 0, 1))

    lab.before = one_more
    report = lab.apply()
    assert report.exit_code == 8
    assert lab.changes_sent().count("create") == 4
    assert "start" not in lab.changes_sent()
    lab.before = None
    lab.converge()
    assert_each_rang_once(lab, range(3))


@pytest.mark.sweep
@pytest.mark.parametrize("what", ["robot", "line", "window", "begin"])
def test_a_task_that_reads_back_otherwise_than_asked_is_never_started(tmp_path: Path, what: str) -> None:
    lab = a_lab(tmp_path)
    lab.campaign()

    def twist(request: httpx.Request) -> None:
        for task in lab.emulator.tasks.values():
            if what == "robot":
                task.robot_id = "720"
            elif what == "line":
                task.lines = ("200",)
            elif what == "window":
                task.time_range = ("10:00:00-11:00:00",)
            else:
                task.begin += 60_000

    lab.after = twist
    assert lab.apply().exit_code == 8
    assert "start" not in lab.changes_sent()
    assert ("doubted", 1) in {(event["event"], event.get("wave")) for event in lab.events}


def test_recall_that_the_platform_ignores_is_a_warning_and_no_more(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, ignores_recall=True)
    lab.campaign(extra="recall: {count: 1, wait: 10m}")
    lab.converge()
    warned = [(event["wave"], event["summary"]) for event in lab.events if event["event"] == "warning"]
    assert [wave for wave, summary in warned if "recall count" in summary] == [1]
    assert_each_rang_once(lab, range(3))


@pytest.mark.parametrize("lag", [{"lag_seconds": 4.5}, {"lag_queries": 3}])
def test_queries_that_lag_within_the_settling_time_cost_patience_alone(
    tmp_path: Path, lag: dict[str, float]
) -> None:
    lab = a_lab(tmp_path, sensitive_numbers=(number(5),), **lag)
    lab.campaign(rows=range(60))
    lab.converge()
    lab.campaign(rows=range(70))
    lab.emulator.advance(DAY)
    lab.converge()
    assert lab.actions() == []
    assert_each_rang_once(lab, [n for n in range(70) if n != 5])


@pytest.mark.sweep
@pytest.mark.parametrize("nth", range(1, 8))
@pytest.mark.parametrize("kind", ["closed_after", "closed_before"])
def test_lag_and_a_lost_answer_together_ring_nobody_twice(tmp_path: Path, nth: int, kind: str) -> None:
    lab = a_lab(tmp_path, lag_seconds=4.0)
    lab.campaign(rows=range(110))
    lab.emulator.faults.add(Fault(kind, "task/insert" if nth < 5 else "task/create", nth=nth % 4 + 1))
    lab.converge()
    assert_each_rang_once(lab, range(110))


# Discards


def test_a_staged_task_that_the_console_starts_while_it_is_discarded_is_not_staged_again(
    tmp_path: Path,
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(state="staged")
    lab.converge()
    task_id = the_only_task(lab)
    lab.campaign(rows=[(0, "改过"), 1, 2], state="staged")

    def start_in_between(request: httpx.Request) -> None:
        if request.url.path.endswith("/task/delete"):
            lab.before = None
            lab.emulator.console_start(task_id)
            lab.emulator.advance(2)

    lab.before = start_in_between
    assert lab.apply().exit_code in {7, 8}
    for _ in range(3):
        if lab.plan().exit_code not in {0, 8}:
            break
        lab.apply()
        lab.emulator.advance(600)
    assert max(Counter(lab.rung()).values()) == 1


@pytest.mark.parametrize("listed", ["by_id", "never"])
def test_platforms_that_hide_deleted_tasks_ring_nobody_twice(tmp_path: Path, listed: str) -> None:
    lab = a_lab(tmp_path, deleted_listed=listed)
    lab.campaign(state="staged")
    lab.converge()
    lab.campaign(rows=[(0, "改过"), 1, 2])
    report = lab.apply()
    if listed == "by_id":
        lab.converge()
        assert_each_rang_once(lab, range(3))
    else:
        # That nobody started it in between cannot be proven there: a person looks.
        assert report.exit_code == 8
        assert lab.apply().exit_code == 8
        assert lab.rung() == []


def test_a_task_that_is_purged_is_lost_and_never_replaced_by_guess(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign()
    lab.converge()
    lab.emulator.console_purge(the_only_task(lab))
    assert codes(lab) == {"task-lost"}
    assert ["--data" in found.hint for found in lab.plan().plan.diagnostics] == [False]
    for _ in range(2):
        assert lab.apply().exit_code == 8
    assert lab.changes_sent().count("create") == 1


def test_a_full_task_is_closed_and_the_rest_goes_out_in_a_further_wave(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, max_numbers=100)
    lab.campaign(rows=range(130))
    lab.apply()
    lab.emulator.advance(DAY)
    lab.converge()
    assert_each_rang_once(lab, range(130))


@pytest.mark.sweep
def test_a_full_task_beside_a_batch_that_a_bad_number_left_behind_converges(tmp_path: Path) -> None:
    bad = (7, 120)
    lab = a_lab(
        tmp_path, bad_batch="around", max_numbers=120, sensitive_numbers=tuple(number(row) for row in bad)
    )
    lab.campaign(rows=range(150))
    lab.apply()
    lab.emulator.advance(DAY)
    lab.converge()
    lab.emulator.advance(DAY)
    assert_each_rang_once(lab, [row for row in range(150) if row not in bad])


@pytest.mark.sweep
def test_waves_that_are_staged_anew_since_something_was_learned_of_their_rows_converge(
    tmp_path: Path,
) -> None:
    """However many: one for each full task in which a refused batch left rows behind."""
    bad = range(3, 260, 29)
    lab = a_lab(
        tmp_path,
        bad_batch="around",
        max_numbers=60,
        sensitive_numbers=tuple(map(number, bad)),
        line_lock="start",
    )
    lab.campaign(rows=range(260))

    assert lab.apply().exit_code == 7
    waves = max(wave for _, _, wave, _, _ in lab.actions())
    assert waves > 4
    for _ in range(waves + 1):
        lab.emulator.advance(DAY)
        lab.apply()

    assert_each_rang_once(lab, [row for row in range(260) if row not in bad])


def test_a_task_that_takes_no_batch_at_all_is_said_and_not_created_for_ever(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, max_numbers=10)
    lab.campaign(rows=range(60))
    report = lab.apply()
    assert report.exit_code != 0
    assert lab.changes_sent().count("create") <= 2


MODES = ("whole", "before", "around")


# In the suite each mode has a third of the points, and all three together have all of them.
@pytest.mark.sweep
@pytest.mark.parametrize(
    ("mode", "first", "one_in"),
    [
        *((mode, at, 3) for at, mode in enumerate(MODES)),
        *(pytest.param(mode, 0, 1, marks=pytest.mark.torture) for mode in MODES),
    ],
)
def test_a_task_that_the_console_starts_after_our_death_holds_nobody_twice_and_loses_nobody(
    tmp_path: Path, mode: str, first: int, one_in: int, record_property: Callable[[str, object], None]
) -> None:
    """Whenever it is that we die: while batches are refused, while bad rows are looked for, in between."""
    points = [Point("request", nth, kind) for nth in range(4, 16) for kind in (KILLED_BEFORE, KILLED_AFTER)]
    points += [Point("write", nth, KILLED_AT_WRITE) for nth in range(6, 28)]
    for index, point in enumerate(points[first::one_in]):
        lab = a_lab(tmp_path / str(index), bad_batch=mode, sensitive_numbers=(number(5),))
        assert isinstance(lab, TroubledLab)
        lab.campaign(rows=range(8))
        lab.point = point
        lab.try_apply()
        lab.point = None
        for task_id in list(lab.emulator.tasks):
            with suppress(Refusal):
                lab.emulator.console_start(task_id)
        for _ in range(5):
            report = lab.try_apply()
            if report is not None and report.exit_code in {0, 8}:
                break
            lab.emulator.advance(600)
        lab.emulator.advance(DAY)
        rung = Counter(lab.rung())
        assert max(rung.values(), default=1) == 1, point
        told = codes(lab) & {"orphan-started", "completed-undialled", "count-differs"}
        missing = {number(n) for n in range(8) if n != 5} - rung.keys()
        assert told or not missing, (point, len(missing))
    record_property("points", len(points[first::one_in]))
