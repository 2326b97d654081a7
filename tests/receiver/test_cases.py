"""What the platform and its clients publish as samples, and the forms these meet on their way; a case a file.

All go to one receiver over a real socket. A case says what is sent: `method`, `secret`, `path`, `headers`,
the body as JSON, as `text` in a `charset`, as bytes in `base64`, or only a `length` that is announced; in how
many `chunks`. And what comes of it: the status of its `answer` or the JSON that is `answered`, which modules
are `stored`, what the `calls` are then (numbers and relations as they were sent, kept as digests of them),
which values stay `unread`, for which reason it is `refused` before it is read, what its `dead` letter says.
"""

from __future__ import annotations

import base64
import http.client
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.receiver.servers import SECRET, get, receiver, repository
from tests.support.patience import until
from yeta_reconcile.receiver.access import read_networks
from yeta_reconcile.store import Store
from yeta_reconcile.store.inbox import StoredPush

CASES = {path.stem: path for path in sorted((Path(__file__).parent / "cases").glob("*.json"))}
VIP = """\
kind: DialogContext
name: vip
contexts: {entries: {"1111": {姓名: 张三}}}
defaults: {姓名: 客户}
"""
NETWORKS = {
    "allowed": read_networks(["203.0.113.0/24", "2001:db8::/32", "127.0.0.1"]),
    "proxies": read_networks(["192.0.2.0/24", "127.0.0.1"]),
}
DIGESTS = ("number", "row_number", "relation")


@dataclass
class Came:
    """What came of one case."""

    sent: bytes
    status: int
    answer: bytes
    stored: list[StoredPush] = field(default_factory=list)
    dead: list[StoredPush] = field(default_factory=list)


@dataclass
class Receiver:
    """The receiver after all cases: what came of each, its state, and what it counts."""

    store: Store
    came: dict[str, Came]
    metrics: str

    def counted(self, name: str, label: str) -> dict[str, int]:
        """A counter of it, by label, those that count nothing left out."""
        found = [line for line in self.metrics.splitlines() if line.startswith(f"{name}{{")]
        counts = {line.split('"')[1]: int(float(line.rpartition(" ")[2])) for line in found if label in line}
        return {value: number for value, number in counts.items() if number}


def read(name: str) -> dict[str, Any]:
    case: dict[str, Any] = json.loads(CASES[name].read_text("utf-8"))
    return case


def body_of(case: dict[str, Any]) -> bytes:
    if "base64" in case:
        return base64.b64decode(case["base64"])
    if "text" in case:
        return str(case["text"]).encode(case.get("charset", "utf-8"))
    return json.dumps(case["body"], ensure_ascii=False).encode() if "body" in case else b""


def post_of(base: str, case: dict[str, Any]) -> Came:
    """One request of a case, answered."""
    secret, body = case.get("secret", SECRET), body_of(case)
    connection = http.client.HTTPConnection(base.removeprefix("http://"), timeout=10)
    connection.putrequest(case.get("method", "POST"), f"/{secret}{case['path']}" if secret else case["path"])
    for name, said in case.get("headers", {}).items():
        for value in [said] if isinstance(said, str) else said:
            connection.putheader(name, value)
    if chunks := case.get("chunks"):
        connection.putheader("Transfer-Encoding", "chunked")
    else:
        connection.putheader("Content-Length", str(case.get("length", len(body))))
    step = len(body) // (chunks or 1) + 1
    parts = [body[at : at + step] for at in range(0, len(body), step)]
    connection.endheaders(iter(parts), encode_chunked=bool(chunks))
    answer = connection.getresponse()
    came = Came(body, answer.status, answer.read())
    connection.close()
    return came


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    root = repository(tmp_path_factory.mktemp("cases"), VIP)
    with receiver(root, **NETWORKS) as (url, store, _):
        base = url.removesuffix(f"/{SECRET}")
        came: dict[str, Came] = {}
        serial, buried = 0, 0
        for name in CASES:
            came[name] = one = post_of(base, read(name))
            while push := store.inbox.push(serial + 1):
                one.stored.append(push)
                serial = push.serial
            one.dead = [*store.inbox.dead()][buried:]
            buried += len(one.dead)
        until(lambda: not store.inbox.counts().waiting)
        yield Receiver(store, came, get(f"{base}/metrics")[1].decode())


@pytest.mark.parametrize("name", CASES)
def test_what_is_sent_becomes_what_the_case_says(done: Receiver, name: str) -> None:
    case, came = read(name), done.came[name]

    assert came.status == case["answer"]
    if "answered" in case:
        assert json.loads(came.answer) == case["answered"]
    else:
        assert (came.answer == b"success") == (case["answer"] == 200)
        assert (b"success" in came.answer) == (case["answer"] == 200)
    taken = case["answer"] == 200 and "answered" not in case
    assert [push.module for push in came.stored] == case.get("stored", [case["path"][1:]] if taken else [])
    if "dead" in case:
        (letter,) = came.dead
        assert letter.body == came.sent
        assert all(words in letter.problem for words in case["dead"])
    else:
        assert not came.dead
    for uuid, expected in case.get("calls", {}).items():
        record = done.store.calls.one(uuid)
        assert record is not None
        found = record.call._asdict() | {"dialog": [*map(_said, record.call.dialog)]}
        sent = {of: expected[of] for of in DIGESTS if expected.get(of)}
        digests = {of: done.store.key.row_digest(number).hex() for of, number in sent.items()}
        assert {of: found[of] for of in expected} == expected | digests
        assert sorted(found["unread"].split()) == case.get("unread", [])
    if "standing" in case:
        standings = [done.store.inbox.push(push.serial) for push in came.stored]
        assert [push.standing.name.lower() for push in standings if push] == [case["standing"]]


def _said(turn: Any) -> dict[str, Any]:
    return {name: value for name, value in turn._asdict().items() if value}


def test_what_is_refused_or_cannot_be_read_is_counted_by_its_reason(done: Receiver) -> None:
    cases = [read(name) for name in CASES]

    refused = Counter(case["refused"] for case in cases if "refused" in case)
    unread = Counter(name for case in cases for name in case.get("unread", ()))

    assert done.counted("yeta_refused_total", "reason") == refused
    assert done.counted("yeta_unread_total", "field") == unread
    assert done.store.inbox.counts().dead == sum("dead" in case for case in cases)
