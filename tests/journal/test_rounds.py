"""Further rounds by result: who is rung again, how often and when; the platform's own log is the judge."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.journal.round_story import DAY, HOUR, ONCE, after_the_first, in_vain, results_of, times, two_rounds
from tests.support.copies import copy_state, put_copy_back
from tests.support.lab import START, Lab, number, settings
from tests.support.looking import campaign, shown
from tests.support.records import deliver
from tests.support.scenes import lose_the_state, rebuilt
from tests.support.trouble import (
    FROZEN_SENT,
    FROZEN_UNSENT,
    KILLED_AFTER,
    KILLED_AND_LATE,
    KILLED_AT_WRITE,
    KILLED_BEFORE,
    KILLED_WRITTEN,
    Point,
    TroubledLab,
)
from yeta_reconcile.apply.recovery.resolve import Ruling, Settlement, settle
from yeta_reconcile.cli.commands.history import rounds_by_wave
from yeta_reconcile.cli.commands.why import why_of
from yeta_reconcile.emulator import Emulator, Line, VirtualClock
from yeta_reconcile.plan.staleness import left_out, moved_changes
from yeta_reconcile.platform.call import NAMES, RESULTS, ResultMeaning
from yeta_reconcile.records.projector import Projector
from yeta_reconcile.render.reports import report_text
from yeta_reconcile.store.inbox import Push
from yeta_reconcile.waves.record import RowState

pytestmark = pytest.mark.sweep

TWICE = "{again: {on: [not-reached], rounds: 2, wait: 1d}}"


def a_lab(root: Path, results: Mapping[int, str | tuple[str, ...]] | None = None, **given: Any) -> Lab:
    """People who are never reached, but for those of whom it is said what their calls come to."""
    scripted = {
        number(index): (said,) if isinstance(said, str) else said for index, said in (results or {}).items()
    }
    platform = settings(scripted=scripted, result_weights={"20": 1.0}, **given)
    return Lab(root, Emulator(platform, clock=VirtualClock(START)))


def go_on(lab: Lab, days: float = 1) -> None:
    """So long apply is run every twelve hours, and the records are there."""
    for _ in range(round(days * 2)):
        deliver(lab)
        lab.apply()
        lab.emulator.advance(12 * HOUR)
    deliver(lab)


def waves(lab: Lab) -> list[str]:
    """The tasks that there ever were and that were not discarded unstarted."""
    tasks = lab.emulator.tasks.values()
    return [task.name.split("~")[1] for task in tasks if task.started_at or not task.deleted]


def said_in(lab: Lab, wave: str) -> set[str]:
    """What the rows of a wave's task say besides the number."""
    (task,) = (one for one in lab.emulator.tasks.values() if one.name.split("~")[1] == wave)
    return {row.values[1] for row in task.rows}


def tell_now(lab: Lab, **said: Any) -> None:
    """A record comes in now that says so of the first call of the first person who was called."""
    record = next(push for push in lab.emulator.pushes if "task_id" in push.data)
    body = json.dumps(record.data | said, ensure_ascii=False).encode()
    with lab.store() as store:
        store.inbox.append([Push(record.module, body, lab.emulator.clock.now_ms)])
        Projector(store).drain()


# Who is called again


def test_who_is_not_reached_is_called_in_each_round_and_nobody_else_in_any(tmp_path: Path) -> None:
    codes = dict(enumerate(RESULTS))
    lab = a_lab(tmp_path, codes)
    lab.campaign(rows=range(len(codes)), recall=TWICE)

    go_on(lab, 6)

    missed = {index for index, code in codes.items() if RESULTS[code].meaning is ResultMeaning.NOT_REACHED}
    assert times(lab) == {index: 3 if index in missed else 1 for index in codes}
    assert lab.actions() == []


