"""The receiver behind granian, over real sockets: the same answers, and success once a push is on disk.

What needs a process of its own, a kill and a SIGTERM, stands with the other server's.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.receiver.servers import SECRET, get, post, receiver, repository
from tests.support.patience import until
from yeta_reconcile.cli.main import main
from yeta_reconcile.receiver import granian
from yeta_reconcile.receiver.granian import GranianServer
from yeta_reconcile.receiver.writer import Writer
from yeta_reconcile.records.payload import LONGEST
from yeta_reconcile.store import Store
from yeta_reconcile.store.inbox import InboxCounts

VIP = """\
kind: DialogContext
name: vip
contexts: {entries: {"1111": {姓名: 张三}}}
"""


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Store]]:
    monkeypatch.setattr(granian, "LINGER_SECONDS", 0.0)
    root = repository(tmp_path, VIP)
    with receiver(root, opening=GranianServer, report=lambda: b"<p>the report</p>") as (url, store, _):
        yield url, store


def sent(url: str, request: bytes, *, listens: bool = True) -> bytes:
    """What comes back for these bytes until the receiver hangs up."""
    host, _, port = url.removeprefix("http://").partition("/")[0].partition(":")
    seen = b""
    with socket.create_connection((host, int(port)), timeout=10) as client:
        client.sendall(request)
        while listens and (more := client.recv(65536)):
            seen += more
    return seen


def post_of(module: str, body: bytes, *more: str, length: int = 0) -> bytes:
    lines = [f"POST /{SECRET}/{module} HTTP/1.1", "Host: x", f"Content-Length: {length or len(body)}", *more]
    return "\r\n".join([*lines, "", ""]).encode() + body


def test_a_push_is_answered_success_and_is_in_the_inbox_as_it_came(running: Any) -> None:
    url, store = running
    assert post(f"{url}/receiveCallRecord", b'{"call_uuid":  "a"}') == (200, b"success")
    assert store.inbox.push(1).body == b'{"call_uuid":  "a"}'
    until(lambda: store.calls.one("a") is not None)


def test_what_is_not_stored_is_no_success(running: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    url, store = running
    monkeypatch.setattr(Writer, "put", lambda *_: False)
    assert post(f"{url}/receiveVoice", {})[0] == 503
    monkeypatch.undo()
    monkeypatch.setattr(Writer, "_store", lambda *_: False)
    assert post(f"{url}/receiveVoice", {})[0] == 503
    assert store.inbox.push(1) is None


def test_what_is_no_push_is_answered_as_ever(running: Any) -> None:
    url, store = running
    assert post(f"{url}/receiveVoice", b"no")[0] == 400
    assert b" 413 " in sent(url, post_of("receiveVoice", b"x", length=LONGEST + 1))
    assert get(f"{url}/receiveVoice")[0] == 405
    assert post(url.replace(SECRET, "wrong") + "/receiveVoice", {})[0] == 404
    assert store.inbox.counts() == InboxCounts(0, 0, 1)


def test_contexts_looks_and_the_report_are_answered_too(running: Any) -> None:
    url, _ = running
    base = url.removesuffix(f"/{SECRET}")
    assert json.loads(post(f"{url}/getDialogContext", {"call_relation_id": "1111"})[1]) == {"姓名": "张三"}
    assert get(f"{base}/healthz") == (200, b"alive\n")
    assert get(f"{base}/readyz")[0] == 200
    assert b"yeta_storing 1.0" in get(f"{base}/metrics")[1]
    until(lambda: get(f"{url}/dashboard") == (200, b"<p>the report</p>"))
    head = b"HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert sent(url, head).endswith(b"\r\n\r\n")


def test_a_body_that_ends_early_is_no_push(running: Any) -> None:
    url, store = running
    sent(url, post_of("receiveVoice", b"{}", length=9), listens=False)
    refused = b'yeta_refused_total{reason="malformed"} 1.0'
    until(lambda: refused in get(f"{url.removesuffix(f'/{SECRET}')}/metrics")[1])
    assert store.inbox.counts() == InboxCounts(0, 0, 0)


def test_several_requests_on_one_connection_are_answered_in_their_order(running: Any) -> None:
    url, _ = running
    asked = [post_of(*one) for one in (("receiveVoice", b"{}"), ("getDialogContext", b"{}"), ("new", b"no"))]
    seen = sent(url, b"".join(asked) + post_of("receiveVoice", b"{}", "Connection: close"))
    assert [part[:3] for part in seen.split(b"HTTP/1.1 ")[1:]] == [b"200", b"200", b"400", b"200"]


def test_an_error_of_the_application_is_an_answer(running: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(granian, "request_of", lambda _: 1 / 0)
    assert post(f"{running[0]}/receiveVoice", {}) == (500, b"an error of the receiver\n")


def test_where_granian_is_not_installed_it_is_said_how_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "granian._granian", None)
    assert (
        main(["-C", str(repository(tmp_path)), "serve", "--listen", "127.0.0.1:0", "--server", "granian"])
        == 1
    )
    assert "pip install 'yeta-reconcile[granian]'" in capsys.readouterr().err
