from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.platform import OPEN, Platform, numbers
from yeta_reconcile.emulator import Settings, Status

NEVER: dict[str, Any] = {"result_weights": {"20": 1.0}}
ALWAYS: dict[str, Any] = {"result_weights": {"0": 1.0}}
HOUR = 3600
DAY_MS = 86_400_000


def test_new_then_started_then_running_then_completed() -> None:
    platform = Platform(**ALWAYS)
    platform.until_nine()
    task_id = platform.filled(8)
    assert platform.status(task_id) == Status.NEW

    platform.code("start", task_id=task_id)
    assert platform.status(task_id) == Status.STARTED
    platform.emulator.advance(1)
    assert platform.status(task_id) == Status.RUNNING
    platform.emulator.advance(HOUR)

    row = platform.row(task_id)
    assert row["status"] == Status.COMPLETED
    assert (row["count_tel"], row["process_count"], row["process_tel_count"]) == (8, 8, 8)
    assert (row["process_through_count"], row["process_through_rate"]) == (8, 1.0)
    assert row["time_task_start"] < row["time_task_finish"] <= platform.emulator.clock.now_ms


def test_started_until_its_beginning() -> None:
    platform = Platform()
    begin = platform.emulator.clock.now_ms + 2 * HOUR * 1000
    task_id = platform.started(time_begin=begin)

    platform.emulator.advance(2 * HOUR - 1)
    assert platform.status(task_id) == Status.STARTED
    assert platform.emulator.dialled == []
    platform.emulator.advance(1)
    assert platform.status(task_id) == Status.RUNNING
    assert {rang.at for rang in platform.emulator.dialled} == {begin}


def test_outside_hours_until_a_window_opens() -> None:
    platform = Platform()
    task_id = platform.started()

    platform.emulator.advance(1)
    assert platform.status(task_id) == Status.OUTSIDE_HOURS
    platform.emulator.advance(HOUR)
    assert platform.status(task_id) == Status.RUNNING


