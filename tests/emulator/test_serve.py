"""The emulator over a real socket: what waitress, the clock's thread and the courier do."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.emulator.platform import COLUMNS, settings
from tests.support.patience import until
from yeta_reconcile.emulator import Emulator, Fault, Url, VirtualClock, serve
from yeta_reconcile.emulator.courier import Courier
from yeta_reconcile.emulator.hours import SHANGHAI
from yeta_reconcile.emulator.serve import run, serving

KEYS = {"app_key": "emulator-key", "app_secret": "emulator-secret"}
TEN = datetime(2026, 12, 1, 10, 0, tzinfo=SHANGHAI)


@contextmanager
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, timeout=30) as http:
        token = http.post("/oauth/v1/token", json=KEYS).json()["result"]["token"]
        http.params = http.params.set("token", token)
        yield http


def eventually(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("kind", "error", "executed"),
    [
        ("closed_before", httpx.RemoteProtocolError, False),
        ("closed_after", httpx.RemoteProtocolError, True),
        ("timeout_before", httpx.ReadTimeout, False),
        ("timeout_after", httpx.ReadTimeout, True),
        ("cut", httpx.RemoteProtocolError, True),
        ("cut_before", httpx.RemoteProtocolError, False),
    ],
)
def test_faults_are_what_a_socket_shows(kind: str, error: type[Exception], executed: bool) -> None:
    emulator = Emulator(settings())
    with serving(emulator) as url, client(url) as http:
        emulator.faults.add(Fault(kind, seconds=30))
        with pytest.raises(error):
            http.post("/config/v1/query", json={}, timeout=1)
        assert emulator.calls_log[-1].executed == executed
        assert http.post("/config/v1/query", json={}).json()["code"] == 0


@pytest.mark.parametrize(("kind", "status"), [("half", 200), ("html", 502), ("empty", 200)])
def test_broken_answers_arrive_whole(kind: str, status: int) -> None:
    emulator = Emulator(settings())
    with serving(emulator) as url, client(url) as http:
        emulator.faults.add(Fault(kind))
        answer = http.post("/config/v1/query", json={})

        assert answer.status_code == status
        with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
            answer.json()


def test_a_withheld_answer_ends_in_a_closed_connection() -> None:
    emulator = Emulator(settings())
    with serving(emulator) as url, client(url) as http:
        emulator.faults.add(Fault("timeout_after", seconds=0.05))
        with pytest.raises(httpx.RemoteProtocolError):
            http.post("/config/v1/query", json={})


def test_stopping_does_not_wait_for_withheld_answers() -> None:
    emulator = Emulator(settings())
    with serving(emulator) as url, client(url) as http:
        emulator.faults.add(Fault("timeout_before", seconds=600))
        with pytest.raises(httpx.ReadTimeout):
            http.post("/config/v1/query", json={}, timeout=0.3)


def test_a_chunked_request_is_read() -> None:
    emulator = Emulator(settings())
    with serving(emulator) as url, client(url) as http:
        content = iter([b'{"ty', b'pe": 2}'])
        answer = http.post("/config/v1/query", content=content, headers={"Content-Type": "application/json"})

    assert set(answer.json()["result"]) == {"lines"}


def test_a_taken_port_is_an_error() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with (
            pytest.raises(OSError, match="Address already in use"),
            serving(Emulator(settings()), port=other.getsockname()[1]),
        ):
            pass


class Receiver:
    """An application that takes pushes; `answer` is its body, `slow` how long it takes."""

    def __init__(self) -> None:
        self.answer = b"success"
        self.slow = 0.0
        self.status = 200
        self.got: list[tuple[str, dict[str, Any]]] = []

    @contextmanager
    def listening(self) -> Iterator[str]:
        receiver = self

        class Posts(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((self.path, json.loads(body)))
                time.sleep(receiver.slow)
                self.send_response(receiver.status)
                self.send_header("Content-Length", str(len(receiver.answer)))
                self.end_headers()
                self.wfile.write(receiver.answer)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Posts)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def urls(base: str) -> tuple[Url, ...]:
    modules = ("receiveCallRecord", "receiveVoice", "receiveDialog", "getDialogContext")
    return tuple(Url(module, f"{base}/s/{module}?x=1") for module in modules)


@contextmanager
def carried(base: str) -> Iterator[Courier]:
    courier = Courier(settings(urls=urls(base)), threads=2)
    try:
        yield courier
    finally:
        courier.close()


def test_the_courier_posts_to_the_modules_url() -> None:
    receiver, settled = Receiver(), list[bool]()
    with receiver.listening() as base, carried(base) as courier:
        for index in range(20):
            courier("receiveVoice", {"n": index, "姓名": "张三"}, settled.append)
        courier("unheardOf", {}, settled.append)
        eventually(lambda: len(settled) == 21)

    assert settled == [True] * 21
    assert {path for path, _ in receiver.got} == {"/s/receiveVoice?x=1"}
    assert sorted(body["n"] for _, body in receiver.got) == list(range(20))


@pytest.mark.parametrize(("answer", "status"), [(b"failure", 200), (b"success", 500), (b"", 200)])
def test_an_answer_without_success_is_a_failure(answer: bytes, status: int) -> None:
    receiver, settled = Receiver(), list[bool]()
    receiver.answer, receiver.status = answer, status
    with receiver.listening() as base, carried(base) as courier:
        courier("receiveVoice", {}, settled.append)
        eventually(lambda: settled == [False])


def test_an_answer_with_success_in_it_is_enough() -> None:
    receiver, settled = Receiver(), list[bool]()
    receiver.answer = b'{"result": "success!"}'
    with receiver.listening() as base, carried(base) as courier:
        courier("receiveVoice", {}, settled.append)
        eventually(lambda: settled == [True])


def test_an_answer_after_the_patience_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yeta_reconcile.emulator.courier.PATIENCE", 0.1)
    receiver, settled = Receiver(), list[bool]()
    receiver.slow = 0.4
    with receiver.listening() as base, carried(base) as courier:
        courier("receiveVoice", {}, settled.append)
        eventually(lambda: settled == [False])


def test_nobody_there_is_a_failure() -> None:
    settled = list[bool]()
    with carried("http://127.0.0.1:9") as courier:
        courier("receiveVoice", {}, settled.append)
        eventually(lambda: settled == [False])


def closing_server(sock: socket.socket, answers: list[bytes]) -> None:
    """Answer one request a connection and close it, though keep-alive was promised."""
    for answer in answers:
        connection, _ = sock.accept()
        with connection:
            connection.recv(65536)
            if answer:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))


@pytest.mark.parametrize(("last", "expected"), [(b"success", True), (b"", False)])
def test_a_kept_connection_that_was_closed_is_opened_again(last: bytes, expected: bool) -> None:
    settled = list[bool]()
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        answers = [b"success", last]
        thread = threading.Thread(target=closing_server, args=(sock, answers))
        thread.start()
        courier = Courier(settings(urls=urls(f"http://127.0.0.1:{sock.getsockname()[1]}")), threads=1)
        courier("receiveVoice", {}, settled.append)
        eventually(lambda: settled == [True])
        courier("receiveVoice", {}, settled.append)
        eventually(lambda: len(settled) == 2)
        courier.close()
        thread.join()

    assert settled == [True, expected]


def test_an_application_that_answers_contexts_is_asked_over_http() -> None:
    receiver = Receiver()
    receiver.answer = '{"姓名": "张三", "key1": 1}'.encode()
    with receiver.listening() as base:
        emulator = Emulator(settings(urls=urls(base)))
        context = emulator.incoming_call("4444", "1111", "100")
        receiver.answer = b"[]"
        assert emulator.incoming_call("4444", "1111", "100") is None
        receiver.answer, receiver.slow = b"{}", 10.0
        assert emulator.incoming_call("4444", "1111", "100") is None

    assert context == {"姓名": "张三", "key1": "1"}
    assert receiver.got[0][1]["call_relation_id"] == "1111"


def test_served_time_passes_and_pushes_arrive() -> None:
    receiver = Receiver()
    with receiver.listening() as base:
        chosen = settings(urls=urls(base), result_weights={"0": 1.0})
        courier = Courier(chosen)
        emulator = Emulator(chosen, clock=VirtualClock(TEN, speed=600), carrier=courier)
        with serving(emulator) as url, client(url) as http:
            body = {
                "robot_id": "719",
                "line_num": "100",
                "call_column": COLUMNS,
                "call_list": [["19900000001", "张三"]],
            }
            answer = http.post("/outbound/v1/task/callout", json=body).json()
            assert answer["code"] == 0
            eventually(lambda: len(receiver.got) == 4)
            eventually(lambda: emulator.world.outbox.counts["delivered"] == 4)
        courier.close()

    records = [body for path, body in receiver.got if "Record" in path]
    (data_id,) = answer["result"]["task_data_ids"]
    assert {record.get("task_data_id") for record in records} == {None, str(data_id)}


def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    data, file = tmp_path / "platform.json", tmp_path / "settings.json"
    file.write_text(json.dumps({"lines": [{"line_num": "1"}], "seed": 3}), "utf-8")
    script = (
        "from datetime import datetime; from pathlib import Path;"
        "from yeta_reconcile.emulator.serve import run;"
        f"run('127.0.0.1:0', speed=60, start=datetime(2026, 12, 1, 10), line_lock='create',"
        f" push_url='http://127.0.0.1:9/secret/', app_key='k', app_secret='s',"
        f" settings_file=Path({str(file)!r}), data=Path({str(data)!r}),"
        " announce=lambda url: print(url, flush=True))"
    )

    def once(act: Callable[[httpx.Client], Any], number: int) -> Any:
        with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            with httpx.Client(base_url=url) as http:
                seen = act(http)
            os.kill(process.pid, number)
            assert process.wait(10) == 0
        return seen

    def first(http: httpx.Client) -> Any:
        keys = {"app_key": "k", "app_secret": "s"}
        http.params = http.params.set(
            "token", http.post("/oauth/v1/token", json=keys).json()["result"]["token"]
        )
        body = {
            "task_name": "spring~w1",
            "line_num": "1",
            "robot_id": "719",
            "time_range": ["09:00:00-12:00:00"],
            "time_begin": int(TEN.timestamp() * 1000),
        }
        created = http.post("/outbound/v1/task/create", json=body).json()
        assert http.post("/outbound/v1/task/create", json=body).json()["code"] == 3030002
        (url, *_) = http.post("/config/v1/query", json={"type": 3}).json()["result"]["urls"]
        assert url["url"] == "http://127.0.0.1:9/secret/receiveCallRecord"
        return created["result"]["task_id"]

    def second(http: httpx.Client) -> Any:
        state = http.get(str(http.base_url.copy_with(path="/_emulator/state"))).json()
        assert state["now"] > TEN.timestamp() * 1000
        return [task["task_id"] for task in state["tasks"]]

    task_id = once(first, signal.SIGTERM)
    assert json.loads(data.read_text("utf-8"))["format"] == "yeta-emulator/1"
    assert once(second, signal.SIGINT) == [task_id]


@pytest.mark.parametrize("listen", ["8900", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http"])
def test_what_is_no_address_is_refused(listen: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        run(listen)


def test_a_lock_mode_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="line_lock"):
        run("127.0.0.1:0", line_lock="sometimes")


def test_the_clock_goes_on_where_the_platform_cannot_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(serve, "SAVE_EVERY", 0.0)
    emulator = Emulator(clock=VirtualClock(TEN, speed=1000))
    stop, gone = threading.Event(), tmp_path / "gone" / "platform.json"
    clock = threading.Thread(target=serve._keep_time, args=(stop, emulator, gone))
    clock.start()
    until(lambda: len(caplog.records) > 2)
    stop.set()
    clock.join()
    assert emulator.clock.now > TEN + timedelta(seconds=10)
    assert "platform.json: not kept: No such file or directory" in caplog.text
