"""The proxy's configuration of `deploy/nginx.conf` as it stands, run by nginx in front of a receiver."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from tests.receiver.servers import SECRET, receiver, repository
from tests.support.programs import program

CONF = Path(__file__).parents[2] / "deploy" / "nginx.conf"
PUSH = f"/{SECRET}/receiveCallRecord"


@dataclass(frozen=True)
class Proxy:
    """nginx on a loopback port; its logs lie in `folder`."""

    folder: Path
    port: int

    def connect(self) -> ssl.SSLSocket:
        context = ssl.create_default_context(cafile=str(self.folder / "fullchain.pem"))
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        return context.wrap_socket(raw, server_hostname="push.example.com")

    def ask(self, method: str, path: str, body: Any = b"", **headers: str) -> tuple[int, bytes]:
        """(status, body) of one request."""
        connection = http.client.HTTPConnection("push.example.com")
        connection.sock = self.connect()
        try:
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, given)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def logs(self) -> str:
        return "".join(path.read_text("utf-8", "replace") for path in self.folder.glob("*.log"))


def a_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def written_for(folder: Path, port: int, upstream: str) -> Path:
    """The configuration with its names and files changed, in a bare http block."""
    text = CONF.read_text("utf-8")
    for former, now in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("listen [::]:443 ssl;", ""),
        ("server 127.0.0.1:8800;", f"server {upstream};"),
        ("/etc/ssl/push.example.com", str(folder)),
        ("/var/log/nginx", str(folder)),
    ):
        assert former in text
        text = text.replace(former, now)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    user = "user root;\n" if os.geteuid() == 0 else ""
    conf = folder / "nginx.conf"
    conf.write_text(
        f"{user}daemon off;\npid {folder}/pid;\nevents {{}}\nhttp {{\n{places}{text}\n}}\n", encoding="utf-8"
    )
    return conf


@contextmanager
def proxy(folder: Path, upstream: str) -> Iterator[Proxy]:
    """nginx in front of a receiver."""
    nginx, openssl = program("nginx"), program("openssl")
    folder.mkdir()
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2", "-subj", "/CN=push.example.com", "-addext", "subjectAltName=DNS:push.example.com",
         "-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    made = Proxy(folder, a_free_port())
    conf = written_for(folder, made.port, upstream)
    command = [nginx, "-e", str(folder / "start.log"), "-c", str(conf)]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "warn" not in checked.stderr
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(200):
                try:
                    made.connect().close()
                    break
                except OSError:
                    time.sleep(0.05)
            yield made
        finally:
            process.terminate()
            process.wait(20)


def upstream_of(url: str) -> str:
    return url.removeprefix("http://").partition("/")[0]


def stored(store: Any) -> int:
    return int(store.database.read("SELECT COUNT(*) FROM inbox")[0][0])


def test_pushes_come_through_and_nothing_else_does(tmp_path: Path) -> None:
    with receiver(repository(tmp_path)) as (url, store, _), proxy(tmp_path / "nginx", upstream_of(url)) as at:
        assert at.ask("POST", PUSH, b'{"call_uuid": "1"}') == (200, b"success")
        assert at.ask("POST", f"/{SECRET}/getDialogContext", b"{}") == (200, b"{}")
        for path in ("/healthz", "/readyz", "/metrics", "/receiveVoice", f"/{SECRET}/a/b"):
            assert at.ask("GET", path)[0] == at.ask("POST", path)[0] == 404
        assert at.ask("GET", PUSH)[0] == 403
        assert at.ask("POST", "/a-wrong-secret/receiveVoice", b"{}")[0] == 404
        assert at.ask("POST", PUSH, b"x" * 1_100_000)[0] == 413
        assert stored(store) == 1

        written = at.logs()
    assert "POST 200" in written
    assert SECRET not in written
    assert "a-wrong-secret" not in written


def test_a_receiver_that_is_down_is_no_success_and_leaves_no_secret_in_a_log(tmp_path: Path) -> None:
    with proxy(tmp_path / "nginx", f"127.0.0.1:{a_free_port()}") as at:
        status, body = at.ask("POST", PUSH, b"{}")
        written = at.logs()

    assert status == 502
    assert b"success" not in body
    assert SECRET not in written


def test_slow_clients_hold_nobody_and_a_large_push_goes_into_no_file(tmp_path: Path) -> None:
    large = b'{"call_uuid": "large", "words": "%s"}' % (b"x" * 900_000)
    with receiver(repository(tmp_path)) as (url, store, _), proxy(tmp_path / "nginx", upstream_of(url)) as at:
        slow = [at.connect() for _ in range(60)]
        for client in slow:
            client.sendall(f"POST {PUSH} HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{{".encode())
        try:
            answers = [at.ask("POST", PUSH, body) for body in (b"{}", large)]
            kept = [push.body for serial in (1, 2, 3) if (push := store.inbox.push(serial))]
        finally:
            for client in slow:
                client.close()
        files = [path for path in (at.folder / "client_body").rglob("*") if path.is_file()]

    assert answers == [(200, b"success")] * 2
    assert kept == [b"{}", large]
    assert files == []
    assert "a client request body is buffered to a temporary file" not in at.logs()


def test_who_comes_from_outside_is_known_by_the_proxy_alone(tmp_path: Path) -> None:
    networks = {"allowed": (ip_network("203.0.113.0/24"),), "proxies": (ip_network("127.0.0.1"),)}
    with receiver(repository(tmp_path), **networks) as (url, store, _):
        with proxy(tmp_path / "nginx", upstream_of(url)) as at:
            claimed = at.ask("POST", PUSH, b"{}", X_Forwarded_For="203.0.113.7")
        assert claimed[0] == 403
        assert stored(store) == 0
