"""halt and resume: nothing rings any more, whatever the state is like; and what was paused starts again."""

from __future__ import annotations

import json
import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.served import Served
from yeta_reconcile.emulator import FOREVER, Fault, Status
from yeta_reconcile.marks import Key, owner_digest
from yeta_reconcile.store.halt_flag import HaltFlag
from yeta_reconcile.store.lock import Holder

RINGING = {Status.STARTED, Status.RUNNING, Status.AWAITING_RECALL, Status.OUTSIDE_HOURS}


def flag(here: Served) -> HaltFlag:
    return HaltFlag.beside("state/yeta.db", here.root)


def running(here: Served, names: tuple[str, ...] = ("renewal", "other")) -> list[str]:
    """Campaigns that ring, each over a line of its own; their tasks."""
    for name, line in zip(names, ("100", "200", "300"), strict=False):
        at = int(line)
        here.campaign(name, range(at, at + 30), lines=f'["{line}"]')
    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(1)
    assert live(here) == sorted(here.emulator.tasks)
    return live(here)


def live(here: Served) -> list[str]:
    return sorted(task_id for task_id, task in here.emulator.tasks.items() if task.status in RINGING)


def test_halt_acts_at_once_without_asking_and_pauses_every_live_task(here: Served) -> None:
    tasks = running(here)

    done = here.yeta("halt")

    assert done.code == 0, done.err
    assert done.out == "2 tasks were paused; 0 are still live.\n"
    assert live(here) == []
    halt = flag(here).read()
    assert halt is not None
    assert sorted(halt.paused) == tasks


def test_the_flag_is_set_before_anything_is_asked_of_the_platform(here: Served) -> None:
    running(here)

    done = here.main("halt", YETA_APP_SECRET="")

    assert done.code == 3
    assert flag(here).read() is not None
    assert live(here)


def test_a_flag_that_is_no_text_halts_and_can_be_set_over(here: Served) -> None:
    running(here)
    flag(here).path.write_bytes(b"\xff\xfe\x00broken")

    assert flag(here).why()
    assert here.main("apply", "--yes").code == 0
    assert here.main("halt").code == 0
    assert live(here) == []


def test_apply_does_the_rest_and_exits_7_while_halted(here: Served) -> None:
    here.campaign("renewal", range(3))
    flag(here).set("ops", datetime.now(UTC))

    done = here.main("apply", "--yes")

    assert done.code == 7
    assert "halted by ops" in done.err
    assert "where it stopped" not in done.out
    assert here.changes_sent() == ["create", "insert"]
    assert here.rung() == []


def test_resume_lifts_the_halt_and_the_next_apply_starts_again_what_is_declared(here: Served) -> None:
    tasks = running(here)
    here.main("halt")
    halted = here.main("plan", "--format", "json").json["changes"]
    assert {change["reason"] for change in halted} == {"paused-by-halt"}
    assert here.main("resume").code == 9
    assert flag(here).read() is not None

    done = here.main("resume", "--yes")

    assert done.code == 0, done.err
    assert flag(here).read() is None
    assert live(here) == []
    changes = here.main("plan", "--format", "json").json["changes"]
    assert {(change["action"], change["reason"]) for change in changes} == {("resume", "paused-by-halt")}
    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(1)
    assert live(here) == tasks
    assert here.main("resume", "--yes").out == "There is no halt.\n"


@pytest.mark.sweep
def test_status_tells_a_pause_by_the_halt_from_one_outside_yeta(here: Served) -> None:
    first, second = running(here)
    here.emulator.console_pause(second)
    assert here.yeta("halt").code == 0

    waves = [
        wave for one in here.main("status", "--format", "json").json["campaigns"] for wave in one["waves"]
    ]

    assert {wave["task_id"]: wave["detail"] for wave in waves} == {
        first: "paused by a halt",
        second: "paused outside yeta",
    }


@pytest.mark.sweep
def test_halt_works_with_a_locked_state(here: Served) -> None:
    running(here)

    with closing(here.store()) as store:
        store.lock.acquire(Holder.this_process("apply"))
        assert here.main("halt").code == 0
        assert store.flag("halt") is not None

    assert live(here) == []


