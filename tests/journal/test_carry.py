"""A running campaign that changes: the rest of its wave is carried over, and nobody is called twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.support.lab import Lab, number
from tests.support.records import deliver
from tests.support.twisted import twisted
from yeta_reconcile.plan.plan import Action, Reason

pytestmark = pytest.mark.sweep

DAY = 24 * 3600
ROWS = range(60)
RECALL = "{count: 2, wait: 10m}"


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A campaign of sixty, some of whom were called."""
    lab = Lab(tmp_path)
    lab.campaign(rows=ROWS)
    lab.converge()
    lab.emulator.advance(180)
    assert 10 < len(lab.rung()) < 50
    return lab


def settle(lab: Lab, most: int = 10) -> None:
    """Apply until it is complete, with the records coming home in between."""
    for _ in range(most):
        deliver(lab)
        if lab.apply().exit_code == 0:
            return
        lab.emulator.advance(60)
    raise AssertionError("the change was never complete")


def finish(lab: Lab) -> Counter[str]:
    """Let everything happen; how often each number rang for the first time in a task."""
    lab.emulator.run_until_idle()
    deliver(lab)
    return Counter(lab.rung())


def everybody_once(rows: range = ROWS) -> Counter[str]:
    return Counter(number(row) for row in rows)


def test_paused_is_obeyed_while_a_replacement_waits_for_records(lab: Lab) -> None:
    lab.campaign(rows=ROWS, state="paused", recall=RECALL)
    assert [action for _, action, *_ in lab.actions()] == ["pause", "wait"]
    assert lab.apply().exit_code == 7
    before = len(lab.rung())
    lab.emulator.advance(3600)
    assert len(lab.rung()) == before


def test_a_changed_attribute_takes_the_undialled_rows_over_into_a_new_wave(lab: Lab) -> None:
    deliver(lab)
    lab.campaign(rows=ROWS, recall=RECALL)
    (change,) = lab.plan().plan.changes
    assert (change.action, change.reason, change.rings) == ("replace", "attributes-changed", True)
    assert change.attributes["recall_count"] == (None, 2)
    settle(lab)
    assert lab.actions() == []
    first, second = (task for task in lab.emulator.tasks.values() if task.name.startswith("renewal~"))
    assert first.deleted
    assert second.recall_count == 2
    assert finish(lab) == everybody_once()
    assert lab.actions() == []


def test_who_was_dialled_and_has_no_record_yet_is_not_counted_as_carried_over(lab: Lab) -> None:
    deliver(lab)
    called = len({*lab.rung()})
    with lab.store() as store:
        assert sum(wave.dialled for wave in store.waves.recorded().campaigns["renewal"].waves) < called
    lab.campaign(rows=ROWS, recall=RECALL)
    (change,) = lab.plan().plan.changes
    assert (change.action, change.rows) == ("replace", len(ROWS) - called)
    assert f"{len(ROWS) - called} undialled rows" in change.detail


def test_a_resumed_wave_rings_only_those_it_has_not_dialled(lab: Lab) -> None:
    lab.emulator.console_pause(next(iter(lab.emulator.tasks)))
    left = len(ROWS) - len({*lab.rung()})
    assert lab.actions() == [("renewal", "resume", 1, "paused-outside-yeta", left)]


def test_missing_records_make_it_wait_and_nothing_is_paused(lab: Lab) -> None:
    lab.campaign(rows=ROWS, recall=RECALL)
    (change,) = lab.plan().plan.changes
    assert (change.action, change.reason) == ("wait", "records-missing")
    assert "backfill" in change.detail
    sent = len(lab.changes_sent())
    assert lab.apply().exit_code == 7
    assert len(lab.changes_sent()) == sent


def all_but_the_last_record(lab: Lab) -> None:
    pushes = list(lab.emulator.pushes)
    last = [push.data["call_uuid"] for push in pushes if "task_id" in push.data][-1]
    deliver(lab, [push for push in pushes if push.data.get("call_uuid") != last])


def test_a_drained_wave_whose_last_record_is_too_old_to_come_needs_a_person(lab: Lab) -> None:
    deliver(lab)
    lab.campaign(rows=ROWS, recall=RECALL)
    assert lab.apply().exit_code == 7
    lab.emulator.advance(120)
    all_but_the_last_record(lab)
    assert lab.apply().exit_code == 7

    lab.emulator.advance(6 * DAY)
    (wait,) = lab.plan().plan.changes
    assert (wait.action, wait.reason) == (Action.WAIT, Reason.RECORDS_MISSING)
    assert "1 call record is missing; `yeta backfill` fetches" in wait.detail

    lab.emulator.advance(2 * DAY)
    planned = lab.plan()
    assert planned.exit_code == 8
    assert "cannot-account" in [found.code for found in planned.plan.diagnostics]


