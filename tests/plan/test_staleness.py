"""What an approved plan still allows, decided on values."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from tests.render.plans import a_change, a_plan
from yeta_reconcile.cli.language import speaking
from yeta_reconcile.plan.plan import REASON, Action, Change, ChangeKind, Plan, Reason
from yeta_reconcile.plan.staleness import (
    Since,
    left_out,
    moved_changes,
    moved_documents,
    moved_rest,
    nothing_left,
)
from yeta_reconcile.wording import spoken

LIST, WAVES = "the-list", "the-waves"


def plan_of(*changes: Change, live: str = WAVES, declared: str = LIST) -> Plan:
    return a_plan(*changes, facts={"spring-renewal": f"{declared}/{live}"})


def on_wave(action: Action, reason: Reason = Reason.DECLARED_RUNNING, **fields: Any) -> Change:
    return a_change(action=action, reason=reason, wave_id=7, new_rows=0, **fields)


CREATE = a_change()
START = a_change(action=Action.START, rings=True, new_rows=0)
REPLACE = on_wave(Action.REPLACE, Reason.ROWS_REMOVED, rings=True)
PAUSE = on_wave(Action.PAUSE)
WAIT = on_wave(Action.WAIT, Reason.RECORDS_MISSING)


def test_the_same_plan_is_not_stale() -> None:
    files: dict[str, tuple[str, str]] = {}
    assert moved_documents(plan_of(CREATE), plan_of(CREATE), files.__getitem__) == []
    assert moved_changes(plan_of(CREATE, START), plan_of(CREATE, START)) == []


def test_a_document_that_changed_came_or_went_is_named() -> None:
    facts = {"listed": "a/x/m/w", "settings": "a/x/m/w", "written": "a/x/m/w", "same": "a/x/m/w"}
    approved = a_plan(facts={**facts, "gone": "a/x/m/w"})
    now = a_plan(
        facts={
            "listed": "b/x/m/w", "settings": "b/x/n/w", "written": "b/x/n/v", "same": "a/y/m/v",
            "new": "a/x/m/w",
        }
    )  # fmt: skip
    files = {name: (f"{name}.yaml", f"data/{name}.csv") for name in now.facts}

    assert moved_documents(approved, now, files.__getitem__) == [
        "gone was removed",
        "the list of listed (data/listed.csv) changed, or who of it may be called",
        "new was added",
        "settings is declared otherwise now in yeta.yaml",
        "written is declared otherwise now in written.yaml",
    ]


def test_a_plan_that_a_former_version_saved_is_stale_and_no_bug() -> None:
    now, files = a_plan(CREATE, facts={"spring-renewal": "b/x/m/w"}), {"spring-renewal": ("a.yaml", "a.csv")}

    former = a_plan(CREATE, facts={"spring-renewal": "a/x"})
    assert len(moved_documents(former, now, files.__getitem__)) == 1
    assert moved_changes(former, now) == []


@pytest.mark.parametrize(
    "other",
    [
        a_change(wave=2),
        a_change(campaign="autumn"),
        a_change(action=Action.REPLACE),
        a_change(rings=True),
        a_change(rows=121),
        a_change(attributes={"robot": (None, "222")}),
        a_change(task_id="5"),
    ],
)
def test_what_was_not_in_it_is_never_done(other: Change) -> None:
    moved = moved_changes(plan_of(CREATE), plan_of(CREATE, other))

    assert len(moved) == 1
    assert moved[0].endswith("was not in it")


def test_people_whom_another_campaign_called_since_are_not_called_again_unseen() -> None:
    approved, now = plan_of(a_change(repeat_rows=2)), plan_of(a_change(repeat_rows=3))

    for moved in (moved_changes, moved_rest):
        assert moved(approved, now) == ["spring-renewal: 3 people would be called again, 2 were in it"]
        assert moved(now, approved) == []


def test_what_was_to_ring_and_is_not_planned_any_more_is_said() -> None:
    assert moved_changes(plan_of(START), plan_of()) == ["spring-renewal: start wave 1 is not needed any more"]


def test_what_is_done_for_another_reason_or_to_others_is_named_once() -> None:
    further, freed = a_change(reason=Reason.ROWS_ADDED), a_change(reason=Reason.ROWS_RELEASED, rows=7)

    [moved] = moved_changes(plan_of(further), plan_of(freed))

    was, now = REASON[Reason.ROWS_ADDED], REASON[Reason.ROWS_RELEASED]
    assert moved.startswith(f"spring-renewal: create wave 1 was in it (120 rows: {was})")
    assert moved.endswith(f"and is another now (7 rows: {now})")
    with speaking("zh"):
        assert re.search("[a-z]", spoken(moved).removeprefix("spring-renewal")) is None


def test_what_is_done_otherwise_for_the_same_reason_is_not_said_to_be_what_it_was() -> None:
    [moved] = moved_changes(plan_of(CREATE), plan_of(a_change(rings=not CREATE.rings)))

    assert (
        moved
        == "spring-renewal: create wave 1 was in it (120 rows: the campaign is new) and is done otherwise now"
    )


@pytest.mark.parametrize("change", [PAUSE, on_wave(Action.DELETE)])
def test_stopping_what_has_stopped_by_itself_may_lapse(change: Change) -> None:
    assert moved_changes(plan_of(change), plan_of()) == []


def test_counts_that_progress_moves_are_no_difference() -> None:
    later = on_wave(Action.REPLACE, Reason.ROWS_REMOVED, rings=True, rows=90, detail="90 are left")

    assert moved_changes(plan_of(REPLACE), plan_of(later)) == []


def test_a_replacement_that_has_to_wait_first_is_still_the_same() -> None:
    assert moved_changes(plan_of(REPLACE), plan_of(WAIT)) == []
    assert not nothing_left(plan_of(REPLACE), plan_of(WAIT))


def test_waves_that_moved_spoil_what_concerns_them_alone() -> None:
    assert moved_changes(plan_of(PAUSE), plan_of(PAUSE, live="other")) == [
        "the waves of spring-renewal changed"
    ]
    assert moved_changes(plan_of(), plan_of(live="other")) == []


def test_what_only_waited_is_left_to_the_next_plan_once_it_can_go_on() -> None:
    approved = plan_of(WAIT, a_change(campaign="autumn"))
    now = plan_of(REPLACE, a_change(campaign="autumn"))

    assert left_out(approved, now) == {"spring-renewal"}
    assert moved_changes(approved, now) == []
    assert moved_rest(approved, now) == []
    assert nothing_left(approved, plan_of(REPLACE))
    assert left_out(plan_of(WAIT, PAUSE), plan_of(REPLACE)) == frozenset()


def test_who_came_from_another_campaign_meanwhile_is_for_the_next_plan_beside_what_was_approved() -> None:
    coming = a_change(action=Action.WAIT, reason=Reason.CONTINUED, new_rows=0)
    approved, further = (
        plan_of(CREATE, START, coming),
        plan_of(replace(CREATE, wave=2), replace(START, wave=2)),
    )

    assert left_out(approved, plan_of(CREATE, START, coming)) == frozenset()
    assert left_out(approved, further) == {"spring-renewal"}
    assert nothing_left(approved, further)


def test_it_is_done_when_nothing_but_its_own_waits_is_left() -> None:
    assert nothing_left(plan_of(WAIT, CREATE), plan_of(WAIT))
    assert nothing_left(plan_of(CREATE), plan_of())
    assert not nothing_left(plan_of(CREATE), plan_of(WAIT))
    assert not nothing_left(plan_of(CREATE, START), plan_of(START))


UNFINISHED = a_change(reason=Reason.UNFINISHED, wave_id=7, new_rows=0)
ORPHAN = a_change(action=Action.DELETE, reason=Reason.ORPHAN, task_id="9", new_rows=0)
LAPSED = on_wave(Action.RESUME, Reason.NOTHING_LEFT, rings=True, rows=500, kind=ChangeKind.CARRY_LAPSED)


@pytest.mark.parametrize(
    ("approved", "left"),
    [
        ((CREATE, START), (UNFINISHED, START)),
        ((CREATE, START), (START,)),
        ((CREATE, START), (a_change(wave=2, reason=Reason.ROWS_ADDED, rows=20), START)),
        ((CREATE,), (UNFINISHED, ORPHAN)),
        ((REPLACE,), (REPLACE,)),
        ((REPLACE,), (a_change(wave=2), a_change(wave=2, action=Action.START, rings=True))),
        ((REPLACE,), (LAPSED,)),
        ((PAUSE,), (PAUSE,)),
        ((PAUSE,), ()),
        ((PAUSE,), (WAIT,)),
    ],
)
def test_a_plan_that_broke_off_goes_on_in_other_forms(
    approved: tuple[Change, ...], left: tuple[Change, ...]
) -> None:
    assert moved_rest(plan_of(*approved), plan_of(*left)) == []


def test_a_begun_plan_resumes_what_was_paused_outside_yeta_and_not_what_was_paused_again() -> None:
    resume = plan_of(on_wave(Action.RESUME, Reason.PAUSED_OUTSIDE, rings=True, kind=ChangeKind.AFTER_OUTSIDE))
    assert moved_rest(resume, resume) == []
    assert moved_rest(resume, resume, Since({7})) == [
        "spring-renewal: resume wave 1 was done, and it was paused outside yeta since"
    ]


@pytest.mark.parametrize(
    ("approved", "left"),
    [
        ((CREATE,), START),
        ((on_wave(Action.REPLACE),), START),
        ((PAUSE,), on_wave(Action.RESUME, rings=True)),
        ((PAUSE,), on_wave(Action.PAUSE, wave=2)),
        ((START,), CREATE),
        ((REPLACE,), PAUSE),
        ((REPLACE,), on_wave(Action.RESUME, Reason.PAUSED_OUTSIDE, rings=True)),
        ((CREATE, START), a_change(action=Action.CALL, rings=True)),
        ((CREATE, START), a_change(action=Action.START, rings=True, rows=121)),
        ((CREATE, START), a_change(campaign="autumn", action=Action.START, rings=True)),
        ((), ORPHAN),
    ],
)
def test_breaking_off_widens_nothing(approved: tuple[Change, ...], left: Change) -> None:
    assert moved_rest(plan_of(*approved), plan_of(left)) != []


def test_whom_a_begun_plan_rang_is_not_left_of_it() -> None:
    approved, name = plan_of(CREATE, START), "spring-renewal"
    rest = plan_of(a_change(action=Action.START, rings=True, rows=20, new_rows=0))
    again = plan_of(replace(START, kind=ChangeKind.START_AGAIN))

    assert moved_rest(approved, rest, Since(rung={name: START.rows - 20})) == []
    assert moved_rest(approved, rest, Since(rung={name: 101})) == [
        f"{name}: 20 would ring, {START.rows} were in it, and 101 of them it rang already"
    ]
    assert moved_rest(approved, again, Since(rung={name: START.rows})) == []


def test_whom_another_campaign_called_while_a_plan_was_begun_is_not_called_again_by_it() -> None:
    approved = plan_of(CREATE, replace(START, repeat_rows=30))
    rest = plan_of(a_change(action=Action.START, rings=True, rows=20, new_rows=0, repeat_rows=20))
    rang = {"spring-renewal": 100}

    assert moved_rest(approved, rest, Since(rung=rang)) == []
    assert moved_rest(approved, rest, Since(rung=rang | {"autumn": 5})) == [
        "spring-renewal: 20 people would be called again, 30 were in it"
    ]
