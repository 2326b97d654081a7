"""The forms in which pushes come: packed, in other encodings, in forms and lists.

What can only mean one thing is read.
"""

from __future__ import annotations

import gzip
import http.client
import json
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest

from tests.receiver import pushes
from tests.receiver.servers import SECRET, get, post, receiver, repository
from yeta_reconcile.records.payload import LONGEST, NotAnObject, pushes_in, read_object

RECORD = "receiveCallRecord"
SAID = pushes.outbound(task_result_desc="用户未接，彩铃")
TEXT = json.dumps(SAID, ensure_ascii=False)
PLAIN = TEXT.encode()
# More pushes than are taken, in lists of which none is too long.
NESTED = json.dumps([{"module": RECORD, "data": [{}] * 501}] * 2)
CHUNKED = [gzip.compress(PLAIN)[:40], gzip.compress(PLAIN)[40:]]


def bare_deflate(body: bytes) -> bytes:
    machine = zlib.compressobj(wbits=-15)
    return machine.compress(body) + machine.flush()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[str, Any]]:
    with receiver(repository(tmp_path)) as (url, store, _):
        yield url, store


def send(url: str, body: Any, headers: dict[str, str], *, module: str = RECORD) -> tuple[int, bytes]:
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=10)
    try:
        whole = isinstance(body, bytes)
        connection.request(
            "POST", f"/{path}/{module}", body if whole else iter(body), headers, encode_chunked=not whole
        )
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def announced(url: str, length: int) -> int:
    """The answer to a body of a length before any of it: who goes on sending may find the door closed."""
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=10)
    try:
        connection.putrequest("POST", f"/{path}/{RECORD}")
        connection.putheader("Content-Length", str(length))
        connection.endheaders()
        return connection.getresponse().status
    finally:
        connection.close()


def folded(store: Any, uuid: str = "call-1") -> Any:
    deadline = time.monotonic() + 30
    while store.calls.one(uuid) is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return store.calls.one(uuid).call


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (gzip.compress(PLAIN), {"Content-Encoding": "gzip"}),
        (zlib.compress(PLAIN), {"Content-Encoding": "deflate"}),
        (bare_deflate(PLAIN), {"Content-Encoding": "deflate"}),
        (gzip.compress(zlib.compress(PLAIN)), {"Content-Encoding": "deflate, gzip"}),
        (CHUNKED, {"Content-Encoding": "gzip", "Transfer-Encoding": "chunked"}),
        (PLAIN, {"Content-Encoding": "identity"}),
        (TEXT.encode("gb18030"), {}),
        (TEXT.encode("gbk"), {"Content-Type": "application/json;charset=GBK"}),
        (TEXT.encode("big5", "replace"), {"Content-Type": "application/json; charset=big5"}),
        (PLAIN, {"Content-Type": "text/plain; charset=ISO-8859-1"}),
        (PLAIN, {"Content-Type": "application/json; charset=no-such"}),
        (PLAIN.replace("彩".encode(), b"\xe5\xbd"), {}),
        (TEXT.replace("，", "\n\t").encode(), {}),
        (b"data=" + quote_plus(TEXT).encode(), {"Content-Type": "application/x-www-form-urlencoded"}),
        (b"payload=" + quote_plus(TEXT).encode(), {}),
        (b"[" + PLAIN + b"]", {}),
        (json.dumps({"data": SAID, "module": RECORD, "retryTimes": 4, "timestamp": 1}).encode(), {}),
        (json.dumps({"data": TEXT, "module": RECORD}).encode(), {}),
        (TEXT.encode("utf-16"), {}),
        (b"\xef\xbb\xbf" + PLAIN, {}),
        (b"data=" + quote_plus(TEXT.encode("gb18030")).encode(), {}),
        (f"module={RECORD}&data={quote_plus(TEXT)}".encode(), {}),
        (json.dumps(TEXT).encode(), {}),
        (json.dumps({"data": [SAID], "module": RECORD}).encode(), {}),
        (gzip.compress(PLAIN), {}),
        (PLAIN, {"Content-Encoding": "gzip"}),
        (PLAIN, {"Content-Encoding": "deflate"}),
    ],
    ids=range(27),
)  # fmt: skip
def test_a_push_in_any_of_these_forms_is_the_same_call(
    running: tuple[str, Any], body: Any, headers: dict[str, str]
) -> None:
    url, store = running

    assert send(url, body, headers) == (200, b"success")

    call = folded(store)
    assert (call.task_id, call.result) == (SAID["task_id"], str(SAID["task_result"]))
    assert "未接" in call.description
    assert not store.inbox.counts().dead


def test_several_pushes_in_one_are_all_stored_before_it_is_answered(running: tuple[str, Any]) -> None:
    url, store = running
    several = [pushes.outbound(f"call-{at}") for at in range(3)]

    assert post(f"{url}/{RECORD}", json.dumps(several).encode()) == (200, b"success")

    for at in range(3):
        folded(store, f"call-{at}")


