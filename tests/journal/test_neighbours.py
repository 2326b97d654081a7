"""Nobody is rung by another campaign unseen: who moves, who is merged, who would be called again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support.lab import COLUMNS, ROBOT, Lab, number
from tests.support.records import deliver
from tests.support.scenes import DAY, a_lab, codes, declare, finish, lose_the_state
from yeta_reconcile.apply.callout import (
    call_once,
)
from yeta_reconcile.apply.holding import holding
from yeta_reconcile.waves.attributes import (
    Attributes,
)

pytestmark = pytest.mark.sweep

PEOPLE = range(20)


def called(root: Path, name: str = "a", rows: Iterable[int] = PEOPLE) -> Lab:
    """A laboratory in which a campaign called its people to the last, and every record came."""
    lab = a_lab(root)
    lab.campaign(name, [*rows])
    finish(lab)
    return lab


def assert_refused(lab: Lab, code: str = "people-moved") -> None:
    planned = lab.plan()
    assert planned.exit_code == 4
    assert code in {found.code for found in planned.plan.diagnostics}


def assert_counted(lab: Lab, people: int) -> None:
    """They are counted, and named with the campaign that called them."""
    planned = lab.plan()
    assert planned.exit_code == 0, [str(found) for found in planned.plan.diagnostics]
    assert planned.plan.summary.repeat_numbers == people
    assert f"{people} of the people" in " ".join(
        found.summary for found in planned.plan.diagnostics if found.code == "called-lately"
    )


def test_a_list_that_goes_to_a_new_name_while_its_own_is_used_again_is_refused(tmp_path: Path) -> None:
    lab = called(tmp_path)
    lab.rows("a", range(50, 55))
    declare(lab, "b", PEOPLE)

    assert_refused(lab)

    declare(lab, "b", PEOPLE, "continues: [a]\n")
    finish(lab)
    assert Counter(lab.rung()) == Counter(map(number, [*PEOPLE, *range(50, 55)]))


def test_a_campaign_merged_into_another_is_refused_until_it_is_continued(tmp_path: Path) -> None:
    lab = called(tmp_path, "b")
    declare(lab, "a", range(100, 110))
    finish(lab)
    lab.remove("b")
    declare(lab, "a", [*range(100, 110), *PEOPLE, 30])

    assert_refused(lab)

    declare(lab, "a", [*range(100, 110), *PEOPLE, 30], "continues: [b]\n")
    planned = lab.plan()
    assert (planned.plan.summary.new_numbers, planned.plan.summary.repeat_numbers) == (1, 0)
    assert "20 rows are not called: b, which this campaign continues" in " ".join(
        found.summary for found in planned.plan.diagnostics
    )
    finish(lab)
    assert lab.actions() == []
    assert Counter(lab.rung()) == Counter(map(number, [*PEOPLE, *range(100, 110), 30]))


def test_a_few_people_who_move_are_refused_until_the_document_says_what_is_meant(tmp_path: Path) -> None:
    lab = called(tmp_path)
    declare(lab, "b", range(100, 120))
    finish(lab)
    lab.rows("a", range(2, 20))
    declare(lab, "b", [*range(100, 120), 0, 1])

    assert_refused(lab)

    declare(lab, "b", [*range(100, 120), 0, 1], "repeats: [a]\n")
    assert_counted(lab, 2)
    finish(lab)
    assert Counter(lab.rung())[number(0)] == 2


def test_people_who_move_out_of_a_wave_under_way_ring_once(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign("a", PEOPLE)
    lab.converge()
    while len(lab.rung()) < 5:
        lab.emulator.advance(5)
    lab.rows("a", range(10))
    declare(lab, "b", range(10, 20))
    assert_refused(lab)

    declare(lab, "b", range(10, 20), "continues: [a]\n")
    for _ in range(12):
        deliver(lab)
        lab.apply()
        lab.emulator.advance(60)
    finish(lab)

    assert Counter(lab.rung()) == Counter(map(number, PEOPLE))


def test_people_of_two_campaigns_are_counted_and_named(tmp_path: Path) -> None:
    lab = called(tmp_path)
    declare(lab, "b", [*range(12), *range(100, 120)])

    assert_counted(lab, 12)

    finish(lab)
    assert lab.actions() == []
    lab.emulator.advance(31 * DAY)
    lab.campaign("c", range(3), lines='["300"]')
    assert lab.plan().plan.summary.repeat_numbers == 0


def test_a_staged_wave_that_would_call_people_again_says_so_as_it_is_started(tmp_path: Path) -> None:
    lab = called(tmp_path)
    declare(lab, "b", PEOPLE, state="staged")
    assert_counted(lab, 20)
    lab.converge()
    assert lab.actions() == []

    declare(lab, "b", PEOPLE)
    assert_counted(lab, 20)

    lab.remove("a")
    assert_refused(lab)
    declare(lab, "b", PEOPLE, state="staged")
    lab.converge()
    declare(lab, "b", PEOPLE)
    assert_counted(lab, 20)


def test_a_campaign_that_grows_by_the_people_of_a_gone_one_says_so(tmp_path: Path) -> None:
    lab = called(tmp_path)
    declare(lab, "b", [100])
    finish(lab)
    lab.remove("a")
    lab.converge()
    declare(lab, "b", [100, *PEOPLE])

    assert_counted(lab, 20)


@pytest.mark.parametrize("at_once", [True, False])
def test_nine_of_twenty_shared_with_a_gone_one_are_a_move_or_counted(tmp_path: Path, at_once: bool) -> None:
    lab = called(tmp_path)
    lab.remove("a")
    if not at_once:
        lab.converge()
    declare(lab, "b", [*range(9), *range(100, 111)])

    if at_once:
        assert_refused(lab)
    else:
        assert_counted(lab, 9)


def test_a_direct_call_that_repeats_people_counts_them(tmp_path: Path) -> None:
    lab = called(tmp_path)
    lab.direct("otp", range(15, 25))

    assert_counted(lab, 5)


def test_a_limit_on_repeats_keeps_whoever_was_called_lately(tmp_path: Path) -> None:
    lab = called(tmp_path)
    lab.declare_project("limits: {repeat_numbers: 0}\n")
    declare(lab, "b", range(19, 30))

    assert lab.plan().exit_code == 4
    assert "limit" in codes(lab)


def test_lists_that_are_swapped_are_refused_whichever_campaign_is_looked_at(tmp_path: Path) -> None:
    lab = called(tmp_path)
    declare(lab, "b", range(100, 110))
    finish(lab)
    lab.rows("a", range(100, 110))
    lab.rows("b", PEOPLE)

    assert_refused(lab)
    for name in ("a", "b"):
        assert lab.plan(only=[name]).exit_code == 4


def test_people_stay_named_under_a_campaign_that_was_renamed(tmp_path: Path) -> None:
    lab = called(tmp_path)
    lab.remove("a")
    lab.campaign("c", PEOPLE, extra="renamed_from: a\n")
    lab.converge()
    lab.emulator.advance(31 * DAY)
    declare(lab, "b", range(3), "repeats: [a]\n")

    assert_counted(lab, 3)


def test_people_of_a_direct_call_and_those_called_by_hand_count_as_called(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.direct("otp", range(5))
    finish(lab)
    with lab.store() as store, lab.client() as client:
        run = lab.run(store, client)
        with holding(run):
            call_once(run, Attributes(ROBOT, ("100",)), COLUMNS, (number(7), "客户"))
    lab.emulator.advance(DAY)
    declare(lab, "b", range(3, 12))

    assert lab.plan().plan.summary.repeat_numbers == 3


def test_nobody_is_called_while_a_task_of_a_continued_campaign_is_unknown(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign("a", PEOPLE)
    lab.converge()
    lab.emulator.advance(60)
    lose_the_state(lab)
    declare(lab, "b", range(10, 30), "continues: [a]\n")

    planned = lab.plan()

    assert planned.exit_code == 8
    assert "continued-unsettled" in {found.code for found in planned.plan.diagnostics}
    assert not [change for change in planned.plan.changes if change.campaign == "b"]


def test_whoever_is_held_by_a_continued_campaign_is_called_once_that_lets_go(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign("a", PEOPLE, state="staged")
    lab.converge()
    declare(lab, "b", PEOPLE, "continues: [a]\n")
    assert lab.plan().plan.summary.new_numbers == 0
    lab.remove("a")
    lab.converge()
    finish(lab)

    assert Counter(lab.rung()) == Counter(map(number, PEOPLE))


def test_a_limit_on_frequency_counts_nobody_who_is_not_called(tmp_path: Path) -> None:
    lab = called(tmp_path)
    lab.declare_project("limits: {frequency: {times: 1, within: 7d}}\n")
    declare(lab, "b", [*PEOPLE, 30], "continues: [a]\n")

    assert lab.plan().exit_code == 0
    finish(lab)
    assert Counter(lab.rung()) == Counter(map(number, [*PEOPLE, 30]))


@pytest.mark.parametrize("key", ["continues", "repeats"])
def test_a_campaign_that_nobody_knows_is_named_with_its_place(tmp_path: Path, key: str) -> None:
    lab = called(tmp_path)
    lab.remove("a")
    lab.converge()
    declare(lab, "b", [50], f"{key}: [a, gone]\n")

    (found,) = [found for found in lab.plan().plan.diagnostics if found.code == key]

    assert str(found).startswith(f"b.yaml:7:{len(key) + 7}: warning: no document declares gone")
