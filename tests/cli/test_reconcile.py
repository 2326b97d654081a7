"""reconcile: goes on where things wait, decides nothing that a person has to, and survives faults."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.lab import number
from yeta_reconcile.cli.commands.reconcile import _Turns
from yeta_reconcile.cli.context import Context
from yeta_reconcile.emulator import Fault, Status
from yeta_reconcile.errors import StateGone

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

    from tests.support.served import Served


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


def test_it_leaves_a_pause_by_another_hand_alone_and_says_so(
    here: Served, controller: Callable[[], subprocess.Popen[str]]
) -> None:
    here.campaign("renewal", range(30))
    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(1)
    (task,) = here.emulator.tasks
    here.emulator.console_pause(task)

    controller()
    until(lambda: last_round(here).get("number", 0) >= 3)

    assert last_round(here)["left"] == ["renewal wave 1 (paused by another hand)"]
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


def test_a_controller_makes_no_second_state_in_place_of_the_one_it_began_with(here: Served) -> None:
    here.campaign("renewal", range(3))
    context = Context(
        chdir=here.root,
        here=here.root,
        env=None,
        verbose=0,
        color=False,
        log_format="text",
        environ=here.environment,
    )
    turns = _Turns(context)
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
