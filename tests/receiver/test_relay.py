"""Two projects on one account: what is another's is handed on, once, durably, and nobody waits for it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.receiver.pushes import basic, dialog, outbound, push, voice
from tests.receiver.servers import SECRET, get, post, receiver, repository, state_of
from tests.receiver.states import State
from yeta_reconcile.platform.transport import client_by
from yeta_reconcile.platform.ways import Ways
from yeta_reconcile.receiver import relay, service
from yeta_reconcile.receiver.metrics import Metrics
from yeta_reconcile.receiver.relay import Target
from yeta_reconcile.records.projector import Projector
from yeta_reconcile.store import Store

RECORD, VOICE, DIALOG = "receiveCallRecord", "receiveVoice", "receiveDialog"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "REST", 0.02)
    monkeypatch.setattr(relay, "LONGEST_REST", 0.05)
    monkeypatch.setattr(service, "TIDY_EVERY", 0.05)


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def folder(root: Path) -> Path:
    root.mkdir()
    return repository(root)


class Other:
    """Another project's receiver, of whatever make: what it was sent, and what it answers."""

    def __init__(self) -> None:
        self.status = 200
        self.came: list[tuple[str, bytes, str]] = []
        self.refused = 0
        self.url = ""


@pytest.fixture
def other() -> Iterator[Other]:
    with another() as made:
        yield made


@contextmanager
def another() -> Iterator[Other]:
    made = Other()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if made.status == 200:
                made.came.append((self.path, body, self.headers.get("X-Yeta-Relayed", "")))
            else:
                made.refused += 1
            self.send_response(made.status)
            self.end_headers()
            self.wfile.write(b"success" if made.status == 200 else b"no")

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_port}/sesame/"
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()


def sample(made: Any, name: str) -> float:
    return float(made._metrics.registry.get_sample_value(name) or 0)


def handed_on(made: Any, outcome: str = "handed_on") -> float:
    return float(made._metrics.registry.get_sample_value("yeta_relayed_total", {"outcome": outcome}) or 0)


def spaced(data: dict[str, Any]) -> bytes:
    """A body that nobody would write again by chance."""
    return json.dumps(data, ensure_ascii=False, indent=3).encode()


def test_what_a_task_of_another_project_caused_is_handed_on_as_it_came_and_ours_is_not(
    tmp_path: Path, other: Other
) -> None:
    with receiver(folder(tmp_path / "a"), relay=[other.url]) as (url, store, made):
        State(store).wave("7", range(3))
        ours = outbound("ours", task_id="7", task_data_id="")
        theirs = outbound("theirs", "19900000009", task_id="8")
        # A recording and a dialog may come before the record that says whose they are, or after it.
        for module, body in (
            (VOICE, voice("theirs")), (RECORD, basic("theirs", "19900000009")), (RECORD, theirs),
            (DIALOG, dialog("theirs")), (RECORD, ours), (VOICE, voice("ours")),
            # An incoming call is of no task, and stays.
            (RECORD, basic("in", direction=1)),
        ):  # fmt: skip
            assert post(f"{url}/{module}", spaced(body)) == (200, b"success")
        until(lambda: len(other.came) == 4)
        until(lambda: not store.inbox.waiting(1))
        until(lambda: store.relays.depth() == 0)
        assert handed_on(made) == 4
    said = [("/sesame/" + module, spaced(body)) for module, body in (
        (VOICE, voice("theirs")), (RECORD, basic("theirs", "19900000009")), (RECORD, theirs),
        (DIALOG, dialog("theirs")),
    )]  # fmt: skip
    assert [(path, body) for path, body, _ in other.came] == said
    assert {mark for *_, mark in other.came} == {"1"}


def test_a_receiver_that_is_away_is_tried_again_and_delays_no_answer_and_no_other(
    tmp_path: Path, other: Other, caplog: pytest.LogCaptureFixture
) -> None:
    other.status = 503
    with another() as quick, receiver(folder(tmp_path / "a"), relay=[other.url, quick.url]) as (url, _, made):
        for number in range(3):
            assert post(f"{url}/{RECORD}", outbound(f"call-{number}"))[0] == 200
        until(lambda: len(quick.came) == 3 and other.refused > 2)
        until(lambda: sample(made, "yeta_relay_waiting") == 3)
        assert handed_on(made, "failed") >= 2
        assert b"yeta_relay_waiting 3.0" in get(f"{url.rpartition('/')[0]}/metrics")[1]
        other.status = 200
        until(lambda: len(other.came) == 3)
    assert [json.loads(body)["call_uuid"] for _, body, _ in other.came] == ["call-0", "call-1", "call-2"]
    said = [one.getMessage() for one in caplog.records if "takes nothing" in one.getMessage()]
    assert said == [f"the receiver at {other.url[:-8]} takes nothing: HTTP status 503; it is tried again"]


def test_what_is_to_be_handed_on_outlives_the_receiver(tmp_path: Path, other: Other) -> None:
    other.status = 503
    root = folder(tmp_path / "a")
    with receiver(root, relay=[other.url]) as (url, store, _):
        assert post(f"{url}/{RECORD}", outbound())[0] == 200
        until(lambda: store.relays.depth() == 1)
    other.status = 200
    with receiver(root, relay=[other.url]):
        until(lambda: len(other.came) == 1)


def test_a_push_that_is_refused_for_good_keeps_no_other_back(tmp_path: Path, other: Other) -> None:
    other.status = 400
    with receiver(folder(tmp_path / "a"), relay=[other.url]) as (url, store, made):
        assert post(f"{url}/{RECORD}", outbound())[0] == 200
        until(lambda: handed_on(made, "refused") == 1)
        until(lambda: store.relays.depth() == 0)


