"""Who is taken off the list before being called is no one who waits: whatever says how far it is agrees."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of_lives
from hypothesis import strategies as st

from tests.report.agreement import exported, figures, key_of, stand_alike
from tests.support.lab import OPEN, Lab, number, settings
from tests.support.looking import campaign, opened
from tests.support.postgres import PostgresServer
from tests.support.records import deliver
from tests.support.scenes import DAY, planned
from yeta_reconcile.cli.standings import Lists, foreseen_now, look
from yeta_reconcile.documents.listspec import ListSpec
from yeta_reconcile.emulator import Emulator, Line, VirtualClock
from yeta_reconcile.emulator.hours import SHANGHAI
from yeta_reconcile.planning.gathering import Gathering
from yeta_reconcile.records.persons import BARRED, DIALLED, GONE, WAITING, Persons
from yeta_reconcile.store.row_states import set_state_where
from yeta_reconcile.waves.record import RowState

TUESDAY = datetime(2026, 12, 1, 9, 30, tzinfo=SHANGHAI)


def a_line(root: Path, at: datetime) -> Lab:
    """A platform that calls one after the other."""
    platform = settings(lines=(Line("100", 1, (OPEN,)),))
    return Lab(root, Emulator(platform, clock=VirtualClock(at)), ordered=True)


def under_way(root: Path, at: datetime = TUESDAY, **fields: Any) -> Lab:
    """A campaign of five, two of them called."""
    lab = a_line(root, at)
    lab.campaign(rows=range(5), **fields)
    lab.converge()
    while len(lab.rung()) < 2:
        lab.emulator.advance(5)
    return lab


def go_on(lab: Lab) -> None:
    """Records come and it is applied, again and again, until nothing is to be done."""
    for _ in range(12):
        deliver(lab)
        if lab.apply().exit_code == 0:
            return
        lab.emulator.advance(40)
    raise AssertionError("there is always something to be done")


def through(lab: Lab) -> None:
    """All are called who are to be, and every record is there."""
    go_on(lab)
    lab.emulator.advance(3600)
    go_on(lab)


def test_of_five_of_whom_one_is_taken_off_four_are_all(tmp_path: Path) -> None:
    lab = under_way(tmp_path)
    lab.rows("renewal", range(4))
    through(lab)

    assert Counter(lab.rung()) == Counter(map(number, range(4)))
    status = campaign(lab)
    assert (status.numbers, status.dialled) == (4, 4)
    (shown,) = figures(lab, lab.clock.now(), "renewal").campaigns
    assert (shown.people, shown.submitted, shown.dialled) == (4, 4, 4)
    assert stand_alike(lab, "renewal")[key_of(lab, 4)] == GONE


def test_who_is_put_back_is_called_once_and_no_limit_takes_him_for_called(tmp_path: Path) -> None:
    lab = under_way(tmp_path)
    lab.declare_project("limits: {frequency: {times: 1, within: 7d}}\n")
    lab.rows("renewal", range(4))
    through(lab)
    lab.rows("renewal", range(5))

    assert [change[1:] for change in lab.actions()] == [
        ("create", 3, "rows-released", 1),
        ("start", 3, "declared-running", 1),
    ]
    through(lab)
    assert Counter(lab.rung()) == Counter(map(number, range(5)))
    assert campaign(lab).numbers == 5
    assert stand_alike(lab, "renewal")[key_of(lab, 4)] == DIALLED


def test_a_record_that_comes_after_all_says_that_he_was_called(tmp_path: Path) -> None:
    lab = under_way(tmp_path)
    (task,) = lab.emulator.tasks
    lab.rows("renewal", range(4))
    through(lab)
    of_wave = [p for p in lab.emulator.pushes if p.data.get("task_id") == task and "task_result" in p.data]
    late = of_wave[-1]
    uuid = late.data["call_uuid"]
    said = json.dumps(late.data).replace(uuid, "late").replace(late.data["callee"], number(4))
    deliver(lab, [replace(late, data=json.loads(said))])

    lab.rows("renewal", range(5))
    assert [action for _, action, *_ in lab.actions()] == []
    assert campaign(lab).numbers == 5
    assert stand_alike(lab, "renewal")[key_of(lab, 4)] == DIALLED


def test_with_nobody_left_to_call_nobody_waits(tmp_path: Path) -> None:
    lab = under_way(tmp_path)
    lab.rows("renewal", range(2))
    through(lab)

    assert len(lab.rung()) == campaign(lab).numbers
    stand_alike(lab, "renewal")


def test_what_a_former_version_left_is_put_right_by_an_apply_with_nothing_to_do(tmp_path: Path) -> None:
    lab = under_way(tmp_path)
    lab.rows("renewal", range(4))
    through(lab)
    assert lab.apply().exit_code == 0  # its list is known to ask for nothing
    with lab.store() as store, store.database.write() as transaction:
        (wave,) = [one for one in store.waves.recorded().campaigns["renewal"].waves if one.released]
        set_state_where(
            transaction,
            wave.wave_id,
            RowState.RELEASED,
            RowState.PENDING,
            "AND row_key = ?",
            (key_of(lab, 4),),
        )
    assert campaign(lab).numbers == 5

    assert lab.actions() == []
    assert lab.apply().exit_code == 0
    assert campaign(lab).numbers == 4
    stand_alike(lab, "renewal")
    assert lab.apply().exit_code == 0  # the ledger is another since, and the list is read once more
    with lab.store() as store:
        before = store.waves.recorded()
    assert lab.apply().exit_code == 0
    with lab.store() as store:
        assert store.waves.recorded() == before


def test_who_may_not_be_called_any_more_does_not_wait_and_who_never_might_never_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = under_way(tmp_path)
    (tmp_path / "dnc.csv").write_text(f"{number(4)}\n{number(9)}\n", encoding="utf-8")
    lab.declare_project("limits: {do_not_call: [dnc.csv]}\n")
    lab.rows("renewal", [*range(5), 9])
    through(lab)

    stand = stand_alike(lab, "renewal")
    assert {stand[key_of(lab, index)] for index in (4, 9)} == {BARRED}
    shown = figures(lab, lab.clock.now(), "renewal")
    assert (shown.total("people"), shown.total("dialled"), shown.waits) == (4, 4, [])
    rows = exported(lab, monkeypatch, capsys, "person")
    assert Counter(row["standing"] for row in rows) == {DIALLED: 4, BARRED: 2}


def test_of_a_list_that_nobody_can_read_nobody_is_gone(tmp_path: Path) -> None:
    lab = under_way(tmp_path)
    lab.rows("renewal", range(4))
    through(lab)
    renewal = lab.repository().list_spec(lab.repository().callings["renewal"])
    with lab.store() as store:

        def standings(**lists: ListSpec) -> Counter[str]:
            persons = Persons(store, SHANGHAI, ["renewal"], lists=lists)
            return Counter(how for _, _, how in persons.each("renewal"))

        assert standings(renewal=renewal) == {DIALLED: 4, GONE: 1}
        unknown = [standings()]
        renewal.path.write_text("", encoding="utf-8")
        unknown += [standings(renewal=renewal)]
        renewal.path.unlink()
        unknown += [standings(renewal=renewal)]
    assert unknown == [{DIALLED: 4, WAITING: 1}] * 3


def test_his_campaign_is_gone_and_he_is_still_nobody(tmp_path: Path) -> None:
    lab = under_way(tmp_path)
    lab.rows("renewal", range(4))
    through(lab)
    lab.remove("renewal")
    lab.converge()

    assert stand_alike(lab, "renewal")[key_of(lab, 4)] == GONE


FRIDAY = datetime(2026, 12, 4, 9, 30, tzinfo=SHANGHAI)
WORKDAYS = "schedule: {days: workdays, windows: ['09:00-09:31']}\n"


def on_a_day_off(root: Path, *, records: bool = True) -> tuple[Lab, int]:
    """Friday is over, it is Saturday, and Monday's wave is not made yet; how many are left for it."""
    lab = under_way(root, FRIDAY, extra=WORKDAYS)
    lab.emulator.advance(DAY)
    for _ in range(4):
        deliver(lab, None if records else [])
        lab.apply()
        lab.emulator.advance(40)
    return lab, sum(rows for _, action, _, _, rows in lab.actions() if action == "wait")


