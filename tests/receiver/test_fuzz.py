"""Bodies, headers and paths of every kind: no 5xx, no traceback, and no push lost or made up."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.receiver import pushes
from tests.receiver.servers import SECRET, receiver, repository

pytestmark = pytest.mark.sweep

KNOWN = sorted({*pushes.outbound(), *pushes.voice(), *pushes.dialog(), "call_relation_id"})
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
json_bodies = st.dictionaries(st.sampled_from(KNOWN) | st.text(), json_values, max_size=8).map(
    lambda value: json.dumps(value).encode()
)
bodies = st.binary(max_size=300) | json_bodies | json_values.map(lambda value: json.dumps(value).encode())
modules = st.sampled_from(
    ["receiveCallRecord", "receiveVoice", "receiveDialog", "receiveNew", "getDialogContext"]
)
tokens = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)
paths = (
    modules.map(lambda name: f"/{SECRET}/{name}")
    | tokens.map(lambda text: f"/{text}")
    | tokens.map(lambda text: f"/{SECRET}/{text}")
    | st.binary(max_size=12).map(lambda raw: f"/{SECRET}/" + "".join(f"%{byte:02x}" for byte in raw))
)
headers = st.dictionaries(tokens, st.text(st.characters(max_codepoint=255), max_size=30), max_size=4)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with receiver(repository(tmp_path_factory.mktemp("fuzz"))) as running:
        yield running


def exchange(address: tuple[str, int], sent: bytes) -> bytes:
    with socket.create_connection(address, timeout=10) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        seen = b""
        while part := client.recv(65536):
            seen += part
    return seen


def address_of(url: str) -> tuple[str, int]:
    host, port = url.removeprefix("http://").partition("/")[0].split(":")
    return host, int(port)


def stored(store: Any) -> int:
    return sum(row[0] for row in store.database.read("SELECT COUNT(*) FROM inbox"))


def pushes_in(body: bytes) -> int:
    """How many a body holds that is taken: a list is one of pushes."""
    try:
        value = json.loads(body)
    except ValueError:
        return 1
    return len(value) if isinstance(value, list) else 1


few = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@few
@example(path=f"/{SECRET}/receiveCallRecord", body=b"[{},{}]", more={}, method="POST")
@given(path=paths, body=bodies, more=headers, method=st.sampled_from(["POST", "POST", "GET", "HEAD", "PUT"]))
def test_any_request_is_answered_without_an_error_of_ours(
    running: Any, caplog: pytest.LogCaptureFixture, path: str, body: bytes, more: dict[str, str], method: str
) -> None:
    url, store, _ = running
    before = stored(store)
    lines = [f"{method} {path} HTTP/1.1", "Host: x", "Connection: close", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in more.items()]
    with caplog.at_level(logging.ERROR):
        answer = exchange(address_of(url), "\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    status = answer.split(b" ", 2)[1][:1] if answer else b""
    assert status in {b"2", b"4", b""} or b"501" in answer[:20]
    assert stored(store) - before == (pushes_in(body) if b"\r\n\r\nsuccess" in answer else 0)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@few
@given(raw=st.binary(max_size=400))
def test_bytes_that_are_no_request_do_no_harm(running: Any, raw: bytes) -> None:
    answer = exchange(address_of(running[0]), raw)
    assert b"success" not in answer
    assert b" 500 " not in answer[:20]


@few
@given(body=json_bodies, module=modules.filter(lambda name: name.startswith("receive")))
def test_any_json_object_is_kept_and_blocks_no_other(running: Any, body: bytes, module: str) -> None:
    url, store, made = running
    head = f"POST /{SECRET}/{module} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    answer = exchange(address_of(url), f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    assert answer.endswith(b"success")
    made._projector.drain()
    assert store.inbox.waiting(1) == []
    assert not [push for push in store.inbox.stuck() if "bug" in push.problem]
