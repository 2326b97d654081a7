"""kill -9 at any moment under load: what was answered success is there afterwards, and folded once."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from pathlib import Path

import pytest

from tests.receiver.pushes import basic
from tests.receiver.servers import SECRET, repository, served, state_of
from yeta_reconcile.records.projector import Projector
from yeta_reconcile.store.inbox import PushStanding

CLIENTS = 6
KILLS, PARTS = 2000, 200


def bombard(url: str, name: str, acknowledged: list[str]) -> None:
    """Send pushes until the receiver is gone; note each that was answered success."""
    connection = http.client.HTTPConnection(url.removeprefix("http://").partition("/")[0], timeout=10)
    number = 0
    try:
        while True:
            uuid = f"{name}-{number}"
            connection.request("POST", f"/{SECRET}/receiveCallRecord", json.dumps(basic(uuid)).encode())
            answer = connection.getresponse()
            if answer.status == 200 and b"success" in answer.read():
                acknowledged.append(uuid)
            number += 1
    except (OSError, http.client.HTTPException):
        connection.close()


def rounds(root: Path, kills: int, chance: random.Random, *options: str) -> None:
    """Kill the receiver of one state so many times; then hold what is there against what was acknowledged."""
    repository(root)
    acknowledged: list[str] = []
    for turn in range(kills):
        with served(root, *options) as (process, url):
            clients = [
                threading.Thread(target=bombard, args=(url, f"{turn}-{client}", acknowledged))
                for client in range(CLIENTS)
            ]
            for client in clients:
                client.start()
            time.sleep(chance.uniform(0.02, 0.8))
            process.kill()
            process.wait()
            for client in clients:
                client.join()
    check(root, acknowledged)
    assert acknowledged


def check(root: Path, acknowledged: list[str]) -> None:
    store = state_of(root)
    try:
        assert store.database.read("PRAGMA integrity_check") == [("ok",)]
        Projector(store).drain()
        stored = store.database.read("SELECT call_uuid, standing FROM inbox")
        assert {row[1] for row in stored} <= {PushStanding.FOLDED}
        assert len({row[0] for row in stored}) == len(stored)
        calls = [record.call.call_uuid for record in store.calls.every()]
        assert set(acknowledged) <= set(calls)
        assert len(calls) == len(set(calls)) == len(stored)
    finally:
        store.close()


@pytest.mark.sweep
@pytest.mark.parametrize("server", ["waitress", "granian"])
def test_what_was_answered_success_is_there_after_kill_9(server: str, tmp_path: Path) -> None:
    rounds(tmp_path, 3, random.Random(1), "--server", server)


@pytest.mark.torture
@pytest.mark.parametrize("server", ["waitress", "granian"])
@pytest.mark.parametrize("part", range(PARTS))
def test_what_was_answered_success_is_there_after_thousands_of_kills(
    part: int, server: str, tmp_path: Path
) -> None:
    rounds(tmp_path, KILLS // PARTS, random.Random(part), "--server", server)
