"""A SOCKS proxy as the way out: calls, recordings, and what is said where it does not let through."""

from __future__ import annotations

import json
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.answering import a_client, answering, closed_port
from tests.support.lab import number
from tests.support.served import Served, served
from tests.support.socks import Socks, socks
from yeta_reconcile.errors import Unreachable
from yeta_reconcile.platform.exchange import Exchange, NoAnswer, Waiting
from yeta_reconcile.platform.transport import Wire
from yeta_reconcile.platform.ways import Ways
from yeta_reconcile.records.projector import Projector
from yeta_reconcile.store.inbox import Push

PLATFORM = "http://platform.example/openapi"


@pytest.fixture
def proxy() -> Iterator[Socks]:
    with socks() as made:
        yield made


def test_plan_and_apply_go_through_a_socks_proxy_of_the_environment(there: Served, proxy: Socks) -> None:
    assert there.main("apply", "--yes", ALL_PROXY=proxy.url).code == 0
    there.emulator.advance(3600)
    assert Counter(there.rung()) == Counter(number(row) for row in range(3))
    assert set(proxy.asked) == {there.url.removeprefix("http://").partition("/")[0]}


def test_a_socks_proxy_of_the_settings_is_asked_with_its_password(there: Served, proxy: Socks) -> None:
    proxy.user = b"a@b:s\xc3\xa9same"
    with_user = proxy.url.replace("://", "://a%40b:s%C3%A9same@")
    there.project(platform=f"settle: 1s, timeout: 3s, proxy: '{with_user}'")
    assert there.main("platform", "robots").code == 0
    assert set(proxy.credentials) == {proxy.user}
    # One that wants no password is content with what it is given.
    proxy.user = b""
    assert there.main("platform", "robots").code == 0


def test_recordings_come_through_a_socks_proxy_which_resolves_the_name(tmp_path: Path, proxy: Socks) -> None:
    with served(tmp_path, voice_urls="relative", result_weights={"0": 1}) as there:
        there.campaign()
        assert there.main("apply", "--yes").code == 0
        there.emulator.advance(3600)
        sent = [Push(one.module, json.dumps(one.data).encode(), one.at) for one in there.emulator.pushes]
        with closing(there.store()) as store:
            store.inbox.append(sent)
            Projector(store).drain()
        proxy.leads_to = ("127.0.0.1", urlsplit(there.url).port or 0)
        arguments = ["calls", "recordings", "--campaign", "renewal", "--to", "audio"]
        arguments += ["--base", "http://voice.example/voice/"]
        assert there.main(*arguments, ALL_PROXY=proxy.url.replace("socks5", "SOCKS5H")).code == 0
    assert {*proxy.asked} == {"voice.example:80"}
    assert [path.read_bytes()[:4] for path in (tmp_path / "audio").iterdir()] == [b"RIFF"] * 3


def test_tls_goes_through_a_socks_proxy_and_is_judged_by_the_name_that_was_asked_for(
    proxy: Socks, certificate: Path
) -> None:
    body = b'{"code": 0, "message": "ok", "result": {"token": "t", "time_expire": 3600}}'
    with answering(body, certificate) as url:
        proxy.leads_to = ("127.0.0.1", int(url.rpartition(":")[2]))
        with a_client(url, Ways(proxy.url, certificate)) as client:
            client.prepare("start")
        with (
            a_client(url.replace("localhost", "other.example"), Ways(proxy.url, certificate)) as client,
            pytest.raises(Unreachable, match="certificate is not trusted"),
        ):
            client.config()


def test_the_answers_of_a_socks_proxy_may_come_byte_by_byte(there: Served, proxy: Socks) -> None:
    proxy.piece, proxy.user = 1, b"a:b"
    there.project(platform=f"proxy: '{proxy.url.replace('://', '://a:b@')}'")
    assert there.main("platform", "robots").code == 0


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (1, "the proxy refuses to connect"),
        (2, "its rules do not allow it"),
        (4, "it does not reach the host"),
        (5, "nobody listens there"),
        (99, "the proxy refuses to connect"),
    ],
)
def test_what_a_socks_proxy_refuses_was_not_sent_and_its_reason_is_said(
    proxy: Socks, reply: int, words: str
) -> None:
    proxy.reply = reply
    with a_client(PLATFORM, Ways(proxy.url)) as client:
        with pytest.raises(Unreachable, match=words) as caught:
            client.config()
        named = f"{PLATFORM} through the proxy {proxy.url}, which the setting platform.proxy names"
        assert named in caught.value.message
    assert {*proxy.asked} == {"platform.example:80"}
    assert not failed(proxy.url).sent


@pytest.mark.parametrize(
    "says",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"\x05", b"\x05\x00\x05\x00\x00\x09", b"\x05\x01"],
    ids=["an HTTP proxy", "nothing", "half an answer", "no kind of address", "what was not offered"],
)
def test_what_is_no_socks_proxy_is_said_to_be_none_and_nothing_was_sent(proxy: Socks, says: bytes) -> None:
    proxy.says = says
    failure = failed(proxy.url)
    assert "it does not answer as a SOCKS5 proxy" in failure.why
    assert not failure.sent


@pytest.mark.parametrize("user", ["", "a:wrong@", f"{'a' * 256}:b@"])
def test_a_socks_proxy_that_wants_another_password_says_so_and_the_password_is_not_shown(
    proxy: Socks, user: str
) -> None:
    proxy.user = b"a:sesame"
    with a_client(PLATFORM, Ways(proxy.url.replace("://", f"://{user}"))) as client:
        with pytest.raises(Unreachable, match="it wants a user and a password") as caught:
            client.config()
        assert "wrong" not in caught.value.message + caught.value.hint


def test_what_goes_to_a_socks_proxy_that_is_silent_or_away_was_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ports = {silent.getsockname()[1]: "no connection in time", closed_port(): "no connection"}
        for port, why in ports.items():
            failure = failed(f"socks5://127.0.0.1:{port}", 0.05)
            assert (failure.why, failure.sent) == (why, False)


def failed(proxy: str, timeout: float = 5) -> NoAnswer:
    """How one request through a proxy fails."""
    wire = Wire(connections=1, timeout=timeout, ways=Ways(proxy))
    exchange = Exchange(wire, timeout, time.monotonic, Waiting(time.monotonic))
    with closing(wire), pytest.raises(NoAnswer) as caught:
        exchange.post("start", httpx.URL(PLATFORM), b"{}")
    return caught.value