def test_a_wave_paused_for_a_week_with_records_missing_is_not_waited_for(lab: Lab) -> None:
    lab.campaign(rows=ROWS, state="paused")
    assert lab.apply().exit_code == 0
    lab.emulator.advance(6 * DAY)
    lab.campaign(rows=ROWS, state="paused", recall=RECALL)
    assert [change.action for change in lab.plan().plan.changes] == [Action.WAIT]

    lab.emulator.advance(2 * DAY)

    planned = lab.plan()
    assert planned.exit_code == 8
    assert planned.plan.changes == ()
    assert "paused more than a week ago" in str(planned.plan.diagnostics)


def test_a_removed_row_is_not_called_any_more(lab: Lab) -> None:
    deliver(lab)
    called = set(lab.rung())
    removed = next(row for row in reversed(ROWS) if number(row) not in called)
    lab.rows("renewal", [row for row in ROWS if row != removed])
    (change,) = lab.plan().plan.changes
    assert (change.action, change.reason) == ("replace", "rows-removed")
    settle(lab)
    expected = everybody_once()
    del expected[number(removed)]
    assert finish(lab) == expected


def test_a_removed_row_that_was_called_changes_nothing(lab: Lab) -> None:
    deliver(lab)
    gone = int(lab.rung()[0][-4:])
    lab.rows("renewal", [row for row in ROWS if row != gone])
    assert lab.actions() == []


def test_removed_rows_may_be_ignored(lab: Lab) -> None:
    deliver(lab)
    lab.campaign(rows=ROWS[:-1], on_removed_rows="ignore")
    assert lab.actions() == []
    assert finish(lab) == everybody_once()


def test_an_edited_row_is_called_as_edited(lab: Lab) -> None:
    deliver(lab)
    row = next(row for row in reversed(ROWS) if number(row) not in lab.rung())
    lab.rows("renewal", [(one, "新的名字") if one == row else one for one in ROWS])
    (change,) = lab.plan().plan.changes
    assert (change.action, change.reason) == ("replace", "rows-changed")
    settle(lab)
    assert finish(lab) == everybody_once()
    last = [push.data for push in lab.emulator.pushes if push.data.get("callee") == number(row)]
    assert {tuple(data["task_row_value"]) for data in last if "task_row_value" in data} == {
        (number(row), "新的名字")
    }


def test_rows_added_with_the_change_go_out_in_the_same_new_wave(lab: Lab) -> None:
    deliver(lab)
    lab.campaign(rows=range(65), recall=RECALL)
    assert [action for _, action, *_ in lab.actions()] == ["replace"]
    settle(lab)
    assert finish(lab) == everybody_once(range(65))


def test_rows_added_to_what_is_not_carried_over_after_all_are_not_left_out(lab: Lab) -> None:
    deliver(lab)
    gone = next(int(ring.number[-4:]) for ring in lab.emulator.dialled[::-1])
    rows = [row for row in range(65) if row != gone]
    lab.rows("renewal", rows)
    assert [action for _, action, *_ in lab.actions()] == ["replace"]
    assert lab.apply().exit_code == 7
    lab.emulator.advance(60)
    deliver(lab)

    # Whoever was removed turns out to have been called.
    planned = [(action, wave, rows) for _, action, wave, _, rows in lab.actions()]
    assert [(action, wave) for action, wave, _ in planned] == [("resume", 1), ("create", 2), ("wait", 2)]
    assert planned[1][2] == 5
    lab.apply()
    for _ in range(3):
        lab.emulator.advance(3600)
        deliver(lab)
        settle(lab)
    assert finish(lab) == everybody_once(range(65))


def test_an_edit_that_is_reverted_meanwhile_resumes_the_wave(lab: Lab) -> None:
    deliver(lab)
    lab.campaign(rows=ROWS, recall=RECALL)
    assert lab.apply().exit_code == 7
    lab.campaign(rows=ROWS)
    assert [(action, reason) for _, action, _, reason, _ in lab.actions()] == [("resume", "edit-reverted")]
    assert lab.apply().exit_code == 0
    assert finish(lab) == everybody_once()


def test_with_nothing_undialled_left_the_wave_is_left_to_finish(lab: Lab) -> None:
    lab.emulator.advance(1200)
    deliver(lab)
    assert len(lab.rung()) == len(ROWS)
    lab.campaign(rows=ROWS, recall=RECALL)
    assert lab.actions() == []


