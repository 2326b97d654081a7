"""Rows on their way into a task: in batches of fifty, each told and known by its id, none after a refusal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import takewhile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from tests.support.lab import COLUMNS, Lab, number
from tests.support.scenes import DAY, a_lab
from yeta_reconcile.apply import inserting, journaled
from yeta_reconcile.apply.inserting import AT_WORK, Batch, Filling, as_listed, batch_numbers
from yeta_reconcile.apply.journaled import Step, change
from yeta_reconcile.apply.run import Run
from yeta_reconcile.emulator import Fault
from yeta_reconcile.planning.list_diff import Comparison
from yeta_reconcile.platform.client import PlatformClient
from yeta_reconcile.platform.resources import Address, Inserted
from yeta_reconcile.waves.record import Outcome, RowRecord, RowState

INSERT = "task/insert"


def keys(*numbers: int) -> list[bytes]:
    return [bytes([number]) for number in numbers]


@pytest.mark.parametrize(
    ("rows", "alone", "batches"),
    [
        (range(120), (), [0] * 50 + [1] * 50 + [2] * 20),
        (range(50), (), [0] * 50),
        (range(3), (1,), [0, 1, 2]),
        (range(3), (0,), [0, 1, 1]),
        (range(4), (0, 1), [0, 1, 2, 2]),
        (range(4), (3,), [0, 0, 0, 1]),
        (range(52), (50,), [0] * 50 + [1, 2]),
        ((), (), []),
    ],
)
def test_rows_go_fifty_at_once_and_those_that_a_refusal_may_have_left_one_by_one(
    rows: range, alone: tuple[int, ...], batches: list[int]
) -> None:
    assert [*batch_numbers(keys(*rows), {*keys(*alone)})] == batches


def test_a_part_of_a_batch_has_its_rows_and_what_is_sent_of_them() -> None:
    rows = [RowRecord(1, key, b"", 0, 2) for key in keys(1, 2, 3)]
    whole = Batch(0, rows, [("a",), ("b",), ("c",)])
    assert whole.part(7, 1, 3) == Batch(7, rows[1:], [("b",), ("c",)])


@pytest.mark.parametrize(("wanted", "read"), [((1, 3), 4), ((), 0), ((3, 9), 6)])
def test_a_list_is_read_again_up_to_the_last_row_that_is_wanted(wanted: tuple[int, ...], read: int) -> None:
    lines = iter(keys(*range(6)))
    comparison = SimpleNamespace(
        rows=lambda: (SimpleNamespace(digest=key) for key in lines),
        recorded=lambda row, _content: (row.digest.hex(),),
    )
    missing = {key: RowRecord(1, key, b"", 0, 2) for key in keys(*wanted)}
    found = [*as_listed(cast("Comparison", comparison), missing)]
    listed = keys(*(row for row in wanted if row < 6))
    assert [(row.key, values) for row, values in found] == [(key, (key.hex(),)) for key in listed]
    assert [*missing] == keys(*(row for row in wanted if row >= 6))
    assert len([*lines]) == 6 - read


def told(lab: Lab, event: str) -> list[tuple[int, object]]:
    said = [found for found in lab.events if found["event"] == event]
    assert {found["campaign"] for found in said} == {"renewal"}
    return [(found["wave"], found.get("rows", found.get("place"))) for found in said]


def test_each_batch_is_told_and_each_of_its_rows_is_known_by_the_id_that_it_was_given(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=range(60), state="staged")
    lab.converge()
    assert sorted(told(lab, "inserted")) == [(1, 10), (1, 50)]
    with lab.store() as store:
        (wave,) = store.waves.recorded().campaigns["renewal"].waves
        known = store.database.read("SELECT row_key FROM data_ids WHERE wave_id = ?", (wave.wave_id,))
        assert {key for (key,) in known} == {row.key for row in store.waves.rows(wave.wave_id)}
        assert store.intents.done_batches(wave.wave_id) == {0, 1}


def test_a_bad_number_is_told_with_its_place_and_nobody_else_is_left_out(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, sensitive_numbers=(number(0), number(4)))
    lab.campaign(rows=range(5), state="staged")
    lab.converge()
    assert sorted(told(lab, "set-aside")) == [(1, "renewal.csv:2"), (1, "renewal.csv:6")]
    assert lab.changes_sent().count("create") == 1
    with lab.store() as store:
        wave = store.waves.recorded().campaigns["renewal"].waves[-1]
        states = {row.line: row.state for row in store.waves.rows(wave.wave_id)}
    assert sorted(line for line, state in states.items() if state is RowState.PENDING) == [3, 4, 5]


def test_a_full_task_is_told_with_how_many_go_out_in_a_further_one(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, max_numbers=100)
    lab.ordered = True
    lab.campaign(rows=range(130), state="staged")
    lab.apply()
    assert told(lab, "full") == [(1, 30)]
    with lab.store() as store:
        first = store.waves.recorded().campaigns["renewal"].waves[0]
        assert (first.full, first.pending, first.released) == (True, 100, 30)


@pytest.mark.parametrize(
    "fault",
    [Fault("code", INSERT, code=10005), Fault("code", INSERT, code=200213), Fault("closed_before", INSERT)],
)
def test_no_batch_is_begun_after_an_answer_that_ends_the_filling_however_long_that_takes_to_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    concluded = journaled._conclude

    def slowly(run: Run, step: Step, intent: int, outcome: Outcome, **said: Any) -> None:
        if outcome is not Outcome.DONE:
            time.sleep(0.3)
        concluded(run, step, intent, outcome, **said)

    monkeypatch.setattr(journaled, "_conclude", slowly)
    lab = a_lab(tmp_path)
    lab.max_in_flight = 1
    lab.campaign(rows=range(500), state="staged")
    lab.emulator.faults.add(fault)
    lab.apply()
    # Those that were at work by then are sent all the same.
    calls = [call.path.endswith(INSERT) for call in lab.emulator.calls_log]
    sent = len([*takewhile(bool, calls[calls.index(True) :])])
    assert 1 <= sent <= AT_WORK * lab.max_in_flight


@pytest.mark.parametrize("trouble", ["busy", "token", "no connection", "a bad number"])
def test_other_answers_end_no_filling(tmp_path: Path, trouble: str) -> None:
    lab = a_lab(tmp_path, sensitive_numbers=[number(4)] * (trouble == "a bad number"))
    lab.max_in_flight = 1
    lab.campaign(rows=range(500), state="staged")
    codes = {"busy": 10004, "token": 10001}
    if trouble in codes:
        lab.emulator.faults.add(Fault("code", INSERT, code=codes[trouble]))

    def refuse(request: httpx.Request) -> None:
        if request.url.path.endswith(INSERT):
            lab.before = None
            raise httpx.ConnectError("refused")

    lab.before = refuse if trouble == "no connection" else None
    assert not lab.apply().problems
    (task,) = lab.emulator.tasks.values()
    assert len(task.rows) == 499 + (trouble != "a bad number")


def test_an_ordered_list_goes_one_batch_after_the_other_in_the_order_of_its_file(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    contacts = "{csv: renewal.csv, columns: {客户手机号码: phone, 姓名: name}, ordered: true}"
    lab.campaign(rows=[*range(120, 0, -1)], state="staged", contacts=contacts)
    lab.converge()
    (task,) = lab.emulator.tasks.values()
    assert [row.number for row in task.rows] == [number(row) for row in range(120, 0, -1)]
    assert [rows for _, _, rows in task.batches] == [50, 50, 20]


@pytest.mark.parametrize(("ordered", "workers"), [("true", 1), ("false", 7)])
def test_an_ordered_list_has_one_worker_another_as_many_as_calls_and_a_few_that_write_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ordered: str, workers: int
) -> None:
    widths: list[int] = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, width: int, **how: Any) -> None:
            widths.append(width)
            super().__init__(width, **how)

    monkeypatch.setattr(inserting, "ThreadPoolExecutor", Pool)
    lab = a_lab(tmp_path)
    lab.max_in_flight = 3
    contacts = f"{{csv: renewal.csv, columns: {{客户手机号码: phone, 姓名: name}}, ordered: {ordered}}}"
    lab.campaign(state="staged", contacts=contacts)
    lab.converge()
    assert widths == [workers]


def strangers_come_in(lab: Lab, at: int, rows: Sequence[int]) -> None:
    """Outside yeta somebody puts these numbers into the task right after its insert number `at`."""
    inserts = 0

    def add(request: httpx.Request) -> None:
        nonlocal inserts
        inserts += request.url.path.endswith("task/insert")
        if inserts == at:
            lab.after = None
            (task,) = lab.emulator.tasks.values()
            values = [(number(row), "stranger") for row in rows]
            outside, address = lab.client(), Address(str(task.task_id), task.name)
            outside.task(address)
            outside.insert(address, COLUMNS, values)

    lab.after = add


def test_a_task_that_refused_a_batch_and_was_filled_to_the_right_count_outside_yeta_never_rings(
    tmp_path: Path,
) -> None:
    lab = a_lab(tmp_path, sensitive_numbers=(number(4),), bad_batch="around")
    lab.campaign(rows=range(5))
    strangers_come_in(lab, 1, [99])
    lab.apply()
    assert lab.changes_sent()[:4] == ["create", "insert", "insert", "delete"]
    lab.emulator.advance(DAY)
    assert sorted(lab.rung()) == [number(row) for row in range(4)]


def test_a_full_task_that_was_filled_to_the_right_count_outside_yeta_never_rings(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.max_in_flight = 1
    lab.ordered = True
    lab.campaign(rows=range(70))
    strangers_come_in(lab, 2, range(100, 120))
    lab.emulator.faults.add(Fault("code_before", "task/insert", code=200213, nth=2))
    lab.apply()
    lab.emulator.advance(DAY)
    assert sorted(lab.rung()) == [number(row) for row in range(70)]


def test_a_platform_that_gives_no_ids_has_taken_the_rows_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = PlatformClient.insert

    def without_ids(client: PlatformClient, *given: Any) -> Inserted:
        return Inserted(insert(client, *given).total)

    monkeypatch.setattr(PlatformClient, "insert", without_ids)
    lab = a_lab(tmp_path)
    lab.campaign()
    lab.converge()
    lab.emulator.advance(DAY)
    assert sorted(lab.rung()) == [number(row) for row in range(3)]


def test_a_batch_that_ends_as_a_bug_is_followed_by_none_that_was_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []

    def missing(_filling: Filling) -> Iterator[Batch]:
        yield from map(Batch, range(500))

    def insert(_filling: Filling, batch: Batch) -> None:
        begun.append(batch.number)
        if not batch.number:
            raise ZeroDivisionError
        time.sleep(0.001)

    monkeypatch.setattr(Filling, "_missing", missing)
    monkeypatch.setattr(Filling, "_insert", insert)
    lab = a_lab(tmp_path)
    lab.campaign(state="staged")
    with pytest.raises(ZeroDivisionError):
        lab.apply()
    assert len(begun) < 500


def unanswered(lab: Lab, which: Callable[[int], bool]) -> list[int]:
    """The connection is closed before these inserts, by how many were asked before; all that were asked."""
    asked: list[int] = []

    def spoil(request: httpx.Request) -> None:
        if request.url.path.endswith("task/insert"):
            if which(len(asked)):
                lab.emulator.faults.add(Fault("closed_before", "task/insert"))
            asked.append(len(asked))

    lab.before = spoil
    return asked


def test_a_wave_of_which_no_more_gets_in_is_given_up_after_three_tries_more(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.ordered = True
    lab.campaign(rows=range(120))
    asked = unanswered(lab, lambda before: before > 0)
    (problem,) = lab.apply().problems
    assert (int(problem.exit_code), problem.campaign, problem.hint) == (7, "renewal", "run again")
    assert problem.summary.startswith("wave 1 could not be filled: ")
    assert len(asked) == 1 + 4
    assert "start" not in lab.changes_sent()


def test_a_list_that_changes_while_it_is_sent_leaves_what_is_in_the_task_to_the_next_apply(
    tmp_path: Path,
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=range(3))

    def change(request: httpx.Request) -> None:
        if request.url.path.endswith("task/create"):
            lab.rows("renewal", range(1, 4))

    lab.before = change
    (problem,) = lab.apply().problems
    assert (int(problem.exit_code), problem.campaign, problem.hint) == (7, "renewal", "run again")
    assert problem.summary == "wave 1 could not be filled: its contact list changed meanwhile"
    assert lab.changes_sent() == ["create"]


def test_as_long_as_more_gets_in_a_wave_is_filled_whatever_is_not_answered(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.ordered = True
    lab.campaign(rows=range(300))
    unanswered(lab, lambda before: before % 2 == 0)
    assert lab.apply().exit_code == 0
    lab.emulator.advance(DAY)
    assert sorted(lab.rung()) == [number(row) for row in range(300)]


def test_what_is_staged_anew_has_no_intent_before_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    early: list[tuple[int, bool]] = []

    def noted(run: Run, step: Step, *how: Any) -> Any:
        if step.wave is not None:
            early.append((step.wave.attempt, step.early))
        return change(run, step, *how)

    monkeypatch.setattr(inserting, "change", noted)
    lab = a_lab(tmp_path, sensitive_numbers=(number(4),), bad_batch="around")
    lab.campaign(rows=range(5))
    lab.converge()
    assert {*early} == {(1, True), (2, False)}