@pytest.mark.parametrize(
    ("body", "headers", "why"),
    [
        (b"no gzip", {"Content-Encoding": "gzip"}, "is not gzip"),
        (gzip.compress(PLAIN)[:-9], {"Content-Encoding": "gzip"}, "not gzip to its end"),
        (PLAIN, {"Content-Encoding": "br"}, "not known"),
        (b"[]", {}, "a list of 0"),
        (b"[1]", {}, "no object"),
        (b"data=hello", {}, "not JSON"),
        (json.dumps({"data": 1, "module": RECORD}).encode(), {}, "holds no data"),
    ],
)
def test_what_cannot_be_read_is_kept_with_what_its_headers_said(
    running: tuple[str, Any], body: bytes, headers: dict[str, str], why: str
) -> None:
    url, store = running

    status, answer = send(url, body, headers)

    assert status == 400
    assert b"success" not in answer
    (dead,) = store.inbox.dead()
    assert dead.body == body
    assert why in dead.problem
    assert all(value in dead.problem for value in headers.values())


def test_a_body_that_unpacks_to_more_than_is_taken_is_too_long(running: tuple[str, Any]) -> None:
    url, _ = running
    packed = gzip.compress(b" " * (LONGEST + 1))

    assert send(url, packed, {"Content-Encoding": "gzip"})[0] == 413


@pytest.mark.sweep
@pytest.mark.parametrize("path", [f"/{RECORD}/", f"//{RECORD}", f"/{RECORD.lower()}", f"/{RECORD.upper()}//"])
def test_an_address_that_was_typed_by_hand_leads_to_its_module(running: tuple[str, Any], path: str) -> None:
    url, store = running

    assert post(url + path, SAID) == (200, b"success")

    folded(store)
    assert store.inbox.push(1).module == RECORD


def test_what_is_refused_unread_is_counted_by_its_reason(running: tuple[str, Any]) -> None:
    url, _ = running
    base = url.removesuffix(f"/{SECRET}")

    assert post(f"{base}/wrong/{RECORD}", SAID)[0] == 404
    assert post(f"{url}/no-module", SAID)[0] == 404
    assert get(f"{url}/{RECORD}")[0] == 405
    assert send(url, PLAIN, {"Origin": "https://example.com"})[0] == 415
    assert send(url, PLAIN, {"Content-Type": "image/png"})[0] == 415
    assert announced(url, LONGEST + 1) == 413

    told = get(f"{base}/metrics")[1].decode()
    for reason in ("secret", "path", "method", "origin", "type", "size"):
        assert f'yeta_refused_total{{reason="{reason}"}} 1.0' in told


def test_what_could_not_be_read_of_a_push_is_counted_by_its_field(running: tuple[str, Any]) -> None:
    url, store = running

    assert post(f"{url}/{RECORD}", json.dumps(SAID | {"time_ring": "?"}).encode()) == (200, b"success")

    folded(store)
    told = get(f"{url.removesuffix(f'/{SECRET}')}/metrics")[1].decode()
    assert 'yeta_unread_total{field="time_ring"} 1.0' in told


@pytest.mark.sweep
@pytest.mark.parametrize("origin", ["https://example.com", "http://127.0.0.1:8800", "null", ""])
def test_what_a_page_sends_is_never_taken(running: tuple[str, Any], origin: str) -> None:
    assert send(running[0], PLAIN, {"Origin": origin, "Content-Type": "application/json"})[0] == 415


@pytest.mark.parametrize("members", [1, 7, 1000])
def test_the_members_of_a_list_are_what_was_written(members: int) -> None:
    texts = [json.dumps({"id": 32264888839704577 + at, "x": "]},[{"}) for at in range(members)]

    found = pushes_in(RECORD, (" [ " + " ,\n".join(texts) + " ] ").encode())

    assert [body.decode() for _, body in found] == texts


@pytest.mark.parametrize("text", ["[" + "{}," * 1000 + "{}]", "[{}, 1]", "[{}", "[{}]]", NESTED])
def test_a_list_that_is_not_one_of_pushes_is_refused_whole(text: str) -> None:
    with pytest.raises(NotAnObject):
        pushes_in(RECORD, text.encode())


@pytest.mark.parametrize("name", ["陈大文", "张三", "联通", "王女士，您好"])
def test_chinese_text_is_read_in_either_encoding(name: str) -> None:
    text = json.dumps({"name": name}, ensure_ascii=False)

    assert read_object(text.encode())["name"] == name
    assert read_object(text.encode("gb18030"))["name"] == name or name == "联通"
    ((_, body),) = pushes_in(RECORD, text.encode("gbk"), "text/json; charset=gbk")
    assert read_object(body)["name"] == name