def test_a_paused_campaign_is_carried_over_and_stays_silent(lab: Lab) -> None:
    deliver(lab)
    lab.campaign(rows=ROWS, state="paused", recall=RECALL)
    settle(lab)
    rung = len(lab.rung())
    assert finish(lab).total() == rung
    lab.campaign(rows=ROWS, recall=RECALL)
    lab.converge()
    assert finish(lab) == everybody_once()


def test_a_wave_deleted_at_the_platform_is_replaced_once_it_is_accounted(lab: Lab) -> None:
    (task,) = lab.emulator.tasks
    lab.emulator.console_delete(task)
    assert [(action, reason) for _, action, _, reason, _ in lab.actions()] == [("wait", "records-missing")]
    assert lab.apply().exit_code == 7
    lab.emulator.advance(300)
    deliver(lab)
    assert [(action, reason) for _, action, _, reason, _ in lab.actions()] == [
        ("replace", "deleted-outside-yeta")
    ]
    settle(lab)
    assert finish(lab) == everybody_once()


def test_rows_of_a_removed_document_wait_for_their_records_when_it_comes_back(lab: Lab) -> None:
    text = (lab.root / "renewal.yaml").read_text(encoding="utf-8")
    lab.remove("renewal")
    lab.converge()
    assert lab.actions() == []
    assert lab.apply().exit_code == 0
    (lab.root / "renewal.yaml").write_text(text, encoding="utf-8")
    assert [(action, reason) for _, action, _, reason, _ in lab.actions()] == [("wait", "records-missing")]
    lab.emulator.advance(300)
    deliver(lab)
    settle(lab)
    assert finish(lab) == everybody_once()


def test_pushes_that_arrive_late_twice_and_out_of_order_change_nothing(lab: Lab) -> None:
    lab.emulator.advance(60)
    pushes = list(lab.emulator.pushes)
    deliver(lab, reversed(pushes))
    deliver(lab, pushes)
    lab.campaign(rows=ROWS, recall=RECALL)
    settle(lab)
    assert finish(lab) == everybody_once()


def keyed(lab: Lab, ids: dict[str, int], **fields: str) -> None:
    """A campaign whose rows are known by an id of their own."""
    contacts = "{csv: renewal.csv, key: id, columns: {客户手机号码: phone, 姓名: name}"
    lab.campaign(contacts=contacts + fields.pop("more", "") + "}", **fields)
    lines = ["id,phone,name", *(f"{key},{number(index)},客户{index}" for key, index in ids.items())]
    (lab.root / "renewal.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize("more", ["", ", same_number: allow"])
def test_a_number_that_moves_to_another_key_is_shown_to_ring_and_rings_once(
    tmp_path: Path, more: str
) -> None:
    lab = Lab(tmp_path)
    keyed(lab, {f"a{index}": index for index in range(20)}, more=more)
    lab.apply()
    keyed(lab, {f"b{index}": index for index in range(20)}, more=more)
    (change,) = lab.plan().plan.changes
    assert (change.action, change.reason) == ("replace", "rows-removed")
    assert (change.rows, change.new_rows, change.rings) == (20, 20, True)
    said = {found.summary for found in lab.plan().plan.diagnostics if found.code == "number-called-before"}
    assert [words.partition(": ")[2] for words in said] == [
        "it rings once, in that wave or in the one that replaces it"
    ]
    settle(lab)
    assert finish(lab) == everybody_once(range(20))


def test_a_called_number_under_another_key_is_never_called_again(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    keyed(lab, {f"a{index}": index for index in range(20)})
    lab.apply()
    finish(lab)
    keyed(lab, {f"b{index}": index for index in range(20)})
    plan = lab.plan().plan
    assert plan.changes == ()
    assert {found.code for found in plan.diagnostics} >= {"number-called-before"}
    lab.apply()
    assert finish(lab) == everybody_once(range(20))


def test_a_drain_of_ten_minutes_is_enough_where_the_platform_tells_of_no_calls_in_progress(
    tmp_path: Path,
) -> None:
    lab = twisted(tmp_path)
    lab.twist = lambda row, _task: row.pop("remaining", None)
    lab.campaign(rows=ROWS)
    lab.converge()
    lab.emulator.advance(180)
    lab.campaign(rows=ROWS, recall=RECALL)
    deliver(lab)
    assert lab.apply().exit_code == 7
    lab.emulator.advance(60)
    deliver(lab)
    assert lab.apply().exit_code == 7

    lab.emulator.advance(700)

    assert lab.apply().exit_code == 0
    assert finish(lab) == everybody_once()
