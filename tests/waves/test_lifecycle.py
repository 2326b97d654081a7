"""What a status makes of a wave, and what settles a doubt: `waves/lifecycle.py`, cell by cell."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from tests.support.subjects import DRAIN_QUIET, NOW, ago, document, ms, task, task_of, wave_record
from yeta_reconcile.planning.delta import Hold, hold
from yeta_reconcile.planning.diff.subject import key_headers
from yeta_reconcile.waves.lifecycle import (
    TRANSITIONS,
    UNDONE,
    Doubt,
    SeenPhase,
    carry_readiness,
    ended_as,
    may_move,
    missing_records,
    quiet_facts,
    reactivated,
    seen,
    settle_control,
    settle_inserts,
    silent_for_a_week,
    stands,
    unread,
)
from yeta_reconcile.waves.record import Outcome, Phase

QUIET = int(DRAIN_QUIET.total_seconds() * 1000)
SETTLE = 5000
ENDS = {"completed": "completed", "expired": "expired", "deleted, completed": "deleted"}

# recorded × shown: the phase it is then; a star where it was made so outside yeta.
SHOWN = ("new", "running", "paused", "completed", "expired", "deleted, running", "gone", "unheard of")
LOOK = {
    "filling":  ("filling", "started*", "paused*", "completed", "expired", "deleted*", "lost*", "filling"),
    "verified": ("verified", "started*", "paused*", "completed", "expired", "deleted*", "lost*", "verified"),
    "started":  ("started", "started", "paused*", "completed", "expired", "deleted*", "lost*", "started"),
    "paused":   ("paused", "started*", "paused", "completed", "expired", "deleted*", "lost", "paused"),
    "draining": ("draining", "started*", "draining", "completed", "expired", "deleted*", "lost", "draining"),
    "lost":     ("started", "started*", "paused", "completed", "expired", "deleted*", "lost", "lost"),
}  # fmt: skip


def look(phase: str, shown: str, **given: Any) -> SeenPhase:
    wave = wave_record(phase=phase, pending=2, **given)
    return seen(replace(wave, task_id="t1"), task_of(replace(wave, task_id="t1"), shown))


def words(found: SeenPhase) -> str:
    return found.phase.value + ("*" if found.outside_yeta else "")


@pytest.mark.parametrize(("phase", "shown"), list(product(LOOK, SHOWN)))
def test_what_a_status_makes_of_a_wave(phase: str, shown: str) -> None:
    started = {"started": "1h"} if phase == "lost" else {}

    assert words(look(phase, shown, **started)) == LOOK[phase][SHOWN.index(shown)]


@pytest.mark.parametrize("shown", SHOWN)
@pytest.mark.parametrize("phase", ["completed", "expired", "deleted", "planned", "creating", "discarded"])
def test_no_status_moves_a_wave_that_is_over_or_has_no_task(phase: str, shown: str) -> None:
    assert words(look(phase, shown)) == phase
    assert words(look(phase, shown, outside_yeta=True)) == phase + "*"


@pytest.mark.parametrize("shown", SHOWN)
@pytest.mark.parametrize("phase", list(LOOK))
def test_no_status_moves_a_direct_call(phase: str, shown: str) -> None:
    assert look(phase, shown, kind="DirectCall", tel_count=7) == SeenPhase(
        Phase(phase), outside_yeta=False, tel_count=7
    )


@pytest.mark.parametrize("phase", ["filling", "verified"])
def test_a_staged_task_that_was_deleted_unrung_is_discarded(phase: str) -> None:
    assert look(phase, "deleted") == SeenPhase(Phase.DISCARDED, outside_yeta=True)
    assert words(look("started", "deleted")) == "deleted*"


@pytest.mark.parametrize("phase", ["filling", "verified"])
def test_a_call_record_proves_a_start(phase: str) -> None:
    assert words(look(phase, "new", dialled=1)) == "started"
    assert words(look(phase, "running", dialled=1)) == "started"
    assert words(look(phase, "deleted", dialled=1)) == "deleted*"


def test_what_was_changed_outside_yeta_is_remembered_as_far_as_it_holds() -> None:
    assert words(look("paused", "paused", outside_yeta=True)) == "paused*"
    assert words(look("paused", "unheard of", outside_yeta=True)) == "paused*"
    assert words(look("started", "running", outside_yeta=True)) == "started"
    assert words(look("paused", "gone", outside_yeta=True)) == "lost*"
    assert words(look("lost", "gone", outside_yeta=True)) == "lost*"
    assert words(look("lost", "paused", outside_yeta=True)) == "paused*"
    assert words(look("lost", "new", outside_yeta=True, started="1h")) == "started*"
    assert words(look("started", "completed", outside_yeta=True)) == "completed*"
    assert words(look("started", "expired", outside_yeta=True)) == "expired*"


def test_a_count_that_was_read_stays_with_a_wave_that_is_lost() -> None:
    assert look("started", "gone", tel_count=7).tel_count == 7


def test_a_wave_that_was_lost_unstarted_is_filled_anew() -> None:
    assert words(look("lost", "new", started=None)) == "filling"


@pytest.mark.parametrize(
    ("recorded", "shown", "count"),
    [
        (None, {"is": "completed", "called": 4, "in_process": 1}, 4),
        (3, {"is": "completed", "called": 4}, 4),
        (4, {"is": "completed", "called": 3}, 4),
        (None, {"is": "completed", "called": None}, None),
        (None, {"is": "expired", "called": 4, "in_process": 0}, 4),
        (None, {"is": "expired", "called": 4, "in_process": 1}, None),
        (None, {"is": "expired", "called": 4, "in_process": None}, None),
        (3, {"is": "expired", "called": 4, "in_process": 1}, 4),
        (None, {"is": "deleted", "called": 4, "in_process": 0}, 4),
        (None, {"is": "deleted", "called": 4, "in_process": 2}, None),
        (3, {"is": "deleted", "called": 4, "in_process": 2}, 4),
        (0, {"is": "deleted", "called": None}, 0),
    ],
)
def test_the_first_count_of_a_wave_cut_short_is_believed_once_nothing_is_in_process(
    recorded: int | None, shown: dict[str, Any], count: int | None
) -> None:
    wave = wave_record(phase="started", pending=2, tel_count=recorded)

    assert seen(wave, task_of(wave, shown)).tel_count == count


@pytest.mark.parametrize("phase", ["expired", "deleted", "completed"])
def test_the_count_of_a_wave_that_is_over_may_grow_and_comes_from_an_answer_that_shows_the_end(
    phase: str,
) -> None:
    wave = wave_record(phase=phase, pending=2, tel_count=3)

    assert seen(wave, task_of(wave, {"called": 5})).tel_count == 5
    assert seen(wave, task_of(wave, {"called": 1})).tel_count == 3
    # Who was not called by a task that was cut short, it may call while it goes on.
    going_on = seen(wave, task_of(wave, {"is": "running", "called": 5})).tel_count
    assert going_on == (3 if phase == "completed" else None)
    assert seen(wave, None).tel_count == 3
    assert seen(replace(wave, tel_count=None), None).tel_count is None


@pytest.mark.parametrize(
    ("phase", "released", "counted", "shown", "rose"),
    [
        ("deleted", 1, 3, {"is": "running", "called": 3}, True),
        ("deleted", 1, 3, {"is": "paused", "called": 3}, True),
        ("deleted", 1, 3, {"is": "new", "called": 0}, True),
        ("expired", 1, 3, {"is": "deleted", "called": 4}, True),
        ("expired", 1, 3, {"is": "deleted", "called": 3}, False),
        ("expired", 1, 3, {"is": "deleted", "called": None}, False),
        ("expired", 1, 0, {"is": "deleted", "called": None}, False),
        ("expired", 1, None, {"is": "deleted", "called": 4}, False),
        ("expired", 0, 3, {"is": "running", "called": 4}, False),
        ("completed", 1, 3, {"is": "running", "called": 4}, False),
        ("started", 1, 3, {"is": "running", "called": 4}, False),
        ("deleted", 1, 3, "gone", False),
    ],
)
def test_a_wave_cut_short_that_went_on_after_rows_were_freed_is_reactivated(
    phase: str, released: int, counted: int | None, shown: Any, rose: bool
) -> None:
    wave = wave_record(phase=phase, pending=1, dialled=2, released=released, tel_count=counted)

    assert reactivated(wave, task_of(wave, shown)) is rose


@pytest.mark.parametrize(
    ("phase", "counted", "shown", "is_unread"),
    [
        ("started", None, {"is": "deleted", "called": 2, "in_process": 0}, True),
        ("started", None, {"is": "expired", "called": 2}, True),
        ("expired", None, {"is": "expired", "called": 2}, True),
        ("deleted", None, {"is": "completed", "called": 2}, True),
        ("deleted", 2, {"is": "deleted", "called": 2}, False),
        ("started", None, {"is": "deleted", "called": None}, False),
        ("started", None, {"is": "completed", "called": 2}, False),
        ("started", None, {"is": "running", "called": 2}, False),
        ("deleted", None, {"is": "running", "called": 2}, False),
        ("started", None, "gone", False),
    ],
)
def test_a_count_is_still_to_be_read_of_a_wave_cut_short_that_shows_one(
    phase: str, counted: int | None, shown: Any, is_unread: bool
) -> None:
    wave = wave_record(phase=phase, pending=2, tel_count=counted)

    assert unread(wave, task_of(wave, shown)) is is_unread


@pytest.mark.parametrize(
    ("quiet", "in_process", "final"),
    [
        (SETTLE, 0, True),
        (SETTLE - 1, 0, False),
        (SETTLE, 1, False),
        (SETTLE, None, False),
        (QUIET, 1, True),
        (QUIET, None, True),
        (QUIET - 1, None, False),
        (None, 0, False),
    ],
)
def test_a_count_stands_after_settle_with_nothing_in_process_else_after_drain_quiet(
    quiet: int | None, in_process: int | None, final: bool
) -> None:
    shown = task("deleted", of=5, called=2, in_process=in_process)
    wave = wave_record(phase="started", pending=3, dialled=2)
    since = None if quiet is None else ms(NOW) - quiet
    watched = replace(wave, quiet_since=since, quiet_facts=quiet_facts(wave, shown))

    assert stands(watched, shown, ms(NOW), SETTLE, QUIET) is final
    assert not stands(replace(watched, dialled=1), shown, ms(NOW), SETTLE, QUIET)


def test_what_has_to_stand_still_are_the_counts_and_the_records() -> None:
    wave, shown = wave_record(dialled=2), task("paused", of=9, called=4, calls=7, in_process=1)
    facts = quiet_facts(wave, shown)

    others = [
        quiet_facts(replace(wave, dialled=3), shown),
        quiet_facts(wave, replace(shown, process_count=5)),
        quiet_facts(wave, replace(shown, process_tel_count=5)),
        quiet_facts(wave, replace(shown, remaining=5)),
    ]
    assert facts not in others
    assert quiet_facts(wave, replace(shown, count_tel=1)) == facts


@pytest.mark.parametrize(
    ("count", "left_behind", "doubt"),
    [
        (10, False, Doubt.OUT), (10, True, Doubt.DISCARD), (15, False, Doubt.IN), (15, True, Doubt.DISCARD),
        (12, False, Doubt.DISCARD), (13, False, Doubt.DISCARD), (16, False, Doubt.DISCARD),
        (9, False, Doubt.DISCARD), (None, False, Doubt.DISCARD), (0, False, Doubt.DISCARD),
    ],
)  # fmt: skip
def test_unknown_batches_are_all_in_or_all_out_by_the_count_or_nobody_knows(
    count: int | None, left_behind: bool, doubt: Doubt
) -> None:
    assert settle_inserts(10, [2, 3], count, left_behind=left_behind) is doubt


def test_no_batch_is_left_behind_unless_one_was() -> None:
    assert settle_inserts(10, [5], 15) is Doubt.IN


DONE, REFUSED, UNKNOWN = Outcome.DONE, Outcome.REFUSED, Outcome.UNKNOWN
CONTROL = {
    #            new     running  paused  completed expired deleted unheard of  gone
    "start":   (REFUSED, DONE,    DONE,    DONE,    DONE,    REFUSED, UNKNOWN, UNKNOWN),
    "resume":  (REFUSED, DONE,    REFUSED, DONE,    DONE,    DONE,    UNKNOWN, UNKNOWN),
    "pause":   (REFUSED, REFUSED, DONE,    DONE,    DONE,    DONE,    UNKNOWN, UNKNOWN),
    "drain":   (REFUSED, REFUSED, DONE,    DONE,    DONE,    DONE,    UNKNOWN, UNKNOWN),
    "delete":  (REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, DONE,    UNKNOWN, DONE),
    "discard": (REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, DONE,    UNKNOWN, DONE),
}  # fmt: skip
STATUSES = ("new", "running", "paused", "completed", "expired", "deleted", "unheard of", "gone")


@pytest.mark.parametrize(("call", "status"), list(product(CONTROL, STATUSES)))
def test_a_doubt_about_steering_is_settled_by_the_status(call: str, status: str) -> None:
    shown = None if status == "gone" else task(status, of=3)

    assert settle_control(call, shown) is CONTROL[call][STATUSES.index(status)]


def test_a_new_task_that_has_called_was_started() -> None:
    assert settle_control("start", task("new", of=3, called=1)) is DONE
    assert settle_control("start", task("new", of=3, begun=True)) is DONE
    assert settle_control("start", task("new", of=3, calls=1)) is DONE


@pytest.mark.parametrize(
    ("status", "of", "called", "phase"),
    [
        ("expired", 3, 3, "expired"), ("completed", 3, 2, "expired"), ("completed", 3, 3, "completed"),
        ("completed", 3, 4, "completed"), ("completed", None, 2, "completed"), ("running", 3, 2, "expired"),
        ("completed", 3, None, "completed"), ("completed", 3, 0, "expired"),
    ],
)  # fmt: skip
def test_already_completed_is_expired_if_it_says_so_or_dialled_fewer(
    status: str, of: int | None, called: int | None, phase: str
) -> None:
    assert ended_as(task(status, of=of, called=called)) is Phase(phase)


def test_a_paused_wave_waits_for_calls_then_for_records_and_then_for_a_person() -> None:
    wave = wave_record(phase="draining", pending=3, dialled=2, quiet="9m", quiet_facts="x")

    def asked(**shown: Any) -> tuple[bool, str, bool]:
        ready = carry_readiness(wave, task("paused", of=5, **shown), ms(NOW), QUIET)
        return ready.ready, ready.reason.value, ready.hopeless

    assert asked(called=2) == (True, "draining", False)
    assert asked(called=2, in_process=1) == (False, "draining", False)
    assert asked(called=3) == (False, "records-missing", False)
    assert asked(called=1) == (False, "records-missing", False)
    assert asked(called=None) == (False, "records-missing", False)


@pytest.mark.parametrize(
    ("shown", "detail"),
    [
        ({"in_process": 1}, "calls in progress are let finish"),
        ({"called": None}, "the platform gives no count"),
        ({"called": 3}, missing_records(1)),
        ({"called": 1}, "2 call records stand against 1 number the platform counts as dialled"),
        ({"called": 2}, ""),
    ],
)
def test_why_a_paused_wave_waits_is_said(shown: dict[str, Any], detail: str) -> None:
    wave = wave_record(phase="draining", pending=3, dialled=2)

    assert carry_readiness(wave, task("paused", of=5, **shown), ms(NOW), QUIET).detail == detail


def test_a_week_is_a_week() -> None:
    wave = wave_record(phase="paused")

    assert not silent_for_a_week(wave, ms(NOW))
    assert not silent_for_a_week(replace(wave, quiet_since=ago("7d")), ms(NOW))
    assert silent_for_a_week(replace(wave, quiet_since=ago("7d") - 1), ms(NOW))


def test_missing_records_are_counted_and_say_what_fetches_them() -> None:
    assert missing_records(4).startswith("4 call records are missing")
    assert "`yeta backfill`" in missing_records(4)


def test_a_wave_whose_start_was_sent_never_becomes_a_staged_one_but_by_proof() -> None:
    """Only a start that is proven not to have happened goes back, to the phase right before it."""
    staged = {phase for phase in Phase if phase.staged}
    begun = {phase for phase in Phase if phase.live or phase.over}
    back = {phase: TRANSITIONS[phase] & staged for phase in begun if TRANSITIONS[phase] & staged}

    assert back == {Phase.LOST: {Phase.FILLING}}
    assert {Phase.CREATING: {Phase.PLANNED}, Phase.STARTED: {Phase.VERIFIED}} == UNDONE
    assert not may_move("Campaign", Phase.STARTED, Phase.VERIFIED, undone=False)
    assert may_move("Campaign", Phase.STARTED, Phase.VERIFIED, undone=True)


def test_what_is_over_stays_over() -> None:
    assert set(TRANSITIONS) == set(Phase)
    assert TRANSITIONS[Phase.DELETED] == TRANSITIONS[Phase.DISCARDED] == frozenset()
    assert TRANSITIONS[Phase.COMPLETED] == TRANSITIONS[Phase.EXPIRED] == {Phase.DELETED}
    assert all(Phase.DISCARDED not in TRANSITIONS[phase] for phase in Phase if not phase.staged)
    assert {phase for phase in Phase if phase.cut_short} == {Phase.DELETED, Phase.EXPIRED}


LIVE = [phase for phase in Phase if phase.live]


@pytest.mark.parametrize("phase", LIVE)
def test_a_live_wave_may_go_wherever_a_look_may_find_it(phase: Phase) -> None:
    assert TRANSITIONS[phase] >= {*LIVE, Phase.COMPLETED, Phase.EXPIRED, Phase.DELETED, Phase.LOST}


@pytest.mark.parametrize(("phase", "shown"), list(product(LOOK, SHOWN)))
def test_no_look_leads_past_the_table(phase: str, shown: str) -> None:
    found = look(phase, shown).phase

    assert found == Phase(phase) or found in TRANSITIONS[Phase(phase)]


@pytest.mark.parametrize(
    ("given", "held"),
    [
        ({"phase": "verified"}, Hold.STAGED),
        ({"phase": "filling"}, Hold.STAGED),
        ({"phase": "verified", "full": True}, Hold.FULL),
        ({"phase": "started"}, Hold.HOLDING),
        ({"phase": "paused", "full": True}, Hold.HOLDING),
        ({"phase": "completed", "dialled": 2, "tel_count": 2}, Hold.OVER),
        ({"phase": "lost", "dialled": 2, "tel_count": 2}, Hold.HOLDING),
        ({"phase": "expired", "dialled": 2, "tel_count": 2}, Hold.FREEING),
        ({"phase": "deleted", "dialled": 2, "tel_count": 2}, Hold.FREEING),
        ({"phase": "expired", "dialled": 2, "tel_count": 3}, Hold.HOLDING),
        ({"phase": "deleted", "dialled": 2}, Hold.HOLDING),
        ({"phase": "started", "kind": "DirectCall"}, Hold.FREEING),
    ],
)
def test_only_a_wave_that_is_over_and_accounted_frees_its_rows(given: dict[str, Any], held: Hold) -> None:
    assert hold(wave_record(pending=3, **given)) is held


def test_a_key_stands_where_no_column_is_known() -> None:
    assert key_headers(document({"contacts": {"key": "id"}}), ()) == ("id",)
