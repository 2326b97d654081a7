"""PostgreSQL alone: reached, lost and found again; what it says holds no secret and no row."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.receiver import pushes
from tests.receiver.states import state_in
from tests.store.states import KEY, NOW, States, begun, holding, sealed
from tests.support.postgres import PostgresServer
from yeta_reconcile.errors import InvalidInput, StateError
from yeta_reconcile.records import projector
from yeta_reconcile.store.inbox import Push
from yeta_reconcile.store.postgres import PostgresDatabase, PostgresTransaction, translated
from yeta_reconcile.waves.record import Outcome


@pytest.fixture
def states(postgres: PostgresServer, tmp_path: Path) -> Iterator[States]:
    with States(postgres.schema(), tmp_path) as opened:
        yield opened


def cut_off(states: States) -> None:
    """The server ends every other connection, as a restart does."""
    with psycopg.connect(states.location, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND application_name = 'yeta'"
        )


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT a FROM t WHERE b = ? AND c = ?", b"SELECT a FROM t WHERE b = %s AND c = %s"),
        ("SELECT '?', 'it''s ?', '%' FROM t WHERE a = ?", b"SELECT '?', 'it''s ?', '%%' FROM t WHERE a = %s"),
        ("SELECT a % 2", b"SELECT a %% 2"),
    ],
)
def test_question_marks_are_parameters_unless_they_are_quoted(sql: str, words: bytes) -> None:
    assert translated(sql) == words


def test_a_key_is_required_since_there_is_no_file_beside_it(states: States) -> None:
    for create in (True, False):
        with pytest.raises(InvalidInput, match="YETA_STATE_KEY is not set") as refused:
            states.open(environ={}, create=create)
        assert refused.value.exit_code == 3


def test_without_the_extra_it_is_named(states: States, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "yeta_reconcile.store.postgres", raising=False)
    with pytest.raises(InvalidInput, match="psycopg, which is not installed") as refused:
        states.open()
    assert refused.value.hint == "install the extra: pip install 'yeta-reconcile[postgres]'"


@pytest.mark.parametrize(
    "location",
    [
        "postgresql://me:hush@hush@127.0.0.1:1/db",
        "postgresql://me:hush/hush@127.0.0.1:1/db",
        "postgresql://me:hush?hush@127.0.0.1:1/db",
        "postgresql://me:hush#hush@127.0.0.1:1/db",
        "postgresql://me:%hush@127.0.0.1:1/db",
        "postgresql://me:hush@127.0.0.1:one/db",
        "postgresql://me:hush@127.0.0.1:1/db",
        "postgresql://me:hush@127.0.0.1:1/db?nonsense=hush",
        "postgresql://127.0.0.1:1/db?password=hush",
    ],
)
def test_nothing_of_a_connection_string_that_fails_is_shown(location: str, tmp_path: Path) -> None:
    with States(location, tmp_path) as states, pytest.raises((InvalidInput, StateError)) as refused:
        states.open()
    assert "hush" not in f"{refused.value} {refused.value.hint}"


@pytest.mark.parametrize(
    "location",
    ["postgresql+psycopg://me:hush@127.0.0.1:1/db", "postgress://me:hush@h/db", "sqlite:///hush", "://hush"],
)
def test_a_scheme_that_is_mistyped_makes_no_file_and_is_not_shown(location: str, tmp_path: Path) -> None:
    with States(location, tmp_path) as states:
        for create in (True, False):
            with pytest.raises(InvalidInput, match="neither a file nor a PostgreSQL database") as refused:
                states.open(create=create)
            assert refused.value.exit_code == 3
            assert "hush" not in f"{refused.value} {refused.value.hint}"
    assert list(tmp_path.iterdir()) == []


def test_the_scheme_may_be_in_any_case(states: States, tmp_path: Path) -> None:
    states.open()
    with States(states.location.replace("postgresql", "PostgreSQL"), tmp_path) as others:
        assert others.open(create=False).state_id == states.open().state_id


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    with (
        States("postgresql://me:hush@127.0.0.1:1/db", tmp_path) as states,
        pytest.raises(
            StateError, match=r"PostgreSQL at 127\.0\.0\.1:1, database db cannot be reached: "
        ) as refused,
    ):
        states.open()
    assert "PG* variables" in refused.value.hint


def test_the_password_may_come_from_the_environment(
    states: States, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name = "who" + states.location[-12:]
    with psycopg.connect(states.location, autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {name}".encode())
    monkeypatch.setenv("PGUSER", name)
    monkeypatch.setenv("PGPASSWORD", "hush")
    with (
        States(states.location.replace("postgres@", ""), tmp_path) as others,
        pytest.raises(StateError, match=f'role "{name}" is not permitted to log in') as refused,
    ):
        others.open()
    assert "hush" not in str(refused.value)


def test_a_lost_connection_is_made_again_where_nothing_was_in_flight(states: States) -> None:
    store = states.open()
    wave_id = sealed(store)
    cut_off(states)
    assert store.waves.wave(wave_id).rows == 3
    cut_off(states)
    store.waves.change_wave(wave_id, detail="after")
    assert store.waves.wave(wave_id).detail == "after"


def test_a_transaction_whose_connection_is_lost_is_not_done_and_not_tried_again(states: States) -> None:
    store = states.open()
    wave_id = sealed(store)

    def half() -> None:
        with store.database.write() as transaction:
            transaction.execute("UPDATE waves SET detail = 'half'")
            cut_off(states)
            transaction.execute("UPDATE waves SET detail = 'more'")

    with pytest.raises(StateError):
        half()
    assert store.waves.wave(wave_id).detail == ""


def test_a_commit_that_was_never_answered_is_said_to_be_unknown_and_settled_by_looking(
    states: States,
) -> None:
    store = states.open()
    wave_id, holder = sealed(store), holding(store)

    def unanswered() -> None:
        with store.database.write() as transaction:
            transaction.execute(
                "INSERT INTO intents (wave_id, called, row_count, begun, deadline) "
                "VALUES (?, 'start', 0, ?, ?)",
                (wave_id, NOW, NOW),
            )
            cut_off(states)

    with pytest.raises(StateError, match="whether it was is not known") as refused:
        unanswered()
    assert "run the same command again" in refused.value.hint
    assert len(store.intents.open()) in {0, 1}
    intent = begun(store, holder, wave_id)
    store.intents.end(intent, Outcome.DONE, NOW, wave_id=wave_id)


def test_a_statement_that_failed_is_never_taken_for_stored(states: States) -> None:
    store = states.open()

    def swallowed() -> None:
        with store.database.write() as transaction:
            transaction.execute("UPDATE meta SET value = 'x' WHERE name = 'owner'")
            with pytest.raises(psycopg.Error):
                transaction.execute("SELECT nothing FROM nowhere")

    with pytest.raises(StateError, match="did not store a write"):
        swallowed()
    assert store.owner == "acme/"


def test_an_error_shows_no_row(states: States) -> None:
    store = states.open()
    with pytest.raises(StateError) as refused, store.database.write() as transaction:
        transaction.execute(
            "INSERT INTO inbox (module, body, received, source, standing) "
            "VALUES ('m', ?, 1, '19900000001', NULL)",
            (b"19900000002",),
        )
    assert "1990000000" not in str(refused.value)


def test_a_value_that_cannot_be_kept_is_not_taken_for_a_state_that_does_not_work(states: States) -> None:
    store = states.open()
    with pytest.raises(ValueError, match="a value that PostgreSQL cannot keep: bigint out of range"):
        store.inbox.append([Push("receiveVoice", b"{}", 10**30)])
    store.inbox.append([Push("receiveVoice", b"{}", NOW)])
    assert store.inbox.counts().waiting == 1


def test_a_writer_that_never_ends_is_named_as_the_reason(
    states: States, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, other = states.open(), states.open()
    monkeypatch.setattr(
        "yeta_reconcile.store.postgres.BEGIN",
        b"BEGIN; SET LOCAL lock_timeout = '50ms'; "
        b"SELECT pg_advisory_xact_lock(hashtext('yeta'), hashtext(current_schema()))",
    )
    with (
        store.database.write(),
        pytest.raises(StateError, match="busy with another writer"),
        other.database.write(),
    ):
        pass
    other.set_flag("after", "it works")


def test_two_states_of_one_database_do_not_wait_for_each_other(
    states: States, postgres: PostgresServer, tmp_path: Path
) -> None:
    with States(postgres.schema(), tmp_path) as others, states.open().database.write():
        sealed(others.open())


def test_what_was_acknowledged_is_on_disk_whatever_the_servers_default(
    states: States, postgres: PostgresServer, tmp_path: Path
) -> None:
    location = states.location.replace("options=", "options=-csynchronous_commit%3Doff%20")
    with States(location, tmp_path) as careless:
        assert careless.open().database.read("SHOW synchronous_commit") == [("on",)]


def test_a_write_waits_for_the_disk_unless_it_can_be_made_again(states: States) -> None:
    database = states.open().database
    with database.write() as transaction:
        assert transaction.read("SHOW synchronous_commit") == [("on",)]
    with database.write(durable=False) as transaction:
        assert transaction.read("SHOW synchronous_commit") == [("off",)]
    assert database.read("SHOW synchronous_commit") == [("on",)]


def test_what_nobody_waits_for_is_done_before_the_next_and_before_the_end(states: States) -> None:
    store = states.open()
    with store.database.write() as transaction:
        transaction.later("INSERT INTO meta VALUES ('a', ?)", ("1",))
        transaction.later("UPDATE meta SET value = ? WHERE name = 'a'", ("2",))
        assert store.database.read("SELECT value FROM meta WHERE name = 'a'") == [("2",)]
        transaction.ahead([("SELECT value FROM meta WHERE name = ?", ("a",))])
        transaction.later("UPDATE meta SET value = ? WHERE name = 'a'", ("3",))
        found = [transaction.read("SELECT value FROM meta WHERE name = ?", ("a",)) for _ in range(2)]
        # The first as it was when it was asked ahead.
        assert found == [[("2",)], [("3",)]]
        transaction.later("UPDATE meta SET value = ? WHERE name = 'a'", ("4",))
    assert store.database.read("SELECT value FROM meta WHERE name = 'a'") == [("4",)]


@pytest.mark.parametrize("asked", [True, False])
def test_nothing_is_stored_where_what_nobody_waited_for_failed(states: States, asked: bool) -> None:
    store = states.open()

    def write_twice() -> None:
        with store.database.write() as transaction:
            transaction.execute("INSERT INTO meta VALUES ('a', '1')")
            transaction.later("INSERT INTO meta VALUES ('a', '2')")
            if asked:
                transaction.read("SELECT 1")

    with pytest.raises(StateError, match="duplicate key"):
        write_twice()
    assert store.database.read("SELECT value FROM meta WHERE name = 'a'") == []


def test_twenty_records_are_folded_with_little_more_than_twenty_ways_to_the_server(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways = Counter[str]()
    for name in ("_run", "ahead"):
        before = getattr(PostgresTransaction, name)

        def counted(*given: Any, before: Any = before, name: str = name) -> Any:
            ways[name] += 1
            return before(*given)

        monkeypatch.setattr(PostgresTransaction, name, counted)
    with postgres.state() as location, state_in(PostgresDatabase(location)) as state:
        state.wave("129", range(20), data_ids={str(87 + at): at for at in range(20)})
        said = [
            pushes.outbound(f"call-{at}", f"1990000{at:04d}", task_data_id=str(87 + at)) for at in range(20)
        ]
        state.store.inbox.append([*map(pushes.push, said)])
        ways.clear()
        monkeypatch.setattr(projector, "LONGEST_SECONDS", 60.0)
        assert state.projector.step()
        assert state.store.waves.wave(1).dialled == 20
    # What is new, and how each row stood; the rest of it is asked or said with others.
    assert ways == {"_run": 1 + 20, "ahead": 2}


def test_a_database_that_keeps_no_utf_8_is_refused(postgres: PostgresServer, tmp_path: Path) -> None:
    postgres.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    with (
        States(postgres.uri().replace("/postgres?", "/latin?"), tmp_path) as states,
        pytest.raises(StateError, match="does not keep text as UTF-8"),
    ):
        states.open()


def test_a_read_only_server_is_said_to_be_one(states: States, monkeypatch: pytest.MonkeyPatch) -> None:
    store = states.open()
    monkeypatch.setattr("yeta_reconcile.store.postgres.BEGIN", b"BEGIN; SET LOCAL transaction_read_only = on")
    with pytest.raises(
        StateError, match="cannot be written: cannot execute DELETE in a read-only transaction"
    ):
        store.set_flag("halt", "x")


def test_text_that_postgresql_cannot_keep_does_not_stop_a_push(states: States) -> None:
    store = states.open()
    store.inbox.append([Push("receive\0CallRecord", b'{"a": "\0"}', NOW, problem="no\0thing")])
    (letter,) = store.inbox.dead()
    assert (letter.module, letter.body) == ("receive\ufffdCallRecord", b'{"a": "\0"}')


def test_a_database_of_others_is_not_touched_by_a_plan(states: States) -> None:
    assert states.open(create=False).ephemeral
    with psycopg.connect(states.location) as connection:
        found = connection.execute("SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema()")
        assert found.fetchone() == (0,)


def test_sums_are_whole_numbers(states: States) -> None:
    found: Any = states.open().database.read("SELECT SUM(n) FROM (VALUES (1::bigint), (2::bigint)) AS v (n)")
    assert found == [(3,)]
    assert type(found[0][0]) is int


def test_its_place_names_no_user_and_no_secret() -> None:
    with pytest.raises(StateError) as refused:
        PostgresDatabase(f"postgresql://me:{KEY.replace(' ', '-')}@localhost:1/db")
    assert KEY.replace(" ", "-") not in str(refused.value)
