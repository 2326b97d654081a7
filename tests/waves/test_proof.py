"""The one proof that rows were not called: anything missing of it, and there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yeta_reconcile.platform.resources import Task
from yeta_reconcile.waves.proof import Claim, Journalled, Look, Proof, prove
from yeta_reconcile.waves.record import Phase

SETTLE = 5_000
count = st.none() | st.integers(0, 3)
tasks = st.none() | st.builds(
    Task,
    st.just("7"),
    st.just("mark"),
    st.none() | st.integers(0, 8),
    deleted=st.booleans(),
    count_tel=count,
    process_tel_count=count,
    process_count=count,
    time_start=st.sampled_from([None, 0, 1]),
)
looks = st.builds(Look, st.integers(0, 3 * SETTLE), tasks)
known = st.builds(
    Journalled,
    wave_id=st.just(1),
    phase=st.sampled_from(Phase),
    direct=st.booleans(),
    has_task=st.booleans(),
    called=st.integers(0, 2),
    in_doubt=st.integers(0, 2),
    partial=st.booleans(),
    inside=st.integers(0, 3),
    accounted=st.booleans(),
)


@given(st.sampled_from(Claim), known, st.none() | looks, st.none() | looks)
def test_a_proof_has_two_looks_a_settling_time_apart_no_doubt_and_no_record(
    claim: Claim, known: Journalled, first: Look | None, last: Look | None
) -> None:
    proof = prove(claim, known, first, last, SETTLE)
    if proof is None:
        return
    assert (proof.wave_id, proof.claim) == (1, claim)
    assert not known.in_doubt or claim is Claim.NOT_CALLED_OUT
    if claim in {Claim.NEVER_RANG, Claim.ABSENT}:
        assert first
        assert last
        assert first.task
        assert last.task
        assert last.at - first.at >= SETTLE
        assert first.task.count_tel == last.task.count_tel or claim is Claim.NEVER_RANG
    match claim:
        case Claim.NEVER_RANG:
            assert not known.called
            assert first
            assert last
            assert first.task
            assert last.task
            assert first.task.deleted
            assert last.task.deleted
            assert first.task.process_tel_count == last.task.process_tel_count == 0
        case Claim.ABSENT:
            assert last
            assert last.task
            assert last.task.count_tel == known.inside
            assert not known.partial
        case Claim.ACCOUNTED:
            assert known.accounted
            assert known.phase in {Phase.DELETED, Phase.EXPIRED}
        case Claim.UNSENT:
            assert not known.has_task
            assert not known.called
        case _:
            assert known.direct


GONE = Task("7", "mark", 0, deleted=True, process_tel_count=0)
FULL = Task("7", "mark", 1, count_tel=50)
KNOWN = Journalled(1, inside=50)


@pytest.mark.parametrize(("claim", "task"), [(Claim.NEVER_RANG, GONE), (Claim.ABSENT, FULL)])
@pytest.mark.parametrize(
    ("known", "first", "last"),
    [
        ({}, {}, {"at": SETTLE - 1}),
        ({"in_doubt": 1}, {}, {}),
        ({}, {"task": None}, {}),
        ({}, {}, {"task": None}),
        ({}, {}, {"process_tel_count": None, "count_tel": None}),
        ({}, {"process_tel_count": None, "count_tel": None}, {}),
        ({}, {}, {"process_tel_count": 1, "count_tel": 51}),
        ({"called": 1, "partial": True}, {}, {}),
    ],
)
def test_whatever_is_missing_of_a_proof_there_is_none(
    claim: Claim, task: Task, known: dict[str, Any], first: dict[str, Any], last: dict[str, Any]
) -> None:
    def look(at: int, changed: dict[str, Any]) -> Look:
        changed = {"at": at, "task": task, **changed}
        at, shown = changed.pop("at"), changed.pop("task")
        return Look(at, shown and replace(shown, **changed))

    assert prove(claim, KNOWN, look(0, {}), look(SETTLE, {}), SETTLE)
    assert prove(claim, replace(KNOWN, **known), look(0, first), look(SETTLE, last), SETTLE) is None


def test_nobody_but_the_function_makes_a_proof() -> None:
    with pytest.raises(AssertionError):
        Proof(1, Claim.UNSENT)
