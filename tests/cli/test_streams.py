"""Where results go: files that are links, pipes or devices, and streams that cannot be written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.support.served import Served
from yeta_reconcile.files import PRIVATE, whole_file, write_whole


def run(here: Served, line: str) -> subprocess.CompletedProcess[str]:
    """`yeta` with what a shell does to its streams."""
    yeta = f'"{sys.executable}" -m yeta_reconcile'
    return subprocess.run(
        ["/bin/sh", "-c", line.replace("yeta", yeta)],
        cwd=here.root, env=here.environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_a_saved_plan_goes_through_a_link_into_the_file_it_leads_to(here: Served) -> None:
    here.campaign()
    target, link = here.root / "kept.plan", here.root / "yeta.plan"
    target.write_text("a note of mine", encoding="utf-8")
    link.symlink_to(target.name)

    assert here.main("plan", "-o", "yeta.plan").code == 0

    assert link.is_symlink()
    assert json.loads(target.read_text("utf-8"))["format"] == "yeta-saved-plan/1"


def test_a_device_is_written_into_and_stays_one(here: Served) -> None:
    here.campaign()
    assert here.main("plan", "-o", "/dev/null").code == 0
    assert Path("/dev/null").is_char_device()


def test_a_pipe_is_written_into_and_one_that_nobody_reads_is_an_error(here: Served) -> None:
    here.campaign()
    pipe = here.root / "pipe"
    os.mkfifo(pipe)

    alone = here.main("plan", "-o", "pipe")
    assert alone.code == 1
    assert "cannot be written to" in alone.err

    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text("utf-8")))
    reader.start()
    done = run(here, "yeta plan -o pipe")
    reader.join(timeout=30)
    assert done.returncode == 0, done.stderr
    assert json.loads(read[0])["plan"]["format"] == "yeta-plan/1"


def test_a_dash_is_stdout_and_the_plan_is_then_shown_beside_it(here: Served) -> None:
    here.campaign()

    done = here.main("plan", "-o", "-")

    assert done.code == 0
    saved = here.root / "piped.plan"
    saved.write_text(done.out, encoding="utf-8")
    assert "will ring" in done.err
    assert here.main("plan", "--check", "piped.plan").code == 0


@pytest.mark.sweep
@pytest.mark.parametrize(
    "command", ["plan", "validate", "status", "plan --format json", "schema", "plan --help", "--version"]
)
def test_output_that_cannot_be_written_is_a_failure_with_its_reason(here: Served, command: str) -> None:
    here.campaign()

    done = run(here, f"yeta {command} > /dev/full")

    assert (done.returncode, done.stdout) == (1, "")
    assert "error: the output cannot be written: No space left on device" in done.stderr
    assert "bug" not in done.stderr


def test_streams_that_are_closed_end_nothing_as_a_bug(here: Served) -> None:
    here.campaign()
    closed = run(here, "yeta plan >&-")
    assert (closed.returncode, closed.stderr) == (1, "error: stdout is closed: nobody would see the result\n")
    assert run(here, "yeta plan 2>&-").returncode == 0
    assert run(here, "yeta plan 2>/dev/full").returncode == 0


def test_a_file_is_there_whole_or_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "report"
    write_whole(file, "former", PRIVATE)
    assert file.stat().st_mode & 0o777 == PRIVATE

    def break_off() -> None:
        with whole_file(file) as stream:
            stream.write(b"half of the new one")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()

    assert file.read_text("utf-8") == "former"
    assert [*tmp_path.iterdir()] == [file]
