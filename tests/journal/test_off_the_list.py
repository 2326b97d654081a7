"""Whoever is off the list is not called any more, and whoever was called is not called again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.lab import Lab, number
from tests.support.records import deliver
from tests.support.scenes import (
    DAY,
    EVENING,
    a_lab,
    lose_the_state,
    paused_under_way,
    rebuilt,
    the_only_task,
)
from tests.support.twisted import twisted
from yeta_reconcile.apply.campaign import Compared, compare
from yeta_reconcile.waves.record import RowState

ROWS = range(60)
LATER = "schedule: {begin: 2026-12-01T22:00:00}"


def codes(lab: Lab) -> set[str]:
    return {found.code for found in lab.plan().plan.diagnostics}


def declared_undialled(lab: Lab, wave: int = 1) -> None:
    """As a person would with `yeta state resolve --as undialled`, who is wrong."""
    with lab.store() as store:
        record = store.waves.campaign("renewal")
        assert record is not None
        (found,) = [one for one in record.waves if one.number == wave]
        store.waves.settle_rows(found.wave_id, [RowState.PENDING], RowState.RELEASED)


def called_by_halves(root: Path) -> Lab:
    """Of whom a deleted task called, which no record tells yet, a person said that nobody did."""
    lab = Lab(root)
    lab.campaign(rows=range(20))
    lab.converge()
    lab.emulator.advance(60)
    lab.emulator.console_pause(the_only_task(lab))
    lab.emulator.advance(300)
    lab.emulator.console_delete(the_only_task(lab))
    lab.apply()
    declared_undialled(lab)
    lab.campaign(rows=range(20), extra=LATER)
    return lab


@pytest.mark.sweep
def test_a_record_that_comes_late_takes_its_row_out_of_the_wave_that_would_call_it_again(
    tmp_path: Path,
) -> None:
    lab = called_by_halves(tmp_path)
    assert [reason for _, action, _, reason, _ in lab.actions() if action == "create"] == ["rows-released"]
    lab.converge()
    called = len(lab.rung())
    assert 0 < called < 20

    deliver(lab)

    assert ("renewal", "replace", 2, "rows-removed", 20 - called) in lab.actions()
    assert "called-before" in codes(lab)
    lab.converge()
    lab.emulator.advance(DAY)
    assert Counter(lab.rung()) == Counter(map(number, range(20)))


def once_it_was_read(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """What happens while an apply reads a list once more, at its end, and ledger and list were read."""

    def compared(*of: Any) -> Compared:
        found = compare(*of)
        happens()
        return found

    monkeypatch.setattr("yeta_reconcile.apply.apply.compare", compared)


def test_a_record_that_comes_while_the_list_is_read_once_more_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = called_by_halves(tmp_path)
    some = lab.emulator.pushes[: len(lab.emulator.pushes) // 2]
    once_it_was_read(monkeypatch, lambda: deliver(lab, some))
    lab.converge()

    assert [change[:4] for change in lab.actions()] == [("renewal", "replace", 2, "rows-removed")]


def test_a_row_that_is_added_while_the_list_is_read_once_more_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=range(3))
    once_it_was_read(monkeypatch, lambda: lab.rows("renewal", range(4)))
    assert lab.apply().exit_code == 0

    assert [(action, rows) for _, action, _, _, rows in lab.actions()][:1] == [("create", 1)]


def test_a_removed_number_that_was_called_in_vain_is_not_tried_again(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, scripted={number(0): ("20", "0")})
    lab.campaign(rows=ROWS, recall="{count: 1, wait: 30m}")
    lab.converge()
    while len(lab.rung()) < 5:
        lab.emulator.advance(5)
    lab.emulator.advance(60)
    deliver(lab)
    assert number(0) in lab.rung()

    lab.rows("renewal", range(1, 60))

    assert {reason for _, _, _, reason, _ in lab.actions()} <= {"rows-removed", "records-missing"}
    for _ in range(8):
        deliver(lab)
        if lab.apply().exit_code == 0:
            break
        lab.emulator.advance(30)
    assert lab.actions() == []
    lab.emulator.advance(DAY)
    assert number(0) not in [dialling.number for dialling in lab.emulator.recalled]
    assert Counter(lab.rung()) == Counter(map(number, ROWS))


def test_a_removed_number_may_be_tried_again_where_nobody_is_left_and_the_plan_says_so(
    tmp_path: Path,
) -> None:
    lab = a_lab(tmp_path, scripted={number(0): ("20", "0")})
    lab.campaign(rows=range(3), recall="{count: 1, wait: 30m}")
    lab.converge()
    lab.emulator.advance(900)
    deliver(lab)
    lab.rows("renewal", range(1, 3))

    assert lab.actions() == []
    assert "may-be-recalled" in codes(lab)


def test_a_row_removed_from_a_wave_of_which_nothing_is_proven_is_named(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.campaign(rows=range(10), extra=EVENING)
    lab.converge()
    lose_the_state(lab)
    lab.campaign(rows=[0, 99, *range(1, 10)], extra=EVENING)
    rebuilt(lab)
    lab.apply()
    lab.campaign(rows=[0, 99, *[row for row in range(1, 10) if row != 3]], extra=EVENING)

    (wait,) = lab.plan().plan.changes

    assert (wait.action, wait.wave) == ("wait", 1)
    assert "1 removed number may still ring until then, `state: paused` stops them" in wait.detail
    assert lab.apply().exit_code == 7


@pytest.mark.sweep
@pytest.mark.parametrize("draining", [False, True])
def test_counts_that_contradict_each_other_need_a_person_and_resume_nothing(
    tmp_path: Path, draining: bool
) -> None:
    lab = twisted(tmp_path)
    lab.campaign(rows=ROWS)
    lab.converge()
    lab.emulator.advance(120)
    if draining:
        deliver(lab)
        lab.rows("renewal", range(59))
        lab.apply()

    def contradict(row: dict[str, Any], _task: Any) -> None:
        row["process_tel_count"] = row["count_tel"] + 3

    lab.twist = contradict
    lab.emulator.advance(60)
    deliver(lab)
    lab.rows("renewal", range(59))
    rung = len(lab.rung())

    planned = lab.plan()

    assert planned.exit_code == 8
    assert "cannot-account" in codes(lab)
    assert [action for _, action, *_ in lab.actions()] == []
    lab.apply()
    if draining:
        lab.emulator.advance(DAY)
        assert len(lab.rung()) == rung


def test_a_status_that_is_not_known_is_shown_and_nothing_rings_by_it(tmp_path: Path) -> None:
    lab = twisted(tmp_path)
    paused_under_way(lab, ROWS)
    lab.twist = lambda row, _task: row.update(status=8)

    lab.campaign(rows=ROWS)
    assert lab.actions() == []
    assert "unknown-status" in codes(lab)
    lab.campaign(rows=ROWS, recall="{count: 2, wait: 10m}")
    assert lab.actions() == []


def test_a_former_name_goes_on_with_the_ledger_it_once_had(tmp_path: Path) -> None:
    lab = a_renamed_campaign(tmp_path)
    lab.remove("new")
    lab.converge()
    lab.emulator.advance(31 * DAY)

    lab.campaign("old", range(6), lines='["200"]')

    assert [(name, action, rows) for name, action, _, _, rows in lab.actions()] == [
        ("old", "create", 1),
        ("old", "start", 1),
    ]
    lab.converge()
    lab.emulator.advance(DAY)
    assert Counter(lab.rung()) == Counter(map(number, range(6)))


def test_a_former_name_beside_its_successor_is_refused_unless_its_people_are_to_be_called_again(
    tmp_path: Path,
) -> None:
    lab = a_renamed_campaign(tmp_path)
    lab.campaign("new", range(5))
    lab.converge()

    lab.campaign("old", range(5), lines='["200"]')
    planned = lab.plan()
    assert planned.exit_code == 4
    assert lab.actions() == []
    assert "renamed-before" in codes(lab)

    lab.campaign("old", range(5), lines='["200"]', extra="repeats: [new]\n")
    assert lab.plan().plan.summary.repeat_numbers == 5
    assert [action for _, action, *_ in lab.actions()] == ["create", "start"]


def a_renamed_campaign(root: Path) -> Lab:
    """Five people were called as `old`, which became `new`."""
    lab = Lab(root)
    lab.campaign("old", range(5))
    lab.converge()
    lab.emulator.advance(DAY)
    deliver(lab)
    lab.remove("old")
    lab.campaign("new", range(5), extra="renamed_from: old\n")
    lab.converge()
    return lab
