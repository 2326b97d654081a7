"""One way out for every request: proxy, certificates, and what is said when nobody answers."""

from __future__ import annotations

import io
import json
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.answering import a_client, answering, closed_port
from tests.support.lab import number
from tests.support.passing import Passing, passing
from tests.support.served import Served
from yeta_reconcile.cli import patience
from yeta_reconcile.errors import InvalidInput, Unreachable
from yeta_reconcile.platform.call import Call
from yeta_reconcile.platform.client import PlatformClient
from yeta_reconcile.platform.transport import client_by
from yeta_reconcile.platform.ways import Ways
from yeta_reconcile.records.recordings import Recordings

HERE = "http://127.0.0.1:8900/openapi"


@pytest.fixture
def proxy() -> Iterator[Passing]:
    with passing() as made:
        yield made


# Which proxy


@pytest.mark.parametrize(
    ("url", "environ", "proxy"),
    [
        ("https://a.example/x", {"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ("https://a.example/x", {"https_proxy": "p:1"}, "http://p:1"),
        ("https://a.example/x", {"HTTP_PROXY": "http://p:1"}, None),
        ("http://a.example/x", {"HTTP_PROXY": "http://p:1"}, "http://p:1"),
        ("http://a.example/x", {"HTTP_PROXY": "http://p:1", "REQUEST_METHOD": "GET"}, None),
        ("http://a.example/x", {"ALL_PROXY": "http://p:1"}, "http://p:1"),
        ("http://a.example/x", {"HTTP_PROXY": " "}, None),
        ("https://a.example/x", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "b, a.example"}, None),
        ("https://x.a.example/", {"HTTPS_PROXY": "http://p:1", "no_proxy": ".a.example"}, None),
        ("https://x.a.example/", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "a.example"}, None),
        ("https://xa.example/", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "a.example"}, "http://p:1"),
        ("https://a.example/x", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, None),
        ("http://10.1.2.3:80/x", {"HTTP_PROXY": "http://p:1", "NO_PROXY": "10.0.0.0/8"}, None),
        ("http://11.1.2.3/x", {"HTTP_PROXY": "http://p:1", "NO_PROXY": "10.0.0.0/8"}, "http://p:1"),
        ("http://[::1]:8900/x", {"HTTP_PROXY": "http://p:1", "NO_PROXY": "localhost,::1"}, None),
        ("http://a.example:81/", {"HTTP_PROXY": "http://p:1", "NO_PROXY": "a.example:81"}, None),
        ("http://a.example:82/", {"HTTP_PROXY": "http://p:1", "NO_PROXY": "a.example:81"}, "http://p:1"),
    ],
)
def test_the_usual_variables_name_the_proxy_of_an_address(
    url: str, environ: dict[str, str], proxy: str | None
) -> None:
    found = Ways(environ=environ).proxy_for(url)
    assert (found.url if found else None) == proxy


def test_the_setting_counts_before_the_variables_and_direct_is_none() -> None:
    environ = {"HTTPS_PROXY": "http://p:1"}
    found = Ways("http://q:2", environ=environ).proxy_for("https://a.example")
    assert found is not None
    assert found.where == "http://q:2"
    assert Ways("direct", environ=environ).proxy_for("https://a.example") is None
    exempt = {"NO_PROXY": "a.example"}
    assert Ways("http://q:2", environ=exempt).proxy_for("https://a.example") is None


