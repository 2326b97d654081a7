"""A plan foresees what settling the journal's doubts would do; "no changes" it says only if that is so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.journal.story import STEPS, a_lab, live_through
from tests.support.trouble import KILLED_AFTER, KILLED_BEFORE, Point, TroubledLab
from yeta_reconcile.apply.holding import holding
from yeta_reconcile.planning.planner import Planner

# The first call of each kind, and the second, in the order of the story.
CHANGES = ("create", "insert", "start", "pause", "delete")
ROWS = range(200, 203)
EVENING = "schedule: {begin: 2026-12-01T20:00:00}"


def once_settled(lab: TroubledLab) -> tuple[list[tuple[str, str, int, str, int]], dict[str, str]]:
    """The plan of an apply, and what it rests on: every doubt is settled before it is made."""
    with lab.store() as store, lab.client() as client:
        run = lab.run(store, client)
        with lab.beating(run), holding(run):
            planned = Planner(lab.repository(), store, client).plan(lab.clock.now())
    changes = [(c.campaign, c.action.value, c.wave, c.reason.value, c.rows) for c in planned.plan.changes]
    return changes, planned.plan.facts


def died(root: Path, call: str, kind: str, *, before: str, after: str) -> TroubledLab:
    """A wave stood as declared `before`; whoever was to make it as declared `after` died at that call."""
    nth = 0
    for point in (None, kind):
        lab = a_lab(root / (point or "rehearsed"), Point("request", nth, point) if point else None)
        lab.campaign("calm", ROWS, state=before, extra=EVENING)
        lab.converge()
        lab.campaign("calm", ROWS, state=after, extra=EVENING)
        lab.try_apply()
        nth = len(lab.requests) - lab.requests[::-1].index(call)
    assert lab.struck
    return lab


@pytest.fixture(scope="session")
def calls(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Every request of the story as it goes when nothing goes wrong."""
    lab = a_lab(tmp_path_factory.mktemp("untroubled"))
    live_through(lab)
    return tuple(lab.requests)


def story_until(lab: TroubledLab) -> None:
    """The story up to the death of its runner."""
    for step in STEPS:
        step(lab)
        while (report := lab.try_apply()) is not None and report.exit_code:
            lab.emulator.advance(40)
        if report is None:
            return


@pytest.mark.sweep
def test_a_plan_after_a_death_at_any_change_is_what_an_apply_plans_once_it_has_settled(
    tmp_path: Path, calls: tuple[str, ...]
) -> None:
    wrong: dict[str, Any] = {}
    changes = [nth for name in CHANGES for nth in [n for n, call in enumerate(calls, 1) if call == name][:2]]
    for nth in changes:
        kind = (KILLED_AFTER, KILLED_BEFORE)[nth % 2]
        lab = a_lab(tmp_path / str(nth), Point("request", nth, kind))
        story_until(lab)
        at_once = lab.actions()
        lab.emulator.advance(40)
        later, saved = lab.actions(), lab.plan().plan.facts
        settled, facts = once_settled(lab)
        if later != settled or saved != facts or (settled and not at_once):
            wrong[f"{calls[nth - 1]} {nth} {kind}"] = (at_once, later, settled)
    assert not wrong


def test_our_own_pause_whose_answer_was_never_heard_is_not_taken_for_one_outside_yeta(tmp_path: Path) -> None:
    lab = died(tmp_path, "pause", KILLED_AFTER, before="running", after="paused")
    lab.campaign("calm", ROWS, extra=EVENING)

    at_once = lab.plan().plan
    assert "unsettled" in {found.code for found in at_once.diagnostics}
    lab.emulator.advance(40)

    assert lab.actions() == [("calm", "resume", 1, "declared-running", 3)] == once_settled(lab)[0]


@pytest.mark.sweep
def test_a_start_that_was_never_answered_is_waited_for_until_it_can_be_told(tmp_path: Path) -> None:
    """It may be under way: the wave is no staged one, and nothing about it is as declared."""
    lab = died(tmp_path, "start", KILLED_BEFORE, before="staged", after="running")
    lab.campaign("calm", ROWS, state="paused", extra=EVENING)

    assert lab.actions() == [("calm", "wait", 1, "outcome-unknown", 3)]
    lab.emulator.advance(40)

    lab.campaign("calm", range(200, 204), state="paused", extra=EVENING)
    assert lab.actions() == once_settled(lab)[0] == [("calm", "replace", 1, "rows-added", 4)]
    assert lab.rung() == []