def test_dialling_stops_with_the_window_and_goes_on_with_the_next() -> None:
    platform = Platform()
    task_id = platform.started(50, time_range=["09:00:00-09:01:00", "10:00:00-11:00:00"])
    platform.until_nine()

    platform.emulator.advance(59.999)
    assert platform.status(task_id) == Status.RUNNING
    platform.emulator.advance(0.001)
    assert platform.status(task_id) == Status.OUTSIDE_HOURS
    before = len(platform.emulator.dialled)
    assert 0 < before < 50
    platform.emulator.advance(HOUR - 61)
    assert len(platform.emulator.dialled) == before
    platform.emulator.advance(HOUR)
    assert platform.status(task_id) == Status.COMPLETED
    hours = {(rang.at // 3_600_000 + 8) % 24 for rang in platform.emulator.dialled}
    assert hours == {9, 10}


def test_the_next_day_is_a_window_too() -> None:
    platform = Platform()
    platform.emulator.advance(12 * HOUR)
    task_id = platform.started()

    platform.emulator.advance(13 * HOUR - 1)
    assert platform.status(task_id) == Status.OUTSIDE_HOURS
    platform.emulator.advance(HOUR)
    assert platform.status(task_id) == Status.COMPLETED


def test_a_pause_lets_calls_in_progress_end_and_a_start_goes_on() -> None:
    platform = Platform(**ALWAYS)
    platform.until_nine()
    task_id = platform.started(20)
    platform.emulator.advance(1)

    assert platform.code("pause", task_id=task_id) == 0
    row = platform.row(task_id, show_remaining=True)
    assert (row["status"], row["remaining"], row["process_tel_count"]) == (3, 5, 5)
    platform.emulator.advance(HOUR)
    row = platform.row(task_id, show_remaining=True)
    assert (row["status"], row["remaining"], row["process_tel_count"]) == (3, 0, 5)
    assert len(platform.emulator.pushes) == 5 * 4
    assert platform.code("pause", task_id=task_id) == 0

    assert platform.code("start", task_id=task_id) == 0
    platform.emulator.advance(HOUR)
    assert platform.status(task_id) == Status.COMPLETED
    assert sorted(rang.number for rang in platform.emulator.dialled) == numbers(20)


def test_expired_where_the_end_comes_before_the_last_number() -> None:
    platform = Platform()
    end = platform.emulator.clock.now_ms + HOUR * 1000 + 60_000
    task_id = platform.started(50, time_end=end)

    platform.emulator.advance(2 * HOUR)

    row = platform.row(task_id)
    assert row["status"] == Status.EXPIRED
    assert row["process_tel_count"] < row["count_tel"] == 50
    assert all(rang.at < end for rang in platform.emulator.dialled)
    assert platform.code("start", task_id=task_id) == 3010101


def test_completed_where_only_recalls_were_left_at_the_end() -> None:
    platform = Platform(**NEVER)
    end = platform.emulator.clock.now_ms + 2 * HOUR * 1000
    task_id = platform.started(time_end=end, recall_count=3, time_recall_wait=2 * HOUR)

    platform.emulator.advance(2 * HOUR - 1)
    assert platform.status(task_id) == Status.AWAITING_RECALL
    platform.emulator.advance(1)
    assert platform.status(task_id) == Status.COMPLETED


def test_calls_in_progress_at_the_end_are_waited_for() -> None:
    platform = Platform(**ALWAYS)
    end = platform.emulator.clock.now_ms + HOUR * 1000 + 1000
    task_id = platform.started(3, time_end=end)

    platform.emulator.advance(HOUR + 1)
    assert platform.status(task_id) == Status.RUNNING
    platform.emulator.advance(HOUR)
    assert platform.status(task_id) == Status.COMPLETED


@pytest.mark.parametrize(("expire", "status"), [(True, Status.EXPIRED), (False, Status.NEW)])
def test_a_staged_task_may_expire(expire: bool, status: Status) -> None:
    platform = Platform(staged_tasks_expire=expire)
    task_id = platform.filled(time_end=platform.emulator.clock.now_ms + 1000)

    platform.emulator.advance(1)

    row = platform.row(task_id)
    assert (row["status"], row["time_task_start"], row["process_tel_count"]) == (status, 0, 0)


def test_a_paused_task_expires() -> None:
    platform = Platform()
    task_id = platform.started(time_end=platform.emulator.clock.now_ms + 1000)
    platform.code("pause", task_id=task_id)

    platform.emulator.advance(1)

    assert platform.status(task_id) == Status.EXPIRED


def test_an_empty_task_completes_at_once() -> None:
    platform = Platform()
    task_id = platform.create()
    assert platform.code("start", task_id=task_id) == 0

    platform.emulator.advance(1)

    assert platform.status(task_id) == Status.COMPLETED


def test_recalls_go_in_rounds_to_those_who_did_not_answer() -> None:
    first, second, third = numbers(3)
    script = {first: ("0",), second: ("20", "0"), third: ("20", "5", "4", "0")}
    platform = Platform(scripted=script)
    platform.until_nine()
    task_id = platform.started(recall_count=2, time_recall_wait=600)

    platform.emulator.advance(300)
    row = platform.row(task_id)
    assert (row["status"], row["count_recalled"]) == (Status.AWAITING_RECALL, 0)
    platform.emulator.advance(HOUR)

    row = platform.row(task_id)
    assert (row["status"], row["count_recalled"]) == (Status.COMPLETED, 2)
    assert (row["process_count"], row["process_tel_count"]) == (6, 3)
    assert row["process_through_count"] == 2
    assert [rang.number for rang in platform.emulator.dialled] == [first, second, third]
    recalled = [(rang.number, rang.tries) for rang in platform.emulator.recalled]
    assert recalled == [(second, 1), (third, 1), (third, 2)]
    gap = platform.emulator.recalled[0].at - platform.emulator.dialled[-1].at
    assert gap >= 600_000


def test_a_pause_while_a_recall_is_awaited_holds_it() -> None:
    platform = Platform(**NEVER)
    platform.until_nine()
    task_id = platform.started(recall_count=1, time_recall_wait=600)
    platform.emulator.advance(300)
    platform.code("pause", task_id=task_id)

    platform.emulator.advance(HOUR)
    assert (platform.status(task_id), platform.emulator.recalled) == (Status.PAUSED, [])
    platform.code("start", task_id=task_id)
    platform.emulator.advance(HOUR)
    assert platform.status(task_id) == Status.COMPLETED
    assert len(platform.emulator.recalled) == 3


@pytest.mark.parametrize(("cut", "records"), [(False, 20), (True, 0)])
def test_a_delete_lets_calls_finish_or_cuts_them(cut: bool, records: int) -> None:
    platform = Platform(delete_cuts_calls=cut, **ALWAYS)
    platform.until_nine()
    task_id = platform.started(20)
    platform.emulator.advance(1)

    assert platform.code("delete", task_id=task_id) == 0
    row = platform.row(task_id, show_remaining=True)
    assert (row["deleted"], row["remaining"]) == (1, 0 if cut else 5)
    platform.emulator.run_until_idle()

    assert len(platform.emulator.pushes) == records
    row = platform.row(task_id, show_remaining=True)
    assert (row["process_tel_count"], row["remaining"]) == (5, 0)


def test_no_more_calls_at_once_than_the_line_carries() -> None:
    platform = Platform(**ALWAYS)
    platform.started(60)
    platform.emulator.run_until_idle()

    bounds = sorted(
        moment
        for push in platform.emulator.pushes
        if "time_dial" in push.data
        for moment in ((push.data["time_dial"], 1), (push.data["time_hangup"], -1))
    )
    in_progress = highest = 0
    for _, step in bounds:
        in_progress += step
        highest = max(highest, in_progress)
    assert highest == 5


def results(seed: int) -> list[tuple[str, object]]:
    platform = Platform(seed=seed)
    platform.started(40, recall_count=1, time_recall_wait=60)
    platform.emulator.run_until_idle()
    return [(push.module, push.data) for push in platform.emulator.pushes]


def test_the_same_seed_gives_the_same_pushes() -> None:
    assert results(3) == results(3)
    assert results(3) != results(4)


@pytest.mark.sweep
def test_twenty_thousand_rows_end_like_real_ones() -> None:
    platform = Platform(seed=7)
    task_id = platform.create(time_range=[OPEN])
    platform.insert(task_id, [f"1990000{index % 10000:04d}" for index in range(20_000)])
    platform.code("start", task_id=task_id)

    platform.emulator.run_until_idle()

    row = platform.row(task_id)
    assert (row["status"], row["process_tel_count"]) == (Status.COMPLETED, 20_000)
    assert 0.53 < row["process_through_rate"] < 0.57
    rows = [rang.data_id for rang in platform.emulator.dialled]
    assert len(set(rows)) == len(rows) == 20_000


def test_run_until_idle_has_a_bound() -> None:
    platform = Platform()
    platform.started(time_begin=platform.emulator.clock.now_ms + 100 * DAY_MS)

    platform.emulator.run_until_idle(at_most_days=1)

    assert platform.emulator.dialled == []


def test_the_default_settings_are_a_whole_enterprise() -> None:
    platform = Platform(**{name: getattr(Settings(), name) for name in ("robots", "lines")})

    platform.create(line_num="055169101407", time_range=["09:00:00-12:00:00"])
