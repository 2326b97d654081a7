"""The SQLite file: durable, private, whole or not at all, and clear about what is wrong with it."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.store.states import NOW, States, counts, declared, row, sealed, wave
from yeta_reconcile.errors import StateError
from yeta_reconcile.store.schema import MIGRATIONS, apply, create
from yeta_reconcile.store.sqlite import SqliteDatabase


@pytest.fixture
def states(tmp_path: Path) -> Iterator[States]:
    with States("state/yeta.db", tmp_path) as opened:
        yield opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "yeta.db"


def test_it_is_durable_and_holds_to_its_references(states: States) -> None:
    read = states.open().database.read
    assert read("PRAGMA journal_mode") == [("wal",)]
    assert read("PRAGMA synchronous") == [(2,)]
    assert read("PRAGMA foreign_keys") == [(1,)]


def test_a_write_waits_for_the_disk_unless_it_can_be_made_again(states: States, file: Path) -> None:
    states.open()
    database = SqliteDatabase(file, busy_seconds=0.05)

    def levels() -> tuple[int, int]:
        found = []
        for durable in (True, False):
            with database.write(durable=durable) as transaction:
                found.append(transaction.read("PRAGMA synchronous")[0][0])
        return found[0], found[1]

    assert levels() == (2, 1)
    with pytest.raises(ZeroDivisionError), database.write(durable=False):
        raise ZeroDivisionError
    assert levels() == (2, 1)
    with states.open().database.write(), pytest.raises(StateError), database.write(durable=False):
        pass
    assert levels() == (2, 1)
    with pytest.raises(ZeroDivisionError), database.write():
        raise ZeroDivisionError
    assert levels() == (2, 1)
    # As where it could not be said again, for want of memory or by a Ctrl-C.
    database.read("PRAGMA synchronous=NORMAL")
    assert levels() == (2, 1)
    database.close()


def test_nobody_else_can_read_it_nor_its_key(states: States, file: Path) -> None:
    before = os.umask(0)
    try:
        store = states.open(environ={})
        sealed(store)
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
    assert modes == dict.fromkeys(("yeta.db", "yeta.db-wal", "yeta.db-shm", "yeta.key"), 0o600)


def test_tables_made_step_by_step_are_those_made_at_once(tmp_path: Path) -> None:
    def schema(database: SqliteDatabase) -> list[object]:
        shown = database.read("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
        tables = [
            (table, database.read(f"PRAGMA table_xinfo({table})")) for table in sorted(database.tables())
        ]
        database.close()
        return [*shown, *tables]

    stepped, fresh = SqliteDatabase(tmp_path / "stepped.db"), SqliteDatabase(tmp_path / "fresh.db")
    with stepped.write() as transaction:
        transaction.execute(
            "CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied TEXT NOT NULL)"
        )
    for number in range(1, len(MIGRATIONS) + 1):
        with stepped.write() as transaction:
            apply(transaction, "sqlite", number)
    with fresh.write() as transaction:
        create(transaction, "sqlite")

    def without_spelling(of: list[object]) -> list[object]:
        return [part for part in of if not str(part).startswith("('migrations', 'CREATE")]

    assert without_spelling(schema(stepped)) == without_spelling(schema(fresh))


def test_a_migration_commits_with_its_record_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = ("a further one", ("CREATE TABLE further (a INTEGER)", "CREATE TABLE further (a INTEGER)"))
    monkeypatch.setattr("yeta_reconcile.store.schema.MIGRATIONS", (*MIGRATIONS, broken))
    with States("yeta.db", tmp_path) as states, pytest.raises(StateError, match="already exists"):
        states.open()
    monkeypatch.undo()
    with States("yeta.db", tmp_path) as states:
        database = states.open().database
        assert "further" not in database.tables()
        assert database.read("SELECT MAX(number) FROM migrations") == [(len(MIGRATIONS),)]


def test_a_file_that_is_no_database_is_named_and_left_alone(states: States, file: Path) -> None:
    file.parent.mkdir()
    file.write_text("kind: Project\n" * 100, encoding="utf-8")
    with pytest.raises(StateError, match=r"yeta\.db is no readable SQLite file") as refused:
        states.open()
    assert "yeta state backup" in refused.value.hint
    assert file.read_text(encoding="utf-8") == "kind: Project\n" * 100


def test_a_damaged_file_is_named(states: States, file: Path) -> None:
    store = states.open()
    sealed(store, range(5000))
    store.close()
    with file.open("r+b") as stream:
        stream.seek(4096 * 3)
        stream.write(b"\xff" * 4096 * 40)
    with pytest.raises(StateError, match="is no readable SQLite file"):
        list(states.open().waves.rows(1))


def test_an_empty_file_is_a_state_that_does_not_exist_yet(states: States, file: Path) -> None:
    file.parent.mkdir()
    file.touch()
    assert states.open(create=False).ephemeral
    assert file.stat().st_size == 0
    assert not states.open().ephemeral


@pytest.mark.parametrize("create", [True, False])
def test_a_folder_where_the_file_should_be_is_said_to_be_one(
    states: States, file: Path, create: bool
) -> None:
    file.mkdir(parents=True)
    with pytest.raises(StateError, match="is a folder") as refused:
        states.open(create=create)
    assert refused.value.hint == "`state:` in yeta.yaml names a file"
    assert [*file.parent.iterdir()] == [file]


def test_a_file_where_the_folder_should_be_is_said_to_be_in_the_way(states: States, tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(StateError, match="cannot be"):
        states.open()


def test_a_read_only_state_is_refused_before_anything_is_done(states: States, file: Path) -> None:
    store = states.open()
    with store.database.write() as transaction:
        transaction.execute("CREATE TABLE further (a INTEGER)")
    store.close()
    file.chmod(0o400)
    database = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    database.close()
    if os.geteuid() == 0:
        # Root writes whatever the mode says: what SQLite answers is what counts.
        store = states.open()
        store.database.read("PRAGMA query_only = 1")
        with pytest.raises(StateError, match="cannot be written: permission denied or a read-only folder"):
            declared(store)
    else:
        with pytest.raises(StateError, match="cannot be written: permission denied or a read-only folder"):
            states.open()


def test_a_state_that_nobody_here_may_write_is_read_as_it_stands(
    states: States, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = states.open()
    declared(store)
    store.close()
    # Root may write whatever the mode says.
    monkeypatch.setattr("os.access", lambda *_: False)
    looked_at = states.open(create=False)

    assert looked_at.database.read("SELECT COUNT(*) FROM campaigns") == [(1,)]
    assert not file.with_name(f"{file.name}-wal").exists()
    with pytest.raises(StateError, match="cannot be written"), looked_at.database.write() as transaction:
        transaction.execute("DELETE FROM campaigns")
    declared(states.open(), "other")
    with pytest.raises(StateError, match="was written while it was read"):
        looked_at.database.read("SELECT 1")


def test_a_full_disk_costs_the_write_and_nothing_else(states: States, file: Path) -> None:
    store = states.open()
    wave_id = sealed(store, range(100))
    pages = store.database.read("PRAGMA page_count")[0][0]
    store.database.read(f"PRAGMA max_page_count = {pages + 2}")
    declared(store)
    further = store.waves.plan_wave(wave(number=2))
    with pytest.raises(StateError, match="the disk is full") as refused:
        store.waves.add_rows(further, map(row, range(5000)))
    assert "nothing half-written" in refused.value.hint
    assert counts(store, wave_id)[0] == counts(store, wave_id)[1]
    assert store.database.read("SELECT COUNT(*) FROM wave_rows") == [(100,)]
    store.database.read("PRAGMA max_page_count = 1000000")
    store.waves.add_rows(further, map(row, range(5000)))
    assert store.database.read("PRAGMA integrity_check") == [("ok",)]


def test_a_writer_that_never_ends_is_named_as_the_reason(states: States, file: Path) -> None:
    states.open()
    impatient = SqliteDatabase(file, busy_seconds=0.05)
    with (
        states.open().database.write(),
        pytest.raises(StateError, match="busy with another writer"),
        impatient.write(),
    ):
        pass
    impatient.close()


def test_a_backup_is_a_whole_state_taken_beside_a_writer(states: States, tmp_path: Path) -> None:
    store, writer = states.open(), states.open()
    sealed(store, range(2000))
    with writer.database.write() as transaction:
        transaction.execute("UPDATE waves SET detail = 'not committed'")
        store.database.backup(str(tmp_path / "copy.db"))
    with States("copy.db", tmp_path) as copies:
        copy = copies.open()
        assert copy.state_id == store.state_id
        assert copy.waves.wave(1).detail == ""
        assert copy.waves.wave(1).rows == 2000
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600


def test_a_backup_overwrites_nothing_and_leaves_nothing_when_it_fails(states: States, tmp_path: Path) -> None:
    store = states.open()
    there = tmp_path / "there.db"
    there.write_text("mine", encoding="utf-8")
    with pytest.raises(StateError, match="exists already"):
        store.database.backup(str(there))
    assert there.read_text(encoding="utf-8") == "mine"
    with pytest.raises(StateError):
        store.database.backup(str(tmp_path / "no-such-folder" / "copy.db"))
    store.close()
    with pytest.raises(StateError):
        store.database.backup(str(tmp_path / "late.db"))
    assert not (tmp_path / "late.db").exists()


def test_what_a_killed_writer_left_in_the_middle_is_gone(states: States, file: Path) -> None:
    store = states.open()
    sealed(store)
    child = os.fork()
    if not child:
        # Not a clean-up of the interpreter: the process is gone between two statements.
        with states.open().database.write() as transaction:
            transaction.execute("UPDATE waves SET detail = 'half'")
            os._exit(9)
    os.waitpid(child, 0)
    seen = states.open()
    assert seen.waves.wave(1).detail == ""
    seen.waves.change_wave(1, detail="whole")
    assert seen.waves.wave(1).detail == "whole"
    assert NOW


def test_a_glance_waits_for_no_write_and_sees_what_is_committed(states: States) -> None:
    database = states.open().database
    written, look = threading.Event(), threading.Event()

    def write() -> None:
        with database.write() as transaction:
            transaction.execute("INSERT INTO meta VALUES ('glance', '1')")
            written.set()
            assert look.wait(60)

    def found() -> list[object]:
        return [*database.glance("SELECT value FROM meta WHERE name = ?", ("glance",))]

    with ThreadPoolExecutor(2) as pool:
        writing = pool.submit(write)
        assert written.wait(60)
        glance = pool.submit(found)
        try:
            assert glance.result(30) == []
        finally:
            look.set()
        writing.result(60)
    assert found() == [("1",)]


def test_a_glance_at_what_is_in_memory_sees_the_same() -> None:
    database = SqliteDatabase(None)
    with database.write() as transaction:
        transaction.execute("CREATE TABLE words (word TEXT)")
        transaction.execute("INSERT INTO words VALUES ('one')")
    assert database.glance("SELECT word FROM words") == [("one",)]
    database.close()


@pytest.mark.parametrize(
    ("held", "then", "slept"), [(6, 0, [2]), (6, 1, [1]), (6, 2, []), (5, 0, [])],
    ids=["at once", "soon", "later", "held shortly"],
)  # fmt: skip
def test_whoever_held_the_file_long_lets_others_go_first(
    states: States, monkeypatch: pytest.MonkeyPatch, held: int, then: int, slept: list[int]
) -> None:
    now = 0
    sleeps: list[int] = []
    clock = SimpleNamespace(
        monotonic=lambda: now / 1000, sleep=lambda seconds: sleeps.append(round(1000 * seconds))
    )
    monkeypatch.setattr("yeta_reconcile.store.sqlite.time", clock)
    store = states.open()

    with store.database.write():
        now += held
    # Nobody waits for what nobody writes.
    assert sleeps == []
    now += then
    with store.database.write():
        pass

    assert sleeps == slept
