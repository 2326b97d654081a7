"""People who go from one campaign to another uncalled: no plan hides whom the next one rings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import product
from pathlib import Path

import pytest

from tests.support.dials import Dials
from tests.support.lab import Lab, number
from tests.support.records import deliver
from tests.support.scenes import DAY, a_lab, declare, finish
from yeta_reconcile.plan.plan import Plan
from yeta_reconcile.waves.record import Phase

CONTINUES = "continues: [aa]\n"


def begun(root: Path, state: str = "running", **fields: str) -> Lab:
    """A laboratory with campaign aa of three people, none of whom was dialled yet."""
    lab = a_lab(root)
    lab.campaign("aa", [1, 2, 3], state=state, **fields)
    assert lab.apply().exit_code == 0
    return lab


def split(lab: Lab) -> None:
    """Two of the three go to a new campaign."""
    lab.rows("aa", [1])
    declare(lab, "bb", [2, 3], CONTINUES)


def said(plan: Plan) -> str:
    return " ".join(str(found) for found in plan.diagnostics)


def assert_nothing_is_hidden(lab: Lab, people: Iterable[int]) -> None:
    """When an apply says that all is done, no later one rings anybody, and each was rung once."""
    for _ in range(12):
        report = lab.apply()
        assert "or will" not in said(lab.applied[-1])
        if report.exit_code == 0:
            break
        lab.clock.sleep(40)
        deliver(lab)
    assert report.exit_code == 0, report.problems
    for _ in range(2):
        lab.emulator.advance(DAY)
        deliver(lab)
        planned = lab.plan().plan
        assert planned.summary.ringing_numbers == 0, planned.changes
        lab.apply()
    for path in lab.root.glob("*.yaml"):
        path.write_text(
            re.sub("^state: (staged|paused)$", "state: running", path.read_text(), flags=re.MULTILINE)
        )
    finish(lab)
    assert Counter(lab.rung()) == Counter(map(number, people))
    assert not Dials(lab.emulator, {"cc": "aa"}, applied=lab.applied).unshown()


@pytest.mark.sweep
def test_who_leaves_a_wave_that_dialled_nobody_waits_in_the_plan_until_it_lets_go(tmp_path: Path) -> None:
    lab = begun(tmp_path)
    split(lab)

    summary = lab.plan().plan.summary

    assert (summary.wait, summary.unchanged, summary.ringing_numbers) == (1, 0, 1)
    assert lab.apply().exit_code == 7
    assert_nothing_is_hidden(lab, [1, 2, 3])


def merge(lab: Lab) -> None:
    lab.remove("aa")
    declare(lab, "bb", [1, 2, 3, 4], CONTINUES)


def go(lab: Lab) -> None:
    """All of aa goes elsewhere, and its name is used for others."""
    lab.rows("aa", [7])
    declare(lab, "bb", [1, 2, 3], CONTINUES)


def ignored(lab: Lab) -> None:
    lab.campaign("aa", [1], on_removed_rows="ignore")
    declare(lab, "bb", [2, 3], CONTINUES)


def ignored_and_changed(lab: Lab) -> None:
    """The wave is replaced for another reason, so that those who left it are let go all the same."""
    lab.campaign("aa", [1], on_removed_rows="ignore", robot='"720"')
    declare(lab, "bb", [2, 3], CONTINUES)


def renamed(lab: Lab) -> None:
    lab.remove("aa")
    lab.campaign("cc", [1], extra="renamed_from: aa\n")
    declare(lab, "bb", [2, 3], CONTINUES)


def renamed_and_shared(lab: Lab) -> None:
    """Both lists have the same people: they are the renamed one's."""
    lab.remove("aa")
    lab.campaign("cc", [1, 2, 3], extra="renamed_from: aa\n")
    declare(lab, "bb", [2, 3], CONTINUES)


def chained(lab: Lab) -> None:
    split(lab)
    lab.rows("bb", [2])
    lab.campaign("dd", [3], lines='["300"]', extra="continues: [bb]\n")


