"""The receiver over real sockets: success once a push is on disk, and an error for everything else."""

from __future__ import annotations

import gc
import http.client
import io
import json
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from waitress.parser import HTTPRequestParser

from tests.receiver import pushes
from tests.receiver.servers import SECRET, get, post, receiver, repository, served, state_of
from tests.support.patience import until
from yeta_reconcile.receiver import server as door_module
from yeta_reconcile.receiver import service
from yeta_reconcile.receiver.access import read_networks
from yeta_reconcile.receiver.app import Request
from yeta_reconcile.receiver.contexts import ServedContexts
from yeta_reconcile.receiver.service import ReceiverService
from yeta_reconcile.store import Store
from yeta_reconcile.store.inbox import InboxCounts
from yeta_reconcile.store.sqlite import SqliteDatabase

VIP = """\
kind: DialogContext
name: vip
contexts: {entries: {"1111": {姓名: 张三}}}
defaults: {姓名: 客户}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return repository(tmp_path, VIP)


@pytest.fixture
def running(root: Path) -> Iterator[tuple[str, Store, ReceiverService]]:
    with receiver(root) as running:
        yield running


def database_of(store: Store) -> SqliteDatabase:
    assert isinstance(store.database, SqliteDatabase)
    return store.database


def test_a_push_is_answered_success_and_is_in_the_inbox_as_it_came(running: Any) -> None:
    url, store, _ = running
    body = json.dumps(pushes.outbound(), ensure_ascii=False, indent=3).encode()

    assert post(f"{url}/receiveCallRecord", body) == (200, b"success")

    stored = store.inbox.push(1)
    assert (stored.module, stored.body) == ("receiveCallRecord", body)
    until(lambda: store.calls.one("call-1") is not None)


def test_what_one_client_pushes_again_and_again_is_folded_together(
    running: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, store, made = running
    folded: list[bool] = []
    step = made._projector.step

    def counted(most: int) -> bool:
        folded.append(step(most))
        return folded[-1]

    monkeypatch.setattr(made._projector, "step", counted)
    monkeypatch.setattr(service, "GATHER", 0.3)
    for at in range(10):
        post(f"{url}/receiveCallRecord", pushes.basic(f"call-{at}"))
    until(lambda: len(list(store.calls.every())) == 10)
    assert sum(folded) < 6


@pytest.mark.parametrize(
    ("arrived", "waiting", "took", "rests"),
    [
        (True, None, 0.001, [0.1]),
        (True, 20_000, 0.05, [pytest.approx(0.3)]),
        (True, 20_000, 1.0, [0.5]),
        (True, 20_001, 1.0, [1.0]),
        (False, 20_001, 1.0, []),
    ],
)
def test_while_pushes_come_in_folding_takes_one_part_of_the_time_in_seven_or_half_where_many_wait(
    monkeypatch: pytest.MonkeyPatch, arrived: bool, waiting: int | None, took: float, rests: list[float]
) -> None:
    rested: list[float] = []
    event, clock = threading.Event(), iter((100.0, 100.0 + took))
    monkeypatch.setattr("yeta_reconcile.receiver.service.time.perf_counter", lambda: next(clock))
    made: Any = SimpleNamespace(
        _projector=SimpleNamespace(step=lambda _most: True),
        _arrived=event,
        _health=SimpleNamespace(counts=None if waiting is None else InboxCounts(waiting, 0, 0)),
        _stop=SimpleNamespace(wait=rested.append),
    )
    if arrived:
        event.set()
    ReceiverService._project(made)
    assert rested == rests
    assert not event.is_set()


def test_the_first_question_already_finds_the_contexts(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refresh = ServedContexts.refresh

    def slowly(contexts: ServedContexts, *, at_once: bool = False) -> bool:
        time.sleep(0.3)
        return refresh(contexts, at_once=at_once)

    monkeypatch.setattr(ServedContexts, "refresh", slowly)
    with receiver(root) as (url, _, _):
        status, body = post(f"{url}/getDialogContext", {"call_relation_id": "1111"})

    assert (status, json.loads(body)) == (200, {"姓名": "张三"})


def test_contexts_that_take_long_do_not_keep_pushes_out(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    let = threading.Event()
    monkeypatch.setattr(service, "FIRST_LOOK", 0.1)
    monkeypatch.setattr(ServedContexts, "refresh", lambda _self, **_how: let.wait(10))
    with receiver(root) as (url, _, _):
        assert post(f"{url}/receiveCallRecord", pushes.outbound()) == (200, b"success")
        let.set()


def test_stale_contexts_show_and_take_nothing_from_readiness(root: Path) -> None:
    (root / "broken.yaml").write_text("kind: DialogContext\nname: broken\n", encoding="utf-8")
    with receiver(root) as (url, _, _):
        base = url.removesuffix(f"/{SECRET}")
        status, ready = get(f"{base}/readyz")
        assert (status, json.loads(ready)) == (200, {"ready": True, "storing": "yes", "contexts": "stale"})
        assert b"yeta_contexts_stale 1.0" in get(f"{base}/metrics")[1]
        assert post(f"{url}/getDialogContext", {"call_relation_id": "1111"})[1] == '{"姓名":"张三"}'.encode()


def answer_to(url: str, sent: bytes) -> bytes:
    """What comes back until the connection is closed, though more was promised."""
    host, port = url.removeprefix("http://").partition("/")[0].split(":")
    with socket.create_connection((host, int(port)), timeout=5) as client:
        client.sendall(sent)
        seen = b""
        while part := client.recv(65536):
            seen += part
    return seen


@pytest.mark.sweep
@pytest.mark.parametrize("expects", ["", "Expect: 100-continue\r\n"])
@pytest.mark.parametrize("length", ["Content-Length: 900000", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("POST /no-secret/receiveVoice", b"404"),
        ("POST /getDialogContext", b"404"),
        (f"PUT /{SECRET}/receiveVoice", b"405"),
        ("POST /metrics", b"405"),
        ("GET /healthz", b"200"),
    ],
)
def test_a_body_that_nobody_will_look_at_is_not_waited_for(
    running: Any, asked: str, status: bytes, length: str, expects: str
) -> None:
    answer = answer_to(running[0], f"{asked} HTTP/1.1\r\nHost: x\r\n{expects}{length}\r\n\r\n".encode())
    assert answer.split()[1] == status
    assert answer.count(b"HTTP/1.1") == 1
    assert b"Connection: close" in answer


def test_the_body_of_a_request_sent_behind_another_is_asked_for_once(
    running: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = door_module._Channel.send

    def slowly(channel: Any, data: bytes, **how: Any) -> Any:
        if b" 100 Continue" in data:
            # Longer than the loop sleeps.
            time.sleep(0.4)
        return send(channel, data, **how)

    monkeypatch.setattr(door_module._Channel, "send", slowly)
    url, store, _ = running
    host, port = url.removeprefix("http://").partition("/")[0].split(":")
    head = f"POST /{SECRET}/receiveVoice HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
    with socket.create_connection((host, int(port)), timeout=5) as client:
        client.sendall(f"{head}\r\n{{}}{head}Connection: close\r\nExpect: 100-continue\r\n\r\n".encode())
        seen = b""
        while b" 100 Continue" not in seen:
            seen += client.recv(65536)
        client.sendall(b"{}")
        while part := client.recv(65536):
            seen += part
    assert seen.count(b" 100 Continue") == 1
    assert seen.count(b" 200 OK") == 2
    assert store.inbox.push(2) is not None


def test_a_request_in_a_body_that_is_not_taken_is_none(running: Any) -> None:
    url, store, _ = running
    inner = f"POST /{SECRET}/receiveVoice HTTP/1.1\r\nContent-Length: 2\r\n\r\n{{}}"
    outer = f"POST /wrong/receiveVoice HTTP/1.1\r\nContent-Length: {len(inner)}\r\n\r\n{inner}"
    assert answer_to(url, outer.encode()).count(b"HTTP/1.1 ") == 1
    assert store.inbox.push(1) is None


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("size", "step", "status"),
    [(180_001, 1, 200), (1_000_000, 65_536, 200), (1_000_001, 65_536, 413), (1_000_001, 2_000_000, 413)],
)
def test_chunks_do_not_count_as_length_of_the_body(running: Any, size: int, step: int, status: int) -> None:
    url, store, _ = running
    body = b'{"call_uuid":"1","a":"%s"}' % (b"x" * (size - 24))
    connection = http.client.HTTPConnection(url.removeprefix("http://").partition("/")[0], timeout=10)
    chunks = [body[at : at + step] for at in range(0, len(body), step)]
    sent = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    path = f"/{SECRET}/receiveVoice"
    try:
        connection.request("POST", path, sent, {"Transfer-Encoding": "chunked"}, encode_chunked=False)
        assert connection.getresponse().status == status
    except ConnectionError:  # it hung up while more came
        assert status == 413
    finally:
        connection.close()
    kept = store.inbox.push(1)
    assert (kept.body if kept else None) == (body if status == 200 else None)


@pytest.mark.parametrize("module", ["receiveVoice", "getDialogContext"])
def test_a_request_that_was_answered_is_gone_before_anybody_looks_for_circles(
    running: Any, module: str
) -> None:
    url = running[0]
    connection = http.client.HTTPConnection(url.removeprefix("http://").partition("/")[0], timeout=10)
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            connection.request("POST", f"/{SECRET}/{module}", b'{"call_uuid": "a"}')
            assert connection.getresponse().read()
        kept = [one for one in gc.get_objects() if isinstance(one, HTTPRequestParser | Request)]
    finally:
        gc.enable()
        connection.close()
    assert len(kept) < 6


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
FILE = {"Content-Type": "multipart/form-data; boundary=x"}
JSON = {"Content-Type": "application/json; charset=UTF-8"}
PAGE = {**JSON, "Origin": "https://example.com"}


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        (FORM, 200),
        (FILE, 415),
        ({**FORM, "Origin": "null"}, 415),
        (PAGE, 415),
        ({**JSON, "Host": "example.com"}, 403),
    ],
)
def test_without_a_secret_too_what_only_a_browser_sends_is_refused(
    root: Path, headers: dict[str, str], status: int
) -> None:
    with receiver(root, secrets=()) as (url, store, _):
        connection = http.client.HTTPConnection(url.removeprefix("http://").partition("/")[0], timeout=10)
        for module in ("getDialogContext", "receiveVoice"):
            connection.request("POST", f"/{module}", b'{"call_uuid": "a"}', headers)
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == status
        connection.close()
        assert (body == b"success") == (store.inbox.push(1) is not None) == (status == 200)


def test_a_push_is_posted_and_looks_are_gets(running: Any) -> None:
    url = running[0]
    assert get(f"{url}/receiveCallRecord") == (405, b"use POST\n")
    base = url.removesuffix(f"/{SECRET}")
    assert get(f"{base}/healthz") == (200, b"alive\n")
    assert post(f"{base}/healthz", {})[0] == 405
    until(lambda: get(f"{base}/readyz")[0] == 200)
    status, metrics = get(f"{base}/metrics")
    assert status == 200
    assert b"yeta_inbox_size" in metrics
    assert SECRET.encode() not in metrics


def test_two_secrets_open_while_one_takes_the_others_place(root: Path) -> None:
    with receiver(root, secrets=(b"old", b"new")) as (url, _, _):
        base = url.removesuffix(f"/{SECRET}")
        assert [post(f"{base}/{s}/receiveVoice", {})[0] for s in ("old", "new", "older")] == [200, 200, 404]


def test_other_networks_are_refused_and_a_trusted_proxy_tells_who_asks(root: Path) -> None:
    with receiver(root, allowed=read_networks(["203.0.113.0/24"])) as (url, _, _):
        assert post(f"{url}/receiveVoice", {})[0] == 403
        assert get(f"{url.removesuffix(f'/{SECRET}')}/healthz")[0] == 200
    networks = {"allowed": read_networks(["203.0.113.0/24"]), "proxies": read_networks(["127.0.0.1"])}
    with receiver(root, **networks) as (url, _, _):
        host = url.removeprefix("http://").partition("/")[0].split(":")
        for forwarded, status in (("8.8.8.8, 203.0.113.9", b"200"), ("203.0.113.9, 8.8.8.8", b"403")):
            with socket.create_connection((host[0], int(host[1]))) as client:
                head = f"POST /{SECRET}/receiveVoice HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {forwarded}\r\n"
                client.sendall(f"{head}Content-Length: 2\r\n\r\n{{}}".encode())
                assert client.recv(4096).split()[1] == status


def test_every_answer_has_the_headers_of_security(running: Any) -> None:
    url = running[0]
    connection = http.client.HTTPConnection(url.removeprefix("http://").partition("/")[0])
    for path in (f"/{SECRET}/receiveVoice", "/nowhere"):
        connection.request("POST", path, b"{}")
        answer = connection.getresponse()
        answer.read()
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Server"] is None
    connection.close()


def test_a_locked_state_is_an_error_and_the_retry_succeeds(root: Path) -> None:
    with receiver(root) as (url, store, made):
        for opened in (store, made._store):
            database_of(opened)._busy_seconds = 0.1
        other = sqlite3.connect(root / "state" / "yeta.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        status, answer = post(f"{url}/receiveCallRecord", pushes.outbound())
        assert status == 503
        assert b"success" not in answer
        base = url.removesuffix(f"/{SECRET}")
        assert get(f"{base}/readyz")[0] == 503

        other.execute("ROLLBACK")
        other.close()
        assert post(f"{url}/receiveCallRecord", pushes.outbound()) == (200, b"success")
        until(lambda: get(f"{base}/readyz")[0] == 200)
        assert store.inbox.push(1) is not None
        assert store.inbox.push(2) is None


def test_a_full_disk_is_an_error_and_the_retry_succeeds(root: Path) -> None:
    with receiver(root) as (url, store, _):
        until(lambda: store.inbox.counts().waiting == 0)
        connection = database_of(store)._connection
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        body = pushes.outbound(note="x" * 100_000)

        status, answer = post(f"{url}/receiveCallRecord", body)
        assert status == 503
        assert b"success" not in answer

        connection.execute(f"PRAGMA max_page_count = {pages + 10_000}")
        assert post(f"{url}/receiveCallRecord", body) == (200, b"success")


def test_a_full_queue_is_an_error(root: Path) -> None:
    with receiver(root) as (url, _, made):
        made._writer._most_waiting = 0
        status, answer = post(f"{url}/receiveCallRecord", pushes.outbound())
        assert status == 503
        assert b"success" not in answer
        made._writer._most_waiting = 10
        assert post(f"{url}/receiveCallRecord", pushes.outbound()) == (200, b"success")


@pytest.mark.sweep
def test_looks_and_contexts_wait_for_nobody_while_the_state_is_locked(root: Path) -> None:
    with receiver(root) as (url, _, made), ThreadPoolExecutor(20) as pool:
        until(lambda: made.app.contexts.state.read_at)
        base = url.removesuffix(f"/{SECRET}")
        other = sqlite3.connect(root / "state" / "yeta.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            held = [pool.submit(post, f"{url}/{name}", {}) for name in ("receiveVoice", "healthz", "metrics")]
            until(lambda: get(f"{base}/readyz")[0] == 503, 6)
            # Whoever waits for the state does so for ten seconds, and is given up after five.
            looks = [pool.submit(get, f"{base}/{path}", timeout=5) for path in 6 * ("readyz", "metrics")]
            answer = post(f"{url}/getDialogContext", {"call_relation_id": "1111"}, timeout=5)
            alive = get(f"{base}/healthz", timeout=5)
            seen = [look.result() for look in looks]
        finally:
            other.execute("ROLLBACK")
            other.close()
        assert [push.result()[0] for push in held] == [200] * 3
        until(lambda: get(f"{base}/readyz")[0] == 200, 3)

    assert answer == (200, '{"姓名":"张三"}'.encode())
    assert alive == (200, b"alive\n")
    assert [status for status, _ in seen] == 6 * [503, 200]
    assert b"yeta_storing 0.0" in seen[-1][1]


def test_whether_it_can_store_is_tried_though_nobody_pushes(root: Path) -> None:
    with receiver(root) as (url, _, made):
        base = url.removesuffix(f"/{SECRET}")
        assert get(f"{base}/readyz")[0] == 200
        connection = database_of(made._store)._connection
        connection.execute("PRAGMA query_only = 1")
        until(lambda: get(f"{base}/readyz")[0] == 503, 6)
        assert b"yeta_storing 0.0" in get(f"{base}/metrics")[1]
        connection.execute("PRAGMA query_only = 0")
        until(lambda: get(f"{base}/readyz")[0] == 200, 3)


def test_several_requests_on_one_connection_are_answered_in_their_order(running: Any) -> None:
    url, _, made = running
    until(lambda: made.app.contexts.state.read_at)
    host, port = url.removeprefix("http://").partition("/")[0].split(":")

    def request(module: str, body: bytes) -> bytes:
        head = f"POST /{SECRET}/{module} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body

    with socket.create_connection((host, int(port))) as client:
        client.sendall(
            request("receiveVoice", b"{}")
            + request("getDialogContext", b"{}")
            + request("receiveVoice", b"no")
            + request("receiveVoice", b"{}")
        )
        client.settimeout(5)
        seen = b""
        while seen.count(b"HTTP/1.1 ") < 4 or not seen.endswith(b"success"):
            seen += client.recv(65536)
    assert [part[:3] for part in seen.split(b"HTTP/1.1 ")[1:]] == [b"200", b"200", b"400", b"200"]


def test_slow_clients_hold_nobody_and_are_hung_up_on(running: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_module, "REQUEST_SECONDS", 0.5)
    url, _, _ = running
    host, port = url.removeprefix("http://").partition("/")[0].split(":")
    slow = [socket.create_connection((host, int(port))) for _ in range(30)]
    for client in slow:
        client.sendall(f"POST /{SECRET}/receiveVoice HTTP/1.1\r\nContent-Length: 50\r\n\r\n{{".encode())
    try:
        assert post(f"{url}/receiveVoice", {}) == (200, b"success")
        slow[0].settimeout(15)
        assert slow[0].recv(10) == b""
    finally:
        for client in slow:
            client.close()


def test_who_is_silent_makes_room_when_all_connections_are_taken(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_module, "CONNECTIONS", 12)
    with receiver(root) as (url, _, _):
        host, port = url.removeprefix("http://").partition("/")[0].split(":")
        silent = [socket.create_connection((host, int(port))) for _ in range(30)]
        try:
            assert post(f"{url}/receiveVoice", {}) == (200, b"success")
        finally:
            for client in silent:
                client.close()


@pytest.mark.parametrize("server", ["waitress", "granian"])
def test_sigterm_answers_what_was_begun_and_ends_well(root: Path, server: str) -> None:
    with served(root, "--server", server) as (process, url):
        host, port = url.removeprefix("http://").partition("/")[0].split(":")
        with socket.create_connection((host, int(port))) as client:
            client.sendall(
                f"POST /{SECRET}/receiveVoice HTTP/1.1\r\nHost: x\r\nContent-Length: 18\r\n\r\n{{".encode()
            )
            time.sleep(0.3)
            process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            client.sendall(b'"call_uuid": "a"}')
            client.settimeout(5)
            answer = client.recv(4096)
            assert answer.endswith(b"success")
            assert b"connection: close" in answer.lower()
        _, err = process.communicate(timeout=15)
        assert process.returncode == 0
        assert err == ""
    store = state_of(root)
    assert store.inbox.push(1) is not None
    store.close()


def test_what_could_not_be_folded_is_said_when_it_grows_and_at_the_next_start(root: Path) -> None:
    with served(root) as (process, url):
        assert process.stderr is not None
        assert post(f"{url}/receiveVoice", b"no")[0] == 400
        first = process.stderr.readline()
        assert post(f"{url}/receiveVoice", {})[0] == post(f"{url}/receiveNew", {})[0] == 200
        until(lambda: b"yeta_inbox_stuck 2.0" in get(f"{url.removesuffix(f'/{SECRET}')}/metrics")[1])
        process.terminate()
        process.communicate(timeout=15)
    with served(root) as (process, _):
        assert process.stderr is not None
        second = process.stderr.readline()

    where = "`yeta calls pending` lists them"
    assert first == f"WARNING: 1 dead letter: {where}\n"
    assert second == f"WARNING: 2 pushes could not be folded, 1 dead letter: {where}\n"


@pytest.mark.parametrize("server", ["waitress", "granian"])
def test_the_secret_is_in_no_log(root: Path, server: str) -> None:
    with served(root, "-vv", "--server", server, secret="first-secret,second-secret") as (process, url):
        base = url.rpartition("/")[0]
        assert post(f"{base}/second-secret/receiveVoice", {})[0] == 200
        host, port = base.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as client:
            client.sendall(b"POST /second-secret/receiveVoice HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=15)
    assert "secret" not in err.replace("YETA_PUSH_SECRET", "")


def test_the_application_runs_under_any_wsgi_server_too(running: Any) -> None:
    app = running[2].app
    said: list[str] = []

    def ask(method: str, path: str, body: bytes = b"", **environ: Any) -> bytes:
        given = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body), "REMOTE_ADDR": "127.0.0.1",
        }  # fmt: skip
        return b"".join(app(given | environ, lambda status, _headers: said.append(status)))

    assert ask("POST", f"/{SECRET}/receiveVoice", b"{}") == b"success"
    assert ask("POST", f"/{SECRET}/receiveVoice", b"{}", CONTENT_LENGTH="") == b"success"
    assert ask("POST", f"/{SECRET}/receiveVoice", b"{}", CONTENT_LENGTH="3") == b"the body ended early\n"
    assert ask("HEAD", "/healthz") == b""
    ask("POST", f"/{SECRET}/receiveVoice", b"", CONTENT_LENGTH="2000000")
    ask("POST", f"/{SECRET}/receiveVoice", b"x" * 1_000_001, CONTENT_LENGTH="")
    assert [status[:3] for status in said] == ["200", "200", "400", "200", "413", "413"]