@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        ("socks4://p:1080", "no kind of proxy that is known"),
        ("ftp://p:21", "no kind of proxy that is known"),
        ("http://:80", "names no host"),
        ("http://p:eighty", "names no host"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_an_error_that_says_who_names_it(proxy: str, words: str) -> None:
    secret = proxy.replace("://", "://user:sesame@")
    with pytest.raises(InvalidInput, match=words) as caught:
        Ways(environ={"ALL_PROXY": secret}).proxy_for("https://a.example")
    assert "the environment variable ALL_PROXY" in caught.value.message
    assert "sesame" not in caught.value.message + caught.value.hint


# Through a proxy that is one


def test_plan_and_apply_go_through_the_proxy_of_the_environment(there: Served, proxy: Passing) -> None:
    environ = {"HTTP_PROXY": proxy.url.replace("://", "://a%40b:s%C3%A9same@")}
    assert there.main("apply", "--yes", **environ).code == 0
    there.emulator.advance(3600)
    assert Counter(there.rung()) == Counter(number(row) for row in range(3))
    paths = {line.split()[1].split("?")[0].rpartition("/")[2] for line in proxy.asked}
    assert {"token", "query", "create", "insert", "start"} <= paths
    assert len(proxy.asked) == len(there.emulator.calls_log)
    assert set(proxy.credentials) == {"Proxy-Authorization: Basic YUBiOnPDqXNhbWU="}


def test_a_proxy_of_the_settings_is_taken_and_no_proxy_exempts(there: Served, proxy: Passing) -> None:
    there.project(platform=f"settle: 1s, timeout: 3s, proxy: '{proxy.url}'")
    assert there.main("platform", "robots").code == 0
    asked = len(proxy.asked)
    assert asked
    assert there.main("platform", "robots", NO_PROXY="127.0.0.1").code == 0
    assert len(proxy.asked) == asked
    # Whatever the environment says.
    there.project(platform="settle: 1s, timeout: 3s, proxy: direct")
    assert there.main("platform", "robots", HTTP_PROXY=proxy.url).code == 0
    assert len(proxy.asked) == asked


def test_a_setting_that_is_no_proxy_is_an_error_at_its_place(there: Served) -> None:
    there.project(platform="proxy: 'proxy:3128'")
    done = there.main("validate")
    assert done.code == 3
    assert "yeta.yaml:3:" in done.err + done.out
    assert "a proxy is expected, like http://proxy.example.com:3128" in done.err + done.out


@pytest.mark.parametrize(
    "arguments", [["plan"], ["calls", "recordings", "--campaign", "renewal", "--to", "x"]]
)
def test_a_proxy_of_a_kind_that_is_not_known_is_exit_3_at_every_command(
    there: Served, arguments: list[str]
) -> None:
    assert there.main("apply", "--yes").code == 0
    done = there.main(*arguments, ALL_PROXY="socks4://127.0.0.1:1080")
    assert done.code == 3
    assert "the environment variable ALL_PROXY" in done.err
    assert "socks4:// is no kind of proxy that is known" in done.err


def test_recordings_come_through_the_same_proxy(proxy: Passing, tmp_path: Path) -> None:
    with answering(b"RIFF..") as url:
        call = Call("call-1", recording=f"{url}/a.wav", recording_size=6)
        with client_by(Ways(proxy.url), longest=10) as client:
            assert Recordings(tmp_path, client).fetch(call) == ""
    assert proxy.asked == [f"GET {url}/a.wav HTTP/1.1"]
    assert (tmp_path / "call-1.wav").read_bytes() == b"RIFF.."


@pytest.mark.parametrize("status", [403, 407])
def test_what_a_proxy_refuses_to_connect_was_not_sent(
    tmp_path: Path, proxy: Passing, certificate: Path, status: int
) -> None:
    proxy.refuses = status
    with answering(b"{}", certificate) as url, a_client(url, Ways(proxy.url, certificate)) as client:
        with pytest.raises(Unreachable, match="the proxy refuses to connect") as caught:
            client.config()
        assert f"through the proxy {proxy.url}, which the setting platform.proxy names" in str(caught.value)
    assert all(line.startswith("CONNECT localhost:") for line in proxy.asked)


# Certificates


TOKEN = json.dumps({"code": 0, "message": "ok", "result": {"token": "t", "time_expire": 3600}}).encode()


def test_a_certificate_of_ones_own_is_believed_if_ca_file_names_it_through_a_proxy_too(
    proxy: Passing, certificate: Path
) -> None:
    with answering(TOKEN, certificate) as url:
        with (
            a_client(url, Ways()) as client,
            pytest.raises(Unreachable, match=r"platform\.ca_file names who"),
        ):
            client.config()
        for ways in (Ways(ca_file=certificate), Ways(proxy.url, certificate)):
            with a_client(url, ways) as client:
                client.prepare("start")
    assert proxy.asked == [f"CONNECT {url.removeprefix('https://')} HTTP/1.1"]


def test_a_ca_file_that_is_not_there_or_is_none_is_exit_3(there: Served) -> None:
    there.project(platform="ca_file: missing.pem")
    done = there.main("plan")
    assert (done.code, "platform.ca_file" in done.err, "No such file" in done.err) == (3, True, True)
    (there.root / "empty.pem").write_text("nothing")
    there.project(platform="ca_file: empty.pem")
    assert "holds no certificate" in there.main("plan").err


# Nobody answers


def test_a_platform_that_cannot_be_reached_is_named_with_the_proxy_and_the_emulator() -> None:
    nobody = closed_port()
    with a_client(f"http://127.0.0.1:{nobody}/openapi", Ways()) as client:
        with pytest.raises(Unreachable) as caught:
            client.config()
        assert f"http://127.0.0.1:{nobody}/openapi" in caught.value.message
        assert "`yeta emulator`" in caught.value.hint
    with a_client(HERE, Ways(f"http://127.0.0.1:{nobody}")) as client:
        with pytest.raises(Unreachable) as caught:
            client.config()
        assert "NO_PROXY=127.0.0.1" in caught.value.hint
    by = Ways(environ={"HTTP_PROXY": f"http://user:sesame@127.0.0.1:{nobody}"})
    with a_client("http://platform.example/openapi", by) as client:
        with pytest.raises(Unreachable) as caught:
            client.config()
        words = f"http://platform.example/openapi through the proxy http://127.0.0.1:{nobody}"
        assert f"{words}, which the environment variable HTTP_PROXY names" in caught.value.message
        assert "sesame" not in caught.value.message


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_whoever_sits_before_a_terminal_hears_whom_one_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setattr(patience, "TICK", 0.01)
    monkeypatch.setattr(patience, "EVERY", 0.03)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with (
            PlatformClient(url, "key", "secret", timeout=0.3, patience=0) as client,
            patience.reminding(client),
            pytest.raises(Unreachable),
        ):
            client.config()
    assert f"s from {url}; it is still being asked" in screen.getvalue()


def test_it_is_said_each_eight_seconds_of_silence_and_not_while_nothing_is_asked() -> None:
    now = [0.0]
    client = PlatformClient(HERE, "key", "secret", now=lambda: now[0])
    reminder = patience.Reminder(client)
    said: list[float] = []

    def pass_time(seconds: int) -> None:
        for _ in range(seconds):
            now[0] += 1
            if reminder.words():
                said.append(now[0])

    pass_time(20)
    with client.waiting.asking():
        pass_time(20)
        client.waiting.heard()
        pass_time(9)
    pass_time(20)
    assert said == [28, 36, 48]
