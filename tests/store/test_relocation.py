"""`yeta state migrate`: everything or nothing, proven, and one state afterwards, not two."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.store.conftest import ENGINES
from tests.store.states import KEY, NOW, States, begun, holding, key, row, row_states, sealed
from tests.support.forgetting import forget
from tests.support.postgres import PostgresServer
from yeta_reconcile.errors import InvalidInput, PlanRejected, StateError, StateLocked
from yeta_reconcile.store import copying, relocation, schema
from yeta_reconcile.store.copying import TABLES
from yeta_reconcile.store.inbox import Push
from yeta_reconcile.store.lock import Holder
from yeta_reconcile.store.relocation import Transfer, transfer_state
from yeta_reconcile.waves.record import Outcome, RowState

if TYPE_CHECKING:
    Place = Callable[[str, str], str]

MOVER = Holder("mover", "host", 9, "state migrate")
PAIRS = [(source, target) for source in ENGINES for target in ENGINES]


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Place:
    """A location on an engine."""

    def chosen(engine: str, name: str) -> str:
        if engine == "sqlite":
            return f"{name}/yeta.db"
        server: PostgresServer = request.getfixturevalue("postgres")
        return server.schema()

    return chosen


def move(source: str, target: str, root: Path, **override: Any) -> Transfer:
    given: dict[str, Any] = {
        "environ": {"YETA_STATE_KEY": KEY},
        "holder": MOVER,
        "project": "acme",
        "environment": "",
    }
    return transfer_state(source, target, root, **(given | override))


def filled(states: States) -> None:
    """A state with something in every table that a plain life fills."""
    store = states.open()
    wave_id = sealed(store, range(300), task_id="7")
    store.waves.set_state(wave_id, [key(3)], RowState.DIALLED)
    store.waves.put_aside(wave_id, row(4), "名单.csv", 200203)
    holder = holding(store)
    intent = begun(store, holder, wave_id)
    store.intents.end(intent, Outcome.DONE, NOW, wave_id=wave_id, data_ids=[("d", key(0))])
    begun(store, holder, wave_id, batch=1)
    store.lock.release(holder)
    sealed(store, [1], campaign="gone", task_id="8")
    forget(store, "gone", NOW)
    store.history.append({"who": "甲", "exit_code": 0}, NOW)
    store.history.begin_plan("p", NOW)
    store.inbox.append([Push("receiveVoice", b'{"a": 1}', NOW), Push("x", b"\xff\0", NOW, problem="no JSON")])
    store.set_flag("halt", "by 甲")


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_state_that_was_moved_is_the_same_and_goes_on(
    source: str, target: str, place: Place, tmp_path: Path
) -> None:
    old, new = place(source, "old"), place(target, "new")
    with States(old, tmp_path) as states:
        filled(states)
        before = states.open().waves.recorded()
        state_id = states.open().state_id
    moved = move(old, new, tmp_path)

    assert [proof.table for proof in moved.tables] == list(TABLES)
    assert {proof.table: proof.rows for proof in moved.tables}["wave_rows"] == 300
    assert moved.rows > 300
    with States(new, tmp_path) as states:
        store = states.open(create=False)
        assert store.state_id == state_id
        assert store.waves.recorded() == before
        assert row_states(store, 1)[key(3)] is RowState.DIALLED
        assert [intent.batch for intent in store.intents.open()] == [1]
        assert store.history.broken() is None
        assert store.history.plan_state("p") == "begun"
        assert (store.inbox.counts().waiting, next(store.inbox.dead()).body) == (1, b"\xff\0")
        assert store.flag("halt") == "by 甲"
        # Numbers that the engine gives go on after those that are there.
        following = sealed(store, [500], number=2)
        assert following > 1
        begun(store, holding(store), following)
        store.history.append({"who": "乙"}, NOW)
        store.inbox.append([Push("receiveVoice", b"{}", NOW)])
        assert store.history.broken() is None


@pytest.mark.parametrize("source", ENGINES)
def test_what_is_left_behind_is_used_by_nobody(source: str, place: Place, tmp_path: Path) -> None:
    old = place(source, "old")
    with States(old, tmp_path) as states:
        filled(states)
        receiver = states.open()
        move(old, "new/yeta.db", tmp_path)
        with pytest.raises(StateError, match=r"the state was moved to .*new"):
            states.open()
        with pytest.raises(StateError):
            receiver.inbox.append([Push("receiveVoice", b"{}", NOW)])
    with pytest.raises(StateError, match="was moved to"):
        move(old, "third/yeta.db", tmp_path)


@pytest.mark.parametrize("target", ENGINES)
def test_a_target_that_holds_anything_is_refused(target: str, place: Place, tmp_path: Path) -> None:
    new = place(target, "new")
    with States("old/yeta.db", tmp_path) as states, States(new, tmp_path) as others:
        filled(states)
        others.open()
        with pytest.raises(StateError, match="is not empty: it holds"):
            move("old/yeta.db", new, tmp_path)
        assert states.open().waves.recorded().campaigns
        assert others.open().waves.recorded().campaigns == {}
    with pytest.raises(StateError, match="is not empty"):
        move("old/yeta.db", "old/yeta.db", tmp_path)


def test_a_state_that_somebody_works_on_is_not_moved(tmp_path: Path) -> None:
    with States("old/yeta.db", tmp_path) as states:
        filled(states)
        holding(states.open(), now=time.time_ns() // 1_000_000)
        with pytest.raises(StateLocked, match="locked by `yeta apply`"):
            move("old/yeta.db", "new/yeta.db", tmp_path)
        with States("new/yeta.db", tmp_path) as others:
            assert others.open(create=False).ephemeral


@pytest.mark.parametrize("target", ENGINES)
def test_a_copy_that_is_not_equal_is_not_kept(
    target: str, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = place(target, "new")
    with States("old/yeta.db", tmp_path) as states:
        filled(states)
    honest = schema.create

    def careless(transaction: Any, dialect: str) -> None:
        honest(transaction, dialect)
        if dialect == "sqlite":
            transaction.execute(
                "CREATE TRIGGER lost BEFORE INSERT ON wave_rows WHEN NEW.line = 9 "
                "BEGIN SELECT RAISE(IGNORE); END"
            )
        else:
            transaction.execute(
                "CREATE FUNCTION drop_it() RETURNS trigger LANGUAGE plpgsql AS "
                "'BEGIN IF NEW.line = 9 THEN RETURN NULL; END IF; RETURN NEW; END'"
            )
            transaction.execute(
                "CREATE TRIGGER lost BEFORE INSERT ON wave_rows FOR EACH ROW EXECUTE FUNCTION drop_it()"
            )

    monkeypatch.setattr(copying, "create", careless)
    with pytest.raises(StateError, match=r"the copy of wave_rows is not what was copied \(300 rows, 299"):
        move("old/yeta.db", new, tmp_path)
    monkeypatch.undo()
    with States("old/yeta.db", tmp_path) as states:
        assert states.open().waves.recorded().campaigns
        assert states.open().lock.current(NOW) is None
    assert move("old/yeta.db", new, tmp_path).rows > 300


class Killed(BaseException):
    """The mover is dead."""


@pytest.mark.parametrize(("step", "left"), [("_leave", False), ("_arrive", True)])
@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_move_that_was_killed_leaves_one_state_at_most_and_is_finished_by_the_next(
    source: str, target: str, step: str, left: bool, place: Place, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    old, new = place(source, "old"), place(target, "new")
    with States(old, tmp_path) as states:
        filled(states)

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(relocation, step, die)
        with pytest.raises(Killed):
            move(old, new, tmp_path)

    with States(new, tmp_path) as states, pytest.raises(StateError, match="is being moved here from") as told:
        states.open()
    assert "state migrate` again" in told.value.hint
    with States(old, tmp_path) as states:
        if left:
            with pytest.raises(StateError, match="was moved to"):
                states.open()
        else:
            # It goes on meanwhile, and what is done there is not lost.
            states.open().set_flag("meanwhile", "yes")
    assert move(old, new, tmp_path).rows > 300
    with States(new, tmp_path) as states:
        store = states.open(create=False)
        assert len(store.waves.recorded().campaigns) == 1
        assert store.flag("meanwhile") == (None if left else "yes")
        assert store.history.broken() is None
        store.history.append({"who": "乙"}, NOW)
        assert store.history.broken() is None
    with pytest.raises(StateError, match="was moved to"):
        move(old, new, tmp_path)


def test_the_key_goes_with_a_file_and_stays_private(tmp_path: Path) -> None:
    with States("old/yeta.db", tmp_path) as states:
        sealed(states.open(environ={}))
    move("old/yeta.db", "new/yeta.db", tmp_path, environ={})
    there, here = tmp_path / "new" / "yeta.key", tmp_path / "old" / "yeta.key"
    assert there.read_text(encoding="ascii") == here.read_text(encoding="ascii")
    assert stat.S_IMODE(there.stat().st_mode) == 0o600
    with States("new/yeta.db", tmp_path) as states:
        assert states.open(environ={}).waves.recorded().campaigns


def test_a_key_of_another_state_is_not_overwritten(tmp_path: Path) -> None:
    with States("old/yeta.db", tmp_path) as states, States("new/other.db", tmp_path) as others:
        sealed(states.open(environ={}))
        others.open(environ={})
    with pytest.raises(InvalidInput, match="holds another key"):
        move("old/yeta.db", "new/yeta.db", tmp_path, environ={})


def test_where_there_is_no_file_the_key_must_be_given(place: Place, tmp_path: Path) -> None:
    new = place("postgresql", "new")
    with States("old/yeta.db", tmp_path) as states:
        store = states.open(environ={})
        sealed(store)
    with pytest.raises(InvalidInput, match="YETA_STATE_KEY is not set") as refused:
        move("old/yeta.db", new, tmp_path, environ={})
    assert "the line of its yeta.key" in refused.value.hint
    line = (tmp_path / "old" / "yeta.key").read_text(encoding="ascii").strip()
    move("old/yeta.db", new, tmp_path, environ={"YETA_STATE_KEY": line})


def test_no_other_projects_state_is_moved_and_none_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="there is no state"):
        move("old/yeta.db", "new/yeta.db", tmp_path)
    with States("old/yeta.db", tmp_path) as states:
        states.open()
    with pytest.raises(PlanRejected):
        move("old/yeta.db", "new/yeta.db", tmp_path, project="other")
    assert not (tmp_path / "new").exists()
