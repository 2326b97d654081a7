"""An invisible edit is no edit: a running wave is not taken apart for a blank at an end."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import httpx
import pytest

from tests.support.lab import Lab, number
from tests.support.scenes import a_lab, assert_each_rang_once
from tests.support.trouble import KILLED_BEFORE, Point, TroubledLab
from yeta_reconcile.documents import cells

pytestmark = pytest.mark.sweep


def as_former_versions(patch: pytest.MonkeyPatch) -> None:
    """Values are sent and recorded as they stand in the file."""
    patch.setattr(cells, "trimmed", str)
    patch.setattr(cells, "_ENDS", "")


def sent(lab: Lab) -> list[tuple[str, ...]]:
    return sorted(
        tuple(row.values) for task in lab.emulator.tasks.values() if not task.deleted for row in task.rows
    )


@pytest.mark.parametrize("state", ["running", "staged"])
@pytest.mark.parametrize("edited", ["张三 ", "\u00a0张三", "张三\u200b", '"张三\r\n"', '="张三"'])
def test_what_nobody_sees_at_an_end_changes_nothing(tmp_path: Path, state: str, edited: str) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=[(0, "张三"), (1, "李四")], state=state)
    lab.converge()

    lab.rows("renewal", [(0, edited), (1, " 李四")])

    assert lab.actions() == []
    assert sent(lab) == [(number(0), "张三"), (number(1), "李四")]


@pytest.mark.parametrize("state", ["running", "staged"])
def test_a_state_of_a_former_version_is_not_taken_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(rows=[(0, "张三 "), (1, "\u00a0李四"), (2, "王五")], state=state)
    with monkeypatch.context() as patch:
        as_former_versions(patch)
        lab.converge()
    assert sent(lab)[0] == (number(0), "张三 ")

    assert lab.actions() == []

    lab.rows("renewal", [(0, "张三 "), (1, "李四四"), (2, "王五")])
    assert [action[1] for action in lab.actions()] == ["replace"]


def test_a_wave_that_a_former_version_left_half_filled_is_filled_as_it_was_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = a_lab(tmp_path)
    assert isinstance(lab, TroubledLab)
    # One insert after the other: none but the one that is under way is in doubt.
    lab.ordered = True
    lab.campaign(rows=[(index, f"客户{index} ") for index in range(120)])

    def dies_at_the_next(request: httpx.Request) -> None:
        if request.url.path.endswith("/insert"):
            lab.point = Point("request", len(lab.requests) + 1, KILLED_BEFORE)

    with monkeypatch.context() as patch:
        as_former_versions(patch)
        lab.before = dies_at_the_next
        assert lab.try_apply() is None
    lab.before = lab.point = None

    lab.converge()

    assert len({len(task.rows) for task in lab.emulator.tasks.values()}) == 1
    assert Counter(said for _, said in sent(lab)) == Counter(f"客户{index} " for index in range(120))
    assert_each_rang_once(lab, range(120))
