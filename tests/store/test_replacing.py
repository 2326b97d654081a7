"""A copy of a state in PostgreSQL is a file, and a file takes its place: whole or not at all."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.store.conftest import ENGINES
from tests.store.states import KEY, NOW, States, holding, sealed
from tests.support.postgres import PostgresServer
from yeta_reconcile.errors import InvalidInput, PlanRejected, StateError, StateLocked
from yeta_reconcile.store import Store, replacing
from yeta_reconcile.store.copying import TableProof
from yeta_reconcile.store.halt_flag import ROW
from yeta_reconcile.store.inbox import Push
from yeta_reconcile.store.lock import Holder
from yeta_reconcile.store.restoring import restoration
from yeta_reconcile.store.soundness import findings

RESTORER = Holder("restorer", "host", 9, "state restore")
PUSH = Push("receiveVoice", b"{}", NOW)


@pytest.fixture
def server(postgres: PostgresServer) -> PostgresServer:
    return postgres


@pytest.fixture
def states(server: PostgresServer, tmp_path: Path) -> Iterator[States]:
    """In PostgreSQL."""
    with States(server.schema(), tmp_path) as opened:
        yield opened


def with_campaign(store: Store, name: str) -> Store:
    sealed(store, range(300), campaign=name)
    store.history.append({"who": "甲", "exit_code": 0}, NOW)
    return store


def copied(states: States, name: str = "early") -> Path:
    """A state with one campaign, and its copy."""
    copy = states.root / f"{name}.db"
    with_campaign(states.open(), name).database.backup(str(copy))
    return copy


def restore(copy: Path, states: States, **override: Any) -> Path | None:
    """What was there is kept where it says."""
    given: dict[str, Any] = {"environ": {"YETA_STATE_KEY": KEY}, "project": "acme", "environment": ""}
    with restoration(copy, states.location, states.root, **(given | override)) as made:
        made.look()
        made.put_in_place(RESTORER, {"command": "state restore", "outcome": "put in place"}, NOW + 1)
    return made.kept


def held(states: States) -> set[str]:
    with closing(states.open(create=False)) as store:
        assert findings(store) == []
        return set(store.waves.recorded().campaigns)


@pytest.mark.sweep
@pytest.mark.parametrize("target", ENGINES)
@pytest.mark.parametrize("source", ENGINES)
def test_a_copy_of_either_engine_takes_the_place_of_a_state_in_either(
    source: str, target: str, server: PostgresServer, tmp_path: Path
) -> None:
    places = [
        server.schema() if on == "postgresql" else f"{on}-{at}/yeta.db"
        for at, on in enumerate((source, target))
    ]
    with States(places[0], tmp_path) as ones, States(places[1], tmp_path) as others:
        copy = copied(ones)
        with_campaign(others.open(), "late")

        kept = restore(copy, others)

        assert held(others) == {"early"}
        assert others.open().state_id == ones.open().state_id
        assert kept
        with States(str(kept), tmp_path) as former:
            assert held(former) == {"late"}
        assert {stat.S_IMODE(path.stat().st_mode) for path in (copy, kept)} == {0o600}
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
        *_, last = others.open().history.entries()
        assert last["outcome"] == f"put in place; what was there is {kept.name}"
        # Numbers that the engine gives go on after those that are there.
        with_campaign(others.open(), "next")
        assert held(others) == {"early", "next"}


def test_a_copy_takes_its_place_where_there_is_none_yet(states: States, server: PostgresServer) -> None:
    copy = copied(states)
    with States(server.schema(), states.root) as empty:
        assert restore(copy, empty) is None
        assert held(empty) == {"early"}


def test_a_copy_is_of_one_moment_and_waits_for_no_writer(states: States) -> None:
    store, writer = with_campaign(states.open(), "early"), states.open()
    with writer.database.write() as transaction:
        transaction.execute("UPDATE waves SET detail = 'not committed'")
        store.database.backup(str(states.root / "copy.db"))
    with States("copy.db", states.root) as copies:
        assert copies.open().waves.wave(1).detail == ""
        assert copies.open().lock.current(NOW) is None


def test_a_copy_overwrites_nothing_and_leaves_nothing_when_it_fails(
    states: States, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = states.root / "there.db"
    there.write_text("mine", encoding="utf-8")
    store = with_campaign(states.open(), "early")
    with pytest.raises(StateError, match="exists already"):
        store.database.backup(str(there))
    assert there.read_text(encoding="utf-8") == "mine"
    monkeypatch.setattr("yeta_reconcile.store.copying.found", lambda _, table: TableProof(table, 0, ""))
    with pytest.raises(StateError, match="is not what was copied"):
        store.database.backup(str(states.root / "copy.db"))
    assert [path.name for path in states.root.iterdir()] == ["there.db"]


def test_a_receiver_that_has_the_former_open_goes_on_with_the_copy(states: States) -> None:
    copy = copied(states)
    receiver = states.open()
    for _ in range(8):
        receiver.inbox.append([PUSH])
    assert restore(copy, states)
    for _ in range(8):
        receiver.inbox.append([PUSH])
    assert states.open().inbox.counts().waiting == 8


def test_an_apply_that_lost_its_lock_writes_nothing_into_the_copy(states: States) -> None:
    copy = copied(states)
    asleep = states.open()
    holding(asleep)
    states.open().lock.take_away()

    restore(copy, states)

    with pytest.raises(StateLocked):
        asleep.waves.change_wave(1, detail="too late")
    assert states.open().waves.wave(1).detail == ""


@pytest.mark.sweep
def test_a_copy_lifts_no_halt(states: States) -> None:
    """With several machines the row in the state is what stops the others, and says what was paused."""
    states.open().set_flag(ROW, "halted by 乙, long ago")
    copy = copied(states)
    states.open().set_flag(ROW, "halted by 甲")
    restore(copy, states)
    assert states.open().flag(ROW) == "halted by 甲"


class Killed(BaseException):
    """The restorer is dead."""


@pytest.mark.parametrize("step", ["write_file", "clear", "fill"])
def test_what_fails_on_the_way_leaves_the_former_whole(
    step: str, states: States, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = copied(states)
    with_campaign(states.open(), "late")
    done = getattr(replacing, step)

    def die(*given: Any) -> None:
        done(*given)
        raise Killed

    monkeypatch.setattr(replacing, step, die)
    with pytest.raises(Killed):
        restore(copy, states)

    assert held(states) == {"early", "late"}
    assert states.open().lock.current() is None
    assert [path.name for path in states.root.iterdir() if path != copy and step != "write_file"] == []


def test_what_must_not_be_replaced_is_not(states: States, server: PostgresServer) -> None:
    copy = copied(states)
    with pytest.raises(InvalidInput, match="YETA_STATE_KEY is not set"):
        restore(copy, states, environ={})
    with pytest.raises(InvalidInput, match="another key"):
        restore(copy, states, environ={"YETA_STATE_KEY": "another, and long enough"})
    with pytest.raises(PlanRejected):
        restore(copy, states, project="other")
    with States(server.schema(), states.root) as others:
        others.open(project="other")
        with pytest.raises(PlanRejected, match="belongs to project other"):
            restore(copy, others)
    foreign = server.schema()
    with States(foreign, states.root) as others:
        server.execute(f"CREATE TABLE {foreign.rpartition('%3D')[2]}.invoices (a INTEGER)")
        with pytest.raises(StateError, match="holds tables that are no state's"):
            restore(copy, others)
    holding(states.open(), now=states.open().now())
    with pytest.raises(StateLocked):
        restore(copy, states)
    copy.write_bytes(b"\xff" * 8192)
    with pytest.raises(StateError, match="is no sound copy"):
        restore(copy, states)
