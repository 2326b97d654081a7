"""Right before telephones ring: halt, lock and stop are asked for each sending, a new token's too."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.lab import Lab
from tests.support.scenes import DAY, a_lab, assert_each_rang_once
from yeta_reconcile.apply import Run
from yeta_reconcile.apply.halt import Known
from yeta_reconcile.emulator import Fault
from yeta_reconcile.errors import YetaError


def about_to_ring(root: Path, what: str) -> Lab:
    """A laboratory whose next apply starts a staged wave, or calls out."""
    lab = a_lab(root)
    if what == "start":
        lab.campaign(state="staged")
        lab.converge()
        lab.campaign()
    else:
        lab.direct()
    lab.emulator.faults.add(Fault("code", f"task/{what}", code=10001))
    return lab


def noted(where: list[Any], what: Any) -> Any:
    where.append(what)
    return what


@pytest.mark.parametrize("what", ["start", "callout"])
def test_a_refused_token_is_renewed_and_everybody_rings_once(tmp_path: Path, what: str) -> None:
    lab = about_to_ring(tmp_path, what)

    assert lab.apply().exit_code == 0

    assert [call for call in lab.changes_sent() if call == what] == [what, what]
    assert_each_rang_once(lab, range(3))


@pytest.mark.parametrize("what", ["start", "callout"])
def test_a_halt_between_a_refused_token_and_the_next_sending_holds_it_back(tmp_path: Path, what: str) -> None:
    lab = about_to_ring(tmp_path, what)
    halts: list[str] = []
    lab.halted = lambda: halts[0] if halts else None

    def after(request: httpx.Request) -> None:
        if request.url.path.endswith(f"task/{what}"):
            halts.append("halted by somebody")

    lab.after = after
    assert lab.apply().exit_code == 7
    lab.emulator.advance(DAY)
    assert lab.rung() == []


@pytest.mark.parametrize("what", ["start", "callout"])
def test_a_lock_lost_between_a_refused_token_and_the_next_sending_holds_it_back(
    tmp_path: Path, what: str
) -> None:
    lab = about_to_ring(tmp_path, what)

    def after(request: httpx.Request) -> None:
        if request.url.path.endswith(f"task/{what}"):
            with lab.store() as store:
                store.lock.take_away()

    lab.after = after
    with suppress(YetaError):
        lab.apply()
    lab.emulator.advance(DAY)
    assert lab.rung() == []


def test_each_sending_leaves_before_the_moment_its_intent_names(tmp_path: Path) -> None:
    lab = about_to_ring(tmp_path, "start")
    left: list[float] = []

    def before(request: httpx.Request) -> None:
        call = request.url.path.rsplit("/", 1)[-1]
        if call == "token" and left:
            # A new token takes its time.
            lab.clock.sleep(40)
        if call == "start":
            with lab.store() as store:
                left.append(Known.of(store, lab.emulator.clock.now_ms).under_way)

    lab.before = before
    lab.apply()

    assert len(left) == 2
    assert min(left) > 0


def test_a_stop_while_the_token_is_fetched_holds_the_start_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = about_to_ring(tmp_path, "start")
    lab.emulator.faults.clear()
    runs: list[Run] = []
    clients: list[Any] = []
    run, client = lab.run, lab.client
    monkeypatch.setattr(lab, "run", lambda *given: noted(runs, run(*given)))
    monkeypatch.setattr(lab, "client", lambda: noted(clients, client()))
    seen: list[str] = []

    def before(request: httpx.Request) -> None:
        seen.append(request.url.path.rsplit("/", 1)[-1])
        if seen.count("token") == 2:
            # Ctrl-C, or the answer to another call that stops everything.
            runs[-1].stop()

    def after(_request: httpx.Request) -> None:
        if seen.count("query") == 4:
            clients[-1]._token._fresh_until = 0.0

    lab.before, lab.after = before, after
    lab.apply()

    assert seen.count("token") == 2
    assert "start" not in seen
