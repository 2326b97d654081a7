"""state, import and rebuild: the state by hand, and a lost one recovered without calling anybody twice."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from importlib import import_module
from typing import Any

import pytest

from tests.support.applied import applied, direct_calls, held
from tests.support.lab import number
from tests.support.postgres import PostgresServer
from tests.support.served import Done, Served
from yeta_reconcile.emulator import Fault, Status
from yeta_reconcile.marks import Key
from yeta_reconcile.store.inbox import Push
from yeta_reconcile.store.lock import Holder
from yeta_reconcile.waves.record import Phase, RowState


def lose(here: Served, *, key: bool = False) -> None:
    for file in (here.root / "state").iterdir():
        if key or file.name != "yeta.key":
            file.unlink()


def actions(here: Served) -> list[tuple[str, str, int]]:
    planned = here.main("plan", "--format", "json")
    return [(c["campaign"], c["action"], c["rows"]) for c in planned.json["changes"]]


def waves_of(planned: Done) -> set[int]:
    return {change["wave"] for change in planned.json["changes"]}


# Looking


def test_list_and_show_say_what_the_state_holds(here: Served) -> None:
    task = applied(here)

    listed = here.yeta("state", "list")
    shown = here.main("state", "show", "renewal", "--format", "json")

    assert listed.code == 0
    assert "renewal" in listed.out
    assert shown.json["format"] == "yeta-state-show/1"
    (wave,) = shown.json["waves"]
    assert (wave["task_id"], wave["phase"], wave["rows"]) == (task, "started", 3)
    assert "rows by the number" in here.main("state", "show", "renewal").out
    assert here.main("state", "show", "nobody").code == 3


def test_a_backup_is_a_whole_state_and_never_overwrites(here: Served) -> None:
    assert here.main("state", "backup", "copy.db").code == 1
    applied(here)

    assert here.main("state", "backup", "copy.db").code == 0

    with closing(sqlite3.connect(here.root / "copy.db")) as copy:
        assert copy.execute("SELECT COUNT(*) FROM wave_rows").fetchone() == (3,)
    assert here.main("state", "backup", "copy.db").code == 1


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_compact_throws_away_what_is_older_than_retention_and_asks(
    here: Served, engine: str, request: pytest.FixtureRequest
) -> None:
    if engine == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        here.environ |= {"YETA_STATE": server.schema(), "YETA_STATE_KEY": "the key of the tests"}
    assert here.main("state", "compact", "--yes").code == 1
    applied(here)
    now = time.time_ns() // 1_000_000
    with closing(here.store()) as store:
        days = [Push("x", b"?", now - days * 86_400_000, problem="no JSON") for days in (91, 89)]
        store.inbox.append(days)

    assert here.main("state", "compact").code == 9
    done = here.main("state", "compact", "--yes", "--format", "json")

    assert (done.code, done.json["deleted"]) == (0, 1)
    with closing(here.store()) as store:
        assert store.inbox.counts().dead == 1
        assert store.lock.current() is None
        store.lock.acquire(Holder.this_process("apply"))
    assert here.main("state", "compact", "--yes").code == 6


def test_unlock_shows_the_holder_and_asks(here: Served) -> None:
    applied(here)
    assert here.main("state", "unlock").out == "Nobody holds the lock.\n"
    with closing(here.store()) as store:
        store.lock.acquire(Holder.this_process("apply"))

    asked = here.main("state", "unlock")
    assert asked.code == 9
    assert "`yeta apply`, process" in asked.out
    assert here.main("apply", "--yes").code == 6

    assert here.main("state", "unlock", "--yes").code == 0
    assert here.main("apply", "--yes").code == 0


# Import


@pytest.mark.sweep
def test_an_imported_task_holds_every_declared_row_and_the_plan_does_not_touch_them(here: Served) -> None:
    here.campaign("renewal", range(5))
    foreign = here.emulator.add_foreign_task(
        "made at the console", numbers=[number(3)], line="100", status=Status.RUNNING
    )
    assert here.main("import", "renewal", foreign).code == 9

    done = here.main("import", "renewal", foreign, "--yes")

    assert done.code == 0, done.err
    assert "all 5 declared rows are held as possibly dialled" in done.out
    assert held(here) == {"rows": 5, "pending": 0, "dialled": 0, "held": 5, "unknown": 0}
    here.emulator.advance(600)
    before = here.rung()
    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(600)
    assert here.rung() == before
    assert actions(here) == []


def test_rows_added_after_an_import_go_out_and_held_ones_do_not(here: Served) -> None:
    here.campaign("renewal", range(3))
    foreign = here.emulator.add_foreign_task("by hand", numbers=[number(0)], status=Status.COMPLETED)
    assert here.main("import", "renewal", foreign, "--yes").code == 0

    here.rows("renewal", range(5))

    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(600)
    assert here.rung() == [number(3), number(4)]


@pytest.mark.sweep
def test_rows_that_were_staged_before_an_import_are_not_started_with_it(here: Served) -> None:
    applied(here, state="staged")
    foreign = here.emulator.add_foreign_task(
        "by hand", numbers=[number(0)], line="200", status=Status.COMPLETED
    )
    assert here.main("import", "renewal", foreign, "--yes").code == 0

    here.campaign("renewal", range(3))

    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(600)
    assert here.rung() == []


def test_import_refuses_what_it_cannot_mean(here: Served) -> None:
    task = applied(here)

    assert here.main("import", "renewal", task, "--yes").code == 4
    assert here.main("import", "renewal", "999", "--yes").code == 1
    assert here.main("import", "nobody", task, "--yes").code == 3


def test_a_mark_that_the_key_proves_tells_exactly_which_rows_are_in_the_task(here: Served) -> None:
    task = applied(here)
    lose(here)

    done = here.main("import", "renewal", task, "--yes")

    assert "Its mark and its count prove its rows: 3 declared rows." in done.out
    assert held(here)["pending"] == 3
    assert actions(here) == []


def test_a_task_with_a_mark_of_a_lost_key_is_settled_by_import(here: Served) -> None:
    task = applied(here)
    lose(here, key=True)
    assert here.main("plan").code == 8
    assert here.main("state", "rebuild", "--yes").code == 8

    assert here.main("import", "renewal", task, "--yes").code == 0

    assert here.main("plan").code == 0
    assert held(here)["held"] == 3


def test_an_imported_task_that_was_never_started_is_staged_anew(here: Served) -> None:
    here.campaign("renewal", range(3))
    stray = Key(b"a lost key").mark("acme", "", "renewal", 1, b"1234")
    task = here.emulator.add_foreign_task(str(stray), numbers=[number(7)])
    assert here.main("plan").code == 8

    assert here.main("import", "renewal", task, "--yes").code == 0

    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(600)
    assert sorted(here.rung()) == [number(0), number(1), number(2)]
    assert here.emulator.tasks[task].deleted


# Rebuild


@pytest.mark.sweep
def test_a_lost_state_is_rebuilt_from_marks_and_lists_and_nobody_rings_twice(here: Served) -> None:
    applied(here)
    here.rows("renewal", range(5))
    here.emulator.advance(600)
    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(600)
    lose(here)
    assert here.main("apply", "--yes").code == 8
    assert here.main("state", "rebuild").code == 9

    done = here.main("state", "rebuild", "--yes")

    assert done.code == 0, done.out
    assert held(here) == {"rows": 5, "pending": 5, "dialled": 0, "held": 0, "unknown": 0}
    here.rows("renewal", range(6))
    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(600)
    assert sorted(here.rung()) == [number(row) for row in range(6)]


@pytest.mark.sweep
def test_where_the_list_has_changed_every_declared_row_is_held(here: Served) -> None:
    applied(here)
    lose(here)
    here.rows("renewal", range(1, 6))

    done = here.main("state", "rebuild", "--yes")

    assert done.code == 8
    assert "all 5 declared rows are held as possibly dialled" in done.out
    assert held(here)["held"] == 5
    here.main("apply", "--yes")
    here.emulator.advance(600)
    assert sorted(here.rung()) == [number(row) for row in range(3)]


@pytest.mark.sweep
def test_direct_calls_of_a_lost_state_are_not_made_again(here: Served) -> None:
    applied(here)
    direct_calls(here, range(50, 52))
    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(600)
    rung = here.rung()
    lose(here)

    assert here.main("apply", "--yes").code == 8
    rebuilt = here.main("state", "rebuild", "--yes")
    here.main("apply", "--yes")
    here.emulator.advance(600)

    assert "direct calls leave no task" in rebuilt.out
    assert here.rung() == rung
    assert held(here, "otp")["held"] == 2


@pytest.mark.sweep
def test_direct_calls_are_not_made_again_where_nothing_else_shows_that_the_state_was_lost(
    here: Served,
) -> None:
    direct_calls(here, range(50, 52))
    assert here.main("apply", "--yes").code == 0
    for file in (here.root / "state").glob("yeta.db*"):
        file.unlink()

    refused = here.main("apply", "--yes")
    assert (refused.code, refused.out.count("call-outs were sent")) == (8, 1)
    assert here.main("state", "rebuild", "--yes").code == 8
    assert actions(here) == []
    here.rows("otp", range(50, 53))
    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(600)

    assert sorted(here.rung()) == [number(row) for row in (50, 51, 52)]


def test_a_sound_state_lacks_nothing(here: Served) -> None:
    applied(here)

    done = here.main("state", "rebuild", "--yes")

    assert done.code == 0
    assert done.out == "The state lacks nothing that can be recovered.\n"


def test_tasks_that_never_rang_are_left_to_apply(here: Served) -> None:
    task = applied(here, state="staged")
    lose(here)

    done = here.main("state", "rebuild", "--yes")

    assert done.code == 0
    assert "was never started: apply deletes it" in done.out
    assert here.main("apply", "--yes").code == 0
    assert here.emulator.tasks[task].deleted


# Forget


def test_forget_says_how_many_people_may_be_called_again_and_keeps_numbers_and_task_ids(here: Served) -> None:
    applied(here)
    assert here.main("state", "forget", "renewal", "--yes").code == 4
    here.emulator.advance(600)

    done = here.main("state", "forget", "renewal", "--yes")

    assert done.code == 0, done.err
    assert "3 people may then be called again" in done.out
    assert here.main("apply", "--yes").code == 0
    assert here.main("state", "show", "renewal", "--format", "json").json["waves"][0]["number"] == 2
    assert here.main("state", "forget", "nobody", "--yes").code == 3


@pytest.mark.sweep
def test_a_campaign_known_only_by_a_task_can_be_forgotten(here: Served) -> None:
    applied(here)
    here.emulator.advance(600)
    lose(here)
    (here.root / "renewal.yaml").unlink()
    here.campaign("next", range(7, 9), lines='["200"]')
    assert here.main("apply", "--yes").code == 8

    done = here.main("state", "forget", "renewal", "--yes")

    assert "up to 3 people of 1 task without a record" in done.out
    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(600)
    assert here.rung()[3:] == [number(7), number(8)]


def hide(here: Served, task: str, queries: int = 2) -> None:
    """The task does not show in the next queries: a look is one for the listing and one by its id."""
    here.emulator.change(
        lag_queries=here.emulator.world.queries - here.emulator.tasks[task].created_on_query + queries
    )


def test_a_task_that_does_not_show_for_once_is_looked_for_again_before_it_is_forgotten(here: Served) -> None:
    hide(here, applied(here, 20))

    done = here.main("state", "forget", "renewal", "--yes")

    assert done.code == 4
    assert "cannot be forgotten while it is live" in done.err


@pytest.mark.sweep
def test_what_the_platform_shows_live_is_not_forgotten_whatever_is_recorded_of_it(here: Served) -> None:
    task = here.emulator.tasks[applied(here, 20)]
    here.emulator.advance(3600)
    assert here.main("apply", "--yes").code == 0
    assert here.main("state", "show", "renewal", "--format", "json").json["waves"][0]["phase"] == "completed"
    task.status = Status.RUNNING

    done = here.main("state", "forget", "renewal", "--yes")

    assert done.code == 4
    assert "wave 1 (running)" in done.err


def test_a_live_task_whose_mark_no_key_proves_keeps_its_campaign_from_being_forgotten(here: Served) -> None:
    applied(here)
    here.emulator.advance(3600)
    mark = str(Key(b"a lost key").mark("acme", "", "renewal", 7, b"1234"))
    foreign = here.emulator.add_foreign_task(mark, numbers=[number(9000)], line="200", status=Status.RUNNING)

    done = here.main("state", "forget", "renewal", "--yes")

    assert done.code == 4
    assert foreign in done.err
    here.emulator.console_delete(foreign)
    assert here.main("state", "forget", "renewal", "--yes").code == 0


def test_a_forgotten_campaign_of_a_lost_state_stays_forgotten(here: Served) -> None:
    applied(here)
    here.emulator.advance(600)
    lose(here)

    assert here.main("state", "forget", "renewal", "--yes").code == 0

    planned = here.main("plan", "--format", "json")
    assert (planned.code, waves_of(planned)) == (0, {2})


@pytest.mark.sweep
def test_after_forget_a_plan_shows_the_wave_that_apply_makes_and_nothing_takes_a_former_number(
    here: Served,
) -> None:
    applied(here)
    here.emulator.advance(600)
    here.main("apply", "--yes")
    here.main("state", "forget", "renewal", "--yes")

    assert waves_of(here.main("plan", "--format", "json")) == {2}
    foreign = here.emulator.add_foreign_task("by hand", numbers=[number(0)], status=Status.COMPLETED)
    assert "is wave 2 of renewal" in here.main("import", "renewal", foreign, "--yes").out


def test_direct_calls_that_were_forgotten_are_rebuilt_as_a_further_wave(here: Served) -> None:
    direct_calls(here, range(2))
    assert here.main("apply", "--yes").code == 0
    here.main("state", "forget", "otp", "--yes")

    assert here.main("state", "rebuild", "--yes").code == 8

    (wave,) = here.main("state", "show", "otp", "--format", "json").json["waves"]
    assert wave["number"] == 2


# Resolve


def test_a_task_that_does_not_show_for_once_is_looked_for_again_before_a_person_settles_it(
    here: Served,
) -> None:
    hide(here, applied(here, 20))

    done = here.main("state", "resolve", "renewal", "--wave", "1", "--as", "undialled", "--yes")

    assert done.code == 3
    assert "nothing to settle" in done.err


def test_what_comes_back_while_a_person_is_asked_is_not_settled(
    here: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(here, applied(here, 20), 100)
    command = import_module("yeta_reconcile.cli.commands.state.resolve")
    monkeypatch.setattr(command, "confirm", lambda *_, **__: here.emulator.change(lag_queries=0))

    done = here.main("state", "resolve", "renewal", "--wave", "1", "--as", "undialled")

    assert done.code == 3
    assert held(here)["pending"] == 20


def unsettled(here: Served) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = here.main("state", "resolve", "renewal", "--format", "json").json["doubts"]
    return found


@pytest.mark.sweep
@pytest.mark.parametrize(("verdict", "expected"), [("dialled", 3), ("undialled", 6)])
def test_a_task_that_is_gone_is_settled_by_a_persons_word(here: Served, verdict: str, expected: int) -> None:
    task = applied(here)
    here.emulator.advance(600)
    here.emulator.console_purge(task)
    assert here.main("apply", "--yes").code == 8
    (doubt,) = unsettled(here)
    assert doubt["why"] == f"task {task} is gone from the platform"
    assert here.main("state", "resolve", "renewal", "--wave", "1", "--as", verdict).code == 9
    assert here.main("state", "resolve", "renewal", "--wave", "1", "--as", verdict, "--yes").code == 0

    assert unsettled(here) == []
    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(600)
    assert len(here.rung()) == expected


def test_rows_of_an_import_are_settled_one_by_one(here: Served) -> None:
    here.campaign("renewal", range(4))
    foreign = here.emulator.add_foreign_task(
        "by hand", numbers=[number(0)], line="200", status=Status.RUNNING
    )
    here.main("import", "renewal", foreign, "--yes")
    refused = here.main("state", "resolve", "renewal", "--wave", "1", "--as", "undialled", "--yes")
    assert refused.code == 4
    (here.root / "not-in-it.txt").write_text(f"{number(1)}\n+86 {number(2)}\n", encoding="utf-8")

    free = ("--wave", "1", "--as", "undialled", "--line", "5", "--numbers", "not-in-it.txt", "--yes")
    assert "3 rows" in here.main("state", "resolve", "renewal", *free).out
    assert here.main("state", "resolve", "renewal", "--wave", "1", "--as", "dialled", "--yes").code == 0

    assert here.main("state", "resolve", "renewal").code == 0
    here.emulator.advance(600)
    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(600)
    assert sorted(here.rung()) == [number(row) for row in range(4)]


def test_a_wave_that_goes_on_or_was_never_started_has_nothing_to_settle(here: Served) -> None:
    applied(here, rows=30)

    done = here.main("state", "resolve", "renewal")

    assert done.out == "Nothing about renewal waits for a person.\n"
    assert here.main("state", "resolve", "renewal", "--wave", "1", "--as", "dialled", "--yes").code == 3
    assert here.main("state", "resolve", "renewal", "--wave", "1").code == 64
    assert here.main("state", "resolve", "renewal", "--line", "2").code == 64


def test_a_deleted_wave_that_cannot_account_is_settled_by_a_persons_word(here: Served) -> None:
    task = applied(here, rows=30)
    here.emulator.advance(20)
    here.emulator.console_delete(task)
    assert here.main("apply", "--yes").code == 7
    (doubt,) = unsettled(here)
    assert "over: no call records" in doubt["why"]

    done = here.main("state", "resolve", "renewal", "--wave", "1", "--as", "dialled", "--yes")

    assert done.code == 0, done.err
    assert here.main("apply", "--yes").code == 0
    with closing(here.store()) as store:
        wave = store.waves.by_task(task)
        assert wave is not None
        assert (wave.phase, wave.dialled, wave.pending) == (Phase.DELETED, 30, 0)
        assert {row.state for row in store.waves.rows(wave.wave_id)} == {RowState.DIALLED}


def test_a_drained_wave_that_cannot_account_is_deleted_and_settled_by_a_persons_word(here: Served) -> None:
    task = applied(here, rows=30)
    here.emulator.advance(20)
    here.rows("renewal", range(29))
    assert here.main("apply", "--yes").code == 7
    here.emulator.advance(120)
    with closing(here.store()) as store:
        wave = store.waves.by_task(task)
        assert wave is not None
        store.waves.change_wave(wave.wave_id, phase=Phase.DRAINING)
    here.emulator.console_pause(task)
    (doubt,) = unsettled(here)
    assert "paused in order to be replaced" in doubt["why"]

    done = here.main("state", "resolve", "renewal", "--wave", "1", "--as", "dialled", "--yes")

    assert done.code == 0, done.err
    assert f"Task {task} is deleted at the platform first." in done.out
    assert here.emulator.tasks[task].deleted
    assert here.main("apply", "--yes").code == 0


def test_of_a_direct_call_only_what_was_never_answered_for_can_be_freed_as_a_whole(here: Served) -> None:
    direct_calls(here, range(60))
    here.emulator.faults.add(Fault("closed_before", path="task/callout", nth=2))
    assert here.main("apply", "--yes").code == 8
    assert (held(here, "otp")["held"], held(here, "otp")["unknown"]) == (50, 10)
    assert here.main("state", "resolve", "otp").code == 8

    done = here.main("state", "resolve", "otp", "--wave", "1", "--as", "undialled", "--yes")

    assert "10 rows count as undialled; they may be called by a further wave" in done.out
    assert here.main("state", "resolve", "otp").code == 0
    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(600)
    assert sorted(here.rung()) == [number(row) for row in range(60)]


def test_a_state_of_an_unknown_scheme_is_exit_3_and_never_a_file(here: Served) -> None:
    here.campaign("renewal", range(3))
    mistyped = "postgresql+psycopg://me:hush@127.0.0.1:1/db"
    before = sorted(here.root.rglob("*"))

    for words in (
        ("plan",),
        ("apply", "--yes"),
        ("history",),
        ("state", "migrate", mistyped, "x.db", "--yes"),
    ):
        done = here.main(*words, YETA_STATE=mistyped)
        assert done.code == 3, words
        assert "hush" not in done.out + done.err
        assert "postgresql://user@host/database" in done.err
    assert sorted(here.root.rglob("*")) == before


def test_numbers_of_a_task_that_nobody_knows_are_settled_by_a_person_apart_from_the_held_rows(
    here: Served,
) -> None:
    here.campaign("renewal", range(3))
    called = [number(row) for row in (0, 1, 2, 7, 8)]
    foreign = here.emulator.add_foreign_task("by hand", numbers=called, status=Status.COMPLETED)
    assert here.main("import", "renewal", foreign, "--yes").code == 0
    here.rows("renewal", range(4))
    assert here.main("apply", "--yes").code == 7

    assert here.main("state", "resolve", "renewal", "--wave", "1", "--as", "dialled", "--yes").code == 0
    assert here.main("apply", "--yes").code == 7
    assert here.main("state", "resolve", "renewal").code == 8
    assert here.main("state", "resolve", "renewal", "--wave", "1", "--as", "undialled", "--yes").code == 0

    assert here.main("apply", "--yes").code == 0
    assert here.main("state", "resolve", "renewal").code == 0
    here.emulator.advance(24 * 3600)
    assert [dialling.number for dialling in here.emulator.dialled] == [number(3)]
