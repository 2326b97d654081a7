"""Pipelines that share a state in PostgreSQL: one works, the others are told who; a killed one goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.lab import number
from tests.support.postgres import PostgresServer
from tests.support.served import Served, served
from yeta_reconcile.emulator.faults import Fault
from yeta_reconcile.store import Store, open_store

KEY = "a secret of the pipelines"


@pytest.fixture
def here(postgres: PostgresServer, tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path / "campaigns") as one:
        one.project(f"state: {postgres.schema()}\n", platform="timeout: 3s, settle: 1s")
        text = (one.root / "yeta.yaml").read_text(encoding="utf-8")
        (one.root / "yeta.yaml").write_text(text.replace("timeout: 3s", "timeout: 8s"), encoding="utf-8")
        one.environ["YETA_STATE_KEY"] = KEY
        yield one


def opened(here: Served) -> Store:
    text = (here.root / "yeta.yaml").read_text(encoding="utf-8")
    location = text.split("state: ")[1].strip()
    return open_store(
        location, here.root, {"YETA_STATE_KEY": KEY}, project="acme", environment="", create=False
    )


def test_one_works_another_is_told_who_and_what_a_killed_one_left_is_finished(here: Served) -> None:
    here.campaign(rows=range(60))
    here.emulator.faults.add(Fault("timeout_after", "task/create", seconds=8, times=1))
    first = here.started("apply", "--yes")
    while "create" not in here.changes_sent():
        assert first.poll() is None, first.communicate()
        time.sleep(0.05)

    second = here.main("apply", "--yes")
    assert second.code == 6
    assert f"locked by `yeta apply`, process {first.pid} on " in second.err
    # Looking needs no lock.
    assert here.main("plan").code == 0

    first.kill()
    first.communicate()
    assert here.main("apply", "--yes").code == 6
    store = opened(here)
    with store.database.write() as transaction:
        # Half a minute later.
        transaction.execute("UPDATE apply_lock SET expires = expires - 30000")
    assert [intent.call for intent in store.intents.open()] == ["create"]
    store.close()

    done = here.main("apply", "--yes")
    assert done.code == 0, done.err
    assert here.changes_sent().count("create") == 1
    here.emulator.advance(24 * 3600)
    assert sorted(here.rung()) == [number(row) for row in range(60)]
    assert here.main("plan", "--detailed-exitcode").code == 0


def test_a_state_moves_into_postgresql_by_hand_and_the_next_apply_goes_on(
    here: Served, postgres: PostgresServer
) -> None:
    here.project()
    here.environ.pop("YETA_STATE_KEY")
    here.campaign()
    assert here.main("apply", "--yes").code == 0
    key = (here.root / "state" / "yeta.key").read_text(encoding="ascii").strip()
    place = postgres.schema()

    without_key = here.main("state", "migrate", "state/yeta.db", place, "--yes")
    here.environ["YETA_STATE_KEY"] = key
    unasked = here.main("state", "migrate", "state/yeta.db", place)
    moved = here.main("state", "migrate", "state/yeta.db", place, "--yes")

    assert (without_key.code, unasked.code, moved.code) == (3, 9, 0), moved.err
    assert "yeta.key" in without_key.err
    assert f"to   PostgreSQL at {postgres.folder}, database postgres" in moved.out
    assert "the same in both places by count and digest" in moved.out
    left = here.main("plan")
    assert left.code == 1
    assert "the state was moved to PostgreSQL at" in left.err
    assert here.main("plan", "--detailed-exitcode", YETA_STATE=place).code == 0
    again = here.main("state", "migrate", "state/yeta.db", postgres.schema(), "--yes")
    assert again.code == 1


def test_a_halted_state_is_not_moved(here: Served, postgres: PostgresServer) -> None:
    here.project()
    here.campaign()
    assert here.main("apply", "--yes").code == 0
    assert here.main("halt").code == 0

    refused = here.main("state", "migrate", "state/yeta.db", postgres.schema(), "--yes")

    assert refused.code == 7
    assert "`yeta resume` lifts it" in refused.err