def test_on_a_day_off_the_forecast_is_of_those_who_are_left(tmp_path: Path) -> None:
    lab, left = on_a_day_off(tmp_path)
    lab.rows("renewal", range(4))
    lab.apply()

    assert [(action, rows) for _, action, _, _, rows in lab.actions()] == [("wait", left - 1)]
    status = campaign(lab)
    assert (status.numbers, status.calls) == (4, left - 1)


def test_a_list_that_breaks_under_an_apply_lets_nobody_go(tmp_path: Path) -> None:
    lab, left = on_a_day_off(tmp_path)
    lab.rows("renewal", range(4))
    with planned(lab) as applying:
        (tmp_path / "renewal.csv").write_text("phone,name\nnobody,\n", encoding="utf-8")
        applying.carry_out()

    lab.rows("renewal", range(4))
    with lab.store() as store:
        (wave,) = store.waves.recorded().campaigns["renewal"].waves
    assert (wave.pending, wave.released) == (left, 0)
    assert [(action, rows) for _, action, _, _, rows in lab.actions()] == [("wait", left - 1)]


def test_on_a_day_off_whoever_is_on_the_list_is_foreseen_as_the_plan_says(tmp_path: Path) -> None:
    """Taken off and let go, put back, added: no wave has them before Monday."""
    lab, _ = on_a_day_off(tmp_path)
    for listed in (4, 5, 7):
        lab.rows("renewal", range(listed))
        for _ in range(2):
            ((_, action, _, _, rows),) = lab.actions()
            assert (action, rows) == ("wait", listed - 2)
            status = campaign(lab)
            assert (status.numbers, status.dialled, status.calls) == (listed, 2, rows)
            with opened(lab) as session:
                outlook = foreseen_now(session)
            assert outlook is not None
            assert outlook.forecast[0].calls == rows
            lab.apply()


