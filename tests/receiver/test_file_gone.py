"""The receiver's file is gone while it serves: nothing is acknowledged until the state is back."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.receiver import pushes
from tests.receiver.servers import SECRET, STATE_KEY, get, post, receiver, repository, state_of
from tests.support.footing import TAKEN_AWAY, remove
from tests.support.patience import until
from yeta_reconcile.receiver.service import ReceiverService
from yeta_reconcile.store import Store
from yeta_reconcile.store.lock import Holder
from yeta_reconcile.store.restoring import restoration

pytestmark = pytest.mark.sweep


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return repository(tmp_path)


@pytest.fixture
def running(root: Path) -> Iterator[tuple[str, Store, ReceiverService]]:
    with receiver(root) as running:
        yield running


def pushed(url: str, uuid: str) -> tuple[int, bytes]:
    return post(f"{url}/receiveCallRecord", pushes.outbound(uuid))


def ready(url: str) -> bool:
    return get(f"{url.removesuffix(f'/{SECRET}')}/readyz")[0] == 200


def metrics(url: str) -> bytes:
    return get(f"{url.removesuffix(f'/{SECRET}')}/metrics")[1]


def refused(url: str, uuid: str) -> None:
    status, answer = pushed(url, uuid)
    assert status == 503
    assert b"success" not in answer


@pytest.mark.parametrize("taken", TAKEN_AWAY)
def test_a_push_is_refused_as_soon_as_the_file_is_not_the_one_that_is_open(
    running: Any, root: Path, taken: str
) -> None:
    url, _, _ = running
    assert pushed(url, "before") == (200, b"success")

    TAKEN_AWAY[taken](root / "state" / "yeta.db")

    refused(url, "after")


def test_it_is_not_ready_and_says_so_though_nobody_pushes(
    running: Any, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url, _, made = running
    until(lambda: ready(url))
    made._health._stored_at = made._writer.stored_at = 1.0

    remove(root / "state" / "yeta.db")

    until(lambda: not ready(url))
    assert b"yeta_storing 0.0" in metrics(url)
    assert "is gone, or another has its place" in caplog.text
    assert "yeta state restore FILE" in caplog.text
    assert not (root / "state" / "yeta.db").exists()


def test_a_state_that_is_put_back_is_gone_on_with_and_has_all_that_was_acknowledged(
    running: Any, root: Path
) -> None:
    url, _, _ = running
    assert pushed(url, "before") == (200, b"success")
    (root / "state").rename(root / "elsewhere")
    refused(url, "meanwhile")

    shutil.copytree(root / "elsewhere", root / "state")

    until(lambda: ready(url))
    assert pushed(url, "after") == (200, b"success")
    store = state_of(root)
    until(lambda: store.calls.one("after") is not None)
    stored = {row[0] for row in store.database.read("SELECT call_uuid FROM inbox")}
    store.close()
    assert stored == {"before", "after"}


def test_what_is_acknowledged_while_copies_are_restored_is_in_the_state_or_in_what_is_kept(
    running: Any, root: Path
) -> None:
    url, store, _ = running
    copy = root / "copy.db"
    store.database.backup(str(copy))
    acknowledged: list[str] = []
    over = threading.Event()

    def push_on(name: str) -> None:
        at = 0
        while not over.is_set():
            at += 1
            if pushed(url, f"{name}-{at}") == (200, b"success"):
                acknowledged.append(f"{name}-{at}")

    clients = [threading.Thread(target=push_on, args=(name,)) for name in "abc"]
    for client in clients:
        client.start()
    files = [root / "state" / "yeta.db"]
    for _ in range(3):
        before = len(acknowledged)
        until(lambda before=before: len(acknowledged) > before + 5)
        environ = {"YETA_STATE_KEY": STATE_KEY}
        with restoration(copy, "state/yeta.db", root, environ, project="acme", environment="") as made:
            made.put_in_place(Holder.this_process("state restore"), {"outcome": "restored"}, pushes.AT)
        assert made.kept
        files.append(made.kept)
    before = len(acknowledged)
    until(lambda: len(acknowledged) > before)
    over.set()
    for client in clients:
        client.join()

    stored: set[str] = set()
    for file in files:
        with closing(sqlite3.connect(file)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            bodies = [row[0] for row in database.execute("SELECT body FROM inbox")]
            stored |= {json.loads(body)["call_uuid"] for body in bodies}
    assert set(acknowledged) <= stored
