"""One halt flag a state; whose a pause is; and the history of both."""

from __future__ import annotations

import errno
import json
import time
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.postgres import PostgresServer
from tests.support.served import Served
from yeta_reconcile.apply.halt import Halting
from yeta_reconcile.cli.commands import halt, resume
from yeta_reconcile.cli.session import connect
from yeta_reconcile.emulator import FOREVER, Fault, Status
from yeta_reconcile.errors import InvalidInput, Unreachable
from yeta_reconcile.store import halt_flag
from yeta_reconcile.store import open as opening
from yeta_reconcile.store.halt_flag import ROW, HaltFlag
from yeta_reconcile.store.lock import Holder
from yeta_reconcile.wording import phrase

pytestmark = pytest.mark.sweep

KEY = {"YETA_STATE_KEY": "the key of the tests"}


def two_environments(here: Served, engine: str, request: pytest.FixtureRequest) -> None:
    """The default environment and `other`, each with a state of its own; a wave of each rings."""
    states = ["state/yeta.db", "state/other.db"]
    if engine == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        states = [server.schema(), server.schema()]
    here.environ |= KEY
    here.project(
        f"state: {json.dumps(states[0])}\nenvironments: {{other: {{state: {json.dumps(states[1])}}}}}\n"
    )
    here.campaign("renewal", range(200))
    assert here.main("apply", "--yes").code == 0
    here.campaign("renewal", range(300, 500), lines='["200"]')
    assert here.main("apply", "--yes", YETA_ENV="other").code == 0
    here.emulator.advance(1)


def statuses(here: Served) -> list[Status]:
    return [task.status for _, task in sorted(here.emulator.tasks.items())]


