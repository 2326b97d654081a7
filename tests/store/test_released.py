"""A state of any version there ever was becomes this version's: nothing lost, the tables as if made today."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from tests.store.released import NEWEST, file, keep, lay, lived
from tests.store.states import NOW, States, holding, key, row_states, sealed
from yeta_reconcile.store import Store
from yeta_reconcile.store.database import Database
from yeta_reconcile.store.inbox import Push
from yeta_reconcile.store.open import connect, is_postgresql, open_file
from yeta_reconcile.store.schema import MIGRATIONS, migrate
from yeta_reconcile.store.soundness import findings
from yeta_reconcile.waves.record import Phase, RowState

pytestmark = pytest.mark.sweep

SCHEMAS = range(1, NEWEST + 1)


@pytest.fixture
def states(unmade: States) -> States:
    return unmade


def engine(states: States) -> Database:
    location = states.location
    return connect(location) if is_postgresql(location) else open_file(states.root / location)


def of_schema(states: States, schema: int) -> Store:
    """A state as that schema kept it, opened by this version."""
    with closing(engine(states)) as database:
        lay(database, schema)
    return states.open(create=False)


def tables(database: Database) -> list[object]:
    """What the engine says of columns, references and indexes; not in which order they came to be."""
    if database.dialect == "sqlite":
        named = sorted(database.tables() - {"migrations"})
        kept = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"
        pragmas = ("table_xinfo", "foreign_key_list", "index_list")
        return [database.read(kept)] + [
            (table, sorted(map(str, database.read(f"PRAGMA {pragma}({table})"))))
            for table in named
            for pragma in pragmas
        ]
    columns = (
        "SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name, is_identity "
        "FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1, ordinal_position"
    )
    indexes = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() ORDER BY 1"
    held = (
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = current_schema()::regnamespace ORDER BY 1, 2"
    )
    own = database.read("SELECT current_schema()")[0][0]
    found = [database.read(sql) for sql in (columns, indexes, held)]
    return [[tuple(str(value).replace(own, "") for value in row) for row in rows] for rows in found]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_state_of_a_former_version_is_whole_and_goes_on(states: States, schema: int) -> None:
    store = of_schema(states, schema)

    assert findings(store) == []
    recorded = store.waves.recorded()
    assert {name: [wave.phase for wave in found.waves] for name, found in recorded.campaigns.items()} == {
        "discarded": [Phase.FILLING], "halted": [Phase.PAUSED], "new-name": [], "otp": [Phase.PLANNED],
        "reactivated": [Phase.COMPLETED], "renewal": [Phase.STARTED],
    }  # fmt: skip
    held = {name: found.waves[0] for name, found in recorded.campaigns.items() if found.waves}
    assert (held["discarded"].to_discard, held["reactivated"].reactivated) == (True, True)
    assert held["halted"].halted is not None
    assert {wave.detail for wave in held.values()} == {""}
    first = held["renewal"].wave_id
    called = RowState.DIALLED if schema > 1 else RowState.PENDING
    assert row_states(store, first) == {
        key(0): called, key(1): RowState.PENDING, key(2): RowState.PENDING, key(3): RowState.HELD,
        key(4): RowState.PENDING, key(5): RowState.SET_ASIDE,
    }  # fmt: skip
    assert [intent.batch for intent in store.intents.open()] == [1]
    assert store.waves.knows_task("8")
    assert [entry["who"] for entry in store.history.entries()] == ["甲", "乙"]
    assert store.history.plan_state("p") == "begun"
    assert (store.flag("halt"), recorded.campaigns["new-name"].former) == ("by 甲", ("old-name",))
    assert (store.inbox.counts().waiting, store.inbox.counts().dead) == ((1, 1) if schema > 1 else (0, 0))

    # Numbers that the engine gives go on after those that are there.
    assert sealed(store, [500], campaign="later") > first
    holding(store)
    store.history.append({"who": "丙"}, NOW)
    store.inbox.append([Push("receiveVoice", b"{}", NOW)])
    assert findings(store) == []


@pytest.mark.parametrize("schema", SCHEMAS)
def test_its_tables_are_those_of_a_state_that_is_made_today(
    states: States, schema: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """So a migration that was changed after a version with it was out is found out, too."""
    is_file = not is_postgresql(states.location)
    new = "new/yeta.db" if is_file else request.getfixturevalue("postgres").schema()
    with closing(of_schema(states, schema)) as former, States(new, tmp_path) as others:
        assert tables(former.database) == tables(others.open().database)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_state_of_a_former_version_is_migrated_once(states: States, schema: int) -> None:
    with closing(of_schema(states, schema)) as store:
        applied = store.database.read("SELECT * FROM migrations ORDER BY number")
        migrate(store.database)
        assert store.database.read("SELECT * FROM migrations ORDER BY number") == applied
        assert [number for number, *_ in applied] == [*SCHEMAS]


def test_text_is_a_mark_in_each_migration() -> None:
    """As a bare word it would be in the order of a PostgreSQL database's language, not of its bytes."""
    assert [one for _, statements in MIGRATIONS for one in statements if "TEXT" in one] == []


def test_a_state_of_each_version_is_kept(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """With a new migration, `pytest --update` keeps a state of it; one that is kept is never made anew."""
    if request.config.getoption("--update") and not file(NEWEST).exists():
        with States("yeta.db", tmp_path) as states:
            lived(states.open())
            keep(states.open())
    assert [schema for schema in SCHEMAS if not file(schema).exists()] == []