def test_on_a_day_off_all_lists_are_compared_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is gathered goes through every campaign: one gathering for each would take their square."""
    lines = (Line("100", 1, (OPEN,)), Line("200", 1, (OPEN,)))
    lab = Lab(tmp_path, Emulator(settings(lines=lines), clock=VirtualClock(FRIDAY)), ordered=True)
    lab.campaign(rows=range(5), extra=WORKDAYS)
    lab.campaign("autumn", rows=range(10, 16), lines='["200"]', extra=WORKDAYS)
    lab.converge()
    lab.emulator.advance(DAY)
    for _ in range(4):
        deliver(lab)
        lab.apply()
        lab.emulator.advance(40)
    lab.rows("renewal", range(6))
    lab.rows("autumn", range(10, 18))
    waiting = {name: rows for name, action, _, _, rows in lab.actions() if action == "wait"}
    gathered: list[Any] = []

    def noted(*given: Any, **named: Any) -> Gathering:
        gathered.append(given)
        return Gathering(*given, **named)

    monkeypatch.setattr("yeta_reconcile.cli.standings.Gathering", noted)
    with opened(lab) as session:
        found = {status.name: status for status in look(session, None).campaigns}
    assert {name: status.calls for name, status in found.items()} == waiting
    assert {name: status.numbers for name, status in found.items()} == {"renewal": 6, "autumn": 8}
    assert len(gathered) == 1


def test_on_a_day_off_whom_a_round_calls_again_is_foreseen_once(tmp_path: Path) -> None:
    """Two in vain on Friday; Monday's wave would have them again, and the three whom it did not come to."""
    platform = settings(lines=(Line("100", 1, (OPEN,)),), result_weights={"20": 1.0})
    lab = Lab(tmp_path, Emulator(platform, clock=VirtualClock(FRIDAY)), ordered=True)
    again = "{again: {on: [not-reached], rounds: 1, wait: 1h}}"
    lab.campaign(rows=range(5), recall=again, extra=WORKDAYS)
    lab.converge()
    lab.emulator.advance(DAY)
    for listed in (5, 6, 6):
        lab.rows("renewal", range(listed))
        deliver(lab)
        lab.apply()
        lab.emulator.advance(40)
    assert sum(rows for _, action, _, _, rows in lab.actions() if action == "wait") == 6
    status = campaign(lab)
    assert (status.numbers, status.dialled) == (6, 2)
    assert status.next_round is not None
    assert status.next_round.rows == 2
    # Six as the plan has them, and two of the four who are called for the first time are in vain again.
    assert status.calls == 8