def entries(here: Served, **environ: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = here.main("history", "--format", "json", **environ).json["entries"]
    return found


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_halt_of_one_environment_neither_stops_another_nor_is_lifted_by_it(
    here: Served, engine: str, request: pytest.FixtureRequest
) -> None:
    two_environments(here, engine, request)
    other = {"YETA_ENV": "other"}

    assert here.main("halt").code == 0

    assert [status is Status.PAUSED for status in statuses(here)] == [True, False]
    assert here.main("status", **other).out.startswith("HALTED") is False
    assert here.main("resume", "--yes", **other).out == "There is no halt.\n"
    assert here.main("status").out.startswith("HALTED")
    assert here.main("halt", **other).code == 0
    assert here.main("resume", "--yes", **other).code == 0
    assert here.main("status").out.startswith("HALTED")
    assert "1 task was paused by it" in here.main("resume", "--yes").out
    assert not here.main("status").out.startswith("HALTED")


def test_a_flag_of_an_earlier_version_counts_and_is_lifted_for_this_state_alone(
    here: Served, request: pytest.FixtureRequest
) -> None:
    two_environments(here, "postgresql", request)
    former = here.root / "state" / "yeta.halt"
    former.parent.mkdir(exist_ok=True)
    former.write_text(
        '{"who": "ops@here", "at": "2026-11-01T10:00:00+00:00", "paused": []}', encoding="utf-8"
    )
    assert here.main("status").out.startswith("HALTED: halted by ops@here")

    assert here.main("resume", "--yes").code == 0

    assert not here.main("status").out.startswith("HALTED")
    assert here.main("status", YETA_ENV="other").out.startswith("HALTED")


def test_the_flag_of_a_file_is_none_of_a_database_beside_it(
    here: Served, request: pytest.FixtureRequest
) -> None:
    two_environments(here, "postgresql", request)
    HaltFlag.beside("state/yeta.db", here.root).set("ops", datetime.now(UTC))

    assert not here.main("status").out.startswith("HALTED")


def test_states_whose_files_differ_by_their_ending_have_flags_of_their_own(here: Served) -> None:
    first, second = (HaltFlag.beside(f"state/yeta.{end}", here.root) for end in ("db", "sqlite"))

    first.set("ops", datetime.now(UTC))

    assert first.read()
    assert second.read() is None


def test_halt_and_resume_are_in_the_history(here: Served) -> None:
    here.campaign("renewal", range(200))
    assert here.main("apply", "--yes").code == 0
    here.main("halt")
    assert entries(here)[-1]["command"] == "halt"
    here.main("halt")

    here.main("resume", "--yes")

    told = entries(here)[-2:]
    assert [(one["command"], one["summary"], one["exit_code"]) for one in told] == [
        ("halt", {"paused": 1}, 0),
        ("resume", {"paused": 1}, 0),
    ]
    assert [one["command"] for one in entries(here)].count("halt") == 1
    assert here.main("history", "verify").code == 0
    here.main("halt")
    assert entries(here)[-1]["command"] == "halt"


def test_a_halt_that_could_not_be_written_down_is_by_whoever_next_can(here: Served) -> None:
    here.campaign("renewal", range(200))
    assert here.main("apply", "--yes").code == 0
    key = (here.root / "state" / "yeta.key").read_text(encoding="utf-8")
    (here.root / "state" / "yeta.key").unlink()
    assert here.main("halt", YETA_ACTOR="somebody").code == 0
    (here.root / "state" / "yeta.key").write_text(key, encoding="utf-8")
    assert entries(here)[-1]["command"] == "apply"
    here.campaign("renewal", range(200), state="paused")
    here.campaign("further", range(300, 303), state="staged", lines='["200"]')

    here.main("apply", "--yes")

    halted = entries(here)[-2]
    assert (halted["command"], halted["who"]) == ("halt", "somebody")


def test_a_locked_state_has_its_halt_in_the_history_all_the_same(here: Served) -> None:
    here.campaign("renewal", range(200))
    assert here.main("apply", "--yes").code == 0

    with closing(here.store()) as store:
        store.lock.acquire(Holder.this_process("apply"))
        assert here.main("halt").code == 0

    assert entries(here)[-1]["command"] == "halt"


def halted_and_paused_again(here: Served, seconds: int) -> str:
    """Halted; set going outside yeta; `seconds` later paused by it."""
    here.campaign("renewal", range(200))
    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(30)
    assert here.main("halt").code == 0
    here.emulator.advance(3600)
    (task_id,) = here.emulator.tasks
    here.emulator.console_start(task_id)
    here.emulator.advance(seconds)
    here.emulator.console_pause(task_id)
    return task_id


def test_what_went_on_after_a_halt_is_paused_outside_yeta(here: Served) -> None:
    halted_and_paused_again(here, 600)

    def wave() -> dict[str, Any]:
        found: dict[str, Any] = here.main("status", "--format", "json").json["campaigns"][0]["waves"][0]
        return found

    assert wave()["detail"] == "paused outside yeta"
    told = here.main("resume", "--yes")
    assert "Set going outside yeta since: renewal wave 1" in told.out
    assert wave()["detail"] == "paused outside yeta"
    (change,) = here.main("plan", "--format", "json").json["changes"]
    assert change["reason"] == "paused-outside-yeta"


def test_what_went_on_after_the_halt_was_lifted_is_paused_outside_yeta_too(here: Served) -> None:
    here.campaign("renewal", range(200))
    assert here.main("apply", "--yes").code == 0
    here.main("halt")
    here.main("resume", "--yes")
    (task_id,) = here.emulator.tasks
    here.emulator.console_start(task_id)
    here.emulator.advance(600)
    here.emulator.console_pause(task_id)

    (change,) = here.main("plan", "--format", "json").json["changes"]

    assert change["reason"] == "paused-outside-yeta"


def test_calls_that_were_in_process_when_a_halt_came_are_nothing_from_outside_yeta(here: Served) -> None:
    here.campaign("renewal", range(200))
    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(30)
    assert here.main("halt").code == 0
    here.emulator.advance(3600)

    told = here.main("resume", "--yes")

    assert "cannot be told of: renewal wave 1" in told.out
    (change,) = here.main("plan", "--format", "json").json["changes"]
    assert change["reason"] == "paused-by-halt"


def test_where_nothing_shows_whose_a_pause_is_it_is_named_and_reconcile_leaves_it(here: Served) -> None:
    task_id = halted_and_paused_again(here, 0)

    told = here.main("resume", "--yes")

    assert f"cannot be told of: renewal wave 1 (task {task_id})" in told.out
    process = here.started("reconcile", "--every", "1s", "--yes", "--status-file", "rounds.json")
    try:
        for _ in range(100):
            if (here.root / "rounds.json").exists():
                break
            time.sleep(0.1)
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert json.loads((here.root / "rounds.json").read_text(encoding="utf-8"))["left"]
    assert here.emulator.tasks[task_id].status is Status.PAUSED
    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(1)
    assert here.emulator.tasks[task_id].status is not Status.PAUSED


def test_resume_lifts_the_halt_also_where_the_platform_cannot_be_asked(here: Served) -> None:
    here.campaign("renewal", range(200))
    assert here.main("apply", "--yes").code == 0
    here.main("halt")

    told = here.main("resume", "--yes", YETA_APP_SECRET="")

    assert told.code == 0
    assert "How they stand now is not known" in told.out
    (change,) = here.main("plan", "--format", "json").json["changes"]
    assert change["reason"] == "paused-by-halt"


def test_whoever_was_asked_about_a_halt_lifts_none_that_was_set_since(
    here: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.main("halt")
    monkeypatch.setattr(resume, "confirm", lambda *_, **__: here.main("halt"))

    lifted = here.main("resume")

    assert lifted.code == 7
    assert "somebody halted again meanwhile" in lifted.err
    assert here.main("status").out.startswith("HALTED")
    monkeypatch.undo()
    assert here.main("resume", "--yes").code == 0
    assert not here.main("status").out.startswith("HALTED")


def read_only(*_: object, **__: object) -> None:
    raise OSError(errno.EROFS, "Read-only file system")


def forget_the_flag(here: Served) -> None:
    """As on another machine, which has the row of the state alone."""
    for file in (here.root / "state").glob("*.halt"):
        file.unlink()


def planned(here: Served) -> set[tuple[str, str]]:
    changes = here.main("plan", "--format", "json").json["changes"]
    return {(change["action"], change["reason"]) for change in changes}


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_another_machine_knows_by_the_row_what_a_halt_paused_and_how_it_left_it(
    here: Served, engine: str, request: pytest.FixtureRequest
) -> None:
    if engine == "postgresql":
        here.environ |= KEY
        server: PostgresServer = request.getfixturevalue("postgres")
        here.project(f"state: {json.dumps(server.schema())}\n")
    here.campaign("renewal", range(200))
    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(30)
    assert here.main("halt", YETA_ACTOR="li").code == 0
    forget_the_flag(here)
    report = here.root / "report.html"
    assert here.main("report", "--output", str(report)).code == 0
    assert "halted by li@" in report.read_text(encoding="utf-8")
    assert here.main("status").out.startswith("HALTED: halted by li@")

    lifted = here.main("resume", "--yes")

    assert "1 task was paused by it" in lifted.out
    assert "cannot be told of: renewal wave 1" in lifted.out
    assert planned(here) == {("resume", "paused-by-halt")}
    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(1)
    assert Status.PAUSED not in statuses(here)
    assert [one["command"] for one in entries(here)].count("halt") == 1


def test_what_went_on_since_shows_on_another_machine_too(here: Served) -> None:
    halted_and_paused_again(here, 600)
    forget_the_flag(here)

    assert "Set going outside yeta since: renewal wave 1" in here.main("resume", "--yes").out


def test_halts_of_two_machines_are_one_by_whoever_was_first(here: Served) -> None:
    for name, row, line in (("renewal", 0, "100"), ("other", 300, "200")):
        here.campaign(name, range(row, row + 200), lines=f'["{line}"]')
    assert here.main("apply", "--yes").code == 0
    second = max(here.emulator.tasks)
    here.emulator.console_pause(second)
    assert here.main("halt", YETA_ACTOR="li").code == 0
    forget_the_flag(here)
    here.emulator.console_start(second)
    here.emulator.advance(1)
    assert here.main("halt", YETA_ACTOR="wang").code == 0
    forget_the_flag(here)

    assert here.main("status").out.startswith("HALTED: halted by li@")
    assert "2 tasks were paused by it" in here.main("resume", "--yes").out
    assert [one["who"] for one in entries(here) if one["command"] == "halt"] == ["li"]


def test_a_flag_that_cannot_be_written_is_none_the_worse_for_the_row(
    here: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.campaign("renewal", range(200))
    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(1)

    monkeypatch.setattr(halt_flag, "write_whole", read_only)
    halted = here.main("halt")

    assert halted.code == 0, halted.err
    assert f"halted: {here.root / 'state/yeta.db'} is set" in halted.err
    assert "Read-only file system" in halted.err
    assert here.main("apply", "--yes").code == 7
    assert "1 task was paused by it" in here.main("resume", "--yes").out
    assert planned(here) == {("resume", "paused-by-halt")}


@pytest.mark.parametrize("trouble", ["no secret", "no platform"])
def test_what_cannot_be_paused_is_halted_by_the_row_where_no_file_can_be_written(
    here: Served, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    here.campaign("renewal", range(200), state="staged")
    assert here.main("apply", "--yes").code == 0

    monkeypatch.setattr(halt_flag, "write_whole", read_only)
    if trouble == "no platform":
        monkeypatch.setattr(halt, "connect", partial(connect, patience=0))
        here.emulator.faults.add(Fault("closed", times=FOREVER))
    halted = here.main("halt", **({"YETA_APP_SECRET": ""} if trouble == "no secret" else {}))

    assert halted.code in {1, 3}
    assert f"halted: {here.root / 'state/yeta.db'} is set" in halted.err
    assert "Read-only file system" in halted.err
    here.emulator.faults.clear()
    assert here.main("status").out.startswith("HALTED")


def test_a_halt_without_a_state_says_that_no_other_machine_is_halted(here: Served) -> None:
    halted = here.main("halt", "--format", "json")

    assert halted.code == 0
    assert f"there is no state of this project and environment at {here.root / 'state/yeta.db'}" in halted.err
    assert halted.json["trouble"].startswith("there is no state")
    here.campaign("renewal", range(3), state="staged")
    assert here.main("apply", "--yes").code == 0
    assert "warning" not in here.main("halt").err


def test_other_machines_are_halted_while_the_platform_lets_this_one_wait(
    here: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.campaign("renewal", range(3), state="staged")
    assert here.main("apply", "--yes").code == 0
    seen: list[str | None] = []

    def hangs(halting: Halting) -> list[str]:
        with closing(here.store()) as store:
            for _ in range(200):
                seen.append(store.flag(ROW))
                if seen[-1]:
                    break
                time.sleep(0.05)
        raise Unreachable(phrase("no answer"))

    monkeypatch.setattr(Halting, "carry_out", hangs)

    assert here.main("halt").code == 1
    assert seen[-1]


def test_what_opens_the_state_need_not_be_installed_where_it_is_halted(
    here: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.campaign("renewal", range(200))
    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(1)
    here.project("state: postgresql://yeta@db/yeta\n")

    def missing() -> None:
        raise InvalidInput(phrase("a state in PostgreSQL needs psycopg"))

    monkeypatch.setattr(opening, "_engine", missing)

    halted = here.main("halt")

    assert halted.code == 0, halted.err
    assert "warning: a state in PostgreSQL needs psycopg" in halted.err
    assert statuses(here) == [Status.PAUSED]


def test_where_neither_can_be_written_the_halt_has_failed(
    here: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(halt_flag, "write_whole", read_only)

    halted = here.main("halt")

    assert halted.code == 1
    assert "is set" not in halted.err


@pytest.mark.parametrize("moment", ["confirm", "note_halt"], ids=["while it asks", "while it is lifted"])
def test_whoever_was_asked_about_a_halt_lifts_none_of_another_machine(
    here: Served, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    here.campaign("renewal", range(3), state="staged")
    assert here.main("apply", "--yes").code == 0
    here.main("halt")
    own = HaltFlag.beside("state/yeta.db", here.root).path
    said = own.read_bytes()

    def meanwhile(*_: object, **__: object) -> None:
        here.main("halt", YETA_ACTOR="li")
        own.write_bytes(said)

    monkeypatch.setattr(resume, moment, meanwhile)

    assert here.main("resume", "--yes").code == 7
    assert here.main("status").out.startswith("HALTED")


@pytest.mark.parametrize("there", [False, True])
def test_a_halt_is_lifted_where_no_file_can_be_removed_if_there_is_none(
    here: Served, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    here.campaign("renewal", range(3), state="staged")
    assert here.main("apply", "--yes").code == 0
    here.main("halt")
    if not there:
        forget_the_flag(here)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", read_only)
        lifted = here.main("resume", "--yes")

    assert lifted.code == (1 if there else 0), lifted.err
    assert ("cannot be lifted: Read-only file system" in lifted.err) is there
    assert here.main("status").out.startswith("HALTED") is there
