"""`yeta serve`: what it refuses before it listens."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.receiver.servers import post, receiver
from yeta_reconcile.cli.commands.serve import announce, came_in
from yeta_reconcile.cli.main import main
from yeta_reconcile.wording import Text


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "yeta.yaml").write_text("kind: Project\nname: acme\n", encoding="utf-8")
    return tmp_path


def serve(root: Path, *options: str) -> int:
    return main(["-C", str(root), "serve", *options])


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "example.com:80"])
def test_without_a_secret_only_this_machine_is_listened_to(
    root: Path, listen: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert serve(root, "--listen", listen) == 3
    assert "YETA_PUSH_SECRET is not set" in capsys.readouterr().err
    assert not (root / "state").exists()


@pytest.mark.parametrize("listen", ["8800", "127.0.0.1:port", "127.0.0.1:70000", ":1"])
def test_what_is_no_address_is_wrong_usage(
    root: Path, listen: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert serve(root, "--listen", listen) == 64
    assert "HOST:PORT" in capsys.readouterr().err


def test_a_secret_that_cannot_stand_in_a_url_is_refused(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("YETA_PUSH_SECRET", "with/slash")
    assert serve(root) == 3
    assert "with/slash" not in capsys.readouterr().err


def test_a_port_that_is_taken_is_said_so(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert serve(root, "--listen", f"127.0.0.1:{taken.getsockname()[1]}") == 1
    assert "cannot be listened on" in capsys.readouterr().err


def test_a_network_that_is_none_is_refused(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert serve(root, "--allow", "10.0.0") == 3
    assert "10.0.0 is no network" in capsys.readouterr().err


def test_what_came_in_is_said_by_module_and_by_its_outcome(tmp_path: Path) -> None:
    with receiver(tmp_path) as (url, _, made):
        for number in range(3):
            post(f"{url}/receiveCallRecord", {"call_uuid": f"u{number}"})
        post(f"{url}/receiveVoice", b"no object")

        assert came_in(made.arrivals()) == [
            "receiveCallRecord: 3 pushes stored",
            "receiveVoice: 1 push kept as no JSON object",
        ]


def test_it_says_where_the_platform_is_to_push_and_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    announce(Text("http://127.0.0.1:8800"), secret=True)

    out, err = capsys.readouterr()
    assert out == "http://127.0.0.1:8800\n"
    assert "push to http://127.0.0.1:8800/<YETA_PUSH_SECRET>/receiveCallRecord," in err
    assert "http://127.0.0.1:8800/<YETA_PUSH_SECRET>/dashboard" in err