def test_who_was_connected_refused_or_has_a_wrong_number_is_called_again_where_that_is_named(
    tmp_path: Path,
) -> None:
    codes = dict(enumerate(RESULTS))
    lab = a_lab(tmp_path, codes)
    lab.campaign(rows=range(len(codes)), recall="{again: {on: [connected, refused, 6], wait: 1h}}")

    go_on(lab, 1.5)

    named = {*NAMES["connected"], "8", "6"}
    assert times(lab) == {index: 2 if code in named else 1 for index, code in codes.items()}


def test_what_the_last_call_of_a_round_came_to_counts_and_the_recalls_are_over_first(tmp_path: Path) -> None:
    results = {0: ("20", "0"), 1: ("20", "20"), 2: ("20", "5"), 3: ("5", "8"), 4: ("5", "5")}
    lab = a_lab(tmp_path, results)
    recall = "{count: 1, wait: 1h, again: {on: [busy], rounds: 1, wait: 1h}}"
    lab.campaign(rows=range(5), recall=recall)

    go_on(lab, 3)

    assert times(lab) == {0: 1, 1: 1, 2: 2, 3: 1, 4: 2}
    second = min(
        ring.at for ring in lab.emulator.dialled if ring.number == number(2) and "~w2~" in ring.task_name
    )
    first = max(ring.at for ring in lab.emulator.recalled if "~w1~" in ring.task_name)
    assert second - first >= HOUR * 1000


def test_a_round_waits_as_declared_and_its_plan_says_until_when(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, {0: "0"})
    lab.campaign(recall=ONCE)
    lab.converge()
    lab.emulator.advance(HOUR)
    deliver(lab)

    (wait,) = lab.plan().plan.changes

    assert (wait.action.value, wait.reason.value, wait.rows, wait.waiting_rows) == (
        "wait",
        "next-round",
        2,
        2,
    )
    assert lab.apply().exit_code == 7
    last = max(ring.at for ring in lab.emulator.dialled)
    assert wait.detail.startswith("until 2026-12-02 09:0")
    lab.emulator.advance((last - lab.emulator.clock.now_ms) / 1000 + DAY - 1)
    assert lab.actions() == [("renewal", "wait", 2, "next-round", 2)]
    lab.emulator.advance(60)
    assert lab.actions() == [
        ("renewal", "create", 2, "next-round", 2),
        ("renewal", "start", 2, "declared-running", 2),
    ]
    summary = lab.plan().plan.summary
    assert (summary.new_numbers, summary.ringing_numbers, summary.repeat_numbers) == (2, 2, 2)


