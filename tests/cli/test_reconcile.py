"""reconcile: goes on where things wait, decides nothing that a person has to, and survives faults."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.support.lab import number
from tests.support.postgres import PostgresServer
from tests.support.served import Served
from yeta_reconcile.cli.commands.reconcile import _Turns
from yeta_reconcile.cli.context import Context
from yeta_reconcile.emulator import Fault, Status
from yeta_reconcile.errors import StateGone, StateLocked
from yeta_reconcile.receiver.counts import campaign_counts
from yeta_reconcile.store.lease import CONTROLLER
from yeta_reconcile.store.lock import Holder


@pytest.fixture
def controller(here: Served) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts the controller as a process; ended and waited for when the test is over."""
    begun: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        begun.append(here.started("reconcile", "--every", "300ms", "--yes", "--status-file", "status.json"))
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.communicate()


def last_round(here: Served) -> dict[str, Any]:
    file = here.root / "status.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return found


def until(holds: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)


def test_it_needs_yes_and_a_duration(here: Served) -> None:
    here.campaign("renewal", range(3))

    assert here.main("reconcile", "--every", "60s").code == 9
    assert here.main("reconcile", "--every", "often", "--yes").code == 64
    assert here.main("reconcile", "--every", "0s", "--yes").code == 64


def test_it_applies_what_is_declared_again_and_again_and_ends_cleanly(
    here: Served, controller: Callable[[], subprocess.Popen[str]]
) -> None:
    here.campaign("renewal", range(3))
    process = controller()
    until(lambda: last_round(here).get("changes") == 0)
    here.emulator.advance(600)
    here.rows("renewal", range(5))
    until(lambda: here.changes_sent().count("start") == 2)

    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)

    assert process.returncode == 0
    assert "round 1: exit 0, 2 changes" in err
    here.emulator.advance(600)
    assert here.rung() == [number(row) for row in range(5)]
    assert last_round(here)["format"] == "yeta-reconcile/1"


def test_it_leaves_a_pause_outside_yeta_alone_and_says_so(
    here: Served, controller: Callable[[], subprocess.Popen[str]]
) -> None:
    here.campaign("renewal", range(30))
    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(1)
    (task,) = here.emulator.tasks
    here.emulator.console_pause(task)

    controller()
    until(lambda: last_round(here).get("number", 0) >= 3)

    assert last_round(here)["left"] == ["renewal wave 1 (paused outside yeta)"]
    assert last_round(here)["changes"] == 0
    assert here.emulator.tasks[task].status is Status.PAUSED


def test_it_survives_a_silent_platform_invalid_documents_and_another_apply(
    here: Served, controller: Callable[[], subprocess.Popen[str]]
) -> None:
    here.campaign("renewal", range(3), robot='"nobody"')
    controller()
    until(lambda: last_round(here).get("exit_code") == 3)
    here.campaign("renewal", range(3), colour="red")
    until(lambda: "colour" in str(last_round(here).get("problems")))
    assert here.changes_sent() == []

    here.campaign("renewal", range(3))
    until(lambda: last_round(here).get("exit_code") == 0 and here.emulator.tasks)


def test_a_refused_credential_is_a_round_that_failed(
    here: Served, controller: Callable[[], subprocess.Popen[str]]
) -> None:
    here.campaign("renewal", range(3))
    here.emulator.faults.add(Fault("code", path="oauth/v1/token", code=200101, times=3))

    controller()

    until(lambda: last_round(here).get("exit_code") == 1)
    until(lambda: last_round(here).get("exit_code") == 0)


def turns_of(here: Served) -> _Turns:
    """A controller whose rounds are taken by hand."""
    context = Context(
        chdir=here.root,
        here=here.root,
        env=None,
        verbose=0,
        color=False,
        log_format="text",
        environ=here.environment,
    )
    return _Turns(context, 60)


def test_a_controller_makes_no_second_state_in_place_of_the_one_it_began_with(here: Served) -> None:
    here.campaign("renewal", range(3))
    turns = turns_of(here)
    assert turns.turn().exit_code == 0
    sent = here.changes_sent()
    here.rows("renewal", range(5))
    here.emulator.advance(600)
    for path in (here.root / "state").glob("yeta.db*"):
        path.rename(path.with_name(f"kept-{path.name}"))

    with pytest.raises(StateGone, match="the first round was about is gone"):
        turns.turn()
    assert here.changes_sent() == sent
    assert not (here.root / "state" / "yeta.db").exists()

    for path in (here.root / "state").glob("kept-*"):
        path.rename(path.with_name(path.name.removeprefix("kept-")))
    assert turns.turn().exit_code == 0
    assert here.changes_sent() != sent