def test_two_receivers_that_relay_to_one_another_hand_on_each_push_once(tmp_path: Path) -> None:
    a, b = folder(tmp_path / "a"), folder(tmp_path / "b")
    with (
        receiver(b, relay=["http://127.0.0.1:9/x"]) as (to_b, in_b, second),
        receiver(a, relay=[to_b]) as (to_a, in_a, first),
    ):
        assert second._relay is not None
        second._relay.targets[0].url = to_a
        State(in_b).wave("8", [9])
        for uuid, task in (("of-b", "8"), ("of-nobody", "9")):
            record = outbound(uuid, "19900000009", task_id=task, task_data_id="")
            assert post(f"{to_a}/{RECORD}", record)[0] == 200
        until(lambda: handed_on(first) == 2 and in_a.relays.depth() == 0)
        until(lambda: len([*in_b.calls.every()]) == 2 and not in_b.inbox.waiting(1))
        assert (in_b.relays.depth(), handed_on(second), handed_on(second, "failed")) == (0, 0, 0)
        assert (found := in_b.calls.one("of-b")) is not None
        assert found.wave_id is not None
        # That a third project shares the account is no news to who has it by way of another.
        assert in_b.inbox.traffic(time.time_ns() // 10**6).foreign == 0
        assert in_a.inbox.traffic(time.time_ns() // 10**6).foreign == 2


def foreign(store: Store, *targets: str) -> None:
    store.inbox.append([push(outbound())])
    Projector(store, relay=targets).drain()


def test_even_without_the_mark_the_same_push_is_handed_on_once(tmp_path: Path) -> None:
    with closing(state_of(folder(tmp_path / "a"))) as store:
        foreign(store, "x")
        assert len(store.relays.waiting("x", 9)) == 1
        store.relays.settle("x", [serial for serial, *_ in store.relays.waiting("x", 9)])
        foreign(store, "x")
        until(lambda: store.relays.depth() == 0)


def test_what_is_purged_or_for_nobody_named_is_given_up_and_counted(tmp_path: Path) -> None:
    with closing(state_of(folder(tmp_path / "a"))) as store:
        target, metrics = Target.of(f"http://127.0.0.1:9/{SECRET}"), Metrics()
        made = relay.Relay([target], client_by(Ways(), longest=1))
        foreign(store, target.name, "gone")
        made.tidy(store, metrics)
        assert store.relays.depth() == 1
        store.inbox.purge(2**62)
        made.tidy(store, metrics)
        until(lambda: store.relays.depth() == 0)
        given_up = {"outcome": "given_up"}
        assert metrics.registry.get_sample_value("yeta_relayed_total", given_up) == 2
        assert SECRET not in repr(target)


def folded(store: Store) -> bool:
    return not store.inbox.waiting(1)


def record_of(task: str) -> dict[str, Any]:
    return outbound(f"of-{task}", "19900000009", task_id=task, task_data_id="")


def test_of_three_projects_each_has_what_is_its_own_and_nothing_goes_round(tmp_path: Path) -> None:
    nobody = "http://127.0.0.1:9/x"
    with (
        receiver(folder(tmp_path / "c"), relay=[nobody, nobody]) as (to_c, in_c, third),
        receiver(folder(tmp_path / "b"), relay=[to_c, nobody]) as (to_b, in_b, second),
        receiver(folder(tmp_path / "a"), relay=[to_b, to_c]) as (to_a, in_a, first),
    ):
        assert second._relay is not None
        assert third._relay is not None
        second._relay.targets[1].url = third._relay.targets[1].url = to_a
        third._relay.targets[0].url = to_b
        for store, task in ((in_a, "7"), (in_b, "8"), (in_c, "9")):
            State(store).wave(task, [9])
            assert post(f"{to_a}/{RECORD}", record_of(task))[0] == 200
        until(lambda: handed_on(first) == 4 and in_a.relays.depth() == 0)
        until(lambda: all(len([*store.calls.every()]) == 2 for store in (in_b, in_c)))
        for store, task in ((in_a, "7"), (in_b, "8"), (in_c, "9")):
            until(partial(folded, store))
            known = {call.call.call_uuid for call in store.calls.every() if call.wave_id is not None}
            assert known == {f"of-{task}"}
            assert len(store.inbox.of_call(f"of-{task}")) == 1
        assert (handed_on(second), handed_on(third), in_b.relays.depth(), in_c.relays.depth()) == (0, 0, 0, 0)


def test_whom_the_first_of_a_chain_does_not_name_gets_nothing_by_way_of_another(
    tmp_path: Path, other: Other
) -> None:
    with (
        receiver(folder(tmp_path / "b"), relay=[other.url]) as (to_b, in_b, _),
        receiver(folder(tmp_path / "a"), relay=[to_b]) as (to_a, _, first),
    ):
        assert post(f"{to_a}/{RECORD}", record_of("9"))[0] == 200
        until(lambda: handed_on(first) == 1)
        until(lambda: len([*in_b.calls.every()]) == 1 and not in_b.inbox.waiting(1))
        assert in_b.relays.depth() == 0
    assert other.came == []


def test_what_a_backfill_fetched_is_handed_on_to_nobody_and_a_push_of_the_same_call_is(
    tmp_path: Path,
) -> None:
    with closing(state_of(folder(tmp_path / "a"))) as store:
        projector = Projector(store, relay=["x"])
        store.inbox.append([replace(push(record_of("9")), source="backfill")])
        projector.drain()
        # The other project's own backfill has it.
        assert store.relays.depth() == 0
        store.inbox.append([push(voice("of-9"), VOICE)])
        projector.drain()
        assert [module for _, module, _ in store.relays.waiting("x", 9)] == [VOICE]