def test_of_a_list_that_is_broken_on_a_day_off_the_waves_tell(tmp_path: Path) -> None:
    lab, left = on_a_day_off(tmp_path)
    (tmp_path / "renewal.csv").write_text("phone,name\nnobody,\n", encoding="utf-8")
    status = campaign(lab)
    assert (status.numbers, status.calls) == (5, left)


def test_who_watches_a_day_off_sees_the_list_change(tmp_path: Path) -> None:
    lab, left = on_a_day_off(tmp_path)
    with opened(lab) as session:
        lists = Lists(session)
        for listed in (5, 5, 4, 7):
            lab.rows("renewal", range(listed))
            (status,) = look(session, None, lists).campaigns
            assert (status.numbers, status.calls) == (listed, listed - 5 + left)


def test_whom_a_person_settled_as_not_called_is_foreseen(tmp_path: Path) -> None:
    lab, _ = on_a_day_off(tmp_path, records=False)
    with lab.store() as store:
        (wave,) = store.waves.recorded().campaigns["renewal"].waves
        store.waves.settle_rows(wave.wave_id, [RowState.PENDING], RowState.RELEASED)

    status = campaign(lab)
    assert (status.numbers, status.calls) == (5, 5)


EDITS = st.one_of(
    st.tuples(st.just("list"), st.sets(st.integers(0, 7), min_size=1)),
    st.tuples(st.just("time"), st.sampled_from([20, 60, 200])),
    st.tuples(st.just("state"), st.sampled_from(["running", "paused"])),
    st.tuples(st.just("records"), st.none()),
    st.tuples(st.just("apply"), st.none()),
)


@pytest.mark.sweep
@pytest.mark.parametrize("on", ["sqlite", "postgresql"])
@settings_of_lives(max_examples=20, deadline=None, derandomize=True, suppress_health_check=[*HealthCheck])
@given(life=st.lists(EDITS, min_size=4, max_size=14), recalls=st.integers(0, 1))
def test_whatever_becomes_of_the_list_it_ends_with_those_who_were_called(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer, on: str, life: list[Any], recalls: int
) -> None:
    lab = a_line(tmp_path_factory.mktemp("life"), TUESDAY)
    if on == "postgresql":
        lab.state = postgres.schema()
        lab.declare_project()
    lines: Any = range(8)
    state = "running"
    for what, how in [*life, ("state", "running")]:
        match what:
            case "list":
                lines = sorted(how)
            case "time":
                lab.emulator.advance(how)
            case "state":
                state = how
            case "records":
                deliver(lab)
            case "apply":
                lab.apply()
        lab.campaign(rows=lines, state=state, recall=f"{{count: {recalls}, wait: 60s}}")
    through(lab)

    rung = {*map(int, lab.rung())}
    status, stand = campaign(lab), stand_alike(lab, "renewal")
    assert (status.numbers, status.dialled) == (len(rung), len(rung))
    assert Counter(stand.values())[DIALLED] == len(rung)
    assert {how for key, how in stand.items() if how != DIALLED} <= {GONE}
