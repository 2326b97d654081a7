"""Starting, pausing, resuming, deleting: what is asked right before, what it makes, what a refusal leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.records import deliver
from tests.support.twisted import TwistedLab, twisted
from yeta_reconcile.apply import steering
from yeta_reconcile.apply.holding import holding
from yeta_reconcile.apply.run import Run
from yeta_reconcile.emulator import Fault
from yeta_reconcile.waves.record import Phase, WaveRecord

LATER = "schedule: {begin: 2026-12-01T20:00:00, windows: ['09:00-21:00']}"
REFUSED = 10005


class Steered:
    """A lab, a run that holds the lock, and its only wave as it is now. `meanwhile` hears of each request."""

    def __init__(self, lab: TwistedLab, run: Run) -> None:
        self.lab = lab
        self.run = run
        self.meanwhile: Callable[[str], object] = lambda _call: None

    @property
    def wave(self) -> WaveRecord:
        (wave,) = self.run.store.waves.recorded().campaigns["renewal"].waves
        return wave

    def set(self, **fields: Any) -> WaveRecord:
        self.run.store.waves.change_wave(self.wave.wave_id, **fields)
        return self.wave

    def start(self) -> bool:
        return steering.start(self.run, self.wave, {}, ())

    def at(self, call: str, do: Callable[[], object]) -> None:
        """Do this whenever a request of that call leaves."""
        self.meanwhile = lambda asked: do() if asked == call else None

    def refuse(self, call: str, code: int = REFUSED) -> None:
        self.lab.emulator.faults.add(Fault("code", f"task/{call}", code=code))

    def problems(self) -> list[tuple[int, str, bool]]:
        return [(int(p.exit_code), p.campaign, bool(p.hint)) for p in self.run.problems]

    def told(self) -> list[str]:
        return [problem.summary.partition(" ")[2] for problem in self.run.problems]

    def sent(self, call: str) -> int:
        return self.lab.changes_sent().count(call)


@contextmanager
def steered(tmp_path: Path, state: str = "staged", extra: str = LATER) -> Iterator[Steered]:
    lab = twisted(tmp_path)
    lab.campaign(state={"paused": "running", "planned": "staged"}.get(state, state), extra=extra)
    if state == "planned":
        lab.emulator.faults.add(Fault("code", "task/create", code=REFUSED))
        lab.apply()
    else:
        lab.converge()
    if state == "paused":
        lab.campaign(state="paused", extra=LATER)
        lab.converge()
    found: list[Steered] = []

    def asked(request: httpx.Request) -> None:
        for it in found:
            it.meanwhile(request.url.path.rpartition("/")[2])

    lab.before = asked
    with lab.store() as store, lab.client() as client:
        run = lab.run(store, client)
        with lab.beating(run), holding(run):
            found.append(Steered(lab, run))
            yield found[0]


def test_a_start_is_ours_from_its_moment_on_and_ends_what_a_halt_noted(tmp_path: Path) -> None:
    with steered(tmp_path) as it:
        it.set(outside_yeta=True, halted=5)
        assert it.start()
        wave = it.wave
        assert (wave.phase, wave.outside_yeta, wave.halted, wave.started_at) == (
            Phase.STARTED, False, None, it.run.now_ms(),
        )  # fmt: skip
        assert [(e["event"], e["wave"]) for e in it.lab.events][-1] == ("started", 1)
        assert it.sent("start") == 1


def test_a_start_that_is_refused_was_none(tmp_path: Path) -> None:
    with steered(tmp_path) as it:
        it.refuse("start")
        assert not it.start()
        assert (it.wave.phase, it.wave.started_at) == (Phase.VERIFIED, None)
        assert it.problems() == [(1, "renewal", True)]


@pytest.mark.sweep
@pytest.mark.parametrize(
    "other", [{"count_tel": 4}, {"count_tel": 2}, {"robot_id": "720"}], ids=["more", "fewer", "robot"]
)
def test_what_is_not_as_it_was_asked_right_before_its_start_is_staged_anew(
    tmp_path: Path, other: dict[str, Any]
) -> None:
    with steered(tmp_path) as it:
        it.lab.twist = lambda row, _task: row.update(other)
        assert not it.start()
        assert (it.wave.phase, it.wave.to_discard, it.sent("start")) == (Phase.FILLING, True, 0)
        assert it.problems() == [(7, "renewal", True)]


def test_a_wave_whose_start_was_sent_is_not_staged_anew_by_a_look(tmp_path: Path) -> None:
    with steered(tmp_path) as it:
        it.lab.emulator.faults.add(Fault("closed_before", "task/start"))
        it.start()
        it.set(phase=Phase.STARTED)
        it.run.problems.clear()
        it.lab.twist = lambda row, _task: row.update(count_tel=4)
        assert not it.start()
        assert (it.wave.phase, it.wave.to_discard, it.sent("start")) == (Phase.STARTED, False, 1)
        assert it.problems() == [(8, "renewal", True)]


def test_who_has_a_record_already_or_may_have_been_called_belongs_into_the_task_too(tmp_path: Path) -> None:
    with steered(tmp_path) as it:
        assert steering.start(it.run, replace(it.wave, pending=1, dialled=1, held=1), {}, ())
        assert it.sent("start") == 1


def test_nothing_is_started_once_its_end_is_past(tmp_path: Path) -> None:
    with steered(tmp_path) as it:
        ended = replace(it.wave, attributes=replace(it.wave.attributes, end=it.run.clock.now()))
        assert not steering.start(it.run, ended, {}, ())
        assert it.sent("start") == 0
        assert it.problems() == [(7, "renewal", True)]


@pytest.mark.parametrize("hand", ["console_start", "console_delete", "console_purge"])
def test_what_was_changed_outside_yeta_before_the_start_is_left_unchanged(tmp_path: Path, hand: str) -> None:
    with steered(tmp_path) as it:
        assert it.wave.task_id
        getattr(it.lab.emulator, hand)(it.wave.task_id)
        assert not it.start()
        assert it.sent("start") == 0
        assert it.problems() == [(7, "renewal", True)]
        found = it.run.store.database.read("SELECT phase, outside_yeta FROM waves")
        assert found == [{"console_start": ("started", 1), "console_purge": ("lost", 1)}.get(
            hand, ("discarded", 0))]  # fmt: skip


@pytest.mark.parametrize("of", ["start", "resume"])
def test_nothing_is_started_while_a_call_on_its_wave_is_in_doubt(tmp_path: Path, of: str) -> None:
    with steered(tmp_path, "staged" if of == "start" else "paused") as it:
        begun = it.sent("start")
        it.run.store.intents.begin(
            it.run.holder, it.run.instant(), wave_id=it.wave.wave_id, call="pause", timeout=1
        )
        assert not (it.start() if of == "start" else steering.resume(it.run, it.wave))
        assert it.sent("start") == begun
        assert it.problems() == [(7, "renewal", True)]


def test_a_resume_that_is_refused_leaves_the_pause_as_it_was(tmp_path: Path) -> None:
    with steered(tmp_path, "paused") as it:
        it.set(quiet_since=5, quiet_facts="0/0", outside_yeta=True)
        it.refuse("start")
        assert not steering.resume(it.run, it.wave)
        wave = it.wave
        assert (wave.phase, wave.quiet_since, wave.quiet_facts, wave.outside_yeta) == (
            Phase.PAUSED,
            5,
            "0/0",
            True,
        )


@pytest.mark.parametrize(("drain", "phase"), [(False, Phase.PAUSED), (True, Phase.DRAINING)])
def test_a_pause_is_ours_and_still_from_its_moment_on(tmp_path: Path, drain: bool, phase: Phase) -> None:
    with steered(tmp_path, "running") as it:
        it.set(outside_yeta=True)
        assert steering.pause(it.run, it.wave, drain=drain)
        wave = it.wave
        assert (wave.phase, wave.outside_yeta, wave.quiet_since, wave.quiet_facts) == (
            phase, False, it.run.now_ms(), "",
        )  # fmt: skip
        assert [(e["event"], e["wave"]) for e in it.lab.events][-1] == ("paused", 1)
        called = it.run.store.database.read("SELECT called FROM intents ORDER BY intent_id DESC LIMIT 1")
        assert called == [("drain" if drain else "pause",)]


def test_a_wave_that_is_paused_already_is_drained_without_a_call(tmp_path: Path) -> None:
    with steered(tmp_path, "paused") as it:
        it.set(outside_yeta=True)
        assert steering.pause(it.run, it.wave, drain=True)
        assert (it.wave.phase, it.wave.outside_yeta, it.sent("pause")) == (Phase.DRAINING, False, 1)


def test_a_delete_of_a_draining_wave_keeps_since_when_it_stands_still(tmp_path: Path) -> None:
    with steered(tmp_path, "running") as it:
        assert steering.pause(it.run, it.wave, drain=True)
        since = it.run.now_ms() - 60_000
        it.set(quiet_since=since)
        before = it.lab.clock.seconds()
        assert steering.delete(it.run, it.wave)
        wave = it.wave
        assert (wave.phase, wave.outside_yeta) == (Phase.DELETED, False)
        assert it.lab.clock.seconds() - before >= 5
        assert ("deleted", 1) in [(e["event"], e.get("wave")) for e in it.lab.events]


@pytest.mark.parametrize("kind", ["closed_before", "closed_after"])
def test_the_journal_says_how_many_rows_a_start_was_sent_for_however_often(tmp_path: Path, kind: str) -> None:
    lab = twisted(tmp_path)
    lab.campaign()
    lab.emulator.faults.add(Fault(kind, "task/start"))
    lab.converge()

    with lab.store() as store:
        assert store.intents.rung_since(0) == {"renewal": 3}
        assert store.intents.rung_since(lab.emulator.clock.now_ms + 1) == {}


def test_a_start_that_was_refused_rang_nobody(tmp_path: Path) -> None:
    lab = twisted(tmp_path)
    lab.campaign()
    lab.emulator.faults.add(Fault("code", "task/start", code=REFUSED))
    lab.apply()

    with lab.store() as store:
        assert store.intents.rung_since(0) == {}


def as_expired(it: Steered, *counts: tuple[int, int]) -> list[int]:
    """From now on its task is over before its time; look by look so many calls and numbers were counted."""
    looks: list[int] = []

    def twist(row: dict[str, Any], _task: Any) -> None:
        calls, numbers = counts[min(len(looks), len(counts) - 1)]
        looks.append(it.run.now_ms())
        row.update(status=7, process_count=calls, process_tel_count=numbers)

    it.lab.twist = twist
    return looks


@pytest.mark.parametrize(
    ("counts", "accounted", "seconds"),
    [
        ([(0, 0)], True, 5),
        ([(1, 1)], False, 0),
        ([(0, 0), (1, 1)], False, 5),
        ([(0, 0), (1, 0)], True, 10),
        ([(0, 0), (1, 0), (2, 0), (3, 0)], False, 10),
    ],
)
def test_a_wave_that_was_cut_short_is_accounted_once_its_count_stood_for_the_settling_time(
    tmp_path: Path, counts: list[tuple[int, int]], accounted: bool, seconds: int
) -> None:
    with steered(tmp_path, "running") as it:
        looks = as_expired(it, *counts)
        before = it.lab.clock.seconds()
        assert steering.account(it.run, it.wave) is accounted
        assert it.lab.clock.seconds() - before == seconds
        assert it.wave.phase is Phase.EXPIRED
        assert it.problems() == ([] if accounted else [(7, "renewal", True)])
        if accounted:
            before = len(looks)
            assert steering.account(it.run, it.wave)
            assert len(looks) == before


def test_a_wave_is_carried_over_by_a_pause_and_a_deletion_and_its_rows_are_free(tmp_path: Path) -> None:
    with steered(tmp_path, "running") as it:
        assert steering.carry(it.run, it.wave)
        assert (it.wave.phase, it.wave.frees) == (Phase.DELETED, True)
        assert it.lab.changes_sent()[-2:] == ["pause", "delete"]
        assert it.problems() == []


def test_a_wave_that_cannot_be_paused_is_not_deleted(tmp_path: Path) -> None:
    with steered(tmp_path, "running") as it:
        it.refuse("pause")
        assert not steering.carry(it.run, it.wave)
        assert (it.wave.phase, it.sent("delete")) == (Phase.STARTED, 0)


@pytest.mark.parametrize("call", ["pause", "delete"])
def test_of_a_refusal_it_is_said_whose_wave_it_was(tmp_path: Path, call: str) -> None:
    with steered(tmp_path, "running") as it:
        it.refuse(call)
        assert not getattr(steering, call)(it.run, it.wave)
        assert it.problems() == [(1, "renewal", True)]


def drained(it: Steered) -> bool:
    """Carry a paused wave over as far as it goes."""
    assert steering.pause(it.run, it.wave, drain=True)
    it.run.problems.clear()
    return steering.carry(it.run, it.wave)


def test_calls_in_progress_are_waited_for_as_long_as_it_is_a_matter_of_seconds(tmp_path: Path) -> None:
    with steered(tmp_path, "paused") as it:
        it.lab.twist = lambda row, _task: row.update(remaining=1)
        before = it.lab.clock.seconds()
        assert not drained(it)
        assert 5 <= it.lab.clock.seconds() - before < 6
        assert (it.wave.phase, it.sent("delete")) == (Phase.DRAINING, 0)
        assert it.problems() == [(7, "renewal", True)]


def test_calls_that_end_within_seconds_hold_up_nobody(tmp_path: Path) -> None:
    with steered(tmp_path, "paused") as it:
        since = it.run.now_ms()
        it.lab.twist = lambda row, _task: row.update(remaining=int(it.run.now_ms() < since + 3000))
        assert drained(it)
        assert it.problems() == []


def test_a_drain_that_can_never_account_needs_a_person(tmp_path: Path) -> None:
    with steered(tmp_path, "paused") as it:
        it.lab.twist = lambda row, _task: row.pop("process_tel_count")
        assert not drained(it)
        it.set(quiet_since=it.run.now_ms() - 600_000)
        it.run.problems.clear()
        assert not steering.carry(it.run, it.wave)
        assert it.problems() == [(8, "renewal", True)]
        assert it.sent("delete") == 0


def test_a_wave_that_is_resumed_outside_yeta_while_it_drains_is_left_unchanged(tmp_path: Path) -> None:
    with steered(tmp_path, "paused") as it:
        assert steering.pause(it.run, it.wave, drain=True)
        assert it.wave.task_id
        it.lab.emulator.console_start(it.wave.task_id)
        assert not steering.carry(it.run, it.wave)
        assert (it.wave.phase, it.wave.outside_yeta, it.sent("delete")) == (Phase.STARTED, True, 0)
        assert it.problems() == [(7, "renewal", True)]


@pytest.mark.parametrize("of", ["start", "resume"])
def test_from_before_the_call_that_rings_its_wave_is_started(tmp_path: Path, of: str) -> None:
    with steered(tmp_path, "staged" if of == "start" else "paused") as it:
        phases = []
        it.at("start", lambda: phases.append(it.wave.phase))
        assert it.start() if of == "start" else steering.resume(it.run, it.wave)
        assert phases == [Phase.STARTED]


def test_a_resume_is_ours_and_ends_what_a_halt_noted(tmp_path: Path) -> None:
    with steered(tmp_path, "paused") as it:
        it.set(outside_yeta=True, halted=5)
        assert steering.resume(it.run, it.wave)
        assert (it.wave.phase, it.wave.outside_yeta, it.wave.halted) == (Phase.STARTED, False, None)


def test_a_start_that_waits_for_its_line_or_for_the_end_of_a_halt_is_none(tmp_path: Path) -> None:
    with steered(tmp_path) as it:
        it.lab.emulator.take_line("100")
        assert not it.start()
        it.lab.emulator.release_line("100")
        it.run.halted = lambda: "halted"
        assert not it.start()
        assert it.problems() == [(7, "renewal", False), (7, "renewal", True)]
        assert it.wave.phase is Phase.VERIFIED


@pytest.mark.parametrize(
    ("told", "doubted", "starts"), [(True, True, True), (False, False, True), (False, True, False)]
)
def test_a_count_that_is_not_told_keeps_only_a_wave_in_doubt_from_its_start(
    tmp_path: Path, told: bool, doubted: bool, starts: bool
) -> None:
    with steered(tmp_path) as it:
        it.lab.twist = lambda row, _task: told or row.pop("count_tel")
        it.set(doubted=doubted)
        assert it.start() is starts
        assert it.sent("start") == starts


def test_a_call_of_which_nothing_is_known_and_whose_task_is_gone_was_not_done(tmp_path: Path) -> None:
    with steered(tmp_path, "running") as it:
        task_id = it.wave.task_id
        assert task_id
        it.lab.emulator.faults.add(Fault("closed_before", "task/pause"))
        it.at("pause", lambda: it.lab.emulator.console_purge(task_id))
        assert not steering.pause(it.run, it.wave)
        assert it.problems()[-1] == (7, "renewal", True)


def test_a_call_on_a_task_that_is_over_is_a_problem_and_its_wave_is_what_it_came_to(tmp_path: Path) -> None:
    with steered(tmp_path, "running") as it:
        it.lab.twist = lambda row, _task: row.update(status=4)
        it.refuse("pause", 3010101)
        assert not steering.pause(it.run, it.wave)
        assert it.wave.phase is Phase.EXPIRED
        assert it.problems() == [(7, "renewal", True)]


@pytest.mark.parametrize(("outside_yeta", "code"), [(False, 8), (True, 7)])
def test_a_task_that_is_said_to_be_deleted_and_shows_live_is_not_deleted(
    tmp_path: Path, outside_yeta: bool, code: int
) -> None:
    with steered(tmp_path, "running") as it:
        it.lab.twist = lambda row, _task: row.update(status=2, deleted=0)
        if outside_yeta:
            it.refuse("delete", 3010102)
        assert not steering.delete(it.run, it.wave)
        assert it.problems() == [(code, "renewal", True)]


@pytest.mark.parametrize("outside_yeta", [False, True])
def test_a_deleted_task_that_is_shown_no_more_was_deleted_by_whoever_did_it(
    tmp_path: Path, outside_yeta: bool
) -> None:
    with steered(tmp_path, "running") as it:
        task_id = it.wave.task_id
        assert task_id
        if outside_yeta:
            it.refuse("delete", 3010102)
        it.at("query", lambda: it.lab.emulator.console_purge(task_id))
        assert steering.delete(it.run, it.wave)
        assert (it.wave.phase, it.wave.outside_yeta) == (Phase.DELETED, outside_yeta)


@pytest.mark.parametrize("of", ["account", "drain", "hopeless"])
def test_what_comes_by_itself_is_said_to_wait(tmp_path: Path, of: str) -> None:
    with steered(tmp_path, "running" if of == "account" else "paused") as it:
        if of == "account":
            as_expired(it, (1, 1))
            assert not steering.account(it.run, it.wave)
        else:
            it.lab.twist = lambda row, _task: (
                row.update(remaining=1) if of == "drain" else row.pop("process_tel_count")
            )
            drained(it)
            it.set(quiet_since=it.run.now_ms() - (600_000 if of == "hopeless" else 0))
            it.run.problems.clear()
            assert not steering.carry(it.run, it.wave)
        assert [problem.waits for problem in it.run.problems] == [of != "hopeless"]


def test_a_wave_of_which_nothing_was_sent_is_discarded_without_a_call(tmp_path: Path) -> None:
    with steered(tmp_path, "planned") as it:
        wave = it.wave
        assert steering.discard(it.run, wave)
        assert it.run.store.waves.wave(wave.wave_id).phase is Phase.DISCARDED
        assert it.problems() == []


def test_a_wave_whose_create_may_have_arrived_is_not_discarded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with steered(tmp_path, "planned") as it:
        it.run.store.intents.begin(
            it.run.holder, it.run.instant(), wave_id=it.wave.wave_id, call="create", timeout=1
        )
        monkeypatch.setattr(steering, "settle_wave", lambda *_: None)
        assert not steering.discard(it.run, it.wave)
        assert it.problems() == [(7, "renewal", True)]
        assert it.wave.phase is not Phase.DISCARDED


def started_elsewhere(it: Steered) -> None:
    """Somebody starts the staged task, and two minutes pass."""
    assert it.wave.task_id
    it.lab.emulator.console_start(it.wave.task_id)
    it.lab.emulator.advance(120)


def test_a_staged_task_that_rings_is_not_discarded(tmp_path: Path) -> None:
    with steered(tmp_path) as it:
        started_elsewhere(it)
        assert not steering.discard(it.run, it.wave)
        assert (it.wave.phase, it.sent("delete")) == (Phase.STARTED, 0)
        assert it.told() == ["1 was started before it could be discarded"]
        assert it.problems() == [(7, "renewal", True)]


def test_a_staged_task_of_which_there_is_a_record_is_not_discarded_though_it_shows_new(
    tmp_path: Path,
) -> None:
    with steered(tmp_path, extra="") as it:
        started_elsewhere(it)
        assert deliver(it.lab)
        it.lab.twist = lambda row, _task: row.update(
            status=0, time_task_start=0, process_count=0, process_tel_count=0
        )
        assert not steering.discard(it.run, it.wave)
        assert it.sent("delete") == 0
        assert it.problems() == [(7, "renewal", True)]


@pytest.mark.parametrize("called", [False, True])
def test_what_is_deleted_and_not_proven_to_have_called_nobody_holds_its_rows(
    tmp_path: Path, called: bool
) -> None:
    with steered(tmp_path, extra="") as it:
        if called:
            started_elsewhere(it)
            assert deliver(it.lab)

        def untold(row: dict[str, Any], task: Any) -> None:
            if task.deleted:
                row.update(status=0, time_task_start=0)
                row.pop("process_tel_count"), row.pop("process_count")

        it.lab.twist = untold
        it.lab.emulator.tasks[str(it.wave.task_id)].deleted = called
        assert not steering.discard(it.run, it.wave)
        words = "1 was started before" if called else "1 is deleted; that it called nobody is not proven yet"
        assert [told.startswith(words) for told in it.told()] == [True]
        assert it.problems() == [(7, "renewal", True)]


@pytest.mark.parametrize("of", ["start", "unanswered pause"])
def test_a_doubt_about_another_task_holds_up_no_wave(tmp_path: Path, of: str) -> None:
    with steered(tmp_path, "staged" if of == "start" else "running") as it:
        it.run.store.intents.begin(it.run.holder, it.run.instant(), wave_id=None, call="discard", timeout=1)
        if of == "start":
            assert it.start()
        else:
            it.lab.emulator.faults.add(Fault("closed_after", "task/pause"))
            assert steering.pause(it.run, it.wave)
        assert it.problems() == []


@pytest.mark.parametrize(
    ("remaining", "words"), [(1, "its calls may still be in progress"), (0, "1 call record is missing")]
)
def test_what_a_wave_that_is_over_waits_for_is_said(tmp_path: Path, remaining: int, words: str) -> None:
    with steered(tmp_path, "running") as it:
        it.lab.twist = lambda row, _task: row.update(
            status=7, process_count=1, process_tel_count=1, remaining=remaining
        )
        assert not steering.account(it.run, it.wave)
        it.lab.clock.sleep(10)
        it.run.problems.clear()
        assert not steering.account(it.run, it.wave)
        assert it.told()[0].startswith(f"1 is over; {words}")
