"""Taken lines, platforms that stop, tasks that are over, locks that are lost: waiting is not failing."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.journal.story import a_lab as a_troubled_lab
from tests.support.lab import Lab, number
from tests.support.scenes import a_lab, the_only_task
from tests.support.sweeping import CHANGES, latin
from tests.support.trouble import KILLED_AND_LATE, Killed, Point
from yeta_reconcile.apply.campaign import CampaignRun
from yeta_reconcile.emulator import Fault
from yeta_reconcile.errors import (
    Incomplete,
    StateLocked,
    YetaError,
)
from yeta_reconcile.platform.errors import (
    StopEverything,
)
from yeta_reconcile.store.lock import Holder
from yeta_reconcile.store.waves import Waves
from yeta_reconcile.wording import phrase

DAY = 24 * 3600


def assert_each_rang_once(lab: Lab, indexes: range) -> None:
    lab.emulator.advance(DAY)
    assert Counter(lab.rung()) == Counter(number(index) for index in indexes)


# Lines


@pytest.mark.sweep
@pytest.mark.parametrize("when", ["create", "start"])
def test_a_further_wave_waits_for_its_line_and_goes_on_by_itself(tmp_path: Path, when: str) -> None:
    lab = a_lab(tmp_path, line_lock=when)
    lab.campaign(rows=range(20))
    lab.converge()
    lab.campaign(rows=range(30))
    for _ in range(3):
        report = lab.apply()
        assert report.exit_code == 7
        assert any("waits for its line" in str(problem) for problem in report.problems)
    assert sum(not task.deleted for task in lab.emulator.tasks.values()) <= 2
    lab.emulator.advance(3600)
    lab.converge()
    assert_each_rang_once(lab, range(30))
    assert lab.actions() == []


@pytest.mark.sweep
@pytest.mark.parametrize("when", ["create", "start"])
def test_two_campaigns_on_one_line_go_one_after_the_other(tmp_path: Path, when: str) -> None:
    lab = a_lab(tmp_path, line_lock=when)
    lab.campaign("one", range(10))
    lab.campaign("two", range(10, 20))
    assert lab.apply().exit_code == 7
    lab.emulator.advance(3600)
    lab.converge()
    assert_each_rang_once(lab, range(20))


@pytest.mark.parametrize("when", ["create", "start"])
def test_a_line_that_was_taken_outside_yeta_is_waited_for(tmp_path: Path, when: str) -> None:
    lab = a_lab(tmp_path, line_lock=when)
    lab.emulator.take_line("100")
    lab.campaign()
    for _ in range(2):
        assert lab.apply().exit_code == 7
    lab.emulator.release_line("100")
    lab.converge()
    assert_each_rang_once(lab, range(3))


def test_whom_a_failure_kept_from_being_looked_at_does_not_ask_for_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = a_lab(tmp_path, line_lock="start")
    for name in ("one", "two"):
        lab.campaign(name, range(10))
    lab.apply()
    sent = lab.changes_sent()
    assert sent.count("start") == 2

    def fail(*_given: object, **_named: object) -> None:
        raise Incomplete(phrase("its list cannot be read"), hint=phrase("run again"))

    monkeypatch.setattr(CampaignRun, "follow", fail)
    assert lab.apply().exit_code == 7
    assert lab.changes_sent() == sent


def test_who_is_to_be_staged_alone_hears_who_has_the_line(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, line_lock="create")
    lab.emulator.take_line("100")
    lab.campaign(state="staged")
    (problem,) = lab.apply().problems
    assert problem.hint == "line 100 is in use by another task of the account"


def test_a_resume_whose_line_was_taken_meanwhile_waits(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, paused_keeps_line=False)
    lab.campaign(rows=range(20))
    lab.converge()
    lab.campaign(rows=range(20), state="paused")
    lab.converge()
    lab.emulator.take_line("100")
    lab.campaign(rows=range(20))
    assert lab.apply().exit_code == 7
    lab.emulator.release_line("100")
    lab.converge()
    assert_each_rang_once(lab, range(20))


# What stops everything


@pytest.mark.sweep
@pytest.mark.parametrize("code", [200209, 10020, 10021])
@pytest.mark.parametrize("call", ["create", "insert", "start", "pause", "delete"])
def test_a_code_that_stops_everything_stops_it_and_the_next_run_goes_on(
    tmp_path: Path, code: int, call: str
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign("calm", range(10, 13), lines='["200"]', extra="schedule: {begin: 2026-12-01T20:00:00}")
    lab.campaign("gone", range(20, 23), lines='["300"]', extra="schedule: {begin: 2026-12-01T20:00:00}")
    lab.converge()
    lab.campaign("renewal", range(3))
    lab.campaign(
        "calm", range(10, 13), lines='["200"]', state="paused",
        extra="schedule: {begin: 2026-12-01T20:00:00}",
    )  # fmt: skip
    lab.remove("gone")
    lab.emulator.faults.add(Fault("code", f"task/{call}", code=code))
    with pytest.raises(StopEverything):
        lab.apply()
    sent = len(lab.changes_sent())
    lab.converge()
    assert len(lab.changes_sent()) > sent
    lab.emulator.advance(DAY)
    assert Counter(lab.rung()) == Counter(number(n) for n in range(3))


@pytest.mark.sweep
def test_a_balance_that_is_gone_half_way_is_gone_on_from_when_topped_up(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, balance=120)
    lab.campaign(rows=range(200))
    with pytest.raises(StopEverything):
        lab.apply()
    with pytest.raises(StopEverything):
        lab.apply()
    lab.emulator.world.balance = 10_000
    lab.converge()
    assert_each_rang_once(lab, range(200))
    batches = [call for call in lab.changes_sent() if call == "insert"]
    assert len(batches) == 6


def test_a_platform_that_is_busy_many_times_in_a_row_is_asked_more_slowly(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.max_in_flight = 4
    lab.campaign(rows=range(300))
    lab.emulator.faults.add(Fault("code", "task/insert", code=10004, times=40))
    before = lab.emulator.clock.now_ms
    lab.converge()
    assert lab.emulator.clock.now_ms - before > 20_000
    assert_each_rang_once(lab, range(300))


@pytest.mark.parametrize("call", ["create", "insert", "start"])
def test_a_platform_that_stays_busy_is_left_for_the_next_run(tmp_path: Path, call: str) -> None:
    lab = a_lab(tmp_path)
    lab.campaign()
    lab.emulator.faults.add(Fault("code", f"task/{call}", code=10004, times=0))
    assert lab.apply().exit_code == 7
    busy = [(event["call"], event["seconds"]) for event in lab.events if event["event"] == "busy"]
    assert busy == [(call, seconds) for seconds in (2.0, 4.0, 8.0, 16.0, 16.0)]
    lab.emulator.faults.clear()
    lab.converge()
    assert_each_rang_once(lab, range(3))


@pytest.mark.sweep
@pytest.mark.parametrize(("call", "change"), [("pause", {"state": "paused"}), ("delete", None)])
def test_a_platform_that_is_too_busy_to_stop_a_wave_is_asked_again_by_the_next_run(
    tmp_path: Path, call: str, change: dict[str, str] | None
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(extra="schedule: {begin: 2026-12-01T20:00:00}")
    lab.converge()
    if change is None:
        lab.remove("renewal")
    else:
        lab.campaign(extra="schedule: {begin: 2026-12-01T20:00:00}", **change)
    lab.emulator.faults.add(Fault("code", f"task/{call}", code=10004, times=0))
    assert lab.apply().exit_code == 7
    lab.emulator.faults.clear()
    lab.converge()
    lab.emulator.advance(DAY)
    assert lab.rung() == []


# Tasks that are over


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("code", "kind", "call"),
    latin(2, [3010101, 3010102], ["code_before", "code_after"], sorted(CHANGES)),
)
def test_codes_of_tasks_that_are_over_ring_nobody_twice_at_any_call(
    tmp_path: Path, code: int, kind: str, call: str
) -> None:
    lab = a_lab(tmp_path)
    later = "schedule: {begin: 2026-12-01T20:00:00}"
    lab.campaign("calm", range(10, 13), lines='["200"]', extra=later)
    lab.campaign("gone", range(20, 23), lines='["300"]', extra=later)
    lab.converge()
    lab.campaign("renewal", range(3))
    lab.campaign("calm", range(10, 13), lines='["200"]', state="paused", extra=later)
    lab.remove("gone")
    lab.emulator.faults.add(Fault(kind, f"task/{call}", code=code))
    lab.apply()
    lab.converge()
    lab.emulator.advance(DAY)
    assert Counter(lab.rung()) == Counter(number(n) for n in range(3))


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("hand", "state", "edit"),
    latin(
        3,
        ["delete", "finish", "purge", "start", "pause"],
        ["staged", "running", "paused"],
        ["none", "pause", "remove", "rows", "robot"],
    ),
)
def test_whatever_happens_outside_yeta_between_plan_and_call_nobody_rings_twice(
    tmp_path: Path, hand: str, state: str, edit: str
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(state=state, rows=range(12))
    lab.converge()
    lab.emulator.advance(20)
    task_id = the_only_task(lab)
    if edit == "remove":
        lab.remove("renewal")
    else:
        changed = {"pause": {"state": "paused"}, "robot": {"robot": '"720"'}}.get(edit, {"state": "running"})
        lab.campaign(rows=range(2, 15) if edit == "rows" else range(12), **changed)
    acts = {
        "delete": lab.emulator.console_delete,
        "finish": lab.emulator.finish,
        "purge": lab.emulator.console_purge,
        "start": lab.emulator.console_start,
        "pause": lab.emulator.console_pause,
    }

    def in_between(request: httpx.Request) -> None:
        if request.url.path.rsplit("/", 1)[-1] in {"start", "pause", "delete", "create"}:
            lab.before = None
            try:
                acts[hand](task_id)
            except Exception:  # noqa: BLE001 -- the platform refuses a person too
                return

    lab.before = in_between
    for _ in range(6):
        if lab.plan().exit_code not in {0, 8}:
            break
        lab.apply()
        lab.emulator.advance(600)
    lab.emulator.advance(DAY)
    assert max(Counter(lab.rung()).values(), default=1) == 1


# Locks


def test_a_second_apply_is_told_who_holds_the_state(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign()
    refused: list[StateLocked] = []

    def a_second(request: httpx.Request) -> None:
        if request.url.path.endswith("/task/create"):
            lab.before = None
            with pytest.raises(StateLocked) as caught:
                lab.apply()
            refused.append(caught.value)

    lab.before = a_second
    lab.converge()
    assert "`yeta apply`, process" in refused[0].message
    assert_each_rang_once(lab, range(3))


def test_a_dead_holders_lock_is_gone_after_thirty_seconds(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign()
    with lab.store() as store:
        store.lock.acquire(Holder("dead", "elsewhere", 1, "apply"), lab.emulator.clock.now_ms)
    with pytest.raises(StateLocked):
        lab.apply()
    lab.emulator.advance(29)
    with pytest.raises(StateLocked):
        lab.apply()
    lab.emulator.advance(2)
    lab.converge()
    assert_each_rang_once(lab, range(3))


@pytest.mark.parametrize("nth", [4, 5])
def test_a_successor_waits_until_no_request_of_the_dead_can_be_under_way(tmp_path: Path, nth: int) -> None:
    """The create or the insert of one who was killed arrives after his lock was taken away by hand."""
    lab = a_troubled_lab(tmp_path / "lab", Point("request", nth, KILLED_AND_LATE))
    lab.campaign(rows=range(3))
    with suppress(Killed):
        lab.apply()
    lab.dead = False
    with lab.store() as store:
        store.lock.take_away()
    lab.converge()
    assert lab.changes_sent() == ["create", "insert", "start"]
    assert_each_rang_once(lab, range(3))


@pytest.mark.sweep
@pytest.mark.parametrize("call", ["query", "create", "insert", "start"])
@pytest.mark.parametrize("nth", [1, 2])
def test_an_apply_whose_lock_was_taken_over_makes_no_further_change(
    tmp_path: Path, call: str, nth: int
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=range(70))
    seen: Counter[str] = Counter()
    after: list[int] = []

    def taken_over(request: httpx.Request) -> None:
        name = request.url.path.rsplit("/", 1)[-1]
        seen[name] += 1
        if name == call and seen[name] == nth:
            with lab.store() as store:
                store.lock.take_away()
                store.lock.acquire(Holder("other", "elsewhere", 1, "apply"), lab.emulator.clock.now_ms)
            after.append(len(lab.changes_sent()) + (name in {"create", "insert", "start"}))

    lab.before = taken_over
    try:
        lab.apply()
    except StateLocked:
        assert len(lab.changes_sent()) <= after[0]
    lab.before = None
    lab.emulator.advance(60)
    lab.converge()
    assert_each_rang_once(lab, range(70))


@pytest.mark.parametrize("step", ["plan_wave", "add_rows", "seal_wave"])
def test_one_who_goes_on_too_late_beside_his_successor_rings_nobody_twice(
    tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first sleeps through his lock while he records a wave; the second records and starts his own."""
    lab = a_lab(tmp_path)
    lab.campaign(rows=range(70))
    beside = Lab(tmp_path, lab.emulator, max_in_flight=1)
    act = getattr(Waves, step)

    def oversleep(*args: object, **options: object) -> object:
        monkeypatch.setattr(Waves, step, act)
        lab.clock.beat, beat = None, lab.clock.beat
        lab.emulator.advance(31)
        beside.converge()
        lab.clock.beat = beat
        return act(*args, **options)

    monkeypatch.setattr(Waves, step, oversleep)
    with suppress(YetaError):
        lab.apply()
    lab.emulator.advance(60)
    lab.converge()
    assert lab.actions() == []
    assert_each_rang_once(lab, range(70))
