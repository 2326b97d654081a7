"""A runner that is stopped at any call, and wakes when another one has finished, writes nothing over it.

The judge is the platform's own log of who was rung.
"""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.journal.story import (
    STEPS,
    a_day_later,
    a_lab,
    assert_nothing_lost,
    assert_rung_once,
    live_through,
    on_postgresql,
    until_done,
)
from tests.support.lab import number
from tests.support.postgres import PostgresServer
from tests.support.served import served
from tests.support.sweeping import SHARES, a_share, every_point, go_through
from tests.support.trouble import FROZEN_KINDS, Point, TroubledLab
from yeta_reconcile.errors import StateLocked
from yeta_reconcile.store.intents import Intents
from yeta_reconcile.waves.record import Outcome

SHARDS = 2


@pytest.fixture(scope="session")
def calls(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Every request of the story as it goes when nothing goes wrong."""
    lab = a_lab(tmp_path_factory.mktemp("untroubled"))
    live_through(lab)
    return tuple(lab.requests)


def the_suites_points(calls: tuple[str, ...]) -> list[Point]:
    """Each kind of change before and after the send; the first create and start with each answer as well."""
    turns = a_share(SHARES["frozen"], calls, 0, FROZEN_KINDS[:4])
    first = [calls.index(call) + 1 for call in ("create", "start")]
    telling = [Point("request", nth, kind) for nth in first for kind in FROZEN_KINDS[4:]]
    return list(dict.fromkeys([*telling, *turns]))


def freezes_at(made: Callable[[Path, Point], TroubledLab], root: Path, point: Point) -> bool:
    """Live through the story with a freeze at one point. Whether it struck at all."""
    lab = made(root, point)
    for step in STEPS:
        step(lab)
        until_done(lab)
    a_day_later(lab)
    assert_rung_once(lab)
    assert_nothing_lost(lab)
    return lab.struck


@pytest.mark.sweep
@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_runner_that_is_frozen_at_any_change_undoes_nothing_when_it_wakes(
    shard: int, tmp_path: Path, calls: tuple[str, ...], record_property: Any
) -> None:
    points = the_suites_points(calls)[shard::SHARDS]
    live = partial(freezes_at, a_lab)
    go_through(points, tmp_path, live, record_property)


@pytest.mark.torture
@pytest.mark.parametrize("shard", range(32))
def test_a_runner_that_is_frozen_at_any_call_undoes_nothing_when_it_wakes(
    shard: int, tmp_path: Path, calls: tuple[str, ...], record_property: Any
) -> None:
    points = every_point(calls, 0, FROZEN_KINDS)[shard::32]
    live = partial(freezes_at, a_lab)
    go_through(points, tmp_path, live, record_property)


@pytest.mark.sweep
def test_nor_does_one_whose_state_is_in_postgresql(
    postgres: PostgresServer, tmp_path: Path, calls: tuple[str, ...], record_property: Any
) -> None:
    telling = zip(("create", "start", "delete"), FROZEN_KINDS[::2], strict=False)
    points = [Point("request", calls.index(call) + 1, kind) for call, kind in telling]
    live = partial(freezes_at, partial(on_postgresql, postgres))
    go_through(points, tmp_path, live, record_property)


@pytest.mark.torture
@pytest.mark.parametrize("shard", range(64))
def test_nor_does_one_at_any_call_whose_state_is_in_postgresql(
    shard: int, postgres: PostgresServer, tmp_path: Path, calls: tuple[str, ...], record_property: Any
) -> None:
    points = every_point(calls, 0, FROZEN_KINDS)[shard::64]
    live = partial(freezes_at, partial(on_postgresql, postgres))
    go_through(points, tmp_path, live, record_property)


def test_a_lock_that_was_taken_away_fences_off_whoever_held_it(tmp_path: Path) -> None:
    """`state unlock`, and a clock that jumps, in place of waiting: the generation tells, not the time."""
    lab = a_lab(tmp_path)
    lab.campaign("calm", range(3))
    other = a_lab(tmp_path)
    other.emulator, other.clock = lab.emulator, lab.clock
    seen: list[Any] = []

    def take_over(request: Any) -> None:
        if request.url.path.endswith("/create") and not seen:
            seen.append(request)
            beat, lab.clock.beat = lab.clock.beat, None
            with other.store() as store:
                store.lock.take_away()
            other.converge()
            lab.emulator.advance(3600)
            lab.clock.beat = beat

    lab.after = take_over

    with pytest.raises(StateLocked):
        lab.apply()

    lab.after = None
    a_day_later(lab)
    assert_rung_once(lab)
    assert len(lab.rung()) == 3


def test_what_a_woken_runner_learnt_is_noted_and_a_settled_intent_is_final(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign("calm", range(3))
    lab.converge()
    with lab.store() as store, lab.client() as client:
        run = lab.run(store, client)
        store.lock.acquire(run.holder, run.instant())
        wave = store.waves.recorded().campaigns["calm"].waves[0]
        intent = store.intents.begin(
            run.holder, run.instant(), wave_id=wave.wave_id, call="pause", timeout=1000
        )
        with lab.store() as second:
            second.lock.take_away()
            second.intents.settle(second.intents.open(), Outcome.REFUSED, wave_id=wave.wave_id)
            before = second.waves.wave(wave.wave_id)
        with pytest.raises(StateLocked):
            store.intents.end(intent, Outcome.DONE, wave_id=wave.wave_id, phase=wave.phase)
        with pytest.raises(StateLocked):
            store.waves.change_wave(wave.wave_id, to_discard=True)
        with pytest.raises(StateLocked):
            store.campaigns.set_gone("calm", 1)
        store.intents.note_late(intent, Outcome.DONE, 1, code=None, task_id="")
        assert store.waves.wave(wave.wave_id) == before
        assert [found.call for found in second_look(lab)] == ["pause"]
        assert second_look(lab) == []


def second_look(lab: TroubledLab) -> list[Any]:
    with lab.store() as store:
        return store.intents.take_late()


@pytest.mark.torture
def test_a_process_that_was_stopped_and_goes_on_says_that_its_lock_was_lost(tmp_path: Path) -> None:
    """Ctrl-Z, another one applies, and `fg`. On a busy machine it may be through before it is stopped."""
    with served(tmp_path) as here:
        here.campaign(rows=range(600))
        with here.started("apply", "--yes") as process:
            while "create" not in here.changes_sent():
                assert process.poll() is None
                time.sleep(0.001)
            process.send_signal(signal.SIGSTOP)
            try:
                assert here.main("state", "unlock", "--yes").code == 0
                until = time.monotonic() + 120
                while here.main("apply", "--yes").code != 0:
                    assert time.monotonic() < until
            finally:
                process.send_signal(signal.SIGCONT)
            _, said = process.communicate(timeout=120)

        assert process.returncode == 6, said
        assert "the lock on the state was lost" in said
        here.emulator.advance(24 * 3600)
        assert Counter(here.rung()) == Counter(number(row) for row in range(600))
        assert here.main("plan", "--detailed-exitcode").code == 0


@pytest.mark.parametrize("call", ["create", "insert", "start"])
def test_a_runner_that_wakes_between_intent_and_call_sends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign("calm", range(3))
    begin = Intents.begin

    def sleep_after(self: Intents, *args: Any, **fields: Any) -> int:
        intent = begin(self, *args, **fields)
        if fields["call"] == call:
            with lab.store() as second:
                second.lock.take_away()
        return intent

    monkeypatch.setattr(Intents, "begin", sleep_after)
    with pytest.raises(StateLocked):
        lab.apply()

    assert call not in lab.changes_sent()
