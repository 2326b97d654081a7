"""Documents that come, go, come back and change their names: nobody is called again for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support.lab import Lab, number
from tests.support.records import deliver
from tests.support.scenes import a_lab, codes, the_only_task
from yeta_reconcile.emulator.task import Status

pytestmark = pytest.mark.sweep

DAY = 24 * 3600
LATER = "schedule: {begin: 2026-12-01T20:00:00}"


def half_way(lab: Lab, name: str = "renewal", rows: range = range(40)) -> None:
    """A campaign of which some were called, some are being called, and some were not."""
    lab.campaign(name, rows)
    lab.converge()
    lab.emulator.advance(120)
    assert 0 < len(lab.rung()) < len(rows)


def assert_everybody_once(lab: Lab, indexes: Iterable[int]) -> None:
    assert Counter(lab.rung()) == Counter(number(index) for index in indexes)


def let_it_ring(lab: Lab) -> None:
    lab.emulator.advance(DAY)
    deliver(lab)


def test_a_document_that_is_deleted_and_reverted_calls_on_where_it_stopped(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    half_way(lab)
    lab.remove("renewal")
    assert [(action, reason) for _, action, _, reason, _ in lab.actions()] == [("delete", "document-removed")]
    assert lab.converge().exit_code == 0
    # Waiting for records is nobody's business while nobody declares the campaign.
    assert lab.actions() == []
    lab.campaign("renewal", range(40))
    lab.emulator.advance(600)
    assert [action for _, action, *_ in lab.actions()] == ["wait"]
    assert lab.apply().exit_code == 7
    assert lab.changes_sent().count("create") == 1
    deliver(lab)
    assert [(action, reason) for _, action, _, reason, _ in lab.actions()] == [
        ("create", "declared-again"),
        ("start", "declared-running"),
    ]
    lab.converge()
    let_it_ring(lab)
    assert_everybody_once(lab, range(40))
    lab.converge()
    assert lab.actions() == []


def test_records_that_never_come_keep_a_reverted_document_waiting_and_then_ask_a_person(
    tmp_path: Path,
) -> None:
    lab = a_lab(tmp_path)
    half_way(lab)
    lab.remove("renewal")
    lab.converge()
    lab.campaign("renewal", range(40))
    lab.emulator.advance(DAY)
    assert lab.apply().exit_code == 7
    lab.emulator.advance(7 * DAY)
    assert codes(lab) == {"cannot-account"}
    assert lab.apply().exit_code == 8
    assert max(Counter(lab.rung()).values()) == 1


def test_a_rename_goes_on_with_the_same_ledger(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    half_way(lab)
    lab.remove("renewal")
    lab.campaign("spring", range(50), extra="renamed_from: renewal\n")
    lab.converge()
    let_it_ring(lab)
    lab.converge()
    let_it_ring(lab)
    assert_everybody_once(lab, range(50))
    # It may stay, and then does nothing.
    assert lab.actions() == []
    lab.campaign("spring", range(50))
    lab.campaign("renewal", range(100, 103))
    lab.converge()
    let_it_ring(lab)
    assert_everybody_once(lab, [*range(50), *range(100, 103)])


def test_a_rename_that_is_not_said_is_refused(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    half_way(lab)
    lab.remove("renewal")
    lab.campaign("spring", range(20, 60))
    assert lab.plan().exit_code == 4
    assert "looks-renamed" in codes(lab)
    # Also when the document has been gone for a while.
    lab.remove("spring")
    lab.converge()
    lab.emulator.advance(29 * DAY)
    lab.campaign("spring", range(20, 60))
    assert lab.plan().exit_code == 4


@pytest.mark.parametrize("extra", ["renamed_from: misspelt\n", "repeats: [another]\n"])
def test_a_rename_from_nobody_and_a_repeat_of_another_are_refused_all_the_same(
    tmp_path: Path, extra: str
) -> None:
    lab = a_lab(tmp_path)
    half_way(lab)
    lab.remove("renewal")
    lab.campaign("spring", range(40), extra=extra)
    assert lab.plan().exit_code == 4
    assert "looks-renamed" in codes(lab)


def test_a_rename_over_a_step_that_was_never_applied_calls_nobody_again(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    half_way(lab, "first")
    lab.remove("first")
    lab.campaign("third", range(40), extra="renamed_from: second\n")
    assert lab.plan().exit_code == 4


def test_a_name_that_was_declared_in_vain_can_still_become_the_new_name(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    half_way(lab)
    with lab.store() as store:
        store.campaigns.declare("spring", "Campaign", (), protect=False)
    lab.remove("renewal")
    lab.campaign("spring", range(40), extra="renamed_from: renewal\n")
    lab.converge()
    let_it_ring(lab)
    assert_everybody_once(lab, range(40))


def test_a_name_that_only_ever_staged_can_still_become_the_new_name(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    half_way(lab)
    lab.campaign("spring", range(100, 103), state="staged", lines='["200"]')
    lab.converge()
    lab.remove("spring")
    lab.converge()
    lab.remove("renewal")
    lab.campaign("spring", range(40), extra="renamed_from: renewal\n")
    lab.converge()
    let_it_ring(lab)
    assert_everybody_once(lab, range(40))
    assert lab.actions() == []


def test_one_campaign_cannot_go_on_with_two_ledgers(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign("spring", range(100, 103))
    lab.converge()
    let_it_ring(lab)
    lab.remove("spring")
    lab.converge()
    half_way(lab)
    lab.remove("renewal")
    lab.campaign("spring", range(40), extra="renamed_from: renewal\n")
    assert lab.plan().exit_code == 4
    assert "two-ledgers" in codes(lab)


def test_to_call_people_again_on_purpose_is_said_and_counted(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign("renewal", range(10))
    lab.converge()
    let_it_ring(lab)
    lab.remove("renewal")
    lab.campaign("again", range(5, 15), extra="repeats: [renewal]\n")
    planned = lab.plan()
    assert planned.plan.summary.repeat_numbers == 5
    lab.converge()
    let_it_ring(lab)
    assert Counter(lab.rung()) == Counter(map(number, [*range(10), *range(5, 15)]))


def test_a_protected_campaign_cannot_be_removed(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(extra="protect: true\n")
    lab.converge()
    lab.remove("renewal")
    assert lab.plan().exit_code == 4
    assert codes(lab) == {"protected"}
    lab.campaign(extra="protect: false\n")
    lab.converge()
    lab.remove("renewal")
    lab.converge()
    assert all(task.deleted for task in lab.emulator.tasks.values())


def test_on_change_next_wave_lets_the_wave_go_on_and_forbid_refuses(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    half_way(lab)
    lab.campaign("renewal", range(40), robot='"720"', on_change="forbid")
    assert lab.plan().exit_code == 4
    assert "change-forbidden" in codes(lab)
    lab.campaign("renewal", range(45), robot='"720"', on_change="next-wave")
    # The wave that goes on has the line.
    assert [action for _, action, *_ in lab.actions()] == ["create", "wait"]
    assert lab.plan().plan.summary.waiting_numbers == 5
    lab.emulator.advance(DAY)
    lab.converge()
    lab.emulator.advance(DAY)
    assert_everybody_once(lab, range(45))
    robots = [task.robot_id for task in lab.emulator.tasks.values() if not task.deleted]
    assert sorted(robots) == ["719", "720"]


def test_a_removed_row_is_called_no_more_and_an_edited_one_is_called_once_as_edited(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign("renewal", range(40), extra=LATER)
    lab.converge()
    lab.campaign("renewal", [(n, "改过") if n == 39 else n for n in range(2, 40)], extra=LATER)
    assert [action for _, action, *_ in lab.actions()] == ["replace"]
    lab.converge()
    let_it_ring(lab)
    assert_everybody_once(lab, range(2, 40))
    live = next(task for task in lab.emulator.tasks.values() if not task.deleted)
    assert [row.values[1] for row in live.rows if row.number == number(39)] == ["改过"]


def test_carry_over_half_way_calls_everybody_once(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    half_way(lab)
    deliver(lab)
    lab.campaign("renewal", range(40), robot='"720"')
    for _ in range(30):
        lab.apply()
        lab.emulator.advance(60)
        deliver(lab)
        if not lab.actions():
            break
    let_it_ring(lab)
    assert_everybody_once(lab, range(40))
    lab.converge()
    assert lab.actions() == []


def test_an_end_that_is_extended_calls_those_who_were_proven_not_called(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign("renewal", range(40), extra="schedule: {end: 2026-12-01T09:02:00+00:00}")
    lab.converge()
    lab.emulator.advance(3600)
    assert 0 < len(lab.rung()) < 40
    assert lab.converge().exit_code == 0
    named = lab.plan().plan.diagnostics
    assert [found.code for found in named] == ["end-past"]
    # The second plan, which need not read the list any more, names them too.
    lab.apply()
    assert codes(lab) == {"end-past"}
    lab.campaign("renewal", range(40), extra="schedule: {end: 2026-12-09T09:00:00+00:00}")
    assert [action for _, action, *_ in lab.actions()] == ["wait"]
    deliver(lab)
    assert ("create", "end-extended") in [(action, reason) for _, action, _, reason, _ in lab.actions()]
    lab.converge()
    let_it_ring(lab)
    assert_everybody_once(lab, range(40))


def test_a_staged_wave_that_expired_unstarted_is_staged_again_when_the_end_is_extended(
    tmp_path: Path,
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign("renewal", range(5), state="staged", extra="schedule: {end: 2026-12-01T10:00:00+00:00}")
    lab.converge()
    lab.emulator.advance(2 * 3600)
    lab.converge()
    lab.campaign("renewal", range(5), extra="schedule: {end: 2026-12-09T09:00:00+00:00}")
    lab.converge()
    let_it_ring(lab)
    assert_everybody_once(lab, range(5))


def test_a_wave_deleted_outside_yeta_is_replaced_by_those_proven_not_called(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    half_way(lab)
    lab.emulator.console_delete(the_only_task(lab))
    lab.emulator.advance(600)
    assert [action for _, action, *_ in lab.actions()] == ["wait"]
    deliver(lab)
    assert [(action, reason) for _, action, _, reason, _ in lab.actions()] == [
        ("replace", "deleted-outside-yeta")
    ]
    lab.converge()
    let_it_ring(lab)
    assert_everybody_once(lab, range(40))


def test_a_task_completed_outside_yeta_with_numbers_left_names_them(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    half_way(lab)
    lab.emulator.finish(the_only_task(lab), Status.COMPLETED)
    let_it_ring(lab)
    lab.converge()
    assert codes(lab) == {"completed-undialled"}
    lab.apply()
    assert codes(lab) == {"completed-undialled"}
    assert max(Counter(lab.rung()).values()) == 1


def test_a_campaign_that_becomes_a_direct_call_calls_nobody_again(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    half_way(lab)
    lab.direct("renewal", range(40))
    planned = lab.plan()
    assert planned.exit_code == 3
    assert codes(lab) == {"kind-changed"}


def test_a_key_cannot_change_once_somebody_was_called(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    half_way(lab)
    contacts = "{csv: renewal.csv, columns: {客户手机号码: phone, 姓名: name}, key: name}"
    lab.campaign("renewal", range(40), contacts=contacts)
    assert lab.plan().exit_code == 3
    assert "key-changed" in codes(lab)
    assert lab.actions() == []


def test_a_number_that_was_called_under_one_key_is_not_called_under_another(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    contacts = "{csv: renewal.csv, columns: {客户手机号码: phone, 姓名: name}, key: name}"
    lab.campaign("renewal", [(0, "甲"), (1, "乙")], contacts=contacts)
    lab.converge()
    let_it_ring(lab)
    lab.campaign("renewal", [(0, "丙"), (1, "乙"), (2, "丁")], contacts=contacts)
    lab.converge()
    let_it_ring(lab)
    assert_everybody_once(lab, range(3))
    assert codes(lab) == {"number-called-before"}
