from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from yeta_reconcile.cli.main import main
from yeta_reconcile.emulator import serve
from yeta_reconcile.emulator.hours import SHANGHAI

CALLED = ["POST /oauth/v1/token  200, code 0", "POST /oauth/v1/token  200, code 200101"]


def test_it_prints_its_url_answers_and_ends_when_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YETA_APP_KEY", "a-key")
    monkeypatch.setenv("YETA_APP_SECRET", "a-secret")
    command = [sys.executable, "-m", "yeta_reconcile", "-C", str(tmp_path), "emulator"]

    with subprocess.Popen(
        [*command, "--listen", "127.0.0.1:0", "--speed", "0", "--data", "state/kept.json"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            # Before the first apply makes the folder: the platform has nothing to tell yet.
            assert (tmp_path / "state" / "kept.json").exists()
            answer = httpx.post(f"{url}/oauth/v1/token", json={"app_key": "a-key", "app_secret": "a-secret"})
        finally:
            process.send_signal(signal.SIGTERM)

    assert answer.json()["code"] == 0
    assert process.returncode == 0
    assert (tmp_path / "state" / "kept.json").exists()


@pytest.mark.parametrize(("options", "said"), [([], []), (["-v"], CALLED)])
def test_it_shows_its_credentials_and_what_comes_in_where_that_is_asked(
    tmp_path: Path, options: list[str], said: list[str]
) -> None:
    """Not even on a terminal of its own: whoever runs it with `&` works on in that."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "yeta_reconcile", "-C", str(tmp_path), "emulator"]
    with subprocess.Popen(
        [*command, "--listen", "127.0.0.1:0", "--speed", "0", *options],
        env={name: value for name, value in os.environ.items() if not name.startswith("YETA_")},
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    ) as process:
        os.close(theirs)
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        given = {"app_key": "emulator-key", "app_secret": "emulator-secret"}
        httpx.post(f"{url}/oauth/v1/token", json=given)
        httpx.post(f"{url}/oauth/v1/token", json=given | {"app_secret": "wrong"})
        process.send_signal(signal.SIGTERM)
    shown = os.read(ours, 10_000).decode().splitlines()
    os.close(ours)

    assert shown == ["To use it: export YETA_APP_KEY=emulator-key YETA_APP_SECRET=emulator-secret", *said]


@pytest.mark.parametrize("start", ["2026-12-01T09:00:00", "2026-12-01T02:00+01:00", "2026-12-01T01:00Z"])
def test_its_clock_begins_at_a_time_of_china_or_with_its_offset(
    start: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = []
    monkeypatch.setattr(serve, "serve", lambda emulator, *_, **__: began.append(emulator.clock.now))
    assert main(["emulator", "--listen", "127.0.0.1:0", "--start", start]) == 0
    assert began == [datetime(2026, 12, 1, 9, tzinfo=SHANGHAI)]


def test_a_taken_port_is_a_failure_and_no_bug() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        command = [sys.executable, "-m", "yeta_reconcile", "emulator", "--listen", listen]

        done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {listen}: Address already in use")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--listen", "8900"], "not HOST:PORT: '8900'"),
        (["--speed", "-1"], "--speed"),
        (["--line-lock", "stop"], "--line-lock"),
        (["--start", "at nine"], "--start takes a time like 2026-12-01T09:00, not at nine"),
    ],
)
def test_a_mistake_in_an_option_is_wrong_usage(
    options: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["emulator", *options]) == 64
    assert says in capsys.readouterr().err


def test_a_mistake_in_the_settings_file_names_the_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "platform.json").write_text(json.dumps({"balanse": 1}))

    assert main(["-C", str(tmp_path), "emulator", "--settings", "platform.json"]) == 64
    assert "balanse" in capsys.readouterr().err


def test_a_missing_settings_file_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-C", str(tmp_path), "emulator", "--settings", "none.json"]) == 1
    assert "none.json: No such file or directory" in capsys.readouterr().err