def test_a_round_that_is_to_come_is_not_forgotten_while_its_campaign_is_paused(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(recall=ONCE)
    lab.converge()
    lab.emulator.advance(HOUR)
    deliver(lab)
    lab.campaign(recall=ONCE, state="paused")
    for _ in range(3):
        lab.converge()

    lab.campaign(recall=ONCE)

    assert lab.actions() == [("renewal", "wait", 2, "next-round", 3)]


def test_however_short_it_waits_no_record_may_have_come_in_lately(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(recall="{again: {on: [not-reached], wait: 0s}}")
    lab.converge()
    lab.emulator.advance(HOUR)
    deliver(lab)
    assert [action[1] for action in lab.actions()] == ["create", "start"]

    tell_now(lab, call_uuid="another", task_result="5")

    assert [action[1::2] for action in lab.actions()] == [("wait", "next-round")]
    lab.emulator.advance(599)
    assert [action[1::2] for action in lab.actions()] == [("wait", "next-round")]
    lab.emulator.advance(1)
    assert [action[1] for action in lab.actions()] == ["create", "start"]


# Records that are late, missing, doubled


def test_nobody_is_called_again_before_everybody_has_a_record(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(recall=ONCE)
    lab.converge()
    lab.emulator.advance(HOUR)
    calls = [push for push in lab.emulator.pushes if "task_id" in push.data]
    deliver(lab, calls[:2])
    lab.emulator.advance(2 * DAY)

    assert lab.actions() == [("renewal", "wait", 1, "records-missing", 3)]
    assert lab.apply().exit_code == 7
    assert set(times(lab).values()) == {1}

    go_on(lab, 2)
    assert times(lab) == {0: 2, 1: 2, 2: 2}


def test_where_a_recall_has_no_record_yet_nobody_knows_that_it_was_in_vain(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, {0: ("20", "0")})
    lab.campaign(recall="{count: 1, wait: 1h, again: {on: [not-reached], wait: 1h}}")
    lab.converge()
    lab.emulator.advance(1800)
    deliver(lab)
    lab.emulator.advance(DAY)

    assert [action[1::2] for action in lab.actions()] == [("wait", "records-missing")]
    lab.apply()
    assert set(times(lab).values()) == {1}
    go_on(lab, 2)
    assert times(lab) == {0: 1, 1: 2, 2: 2}


def test_whose_last_record_never_comes_is_not_called_again_and_is_named(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(recall="{count: 1, wait: 1h, again: {on: [not-reached], wait: 1h}}")
    lab.converge()
    lab.emulator.advance(DAY)
    second = [push for push in lab.emulator.pushes if push.data.get("task_tries") == 1]
    assert len({push.data["call_uuid"] for push in second}) == 3
    lost = second[0].data["call_uuid"]
    deliver(lab, [push for push in lab.emulator.pushes if push.data.get("call_uuid") != lost])
    lab.emulator.advance(8 * DAY)

    found = [said for said in lab.plan().plan.diagnostics if said.code == "round-unknown"]
    lab.converge()
    lab.emulator.advance(HOUR)

    assert ["of wave 1, 1 row is not called again" in said.summary for said in found] == [True]
    assert sorted(times(lab).values()) == [1, 2, 2]


def test_a_wave_that_never_accounts_is_followed_by_no_round_until_a_person_settles_it(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(recall=ONCE)
    lab.converge()
    lab.emulator.advance(HOUR)
    deliver(lab, [push for push in lab.emulator.pushes if push.data.get("callee") != number(2)])
    lab.emulator.advance(9 * DAY)
    lab.converge()
    (said,) = lab.plan().plan.diagnostics
    assert said.code == "round-unknown"
    assert said.summary.startswith("of wave 1, 3 rows are not called again by recall.again: 1 call record")

    with lab.store() as store:
        (wave,) = lab.plan().subjects["renewal"].waves
        (open_row,) = (row for row in store.waves.rows(1) if row.state is RowState.PENDING)
        settle(store, Settlement(wave, Ruling.DIALLED, frozenset({open_row.key})))
    lab.converge()
    lab.emulator.advance(HOUR)

    assert times(lab) == {0: 2, 1: 2, 2: 1}
    (said,) = lab.plan().plan.diagnostics
    assert said.summary.startswith("of wave 1, 1 row is not called again by recall.again: the record of")


def test_records_that_come_twice_or_in_any_order_ring_nobody_once_more(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, {0: ("20", "0")})
    lab.campaign(recall="{count: 1, wait: 1h, again: {on: [not-reached], rounds: 1, wait: 1h}}")
    for _ in range(12):
        deliver(lab, [*reversed(lab.emulator.pushes), *lab.emulator.pushes])
        lab.apply()
        lab.emulator.advance(6 * HOUR)

    assert times(lab) == {0: 1, 1: 2, 2: 2}


@pytest.mark.parametrize("standing", ["staged", "started"])
def test_a_record_that_says_that_somebody_was_reached_takes_them_out_of_the_next_round(
    tmp_path: Path, standing: str
) -> None:
    later = "schedule: {begin: 2026-12-03T20:00:00}"
    lab = a_lab(tmp_path)
    after_the_first(lab)
    lab.campaign(recall=ONCE, state="paused" if standing == "staged" else "running", extra=later)
    lab.converge()
    assert waves(lab) == ["w1", "w2"]

    tell_now(lab, call_uuid="another", task_result="0", time_answer=lab.emulator.clock.now_ms)
    lab.campaign(recall=ONCE, extra=later)
    go_on(lab, 4)

    assert sorted(times(lab).values()) == [1, 2, 2]


def test_a_record_that_only_says_more_of_the_same_takes_nobody_out(tmp_path: Path) -> None:
    later = "schedule: {begin: 2026-12-03T20:00:00}"
    lab = a_lab(tmp_path)
    after_the_first(lab)
    lab.campaign(recall=ONCE, extra=later)
    lab.converge()

    tell_now(lab, call_uuid="another", task_result="5")
    go_on(lab, 4)

    assert waves(lab) == ["w1", "w2"]
    assert times(lab) == {0: 2, 1: 2, 2: 2}


# What changes meanwhile


def test_who_left_the_list_or_may_not_be_called_any_more_is_in_no_further_round(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.declare_project("limits: {do_not_call: [dnc.csv]}\n")
    (lab.root / "dnc.csv").write_text("phone\n", encoding="utf-8")
    after_the_first(lab, rows=range(4), recall=TWICE)
    lab.rows("renewal", [0, 2, 3])
    go_on(lab, 1)
    assert times(lab) == {0: 2, 1: 1, 2: 2, 3: 2}

    (lab.root / "dnc.csv").write_text(f"phone\n{number(0)}\n", encoding="utf-8")
    go_on(lab, 3)

    assert times(lab) == {0: 2, 1: 1, 2: 3, 3: 3}


def test_without_again_there_are_no_rounds_and_one_that_is_staged_is_discarded(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    after_the_first(lab, state="running")
    lab.campaign(recall=ONCE, state="paused")
    lab.converge()
    assert waves(lab) == ["w1", "w2"]

    lab.campaign(recall="{count: 0}")
    go_on(lab, 3)

    assert times(lab) == {0: 1, 1: 1, 2: 1}
    assert lab.actions() == []
    lab.campaign(recall=ONCE)
    go_on(lab, 3)
    assert times(lab) == {0: 2, 1: 2, 2: 2}


def test_a_staged_row_that_is_not_of_the_round_in_which_it_is_to_be_called_is_not_started(
    tmp_path: Path,
) -> None:
    lab = a_lab(tmp_path)
    after_the_first(lab)
    lab.campaign(recall=ONCE, state="paused")
    lab.converge()
    with lab.store() as store, store.database.write() as transaction:
        transaction.execute("UPDATE wave_rows SET round = 1 WHERE wave_id = 2")
        transaction.execute("UPDATE campaigns SET settled_list = ''")
    lab.campaign(recall=ONCE)
    assert lab.actions() == [("renewal", "delete", 2, "nothing-to-call", 3)]


def test_an_edit_that_is_taken_back_rings_nobody_twice_in_one_round(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    after_the_first(lab)
    go_on(lab, 1)
    assert times(lab) == {0: 2, 1: 2, 2: 2}

    for recall in ("{count: 0}", ONCE, "{again: {on: [busy], rounds: 3}}", ONCE):
        lab.campaign(recall=recall)
        go_on(lab, 2)
        assert times(lab) == {0: 2, 1: 2, 2: 2}

    lab.campaign(recall=TWICE)
    go_on(lab, 3)
    assert times(lab) == {0: 3, 1: 3, 2: 3}


def test_a_round_that_was_begun_goes_on_as_declared_then_also_in_the_wave_that_replaces_it(
    tmp_path: Path,
) -> None:
    later = "schedule: {begin: 2026-12-03T20:00:00}"
    lab = a_lab(tmp_path)
    after_the_first(lab, rows=range(4))
    lab.campaign(rows=range(4), recall=ONCE, extra=later)
    lab.converge()

    lab.campaign(rows=[(0, "另一个"), 1, 2], recall="{count: 0}", extra=later, lines='["200"]')
    go_on(lab, 5)

    assert waves(lab) == ["w1", "w2", "w3"]
    assert times(lab) == {0: 2, 1: 2, 2: 2, 3: 1}
    assert said_in(lab, "w3") == {"另一个", "客户1", "客户2"}


def test_rows_that_are_added_are_called_with_those_who_are_called_again(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    after_the_first(lab)
    lab.campaign(rows=range(5), recall=ONCE)

    summary = lab.plan().plan.summary

    assert (summary.new_numbers, summary.repeat_numbers) == (5, 3)
    go_on(lab, 3)
    assert times(lab) == dict.fromkeys(range(5), 2)


def test_what_is_edited_meanwhile_is_said_in_the_next_round(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    after_the_first(lab, rows=[(0, "从前")])
    lab.rows("renewal", [(0, "现在")])
    go_on(lab, 1)
    assert said_in(lab, "w2") == {"现在"}


def test_a_number_that_another_key_has_now_is_in_no_further_round(tmp_path: Path) -> None:
    contacts = "{csv: renewal.csv, columns: {客户手机号码: phone, 姓名: name}, key: name}"
    lab = a_lab(tmp_path)
    after_the_first(lab, rows=[(0, "甲"), (1, "乙")], contacts=contacts)
    lab.rows("renewal", [(0, "丙"), (1, "乙")])
    go_on(lab, 2)
    assert times(lab) == {0: 1, 1: 2}


def test_who_leaves_the_list_while_a_round_goes_on_leaves_its_wave(tmp_path: Path) -> None:
    later = "schedule: {begin: 2026-12-03T20:00:00}"
    lab = a_lab(tmp_path)
    after_the_first(lab)
    lab.campaign(recall=ONCE, extra=later)
    lab.converge()

    lab.rows("renewal", [0, 2])
    go_on(lab, 4)

    assert times(lab) == {0: 2, 1: 1, 2: 2}


def test_a_number_that_another_key_was_called_with_too_is_in_no_further_round_of_this_one(
    tmp_path: Path,
) -> None:
    said = "csv: renewal.csv, columns: {客户手机号码: phone, 姓名: name}, key: name"
    lab = a_lab(tmp_path)
    after_the_first(lab, rows=[(0, "甲"), (0, "乙"), (1, "丙")], contacts=f"{{{said}, same_number: allow}}")
    lab.campaign(rows=[(0, "甲"), (1, "丙")], recall=ONCE, contacts=f"{{{said}}}")
    go_on(lab, 2)
    assert times(lab) == {0: 2, 1: 2}


def test_a_number_that_a_continued_campaign_called_too_is_in_no_further_round(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign("other", [0], lines='["200"]')
    lab.converge()
    after_the_first(lab, extra="repeats: [other]")
    lab.campaign(recall=ONCE, extra="continues: [other]")
    go_on(lab, 2)
    assert times(lab) == {0: 2, 1: 2, 2: 2}


def test_whom_another_campaign_called_too_a_staged_round_counts_once(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign("other", [0], lines='["200"]')
    lab.converge()
    after_the_first(lab, extra="repeats: [other]")
    assert lab.plan().plan.summary.repeat_numbers == 3
    lab.campaign(recall=ONCE, state="paused", extra="repeats: [other]")
    lab.converge()
    lab.campaign(recall=ONCE, extra="repeats: [other]")
    assert lab.plan().plan.summary.repeat_numbers == 3


def test_a_record_whose_result_comes_later_is_heard_although_its_list_asked_for_nothing(
    tmp_path: Path,
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=[0], recall=ONCE)
    lab.converge()
    lab.emulator.advance(HOUR)
    (record,) = (push for push in lab.emulator.pushes if "task_id" in push.data)
    told = record.data.pop("task_result")
    deliver(lab)
    for _ in range(2):
        lab.converge()
    assert lab.actions() == []

    record.data["task_result"] = told
    deliver(lab)

    assert lab.actions() == [("renewal", "wait", 2, "next-round", 1)]


# Beside other campaigns and limits


def test_whoever_comes_after_it_waits_until_its_last_round_is_over(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(recall=TWICE)
    lab.campaign("next", range(10, 12), lines='["200"]', after="[renewal]")

    go_on(lab, 5)

    last = max(ring.at for ring in lab.emulator.dialled if "renewal~w3~" in ring.task_name)
    assert min(ring.at for ring in lab.emulator.dialled if "next~" in ring.task_name) > last


def test_whom_a_continued_campaign_calls_in_a_further_round_is_not_called_by_the_other(
    tmp_path: Path,
) -> None:
    later = "schedule: {begin: 2026-12-03T20:00:00}"
    lab = a_lab(tmp_path)
    after_the_first(lab)
    lab.campaign(recall=ONCE, extra=later)
    lab.converge()

    lab.rows("renewal", [1, 2])
    lab.campaign(
        "other", [0], lines='["200"]', extra="continues: [renewal]\nrecall: {again: {on: [busy, no-answer]}}"
    )
    assert [action for action in lab.actions() if action[0] == "other"] == []
    go_on(lab, 4)

    assert times(lab) == {0: 1, 1: 2, 2: 2}


@pytest.mark.parametrize("limit", ["repeat_numbers: 2", "frequency: {times: 1, within: 7d}"])
def test_a_round_is_counted_by_the_limits(tmp_path: Path, limit: str) -> None:
    lab = a_lab(tmp_path)
    lab.declare_project(f"limits: {{{limit}}}\n")
    after_the_first(lab)

    planned = lab.plan()

    assert planned.exit_code == 4
    (said,) = (one for one in planned.plan.diagnostics if one.severity == "error")
    assert limit.partition(":")[0] in said.hint


def test_a_staged_round_is_counted_when_it_is_started(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    after_the_first(lab)
    lab.campaign(recall=ONCE, state="paused")
    lab.converge()
    lab.campaign(recall=ONCE)

    summary = lab.plan().plan.summary

    assert (summary.new_numbers, summary.ringing_numbers, summary.repeat_numbers) == (0, 3, 3)


def test_after_its_end_nobody_is_called_again_and_nobody_is_said_to_be_lost(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    after_the_first(lab, extra="schedule: {end: 2026-12-02T12:00:00}")
    assert lab.actions() == []
    assert not lab.plan().plan.diagnostics
    go_on(lab, 1)
    assert times(lab) == {0: 1, 1: 1, 2: 1}


# Plans and forecasts


def test_a_saved_plan_that_waited_for_a_round_does_not_ring_it(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(recall=ONCE)
    lab.converge()
    lab.emulator.advance(HOUR)
    deliver(lab)
    saved = lab.plan().plan
    lab.emulator.advance(DAY)
    assert lab.plan().plan.summary.ringing_numbers == 3
    assert left_out(saved, lab.plan().plan) == {"renewal"}


def test_a_saved_plan_of_a_round_is_stale_once_it_would_ring_somebody_else(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    after_the_first(lab)
    saved = lab.plan().plan
    assert moved_changes(saved, lab.plan().plan) == []

    tell_now(lab, call_uuid="another", task_result="0")
    lab.emulator.advance(1000)

    assert any("is another now" in said for said in moved_changes(saved, lab.plan().plan))


def test_the_forecast_has_the_calls_of_the_rounds_to_come(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=range(40), recall=TWICE)
    assert lab.plan().plan.forecast[0].calls == 40 + 20 + 10
    lab.converge()
    lab.emulator.advance(HOUR)
    deliver(lab)

    (ahead,) = lab.plan().plan.forecast

    # By now it is known that nobody answers.
    assert ahead.calls == 80
    assert ahead.finish is not None
    assert (ahead.finish - START).days == 2


# Status


def test_status_says_in_which_round_a_wave_calls_and_when_the_next_one_is_to_come(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, {0: "0"})
    after_the_first(lab, recall=TWICE)
    go_on(lab, 0.5)

    found = campaign(lab)

    assert [wave.round for wave in found.waves] == [1, 2]
    assert (found.rounds, found.numbers, found.dialled) == (3, 3, 3)
    assert found.next_round is not None
    assert (found.next_round.round, found.next_round.rows) == (3, 2)
    text = report_text(shown(lab, "renewal"))
    assert "round 2 of 3\n" in text
    assert f"round 3 of 3: up to 2 numbers may be called again from {found.next_round.since:%H:%M}" in text


def test_in_which_round_a_number_was_called_is_told_of_it_and_of_each_wave(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, {0: "0"})
    after_the_first(lab, recall=TWICE)
    go_on(lab, 0.5)

    with lab.store() as store:
        told = {
            index: [wave.round for wave in why_of(store, lab.repository(), number(index)).waves]
            for index in range(2)
        }
        assert told == {0: [1], 1: [1, 2]}
        assert rounds_by_wave(store.waves.recorded()) == {("renewal", 1): 1, ("renewal", 2): 2}


# Nobody by guess: states that were lost, runners that die or sleep


@pytest.mark.parametrize(
    ("lost", "rang", "often"),
    [
        ("all of it", False, 1),
        ("all of it", True, 2),
        ("what came after the first calls", True, 2),
        # Nobody was called by the task that was taken in and is taken apart: both rounds are still to come.
        ("what came after the first calls", False, 3),
    ],
)
def test_of_a_wave_that_was_rebuilt_nobody_is_called_in_a_further_round(
    tmp_path: Path, lost: str, rang: bool, often: int
) -> None:
    lab = a_lab(tmp_path)
    after_the_first(lab, recall=TWICE)
    copy_state(lab)
    later = "" if rang else "schedule: {begin: 2026-12-03T20:00:00}"
    lab.campaign(recall=TWICE, extra=later)
    lab.converge()
    lab.emulator.advance(HOUR)

    if lost == "all of it":
        lose_the_state(lab)
    else:
        put_copy_back(lab)
    assert lab.plan().exit_code == 8
    rebuilt(lab)
    go_on(lab, 5)

    assert set(times(lab).values()) == {often}
    named = [said.summary for said in lab.plan().plan.diagnostics if said.code == "round-unknown"]
    assert all("in which round its people were called is not known" in said for said in named)
    assert bool(named) is (often < 3)


def test_a_round_of_which_a_state_knows_nothing_any_more_is_not_called_anew(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, {0: "0"})
    after_the_first(lab, recall=TWICE)
    copy_state(lab)
    lab.converge()
    lab.emulator.advance(HOUR)

    put_copy_back(lab)
    rebuilt(lab)
    go_on(lab, 5)

    assert times(lab) == {0: 1, 1: 2, 2: 2}


ROUND_POINTS = [
    *(("create", kind) for kind in (KILLED_BEFORE, KILLED_AFTER, "timeout after", FROZEN_SENT)),
    *(("insert", kind) for kind in (KILLED_AFTER, "executed, unanswered", FROZEN_UNSENT)),
    *(("start", kind) for kind in (KILLED_BEFORE, KILLED_AFTER, KILLED_AND_LATE, "5xx after", FROZEN_SENT)),
]


@pytest.fixture(scope="module")
def untroubled(tmp_path_factory: pytest.TempPathFactory) -> TroubledLab:
    return two_rounds(tmp_path_factory.mktemp("untroubled") / "round")


@pytest.mark.parametrize(("call", "kind"), ROUND_POINTS)
def test_whatever_goes_wrong_in_a_round_everybody_in_it_is_rung_once_more(
    tmp_path: Path, untroubled: TroubledLab, call: str, kind: str
) -> None:
    nth = untroubled.requests.index(call) + 1
    lab = two_rounds(tmp_path / "round", Point("request", nth, kind))
    assert lab.struck
    assert times(lab) == times(untroubled) == {0: 1, 1: 2, 2: 2}


@pytest.mark.parametrize("kind", [KILLED_AT_WRITE, KILLED_WRITTEN])
def test_dying_at_any_write_of_a_round_rings_nobody_twice_in_it(
    tmp_path: Path, untroubled: TroubledLab, kind: str
) -> None:
    for nth in range(2 if kind == KILLED_WRITTEN else 5, untroubled.writes, 8):
        lab = two_rounds(tmp_path / str(nth), Point("write", nth, kind))
        assert times(lab) == {0: 1, 1: 2, 2: 2}


# A campaign as they are: the platform's own spread of results, to its end


def called_in_rounds(root: Path, people: int, connected_below: str) -> Lab:
    """So many people with two further rounds, after a canary of fifty, for two days."""
    lines = (Line("100", 50, ("00:00:00-23:59:59",)),)
    lab = Lab(root, Emulator(settings(lines=lines), clock=VirtualClock(START)))
    lab.declare_project("limits: {repeat_numbers: 1000}\n")
    lab.campaign(
        rows=range(people),
        recall="{count: 1, wait: 10m, again: {on: [not-reached], rounds: 2, wait: 6h}}",
        extra=f"rollout: {{canary: 50, wait: 1h, abort_if: {{connected_below: {connected_below}}}}}",
    )
    told = 0
    for _ in range(9):
        sent = lab.emulator.pushes[told:]
        told += len(sent)
        deliver(lab, [push for push in sent if "task_id" in push.data])
        lab.apply()
        lab.emulator.advance(6 * HOUR)
    return lab


MANY = pytest.mark.parametrize("people", [500, pytest.param(2000, marks=pytest.mark.torture)])


@MANY
def test_many_people_are_each_rung_as_often_as_what_their_calls_came_to_asks_for(
    tmp_path: Path, people: int
) -> None:
    lab = called_in_rounds(tmp_path, people, connected_below="10%")

    came_to, rung = results_of(lab), Counter(lab.rung())
    assert rung.keys() == came_to.keys() == {number(index) for index in range(people)}
    for who, results in came_to.items():
        rounds = [in_vain(calls) for calls in results.values()]
        assert rung[who] == len(rounds)
        assert all(rounds[:-1]), "somebody was rung once more who was not to be"
        assert not rounds[-1] or len(rounds) == 3, "somebody was to be rung once more, and was not"
    assert lab.actions() == []
    counted = sum(plan.summary.repeat_numbers for plan in lab.applied)
    assert counted == sum(rung.values()) - people
    # The canary was over, and all of its records there, before anybody else was rung.
    first, others = lab.emulator.dialled[:50], lab.emulator.dialled[50:]
    (canary,) = {ring.task_id for ring in first}
    records = (push.data for push in lab.emulator.pushes if push.data.get("task_id") == canary)
    over = max(record["time_hangup"] for record in records)
    assert min(ring.at for ring in others) > over + HOUR * 1000


@MANY
def test_of_many_people_a_canary_that_goes_badly_rings_its_fifty_and_nobody_else(
    tmp_path: Path, people: int
) -> None:
    lab = called_in_rounds(tmp_path, people, connected_below="100%")

    rung = Counter(lab.rung())
    assert (len(rung), max(rung.values())) == (50, 1)
    assert len({ring.task_id for ring in lab.emulator.dialled}) == 1
    again = sum(in_vain(calls) for results in results_of(lab).values() for calls in results.values())
    assert lab.actions() == [("renewal", "wait", 2, "aborted", people - 50 + again)]
