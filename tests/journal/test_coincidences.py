"""Things that come together: an old copy of the state and an edit, a list that moves under an apply."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import httpx
import pytest

from tests.support.copies import copy_state, put_copy_back
from tests.support.lab import Lab, number
from tests.support.records import deliver
from tests.support.scenes import DAY, a_lab, codes
from yeta_reconcile.apply import Apply
from yeta_reconcile.apply.holding import holding
from yeta_reconcile.emulator import Fault
from yeta_reconcile.planning.delta import Hold
from yeta_reconcile.planning.planner import Planner
from yeta_reconcile.planning.signatures import signature_of
from yeta_reconcile.platform.client import PlatformClient
from yeta_reconcile.platform.resources import Task
from yeta_reconcile.waves.attributes import (
    Attributes,
)
from yeta_reconcile.waves.lifecycle import seen
from yeta_reconcile.waves.record import Phase, WaveRecord

RECALL = "{count: 1, wait: 10m}"
BY_ID = "{csv: renewal.csv, columns: {客户手机号码: phone, 姓名: name}, key: id}"


def begun(tmp_path: Path) -> Lab:
    """A campaign half of which was called, with its records, and a copy of the state."""
    lab = a_lab(tmp_path, line_lock="off")
    lab.campaign(rows=range(40))
    lab.converge()
    lab.emulator.advance(60)
    deliver(lab)
    copy_state(lab)
    return lab


@pytest.mark.sweep
def test_an_edit_beside_an_old_copy_of_the_state_calls_nobody_of_a_task_without_a_record(
    tmp_path: Path,
) -> None:
    lab = begun(tmp_path)
    lab.rows("renewal", range(60))
    lab.converge()
    lab.emulator.advance(20)
    put_copy_back(lab)
    lab.campaign(rows=range(60), recall=RECALL)
    assert [(action, reason) for _, action, _, reason, _ in lab.actions()] == [("wait", "outcome-unknown")]
    for _ in range(6):
        deliver(lab)
        assert lab.apply().exit_code == 8
        lab.emulator.advance(60)
    lab.emulator.advance(DAY)
    assert Counter(lab.rung()) == Counter(number(row) for row in range(60))


@pytest.mark.sweep
def test_a_direct_call_beside_an_old_copy_of_the_state_waits_for_a_person(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, line_lock="off")
    lab.campaign(rows=range(5))
    lab.direct("otp", range(200, 205))
    lab.converge()
    copy_state(lab)
    lab.rows("otp", range(200, 210))
    lab.rows("renewal", range(8))
    lab.converge()
    put_copy_back(lab)
    assert codes(lab) >= {"state-lost", "orphan-started"}
    assert lab.apply().exit_code == 8
    lab.emulator.advance(DAY)
    assert max(Counter(lab.rung()).values()) == 1


@pytest.mark.sweep
def test_a_carry_over_counts_those_who_are_called_again_by_it(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, line_lock="off")
    lab.campaign("old", range(100, 110), lines='["200"]')
    lab.converge()
    lab.emulator.advance(DAY)
    deliver(lab)
    lab.campaign(rows=range(40))
    lab.converge()
    lab.emulator.advance(60)
    deliver(lab)
    lab.campaign(rows=[*range(40), *range(100, 110)], recall=RECALL, extra="repeats: [old]\n")
    (change,) = lab.plan().plan.changes
    assert (change.action, change.new_rows, change.repeat_rows) == ("replace", 10, 10)


@pytest.mark.parametrize("kind", ["campaign", "direct"])
def test_a_list_that_grows_between_plan_and_apply_calls_nobody_the_plan_did_not_show(
    tmp_path: Path, kind: str
) -> None:
    lab = a_lab(tmp_path)
    getattr(lab, kind)("renewal", range(5))
    with lab.store() as store, lab.client() as client:
        run = lab.run(store, client)
        with lab.beating(run), holding(run):
            planner = Planner(lab.repository(), store, client)
            planned = planner.plan(lab.clock.now())
            lab.rows("renewal", range(50))
            report = Apply(run, planner, planned).carry_out()
    assert report.exit_code == 7
    lab.emulator.advance(DAY)
    assert lab.rung() == []
    lab.converge()
    lab.emulator.advance(DAY)
    assert Counter(lab.rung()) == Counter(number(row) for row in range(50))


def write_by_id(lab: Lab, *numbers: int, state: str) -> None:
    lab.campaign(contacts=BY_ID, state=state)
    rows = "".join(f"{place},{number(index)},客户\n" for place, index in enumerate(numbers))
    (lab.root / "renewal.csv").write_text(f"id,phone,name\n{rows}", encoding="utf-8")


def test_a_mended_row_that_goes_back_to_the_refused_number_is_not_called_at_the_other(
    tmp_path: Path,
) -> None:
    lab = a_lab(tmp_path, sensitive_numbers=(number(2),))
    write_by_id(lab, 1, 2, 3, state="staged")
    lab.converge()
    write_by_id(lab, 1, 9, 3, state="staged")
    lab.converge()
    write_by_id(lab, 1, 2, 3, state="running")
    lab.converge()
    lab.emulator.advance(DAY)
    assert Counter(lab.rung()) == Counter(map(number, (1, 3)))


def test_a_count_from_before_the_deletion_proves_nobody_undialled() -> None:
    wave = WaveRecord(1, "renewal", 1, 1, Phase.DELETED, "", Attributes("719", ("100",)), dialled=5)
    assert seen(wave, Task("1", "", 2, process_tel_count=5, remaining=0)).tel_count is None
    assert seen(wave, Task("1", "", 2, deleted=True, process_tel_count=7, remaining=0)).tel_count == 7


def test_no_two_ways_to_hold_a_wave_are_remembered_alike() -> None:
    assert len({signature_of("", None, {1: hold}) for hold in Hold}) == len(Hold)


def test_a_halt_that_comes_while_a_token_is_fetched_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = a_lab(tmp_path)
    lab.campaign(state="staged")
    lab.converge()
    lab.campaign()
    halts: list[str] = []
    lab.halted = lambda: halts[0] if halts else None
    # The token runs out between the last look and the start, and is to be had only after a while.
    looks: list[str] = []

    def before(request: httpx.Request) -> None:
        call = request.url.path.rsplit("/", 1)[-1]
        if call == "token" and looks.count("token") == 2:
            halts.append("halted by somebody")
        looks.append(call)

    def after(request: httpx.Request) -> None:
        # The token was fetched for the first question; the last one before the start is the sixth look.
        if request.url.path.endswith("query") and looks.count("query") == 6:
            client[0]._token._fresh_until = 0.0
            lab.emulator.faults.add(Fault("html", "v1/token", times=4))

    lab.before, lab.after = before, after
    made = lab.client
    client: list[PlatformClient] = []

    def make() -> PlatformClient:
        client.append(made())
        return client[0]

    monkeypatch.setattr(lab, "client", make)
    assert lab.apply().exit_code == 7
    assert halts
    assert looks[-6:] == ["query", *["token"] * 5]
    lab.emulator.advance(DAY)
    assert lab.rung() == []


def test_inserts_that_are_never_answered_are_left_to_the_next_run(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.campaign()
    lab.emulator.faults.add(Fault("html", "task/insert", times=10))
    assert lab.apply().exit_code == 7
    lab.converge()
    lab.emulator.advance(DAY)
    assert Counter(lab.rung()) == Counter(map(number, range(3)))