@pytest.mark.sweep
@pytest.mark.parametrize("damage", ["lost", "corrupt", "no key", "documents"])
def test_halt_works_with_a_state_that_is_lost_or_broken(here: Served, damage: str) -> None:
    running(here)
    break_it(here.root, damage)

    done = here.main("halt")

    assert done.code == 0, done.err
    assert live(here) == []
    assert ("warning" in done.err) == (damage in {"lost", "corrupt"})


def break_it(root: Path, damage: str) -> None:
    if damage == "lost":
        for file in (root / "state").iterdir():
            file.unlink()
    elif damage == "corrupt":
        (root / "state" / "yeta.db-wal").unlink(missing_ok=True)
        (root / "state" / "yeta.db").write_bytes(b"no database" * 1000)
    elif damage == "no key":
        (root / "state" / "yeta.key").unlink()
    else:
        (root / "renewal.yaml").write_text("kind: Nonsense\n", encoding="utf-8")


def test_recorded_tasks_without_a_mark_are_paused_and_foreign_ones_are_not(here: Served) -> None:
    here.campaign("renewal", range(3))
    unmarked = here.emulator.add_foreign_task(
        "by hand", numbers=["19900009001"], line="200", status=Status.RUNNING
    )
    assert here.main("import", "renewal", unmarked, "--yes").code == 0
    other = Key(b"other").mark("acme", "production", "renewal", 1, b"1234")
    foreign = here.emulator.add_foreign_task(
        str(other), numbers=["19900009002"], line="300", status=Status.RUNNING
    )

    assert here.main("halt").code == 0

    assert here.emulator.tasks[unmarked].status is Status.PAUSED
    assert here.emulator.tasks[foreign].status is not Status.PAUSED


def test_tasks_that_the_key_cannot_prove_are_paused_too(here: Served) -> None:
    mark = Key(b"a lost key").mark("acme", "", "renewal", 1, b"1234")
    assert mark.owner == owner_digest("acme", "")
    task = here.emulator.add_foreign_task(
        str(mark), numbers=[f"1990000{9000 + row}" for row in range(50)], status=Status.RUNNING
    )

    assert here.main("halt").code == 0

    assert here.emulator.tasks[task].status is Status.PAUSED


@pytest.mark.sweep
def test_a_start_that_was_under_way_is_caught(here: Served) -> None:
    here.campaign("renewal", range(30), state="staged")
    assert here.main("apply", "--yes").code == 0
    (task,) = here.emulator.tasks

    def start_late() -> None:
        time.sleep(0.8)
        here.emulator.console_start(task)
        here.emulator.advance(1)

    late = threading.Thread(target=start_late)
    late.start()
    assert here.main("halt").code == 0
    late.join()

    assert here.emulator.tasks[task].status is Status.PAUSED


def test_what_could_not_be_paused_is_named(here: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = running(here, ("renewal",))
    here.emulator.faults.add(Fault("code", path="task/pause", code=10002, times=FOREVER))
    monkeypatch.setattr("yeta_reconcile.apply.halt.PATIENCE_SECONDS", 2)

    done = here.main("halt", "--format", "json")

    assert done.code == 7
    assert json.loads(done.out)["still_live"] == tasks
    assert tasks[0] in done.err


@pytest.mark.sweep
def test_a_pause_after_somebody_resumed_what_a_halt_paused_is_one_outside_yeta(here: Served) -> None:
    (task,) = running(here, ("renewal",))
    here.main("halt")
    here.main("resume", "--yes")
    here.emulator.console_start(task)
    here.emulator.advance(1)
    assert here.main("apply", "--yes").code == 0
    here.emulator.console_pause(task)

    (change,) = here.main("plan", "--format", "json").json["changes"]

    assert change["reason"] == "paused-outside-yeta"


def test_only_the_row_in_the_state_halts_too_and_resume_lifts_it(here: Served) -> None:
    here.campaign("renewal", range(3))
    with closing(here.store()) as store:
        store.set_flag("halt", "halted by ops at noon")
    assert here.main("apply", "--yes").code == 7
    assert here.main("status").out.startswith("HALTED: halted by ops at noon")

    assert here.main("resume", "--yes").code == 0

    assert here.main("apply", "--yes").code == 0