def spelt(lab: Lab) -> None:
    lab.rows("aa", [1])
    declare(lab, "bb", [], CONTINUES)
    lab.rows("bb", [f"+86 {number(2)}", f"0{number(3)}"])


def called_out(lab: Lab) -> None:
    lab.rows("aa", [1])
    lab.direct("bb", [2, 3], extra=CONTINUES)


CHANGES: tuple[Callable[[Lab], None], ...] = (
    split, merge, go, ignored, ignored_and_changed, renamed, renamed_and_shared, chained, spelt, called_out
)  # fmt: skip
PEOPLE = {"merge": [1, 2, 3, 4], "go": [1, 2, 3, 7]}


CASES = (
    *((change, "running") for change in CHANGES),
    *product((split, merge, renamed_and_shared), ("staged", "paused")),
)


@pytest.mark.parametrize(("change", "state"), CASES, ids=lambda part: getattr(part, "__name__", part))
def test_no_plan_hides_whom_the_next_one_rings(
    tmp_path: Path, change: Callable[[Lab], None], state: str
) -> None:
    lab = begun(tmp_path, "running" if state == "paused" else state)
    if state == "paused":
        lab.campaign("aa", [1, 2, 3], state="paused")
        lab.converge()

    change(lab)

    assert_nothing_is_hidden(lab, PEOPLE.get(change.__name__, [1, 2, 3]))


@pytest.mark.sweep
@pytest.mark.parametrize("only", [(), ("bb",)])
def test_who_is_let_go_by_a_campaign_that_is_gone_already_is_called_or_the_apply_is_not_done(
    tmp_path: Path, only: tuple[str, ...]
) -> None:
    lab = begun(tmp_path)
    lab.remove("aa")
    assert lab.apply().exit_code == 0
    lab.emulator.advance(DAY)
    lab.campaign("bb", [1, 2, 3], extra=CONTINUES)

    code = lab.apply(only=only).exit_code
    lab.emulator.advance(DAY)
    assert (code == 0) == (len(lab.rung()) == 3)
    assert_nothing_is_hidden(lab, [1, 2, 3])


def gone_unaccounted(root: Path) -> Lab:
    """Campaign aa is gone. Its wave was deleted during its first calls: the count it had then has grown."""
    lab = a_lab(root)
    lab.campaign("aa", range(20))
    lab.apply()
    lab.emulator.advance(4)
    lab.remove("aa")
    lab.apply()
    with lab.store() as store:
        (wave,) = store.waves.recorded().campaigns["aa"].waves
    assert (wave.phase, wave.tel_count) == (Phase.DELETED, None)
    lab.emulator.advance(DAY)
    deliver(lab)
    assert 0 < len(lab.rung()) < 20
    lab.campaign("bb", range(20), extra=CONTINUES)
    return lab


@pytest.mark.sweep
def test_a_wave_that_was_not_accounted_when_its_campaign_went_is_so_as_its_successor_calls_its_people(
    tmp_path: Path,
) -> None:
    lab = gone_unaccounted(tmp_path)

    assert lab.apply().exit_code == 0

    lab.emulator.advance(DAY)
    assert Counter(lab.rung()) == Counter(map(number, range(20)))


def test_an_apply_that_may_not_account_it_says_that_its_people_are_not_free_yet(tmp_path: Path) -> None:
    lab = gone_unaccounted(tmp_path)

    report = lab.apply(only=("bb",))

    assert [(found.exit_code, found.campaign) for found in report.problems] == [(7, "bb")]
    assert "not free yet" in str(report.problems[0])
    assert lab.apply().exit_code == 0
    lab.emulator.advance(DAY)
    assert Counter(lab.rung()) == Counter(map(number, range(20)))


@pytest.mark.sweep
def test_people_of_two_new_campaigns_are_called_by_the_one_that_is_continued(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign("aa", [1, 2, 3])
    declare(lab, "bb", [2, 3, 4], CONTINUES)

    assert lab.plan().plan.summary.ringing_numbers == 4
    assert_nothing_is_hidden(lab, [1, 2, 3, 4])
