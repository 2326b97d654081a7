"""What is left of a campaign, as the simulation takes it: by the platform's counts, list and document."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.support.lab import START, Lab, settings
from tests.support.records import deliver
from yeta_reconcile.documents.models import Campaign
from yeta_reconcile.emulator import Emulator, PushHabits, VirtualClock
from yeta_reconcile.planning.course import Tries
from yeta_reconcile.planning.diff.subject import Wave
from yeta_reconcile.planning.habits import ASSUMED
from yeta_reconcile.planning.simulation import Work
from yeta_reconcile.planning.works import Conditions, Undone, works
from yeta_reconcile.platform.resources import Line, Task
from yeta_reconcile.waves.attributes import Attributes
from yeta_reconcile.waves.record import Phase, WaveRecord
from yeta_reconcile.waves.rounds import Coming, Rounds, Rule

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
LINES = {"100": Line("100", 5, ("09:00:00-12:00:00",))}


def a_campaign(**fields: Any) -> Campaign:
    given = {"kind": "Campaign", "name": "a", "state": "running", "robot": "719", "lines": ["100"]}
    return Campaign.model_validate({**given, "contacts": {"csv": "a.csv"}, **fields})


def a_wave(phase: Phase = Phase.STARTED, **counts: Any) -> Wave:
    attributes = Attributes("719", ("100",), recall_count=2, recall_wait=600)
    record = WaveRecord(1, "a", 1, 1, phase, "a~w1", attributes, pending=100)
    return Wave(record, Task("9", "a~w1", 2, count_tel=100, **counts) if counts else None)


def left(undone: Undone, **allowed: Any) -> list[Work]:
    return list(works(undone, Conditions(LINES, NOW, **allowed)))


def tries(**counts: Any) -> Tries:
    (work,) = left(Undone(a_campaign(), (a_wave(**counts),), ASSUMED))
    return work.tries


def test_a_wave_goes_on_from_what_the_platform_counts() -> None:
    found = tries(process_tel_count=60, process_count=60, process_through_count=30)

    assert found == Tries(40, missed=30, tried=0, most=2, wait=600)


def test_people_who_were_removed_are_left_out() -> None:
    wave = a_wave(process_tel_count=60, process_count=60, process_through_count=30)

    (work,) = left(Undone(a_campaign(), (wave,), ASSUMED, removed={1: 15}))

    assert work.tries.rows == 25


def test_once_all_are_dialled_the_recalls_that_were_made_tell_which_are_left() -> None:
    # 55 were missed by the first calls: 40 are not reached yet, and half of 30 recalls were answered.
    found = tries(process_tel_count=100, process_count=130, process_through_count=60)

    assert found == Tries(25, missed=15, tried=1, most=2, wait=600)


def test_between_two_tries_the_last_recorded_call_tells_how_much_of_the_wait_is_over() -> None:
    wave = a_wave(process_tel_count=100, process_count=100, process_through_count=60)
    last = int((NOW - timedelta(minutes=4)).timestamp() * 1000)

    (work,) = left(Undone(a_campaign(), (wave,), ASSUMED, last_calls={1: last}))

    assert work.tries == Tries(0, missed=40, tried=0, most=2, wait=600, waited=240)


def test_staged_and_new_rows_are_waves_to_come_in_the_hours_of_the_lines() -> None:
    undone = Undone(
        a_campaign(priority=3), (a_wave(Phase.VERIFIED),), ASSUMED, {1: 100}, fresh=20, next_wave=2
    )

    staged, fresh = left(undone)

    assert [(work.wave, work.tries.rows, work.holding, work.priority) for work in (staged, fresh)] == [
        (1, 100, False, 3), (2, 20, False, 3),
    ]  # fmt: skip
    assert staged.opening.spans == ((9 * 3600, 12 * 3600),)


def test_the_hours_beyond_which_nobody_may_be_called_cut_those_of_the_lines() -> None:
    (work,) = left(Undone(a_campaign(), (), ASSUMED, fresh=1), hours=lambda _: ("10:00:00-20:00:00",))

    assert work.opening.spans == ((10 * 3600, 12 * 3600),)


def test_what_is_declared_paused_keeps_its_lines_and_what_was_never_started_needs_none() -> None:
    live = left(Undone(a_campaign(state="paused"), (a_wave(process_tel_count=60),), ASSUMED))
    never = left(Undone(a_campaign(state="staged"), (), ASSUMED, fresh=10))

    assert [(work.paused, work.holding, work.lines) for work in live] == [(True, True, ("100",))]
    assert [(work.paused, work.holding, work.lines) for work in never] == [(True, False, ())]


def test_on_a_day_that_is_not_allowed_no_wave_takes_a_line() -> None:
    tomorrow = NOW.date() + timedelta(days=1)

    (work,) = left(Undone(a_campaign(), (), ASSUMED, fresh=1), allowed=lambda _: lambda day: day >= tomorrow)

    assert work.ready == NOW.replace(day=2, hour=0).timestamp()


AGAIN = Rounds(Rule(frozenset({"20"}), rounds=2, wait=86_400_000))


def test_of_those_who_are_missed_a_share_is_called_in_as_many_rounds_as_are_left() -> None:
    first = a_wave()
    second = replace(first, record=replace(first.record, round=2))
    staged = replace(second, record=replace(second.record, phase=Phase.VERIFIED))
    undone = Undone(
        a_campaign(),
        (first, second, staged),
        ASSUMED,
        {1: 10},
        rounds=AGAIN,
        share=0.4,
        fresh=5,
        fresh_round=3,
    )

    found = left(undone)

    assert [work.rounds for work in found] == [2, 1, 1, 0]
    assert {(work.share, work.pause) for work in found} == {(0.4, 86_400.0)}
    assert [work.rounds for work in left(Undone(a_campaign(), (first,), ASSUMED))] == [0]


def test_a_round_does_not_begin_before_counts_and_records_have_stood_still() -> None:
    at_once = Rounds(Rule(frozenset({"20"}), rounds=1))

    (work,) = left(Undone(a_campaign(), (a_wave(),), ASSUMED, rounds=at_once), drain_quiet=900)

    assert work.pause == 900


def test_a_round_that_is_to_come_is_a_wave_from_its_moment_on_unless_that_is_after_the_end() -> None:
    since = int((NOW + timedelta(days=1)).timestamp() * 1000)
    coming = (Coming(2, since, 30),)

    (work,) = left(Undone(a_campaign(), (), ASSUMED, rounds=AGAIN, coming=coming, next_wave=2))
    ended = a_campaign(schedule={"end": NOW + timedelta(hours=9)})

    assert (work.wave, work.tries.rows, work.ready, work.rounds, work.follows) == (
        2,
        30,
        since / 1000,
        1,
        True,
    )
    assert left(Undone(ended, (), ASSUMED, rounds=AGAIN, coming=coming)) == []
    assert left(Undone(a_campaign(state="paused"), (), ASSUMED, rounds=AGAIN, coming=coming)) == []


def test_whoever_is_exempt_from_the_hours_is_foreseen_outside_them(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.declare_project("limits: {hours: ['08:00-12:00']}\n")
    exempt = "exempt: [{limit: hours, reason: asked for, until: 2026-12-31}]\n"
    for extra, day in (("", 2), (exempt, 1)):
        lab.campaign(rows=range(20), extra=extra)
        (ahead,) = lab.plan().plan.forecast
        assert ahead.finish is not None
        assert ahead.finish.astimezone(ZoneInfo("Asia/Shanghai")).day == day


def test_a_wave_that_is_replaced_has_its_line_until_it_is_drained_and_its_successor_another_from_then_on(
    tmp_path: Path,
) -> None:
    # Records come at once: of nobody but whom it calls just now one is missing.
    lab = Lab(tmp_path, Emulator(settings(pushes=PushHabits(delay=0.0)), clock=VirtualClock(START)))
    lab.max_in_flight = 1
    lab.campaign(rows=range(400))
    lab.converge()
    lab.emulator.advance(180)
    deliver(lab)
    lab.campaign(rows=range(400), lines='["200"]')
    lab.campaign("next", range(500, 503))
    lab.emulator.advance(20)
    deliver(lab)
    plan = lab.plan().plan

    (change,) = [change for change in plan.changes if change.campaign == "renewal"]
    assert (change.action, change.wave) == ("replace", 1)
    held = {(use.line, use.campaign, use.wave): (use.since, use.until) for use in plan.timetable}
    drained = plan.created + timedelta(minutes=10)
    since, until = held["100", "renewal", 1]
    assert since == plan.created
    # To whole minutes.
    assert until is not None
    assert timedelta() <= until - drained < timedelta(minutes=1)
    for who in (("200", "renewal", 2), ("100", "next", 1)):
        assert abs(held[who][0] - drained) < timedelta(minutes=1)