def time_passes(here: Served) -> None:
    """What a dead or frozen controller holds runs out, as it does after its lease by itself."""
    with closing(here.store()) as store, store.database.write() as transaction:
        transaction.execute("UPDATE apply_lock SET expires = 0")
        transaction.execute("DELETE FROM meta WHERE name = ?", (CONTROLLER,))


def test_of_two_controllers_one_works_and_the_other_stands_by(here: Served) -> None:
    here.campaign("renewal", range(3))
    first, second = turns_of(here), turns_of(here)
    assert first.turn().changes == 2
    here.emulator.advance(600)
    here.rows("renewal", range(5))

    stands_by = second.turn()

    assert (stands_by.exit_code, stands_by.changes) == (0, 0)
    assert stands_by.leader.startswith("`yeta reconcile`, process ")
    assert here.changes_sent().count("start") == 1
    assert first.turn().changes == 2
    first.leave()
    here.emulator.advance(600)
    here.rows("renewal", range(6))
    assert second.turn().changes == 2
    assert first.turn().leader
    here.emulator.advance(600)
    assert here.rung() == [number(row) for row in range(6)]


def test_a_controller_that_works_is_stood_by_for_also_where_its_lease_ran_out(here: Served) -> None:
    here.campaign("renewal", range(3))
    second = turns_of(here)
    with closing(here.store()) as store:
        store.lock.acquire(Holder.this_process("reconcile"))
        assert second.turn().leader
        store.lock.take_away()
        store.lock.acquire(Holder.this_process("apply"))
        with pytest.raises(StateLocked, match="`yeta apply`"):
            second.turn()


def test_whoever_stands_by_looks_again_as_soon_as_the_lease_may_have_run_out(here: Served) -> None:
    here.campaign("renewal", range(3))
    first, second = turns_of(here), turns_of(here)
    first.turn()
    assert second.turn().leader
    assert (first.pause, second.pause) == (60, 60)
    with closing(here.store()) as store, store.database.write(fenced=False):
        store.lease.take(Holder.this_process("reconcile"), 20_000)
    assert second.turn().leader
    assert 0 < second.pause <= 20
    time_passes(here)
    assert second.turn().leader == ""
    assert second.pause == 60


def test_one_that_works_is_due_again_and_one_that_was_ended_is_not(here: Served) -> None:
    here.campaign("renewal", range(3))
    turns = turns_of(here)
    assert turns.turn().changes == 2
    with closing(here.store()) as store:
        assert campaign_counts(store).reconcile_due == pytest.approx(time.time() + 90, abs=30)
        turns.leave()
        assert campaign_counts(store).reconcile_due == 0


@pytest.mark.sweep
def test_an_apply_by_hand_goes_on_between_the_rounds_of_a_controller(here: Served) -> None:
    here.campaign("renewal", range(3))
    assert turns_of(here).turn().changes == 2
    here.emulator.advance(600)
    here.rows("renewal", range(5))
    assert here.main("apply", "--yes").code == 0
    assert here.changes_sent().count("start") == 2


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("engine", "how"),
    [
        ("sqlite", signal.SIGKILL),
        ("sqlite", signal.SIGSTOP),
        ("postgresql", signal.SIGSTOP),
        pytest.param("postgresql", signal.SIGKILL, marks=pytest.mark.torture),
    ],
)
def test_another_takes_over_from_one_that_is_killed_or_frozen_amid_a_call(
    here: Served,
    controller: Callable[[], subprocess.Popen[str]],
    engine: str,
    how: signal.Signals,
    request: pytest.FixtureRequest,
) -> None:
    if engine == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        here.environ |= {"YETA_STATE": server.schema(), "YETA_STATE_KEY": "a secret of the tests"}
    here.campaign("renewal", range(3))
    here.emulator.faults.add(Fault("timeout_after", "task/start", seconds=6, times=1))
    leader, second = controller(), turns_of(here)
    until(lambda: "start" in here.changes_sent())
    assert second.turn().leader
    leader.send_signal(how)
    time_passes(here)

    assert second.turn().leader == ""

    if how is signal.SIGSTOP:
        leader.send_signal(signal.SIGCONT)
        until(lambda: last_round(here).get("leader"))
    here.emulator.advance(600)
    here.rows("renewal", range(5))
    assert second.turn().changes == 2
    here.emulator.advance(600)
    assert here.rung() == [number(row) for row in range(5)]
    assert last_round(here).get("changes", 0) == 0
