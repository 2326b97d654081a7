"""What a call that was in doubt leaves of its wave, when that must show, and what a plan foresees of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.subjects import task, wave_record
from yeta_reconcile.waves.lifecycle import (
    AFTER,
    BEFORE,
    carry_readiness,
    foreseen,
    left_by,
    may_move,
    shows_by,
)
from yeta_reconcile.waves.proof import Claim, Journalled, Look, prove
from yeta_reconcile.waves.record import Intent, Outcome, Phase

SETTLE = 5000


def doubt(call: str, **override: Any) -> Intent:
    given: dict[str, Any] = {
        "intent_id": 1, "wave_id": 1, "call": call, "batch": None, "rows": 0, "begun": 0, "deadline": 30_000,
        "outcome": None, "code": None, "ended": None,
    }  # fmt: skip
    return Intent(**(given | override))


@pytest.mark.parametrize("call", AFTER)
def test_a_doubt_that_is_settled_leaves_what_the_call_would_have_left(call: str) -> None:
    wave = wave_record(phase=Phase.STARTED)
    assert left_by(wave, call, Outcome.DONE) == AFTER[call]
    assert left_by(wave, call, Outcome.REFUSED) == BEFORE[call]


@pytest.mark.parametrize("outcome", [Outcome.DONE, Outcome.REFUSED])
def test_a_call_adds_nothing_to_the_end_that_a_look_found(outcome: Outcome) -> None:
    for call in AFTER:
        assert left_by(wave_record(phase=Phase.COMPLETED), call, outcome) == {}


def test_a_start_that_was_none_leaves_a_wave_that_was_staged_anew_alone() -> None:
    staged = wave_record(phase=Phase.FILLING)
    assert left_by(staged, "start", Outcome.REFUSED) == {}
    assert left_by(staged, "start", Outcome.DONE) == AFTER["start"]
    assert left_by(staged, "discard", Outcome.REFUSED) == BEFORE["discard"]
    assert left_by(staged, "pause", Outcome.DONE) == AFTER["pause"]


@pytest.mark.parametrize(
    ("outcome", "ended", "by"),
    [
        (None, None, 35_000),
        (Outcome.UNKNOWN, 2_000, 7_000),
        (Outcome.UNKNOWN, None, 35_000),
        (Outcome.REFUSED, 2_000, 35_000),
    ],
)
def test_a_call_shows_a_settling_time_after_its_end_or_after_it_may_last_be_under_way(
    outcome: Outcome | None, ended: int | None, by: int
) -> None:
    assert shows_by(doubt("start", outcome=outcome, ended=ended), SETTLE) == by


def test_a_plan_foresees_what_settling_leaves_once_the_call_must_show() -> None:
    wave = wave_record(phase=Phase.STARTED, quiet_since=3, quiet_facts="1/1")
    paused, pause = task("paused"), [doubt("pause"), doubt("callout")]
    assert foreseen(wave, paused, pause, 34_999, SETTLE) == (wave, ("pause",))
    left = replace(wave, phase=Phase.PAUSED, outside_yeta=False, quiet_since=None, quiet_facts="")
    assert foreseen(wave, paused, pause, 35_000, SETTLE) == (left, ())
    # What the call did not change stands as it stood.
    assert foreseen(wave, task("running"), [doubt("delete")], 35_000, SETTLE) == (wave, ())


@pytest.mark.parametrize("call", ["create", "insert"])
def test_a_plan_foresees_nothing_that_takes_more_than_a_look(call: str) -> None:
    wave = wave_record(phase=Phase.FILLING)
    assert foreseen(wave, task("new"), [doubt(call)], 99_000, SETTLE) == (wave, (call,))


@pytest.mark.parametrize(
    ("former", "phase", "undone", "may"),
    [
        (Phase.PLANNED, Phase.STARTED, False, True),
        (Phase.STARTED, Phase.COMPLETED, False, True),
        (Phase.STARTED, Phase.PLANNED, False, False),
        (Phase.STARTED, Phase.PLANNED, True, True),
        (Phase.STARTED, Phase.PAUSED, False, False),
        (Phase.PLANNED, Phase.CREATING, False, False),
        (Phase.COMPLETED, Phase.STARTED, True, False),
        (Phase.STARTED, Phase.STARTED, False, True),
    ],
)
def test_a_direct_call_goes_ways_of_its_own(former: Phase, phase: Phase, undone: bool, may: bool) -> None:
    assert may_move("DirectCall", former, phase, undone=undone) is may


def test_one_record_stands_against_a_count_and_several_stand() -> None:
    wave = wave_record(phase="draining", pending=3, dialled=1)
    words = "1 call record stands against no numbers the platform counts as dialled"
    assert carry_readiness(wave, task("paused", of=5, called=0), 0, SETTLE).detail == words


def test_what_nothing_is_foreseen_of_hides_no_other_doubt() -> None:
    wave, doubts = wave_record(phase=Phase.STARTED), [doubt("create"), doubt("pause")]
    left, untold = foreseen(wave, task("paused"), doubts, 99_000, SETTLE)
    assert (left.phase, untold) == (Phase.PAUSED, ("create",))


def test_rows_are_accounted_of_a_wave_that_was_cut_short_alone() -> None:
    assert prove(Claim.ACCOUNTED, Journalled(1, Phase.STARTED, accounted=True)) is None
    assert prove(Claim.ACCOUNTED, Journalled(1, Phase.DELETED)) is None
    assert prove(Claim.ACCOUNTED, Journalled(1, Phase.DELETED, accounted=True))


def test_rows_of_a_direct_call_and_of_a_wave_that_was_never_sent_are_proven_uncalled() -> None:
    assert prove(Claim.NOT_CALLED_OUT, Journalled(1, direct=True))
    assert prove(Claim.NOT_CALLED_OUT, Journalled(1)) is None
    assert prove(Claim.UNSENT, Journalled(1, has_task=False))
    assert prove(Claim.UNSENT, Journalled(1)) is None
    assert prove(Claim.UNSENT, Journalled(1, has_task=False, called=1)) is None
    assert prove(Claim.UNSENT, Journalled(1, has_task=False, in_doubt=1)) is None


def test_two_looks_prove_nothing_before_the_settling_time_is_over() -> None:
    first, gone = Look(10**12, task("deleted")), task("deleted")
    assert prove(Claim.NEVER_RANG, Journalled(1), first, Look(10**12 + 4999, gone), SETTLE) is None
    assert prove(Claim.NEVER_RANG, Journalled(1), first, Look(10**12 + 5000, gone), SETTLE)
