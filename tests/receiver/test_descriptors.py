"""Fewer descriptors than connections: the receiver goes on answering, and its loop does not spin."""

from __future__ import annotations

import errno
import os
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.receiver.pushes import basic
from tests.receiver.servers import SECRET, STATE_KEY, post, receiver, repository
from yeta_reconcile.receiver import server
from yeta_reconcile.receiver.descriptors import FEWEST, RESERVED, room
from yeta_reconcile.receiver.server import CONNECTIONS

# The process has the limit before it is ours: a hard one, that it cannot raise.
LIMITED = (
    "import resource, runpy, sys; n = int(sys.argv.pop(1)); "
    "resource.setrlimit(resource.RLIMIT_NOFILE, (n, n)); sys.argv[0] = 'yeta'; "
    "runpy.run_module('yeta_reconcile', run_name='__main__')"
)


@pytest.fixture
def limited(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[int, str]]:
    """`yeta serve` with a limit on its descriptors: its process id and its base URL; `said` is its log."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("YETA_")}
    environ |= {"YETA_PUSH_SECRET": SECRET, "YETA_STATE_KEY": STATE_KEY}
    arguments = ["-C", str(repository(tmp_path)), "serve", "--listen", "127.0.0.1:0"]
    with (tmp_path / "said").open("w") as said, subprocess.Popen(
        [sys.executable, "-c", LIMITED, str(request.param), *arguments],
        env=environ, stdout=subprocess.PIPE, stderr=said, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            yield process.pid, f"{process.stdout.readline().strip()}/{SECRET}"
        finally:
            process.kill()


def seconds_worked(pid: int) -> float:
    """The processor's time that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
@pytest.mark.parametrize("limited", [32, 100], indirect=True)
def test_pushes_are_answered_while_more_connections_wait_than_can_be_held(
    limited: tuple[int, str], tmp_path: Path
) -> None:
    pid, url = limited
    parts = urlsplit(url)
    with ExitStack() as stack:
        for _ in range(150):
            stack.enter_context(socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5))
        for number in range(5):
            assert post(f"{url}/receiveCallRecord", basic(f"call-{number}"))[0] == 200
        before = seconds_worked(pid)
        time.sleep(0.5)
        assert seconds_worked(pid) - before < 0.3
    said = (tmp_path / "said").read_text("utf-8")
    assert said.count("no connection can be taken") == 1
    assert said.count("WARNING") <= 3


def test_where_none_is_left_nobody_is_let_in_for_a_moment_and_then_all_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failed, spent = socket.socket.accept, threading.Event(), [0]

    def accept(listening: socket.socket) -> object:
        spent[0] += 1
        if not failed.is_set():
            raise OSError(errno.EMFILE, "Too many open files")
        return real(listening)

    with receiver(repository(tmp_path)) as (url, *_):
        monkeypatch.setattr(socket.socket, "accept", accept)
        threading.Timer(3 * server.PAUSE_SECONDS, failed.set).start()
        assert post(f"{url}/receiveCallRecord", basic())[0] == 200
    assert spent[0] < 20


@pytest.mark.parametrize(
    ("soft", "hard", "connections"),
    [
        (20, 20, FEWEST),
        (256, 256, 256 - RESERVED),
        (256, 1024, 1024 - RESERVED),
        (256, 1 << 20, CONNECTIONS),
        (1 << 20, 1 << 20, CONNECTIONS),
        (256, resource.RLIM_INFINITY, CONNECTIONS),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, CONNECTIONS),
    ],
)
def test_there_are_as_many_connections_as_descriptors_are_left_for(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, connections: int
) -> None:
    raised: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: raised.append(limits))
    assert room(CONNECTIONS) == connections
    assert all(limit <= max(soft, CONNECTIONS + RESERVED) for limit, _ in raised)
