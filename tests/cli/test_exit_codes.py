"""Every exit code of the contract, from the command as a process against a platform on a port."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.lab import number
from tests.support.served import Served, person, served
from yeta_reconcile.emulator.faults import FOREVER, Fault
from yeta_reconcile.store.lock import Holder

pytestmark = pytest.mark.sweep

MANY = 300


def until(true: Callable[[], bool], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came to pass"
        time.sleep(0.02)


def press_until_it_ends(process: subprocess.Popen[bytes], key: signal.Signals) -> None:
    """One that falls between the prompt and the read is noticed with the next, as a person would press it."""
    for _ in range(10):
        process.send_signal(key)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=2)
            return
    process.kill()


def inserts(here: Served) -> int:
    return here.changes_sent().count("insert")


def test_0_done_then_nothing_to_do(here: Served) -> None:
    here.campaign()

    first, second = here.yeta("apply", "--yes"), here.yeta("apply", "--yes")

    assert (first.code, second.code) == (0, 0)
    assert first.out.endswith("Done. 1 wave staged, 1 wave started. Everything is as declared.\n")
    assert second.out.endswith("Nothing to do. Everything is as declared.\n")
    assert here.changes_sent() == ["create", "insert", "start"]
    assert first.err == second.err == ""


def test_0_although_a_row_was_set_aside_for_a_bad_number(tmp_path: Path) -> None:
    with served(tmp_path, sensitive_numbers=(number(1),)) as here:
        here.campaign()

        done = here.yeta("apply", "--yes")

        assert done.code == 0
        assert "renewal.csv:3" in done.err
        assert number(1) not in done.out + done.err


def test_1_credentials_are_refused_and_nothing_is_sent(here: Served) -> None:
    here.campaign()

    done = here.yeta("apply", "--yes", YETA_APP_SECRET="wrong")

    assert done.code == 1
    assert "200101" in done.err
    assert here.changes_sent() == []


def test_1_no_answer_to_any_question(here: Served) -> None:
    here.campaign()
    here.project(platform="timeout: 3s, settle: 1s, max_in_flight: 1")

    done = here.yeta("plan", YETA_BASE_URL="http://127.0.0.1:9/openapi")

    assert done.code == 1
    assert done.out == ""


def test_2_changes_are_pending_and_only_with_detailed_exitcode(here: Served) -> None:
    here.campaign()

    assert here.yeta("plan").code == 0
    assert here.yeta("plan", "--detailed-exitcode").code == 2
    assert here.yeta("apply", "--yes").code == 0
    assert here.yeta("plan", "--detailed-exitcode").code == 0


def test_3_every_error_of_the_documents_comes_in_one_run(here: Served) -> None:
    here.campaign("one", state="runing")
    here.campaign("two", lines="[]")

    done = here.yeta("apply", "--yes")

    assert done.code == 3
    assert "one.yaml:3:8" in done.err
    assert "two.yaml" in done.err
    assert here.emulator.calls_log == []


@pytest.mark.parametrize("secret", ["YETA_APP_KEY", "YETA_APP_SECRET"])
def test_3_a_secret_is_missing(here: Served, secret: str) -> None:
    here.campaign()

    done = here.yeta("plan", **{secret: ""})

    assert done.code == 3
    assert secret in done.err


def test_3_the_state_was_written_with_another_key(here: Served) -> None:
    here.campaign()
    assert here.yeta("apply", "--yes", YETA_STATE_KEY="one").code == 0

    assert here.yeta("plan", YETA_STATE_KEY="two").code == 3
    assert here.yeta("plan").code == 3


def test_4_a_guard_refuses_before_the_first_call(here: Served) -> None:
    here.campaign("kept", extra="protect: true\n")
    assert here.yeta("apply", "--yes").code == 0
    sent = len(here.changes_sent())
    (here.root / "kept.yaml").unlink()
    here.campaign("another", range(10, 13), lines='["200"]')

    done = here.yeta("apply", "--yes")

    assert done.code == 4
    assert "protected" in done.out + done.err
    assert here.changes_sent()[sent:] == []


def test_5_a_saved_plan_is_spent_by_its_apply(here: Served) -> None:
    here.campaign()
    assert here.yeta("plan", "-o", "it.plan").code == 0
    assert here.yeta("apply", "it.plan").code == 0

    done = here.yeta("apply", "it.plan")

    assert done.code == 5
    assert "spent" in done.err
    assert here.changes_sent() == ["create", "insert", "start"]


def test_6_another_holds_the_state(here: Served) -> None:
    here.campaign()
    store = here.store()
    store.lock.acquire(Holder.this_process("reconcile"))

    done = here.yeta("apply", "--yes")
    planned = here.yeta("plan")

    store.close()
    assert done.code == 6
    assert "yeta reconcile" in done.err
    assert planned.code == 0
    assert here.changes_sent() == []


def test_7_a_wave_waits_for_its_line(here: Served) -> None:
    here.campaign()
    here.emulator.take_line("100")

    waiting = here.yeta("apply", "--yes")
    here.emulator.release_line("100")
    done = here.yeta("apply", "--yes")

    assert (waiting.code, done.code) == (7, 0)
    assert "waits for its line" in waiting.err
    assert waiting.out.splitlines()[-1] == (
        "Not complete (exit 7). 1 wave staged. Nothing failed: what waits is tried again by the next "
        "`yeta apply`, or by `yeta reconcile`."
    )
    assert here.changes_sent() == ["create", "insert", "start", "start"]


def test_8_a_task_that_is_gone_needs_a_person(here: Served) -> None:
    here.campaign()
    assert here.yeta("apply", "--yes").code == 0
    task = next(iter(here.emulator.world.tasks.values()))
    here.emulator.console_purge(str(task.task_id))

    planned, done = here.yeta("plan"), here.yeta("apply", "--yes")

    assert (planned.code, done.code) == (8, 8)
    assert "yeta state resolve renewal" in done.err
    assert here.changes_sent() == ["create", "insert", "start"]


def test_9_without_a_terminal_and_without_yes_nothing_is_changed(here: Served) -> None:
    here.campaign()

    done = here.yeta("apply")

    assert done.code == 9
    assert "create wave 1 with 3 numbers" in done.out
    assert "--yes" in done.err
    assert here.changes_sent() == []
    assert not (here.root / "state").exists()


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 9), ("\n", 9)])
def test_9_at_a_terminal_the_question_is_asked(here: Served, answer: str, code: int) -> None:
    here.campaign()
    ours, theirs = pty.openpty()

    with subprocess.Popen(
        here.command("apply"), env=here.environment, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs
    ) as process:
        os.close(theirs)
        said = b""
        while b"[y/N]" not in said:
            said += os.read(ours, 1000)
        os.write(ours, answer.encode())
        assert process.stdout is not None
        out = process.stdout.read().decode()
    os.close(ours)

    assert process.returncode == code
    assert b"Apply these changes?" in said
    assert "3 telephones will ring" in out
    assert here.changes_sent() == (["create", "insert", "start"] if code == 0 else [])


@pytest.mark.parametrize(
    "arguments",
    [
        ["aply"],
        ["apply", "--yess"],
        ["apply", "it.plan", "--destroy"],
        ["apply", "it.plan", "--only", "renewal"],
        ["plan", "--check", "it.plan", "-o", "other.plan"],
        ["plan", "--explain", "renewal", "--format", "markdown"],
    ],
    ids=" ".join,
)
def test_64_the_command_line_means_nothing(here: Served, arguments: list[str]) -> None:
    done = here.yeta(*arguments)

    assert done.code == 64
    assert done.out == ""


def test_70_a_bug_leaves_a_report_without_numbers_and_names(here: Served, tmp_path: Path) -> None:
    here.campaign()
    script = (
        "import sys\nfrom yeta_reconcile.planning import planner\nfrom yeta_reconcile.cli.main import main\n"
        "def broken(*_):\n"
        f"    raise RuntimeError('row 7: {number(7)} {person(7)}')\n"
        "planner.observe = broken\nsys.exit(main())\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script, "-C", str(here.root), "plan"],
        env=here.environment | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 70
    report = next(tmp_path.glob("yeta-bug-*")).read_text("utf-8")
    for text in (done.stdout, done.stderr, report):
        assert number(7) not in text
        assert person(7) not in text
    assert "RuntimeError" in report


def test_130_once_interrupted_it_finishes_what_is_under_way_and_can_go_on(tmp_path: Path) -> None:
    with served(tmp_path, latency=0.2) as here:
        here.campaign(rows=range(MANY))
        here.project(platform="timeout: 3s, settle: 1s, max_in_flight: 1")
        with here.started("apply", "--yes") as process:
            until(lambda: inserts(here) >= 2)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)

        assert process.returncode == 130
        assert "once more stops at once" in err
        assert "Interrupted." in out
        assert 2 <= inserts(here) < 6
        again = here.yeta("apply", "--yes")  # the lock was given back, so it need not wait
        assert again.code == 0, again.err
        assert inserts(here) == 6
        assert here.changes_sent().count("create") == 1


def test_130_twice_interrupted_it_ends_at_once(tmp_path: Path) -> None:
    with served(tmp_path) as here:
        here.campaign()
        here.project(platform="timeout: 3s, settle: 1s", extra="")
        here.emulator.faults.add(Fault("timeout_after", "task/insert", seconds=60, times=FOREVER))
        text = (here.root / "yeta.yaml").read_text("utf-8")
        (here.root / "yeta.yaml").write_text(text.replace("timeout: 3s", "timeout: 50s"), "utf-8")
        with here.started("apply", "--yes") as process:
            until(lambda: inserts(here) >= 1)
            process.send_signal(signal.SIGINT)
            assert process.stderr is not None
            assert "once more" in process.stderr.readline()
            process.send_signal(signal.SIGINT)
            # The call that is under way has fifty.
            process.wait(timeout=20)

        assert process.returncode == 130


def test_130_interrupted_while_it_asks(here: Served) -> None:
    here.campaign()
    ours, theirs = pty.openpty()

    with subprocess.Popen(
        here.command("apply"), env=here.environment, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs
    ) as process:
        os.close(theirs)
        said = b""
        while b"[y/N]" not in said:
            said += os.read(ours, 1000)
        press_until_it_ends(process, signal.SIGINT)
    os.close(ours)

    assert process.returncode == 130
    assert here.changes_sent() == []


def test_an_apply_that_is_killed_is_finished_by_the_next(tmp_path: Path) -> None:
    with served(tmp_path, latency=0.05) as here:
        here.campaign(rows=range(MANY))
        assert here.yeta("plan", "-o", "it.plan").code == 0
        with here.started("apply", "it.plan") as process:
            until(lambda: inserts(here) >= 3)
            process.kill()
        locked = here.yeta("apply", "it.plan")
        time.sleep(31)

        done = here.yeta("apply", "it.plan")
        again = here.yeta("apply", "it.plan")

        assert (locked.code, done.code, again.code) == (6, 0, 5), done.err
        for _ in range(MANY):
            here.emulator.advance(60)
        assert sorted(here.rung()) == [number(row) for row in range(MANY)]
