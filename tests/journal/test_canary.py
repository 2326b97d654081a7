"""A campaign that begins with a canary: a few first, and by their call records the rest, or nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from tests.support.lab import Lab, number
from tests.support.records import deliver
from tests.support.scenes import DAY, a_lab, lose_the_state, rebuilt
from yeta_reconcile.diagnostics import Diagnostic
from yeta_reconcile.plan.plan import Change

pytestmark = pytest.mark.sweep

ALL = range(40)
ABORT = "abort_if: {connected_below: 20%}"
REACHED, MISSED = {"0": 1.0}, {"20": 1.0}


def rollout(canary: object = 5, wait: str = "30m", more: str = ABORT) -> str:
    return f"rollout: {{canary: {canary}, wait: {wait}, {more}}}"


def canary_lab(
    root: Path, rows: Sequence[int] = ALL, *, extra: str = rollout(), results: object = REACHED, **fields: str
) -> Lab:
    lab = a_lab(root, result_weights=results)
    lab.campaign(rows=rows, extra=extra, **fields)
    return lab


def call(lab: Lab, seconds: float = 3600) -> None:
    """Let time pass, have the records, and the state told of it."""
    lab.emulator.advance(seconds)
    deliver(lab)


def changes(lab: Lab) -> list[tuple[str, int, str, int]]:
    return [(c.action.value, c.wave, c.reason.value, c.rows) for c in lab.plan().plan.changes]


def wait_of(lab: Lab) -> Change:
    (found,) = [change for change in lab.plan().plan.changes if change.action == "wait"]
    return found


def errors(lab: Lab) -> list[Diagnostic]:
    return [found for found in lab.plan().plan.diagnostics if found.severity == "error"]


def aborted(root: Path) -> Lab:
    """A campaign whose canary reached nobody."""
    lab = canary_lab(root, results=MISSED)
    lab.apply()
    call(lab)
    return lab


def assert_rung(lab: Lab, rows: Iterable[int]) -> None:
    call(lab, DAY)
    assert Counter(lab.rung()) == Counter(number(index) for index in rows)


def test_a_few_are_called_and_the_rest_waits_named_and_counted(tmp_path: Path) -> None:
    lab = canary_lab(tmp_path)
    planned = lab.plan().plan
    assert (planned.summary.new_numbers, planned.summary.ringing_numbers) == (5, 5)
    assert planned.summary.waiting_numbers == 35
    assert changes(lab) == [
        ("create", 1, "new", 5), ("start", 1, "declared-running", 5), ("wait", 2, "canary", 35),
    ]  # fmt: skip
    assert wait_of(lab).detail == "until the canary was called and its call records are there"
    assert str(wait_of(lab).position) == "renewal.yaml:7:10"
    report = lab.apply()
    assert report.exit_code == 7
    assert "35 rows wait, as planned" in str(report.problems[0])


def test_the_rest_follows_once_the_records_are_there_and_the_wait_is_over(tmp_path: Path) -> None:
    lab = canary_lab(tmp_path)
    lab.apply()
    lab.emulator.advance(600)
    assert len(lab.rung()) == 5
    assert wait_of(lab).detail.startswith("until the call records of the canary are there: 5 call records")
    deliver(lab)
    assert wait_of(lab).detail.startswith("until 2026-12-01 17:")
    assert lab.apply().exit_code == 7
    assert len(lab.rung()) == 5
    lab.emulator.advance(1800)
    assert changes(lab) == [("create", 2, "after-canary", 35), ("start", 2, "declared-running", 35)]
    lab.converge()
    assert_rung(lab, ALL)
    assert lab.actions() == []


def test_a_canary_that_goes_badly_stops_the_campaign_until_a_person_decides(tmp_path: Path) -> None:
    lab = aborted(tmp_path)
    planned = lab.plan()
    (error,) = errors(lab)
    assert (planned.exit_code, error.code, planned.plan.blocked) == (8, "aborted", ("renewal",))
    assert error.summary == (
        "renewal is aborted by its canary: 0 of 5 who were called were reached, fewer than 20%"
    )
    assert str(error.position) == "renewal.yaml:7:43"
    assert changes(lab) == [("wait", 2, "aborted", 35)]
    for _ in range(3):
        assert lab.apply().exit_code == 8
        call(lab, DAY)
    assert len(lab.rung()) == 5


@pytest.mark.parametrize(
    ("more", "results", "words"),
    [
        ("abort_if: {refused_above: 50%}", {"8": 1.0}, "5 of 5 who were called refused the call"),
        ("abort_if: {hung_up_above: 60%}", {"15": 1.0}, "5 of 5 who answered hung up on the robot"),
        ("abort_if: {hung_up_above: 60%, connected_below: 10%}", MISSED, "0 of 5 who were called were"),
    ],
)
def test_each_threshold_stops_by_what_it_counts(
    more: str, results: dict[str, float], words: str, tmp_path: Path
) -> None:
    lab = canary_lab(tmp_path, extra=rollout(more=more), results=results)
    lab.apply()
    call(lab)
    assert words in errors(lab)[0].summary


@pytest.mark.parametrize(
    ("more", "results"),
    [
        ("abort_if: {connected_below: 100%, hung_up_above: 0%}", REACHED),
        ("abort_if: {refused_above: 100%}", {"8": 1.0}),
        ("abort_if: {}", MISSED),
    ],
)
def test_at_the_exact_edge_nothing_stops(more: str, results: dict[str, float], tmp_path: Path) -> None:
    lab = canary_lab(tmp_path, extra=rollout(more=more), results=results)
    lab.apply()
    call(lab)
    lab.converge()
    assert_rung(lab, ALL)


def test_another_rollout_or_none_lets_the_rest_follow_if_the_records_pass_it(tmp_path: Path) -> None:
    for number_, extra in enumerate((rollout(more="abort_if: {refused_above: 10%}"), "")):
        lab = aborted(tmp_path / str(number_))
        lab.campaign(rows=ALL, extra=rollout(more="abort_if: {connected_below: 90%}"))
        assert lab.plan().exit_code == 8
        lab.campaign(rows=ALL, extra=extra)
        lab.converge()
        assert_rung(lab, ALL)


def test_a_larger_canary_is_called_and_judged_whole(tmp_path: Path) -> None:
    lab = aborted(tmp_path)
    lab.campaign(rows=ALL, extra=rollout(8))
    assert changes(lab) == [
        ("create", 2, "rows-added", 3), ("start", 2, "declared-running", 3), ("wait", 3, "canary", 32),
    ]  # fmt: skip
    lab.apply()
    call(lab)
    assert "0 of 8 who were called" in errors(lab)[0].summary
    lab.campaign(rows=ALL, extra=rollout(5))
    assert "0 of 8 who were called" in errors(lab)[0].summary


def test_an_abort_outlives_rows_that_are_added_and_a_document_that_comes_back(tmp_path: Path) -> None:
    lab = aborted(tmp_path)
    lab.campaign(rows=range(60), extra=rollout())
    assert changes(lab) == [("wait", 2, "aborted", 55)]
    lab.remove("renewal")
    lab.apply()
    lab.campaign(rows=ALL, extra=rollout())
    assert [found.code for found in errors(lab)] == ["aborted"]
    assert lab.apply().exit_code == 8
    assert_rung(lab, [int(rung[-2:]) for rung in lab.rung()])


def test_what_is_staged_is_the_canary_and_rows_that_are_added_leave_it_as_it_is(tmp_path: Path) -> None:
    lab = canary_lab(tmp_path, state="staged")
    assert lab.apply().exit_code == 0
    (task,) = lab.emulator.tasks.values()
    chosen = {row.number for row in task.rows}
    assert len(chosen) == 5
    assert lab.actions() == []
    lab.campaign(rows=range(200), extra=rollout(), state="staged")
    assert lab.actions() == []
    lab.campaign(rows=range(200), extra=rollout())
    lab.apply()
    call(lab)
    assert {*lab.rung()} == chosen
    lab.converge()
    assert_rung(lab, range(200))


def test_a_share_is_one_of_the_whole_list(tmp_path: Path) -> None:
    lab = canary_lab(tmp_path, extra=rollout('"10%"'))
    assert changes(lab)[0] == ("create", 1, "new", 4)
    lab.campaign(rows=range(3), extra=rollout('"10%"'))
    assert changes(lab)[0] == ("create", 1, "new", 1)


def test_a_list_that_is_the_canary_waits_for_nothing(tmp_path: Path) -> None:
    lab = canary_lab(tmp_path, range(4), results=MISSED)
    assert lab.apply().exit_code == 0
    call(lab)
    assert lab.apply().exit_code == 0
    assert lab.actions() == []


def test_whoever_is_staged_leaves_for_a_canary_that_is_declared_before_the_start(tmp_path: Path) -> None:
    lab = canary_lab(tmp_path, state="staged", extra="")
    lab.apply()
    lab.campaign(rows=ALL, extra=rollout())
    planned = lab.plan().plan
    assert (planned.summary.ringing_numbers, planned.summary.waiting_numbers) == (5, 35)
    assert planned.summary.removed_numbers == 0
    assert changes(lab)[0] == ("replace", 1, "attributes-changed", 5)
    lab.apply()
    call(lab)
    assert len(lab.rung()) == 5
    lab.converge()
    assert_rung(lab, ALL)


def test_a_campaign_under_way_has_no_canary_any_more(tmp_path: Path) -> None:
    lab = canary_lab(tmp_path, extra="")
    lab.apply()
    lab.campaign(rows=range(50), extra=rollout())
    assert changes(lab)[0] == ("create", 2, "rows-added", 10)
    lab.converge()
    assert_rung(lab, range(50))


def test_a_canary_that_is_carried_over_is_one_still_and_nobody_takes_a_removed_place(tmp_path: Path) -> None:
    lab = canary_lab(tmp_path, range(200), extra=rollout(60, wait="9h"))
    lab.apply()
    lab.emulator.advance(60)
    deliver(lab)
    (task,) = lab.emulator.tasks.values()
    called = {*lab.rung()}
    gone = next(row.number for row in task.rows[::-1] if row.number not in called)
    kept = [index for index in range(200) if number(index) != gone]
    lab.campaign(rows=kept, extra=rollout(60, wait="9h"), voice='"60020"')
    for _ in range(6):
        lab.apply()
        call(lab, 700)
    assert not {row.number for row in task.rows} - {*lab.rung()} - {gone}
    assert len(lab.rung()) == 59
    call(lab, 9 * 3600)
    lab.converge()
    assert_rung(lab, kept)


def test_a_canary_that_was_cut_short_is_called_whole_before_it_is_judged(tmp_path: Path) -> None:
    lab = canary_lab(tmp_path, range(200), extra=rollout(60), results=MISSED)
    lab.apply()
    lab.emulator.advance(60)
    (task,) = lab.emulator.tasks.values()
    lab.emulator.console_delete(str(task.task_id))
    for _ in range(4):
        call(lab, 700)
        lab.apply()
    call(lab)
    assert "0 of 60 who were called" in errors(lab)[0].summary
    assert len(lab.rung()) == 60


def test_no_record_no_rest_and_after_a_week_a_person_says(tmp_path: Path) -> None:
    lab = canary_lab(tmp_path)
    lab.apply()
    lab.emulator.advance(6 * DAY)
    assert lab.plan().exit_code == 0
    lab.emulator.advance(2 * DAY)
    assert [found.code for found in errors(lab)] == ["canary-unknown"]
    assert lab.apply().exit_code == 8
    deliver(lab)
    lab.converge()
    assert_rung(lab, ALL)


@pytest.mark.parametrize("barred", [0, 30])
def test_after_a_lost_state_the_rest_waits_for_the_records_again(tmp_path: Path, barred: int) -> None:
    lab = canary_lab(tmp_path, results=MISSED)
    lab.declare_project("limits: {do_not_call: [dnc.csv]}\n")
    nobody = "".join(f"{number(row)}\n" for row in range(barred))
    (tmp_path / "dnc.csv").write_text(f"phone\n{nobody}", encoding="utf-8")
    lab.apply()
    call(lab)
    lose_the_state(lab)
    assert lab.plan().exit_code == 8
    rebuilt(lab)
    planned = lab.plan().plan
    assert changes(lab) == [("wait", 2, "canary", 35 - barred)]
    assert "canary-rebuilt" in {found.code for found in planned.diagnostics}
    deliver(lab)
    assert [found.code for found in errors(lab)] == ["aborted"]
    assert lab.apply().exit_code == 8
    assert len(lab.rung()) == 5


def test_whoever_comes_after_waits_for_the_rest_too(tmp_path: Path) -> None:
    lab = aborted(tmp_path)
    lab.campaign("next", range(100, 103), lines='["200"]', extra="after: [renewal]")
    (wait,) = [change for change in lab.plan().plan.changes if change.campaign == "next"]
    assert wait.detail == "until renewal is over (35 numbers of it to be called)"


def test_whom_a_gone_campaign_called_is_met_also_among_the_rest(tmp_path: Path) -> None:
    lab = canary_lab(tmp_path, extra="")
    lab.apply()
    call(lab)
    lab.remove("renewal")
    lab.campaign("other", ALL, extra=rollout())
    assert [found.code for found in errors(lab)] == ["looks-renamed"]


def test_a_limit_counts_the_canary_alone(tmp_path: Path) -> None:
    lab = canary_lab(tmp_path)
    lab.declare_project("limits: {ringing_numbers: 5}\n")
    assert lab.plan().exit_code == 0
    lab.campaign(rows=ALL, extra=rollout(6))
    assert lab.plan().exit_code == 4


def test_the_same_are_chosen_whatever_the_order_of_the_list_is(tmp_path: Path) -> None:
    chosen = []
    for name, rows in (("up", [*ALL]), ("down", [*ALL][::-1])):
        lab = canary_lab(tmp_path / name, rows)
        lab.apply()
        (task,) = lab.emulator.tasks.values()
        chosen.append({row.number for row in task.rows})
    assert chosen[0] == chosen[1]


def test_further_rounds_of_a_canary_wait_until_it_passed(tmp_path: Path) -> None:
    again = "recall: {again: {on: [not-reached], rounds: 1, wait: 10m}}"
    lab = aborted(tmp_path)
    lab.campaign(rows=ALL, extra=f"{rollout()}\n{again}")
    lab.apply()
    call(lab, DAY)
    assert lab.apply().exit_code == 8
    assert len(lab.rung()) == 5
    lab.campaign(rows=ALL, extra=f"{rollout(more='abort_if: {}')}\n{again}")
    for _ in range(6):
        lab.apply()
        call(lab, DAY)
    assert Counter(lab.rung()) == Counter(number(index) for index in ALL for _ in range(2))


def test_rows_that_are_added_while_the_rest_is_called_are_of_no_canary(tmp_path: Path) -> None:
    lab = canary_lab(tmp_path, extra=rollout(wait="0s"))
    lab.apply()
    call(lab)
    lab.apply()
    lab.rows("renewal", range(44))
    assert changes(lab) == [("create", 3, "rows-added", 4), ("wait", 3, "line-taken", 4)]
    call(lab)
    lab.converge()
    assert_rung(lab, range(44))


def test_nobody_takes_a_place_in_a_larger_canary_by_being_called_again(tmp_path: Path) -> None:
    lab = aborted(tmp_path)
    again = "recall: {again: {on: [not-reached], rounds: 1, wait: 10m}}"
    lab.campaign(rows=ALL, extra=f"{rollout(30)}\n{again}")
    for _ in range(2):
        lab.apply()
        call(lab, DAY)
    rung = Counter(lab.rung())
    assert (len(rung), max(rung.values())) == (30, 1)
