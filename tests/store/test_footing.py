"""The file under our feet: nothing is written to a state that nobody finds any more."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.states import NOW, States, begun, declared, holding, sealed
from tests.support.footing import (
    TAKEN_AWAY,
    remove,
    replace_by_a_copy,
)
from yeta_reconcile.errors import StateError, StateGone
from yeta_reconcile.store import Store
from yeta_reconcile.store.sqlite import SqliteDatabase


@pytest.fixture
def states(tmp_path: Path) -> Iterator[States]:
    with States("state/yeta.db", tmp_path) as opened:
        yield opened


@pytest.mark.sweep
@pytest.mark.parametrize("taken", TAKEN_AWAY)
def test_no_intent_is_written_and_no_lock_kept_once_the_file_is_gone(states: States, taken: str) -> None:
    store = states.open()
    wave_id, holder = sealed(store), holding(store)
    TAKEN_AWAY[taken](states.root / "state" / "yeta.db")

    with pytest.raises(StateGone, match=r"yeta\.db is gone, or another has its place") as refused:
        begun(store, holder, wave_id)
    assert "yeta state restore FILE" in refused.value.hint
    assert refused.value.exit_code == 1
    with pytest.raises(StateGone):
        store.lock.renew(holder, NOW)


def test_what_was_begun_is_rolled_back_if_the_file_goes_before_its_end(states: States) -> None:
    store = states.open()
    file = states.root / "state" / "yeta.db"

    def write() -> None:
        with store.database.write() as transaction:
            transaction.execute("INSERT INTO meta VALUES ('half', 'x')")
            file.rename(file.with_name("elsewhere.db"))

    with pytest.raises(StateGone):
        write()
    assert store.database.read("SELECT * FROM meta WHERE name = 'half'") == []


def test_what_was_committed_as_the_file_went_is_not_relied_on(
    states: States, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = states.open()
    looks = iter([None, None])
    stand = SqliteDatabase.stand

    def late(database: SqliteDatabase) -> None:
        if next(looks, store) is store:
            (states.root / "state" / "yeta.db").unlink()
            stand(database)

    monkeypatch.setattr(SqliteDatabase, "stand", late)
    with pytest.raises(StateGone):
        declared(store)


def glanced(store: Store) -> set[str]:
    """The campaigns that a glance sees."""
    return {name for (name,) in store.database.glance("SELECT name FROM campaigns")}


def test_closing_what_is_gone_takes_nothing_from_what_has_its_place(states: States) -> None:
    store = states.open()
    glanced(store)
    file = states.root / "state" / "yeta.db"
    copy = file.with_name("copy.db")
    store.database.backup(str(copy))
    remove(file)
    copy.rename(file)
    other = states.open()
    declared(other, "kept")

    store.close()

    assert file.with_name("yeta.db-wal").exists()
    assert set(states.open().waves.recorded().campaigns) == {"kept"}


def test_it_goes_on_with_the_state_that_was_put_back(states: States) -> None:
    store = states.open()
    declared(store, "before")
    folder = states.root / "state"
    folder.rename(folder.with_name("elsewhere"))
    with pytest.raises(StateGone):
        store.reopen()
    shutil.copytree(folder.with_name("elsewhere"), folder)

    store.reopen()
    declared(store, "after")

    assert set(states.open().waves.recorded().campaigns) == {"before", "after"}


@pytest.mark.parametrize("taken", TAKEN_AWAY)
@pytest.mark.parametrize("looked", [True, False], ids=["looked before", "never looked"])
def test_nobody_is_told_what_a_file_says_that_is_gone(states: States, taken: str, looked: bool) -> None:
    store = states.open()
    if looked:
        assert glanced(store) == set()
    TAKEN_AWAY[taken](states.root / "state" / "yeta.db")
    with pytest.raises(StateGone):
        glanced(store)


def test_a_glance_goes_by_the_file_that_was_put_back(states: States) -> None:
    store = states.open()
    glanced(store)
    folder = states.root / "state"
    former = folder.rename(folder.with_name("elsewhere"))
    shutil.copytree(former, folder)
    store.reopen()
    declared(states.open(), "after")
    assert glanced(store) == {"after"}


def test_a_glance_damages_nothing_that_has_the_place_beside_the_formers_log(states: States) -> None:
    store = states.open()
    declared(store)
    file = states.root / "state" / "yeta.db"
    replace_by_a_copy(file)
    before = file.read_bytes()

    with pytest.raises(StateGone):
        glanced(store)
    store.close()

    assert file.read_bytes() == before


def test_a_glance_opens_nothing_that_was_put_there_just_then(
    states: States, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = states.open()
    file = states.root / "state" / "yeta.db"
    former = file.parent.with_name("elsewhere")
    connect = SqliteDatabase._connect

    def late(database: SqliteDatabase, place: str) -> sqlite3.Connection:
        file.parent.rename(former)
        shutil.copytree(former, file.parent)
        return connect(database, place)

    with monkeypatch.context() as patch:
        patch.setattr(SqliteDatabase, "_connect", late)
        with pytest.raises(StateGone):
            glanced(store)
    shutil.rmtree(file.parent)
    former.rename(file.parent)
    declared(store, "its own")
    assert glanced(store) == {"its own"}


@pytest.mark.parametrize("there", ["nothing", "an empty file", "another state", "no state"])
def test_it_goes_on_with_no_other_and_makes_none(states: States, there: str) -> None:
    store = states.open()
    file = states.root / "state" / "yeta.db"
    remove(file)
    if there == "an empty file":
        file.touch()
    elif there == "another state":
        States("state/yeta.db", states.root).open().close()
    elif there == "no state":
        file.write_text("words", encoding="utf-8")

    with pytest.raises(StateError):
        store.reopen()
    with pytest.raises(StateGone):
        declared(store)
    assert file.exists() == (there != "nothing")


def test_it_does_not_open_another_file_beside_the_formers_log(states: States) -> None:
    store = states.open()
    declared(store)
    file = states.root / "state" / "yeta.db"
    replace_by_a_copy(file)
    before = file.read_bytes()

    with pytest.raises(StateGone, match="whoever opens it damages it"):
        store.reopen()
    store.close()

    assert file.read_bytes() == before


def test_a_state_that_nobody_touched_is_the_same_file_after_many_writes(states: States) -> None:
    store, other = states.open(), states.open()
    for at in range(20):
        declared(store, f"a{at}")
        declared(other, f"b{at}")
    os.utime(states.root / "state" / "yeta.db")
    store.database.read("PRAGMA wal_checkpoint(TRUNCATE)")
    states.open().close()
    declared(other, "last")
    assert len(store.waves.recorded().campaigns) == 41
