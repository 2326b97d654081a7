"""`state restore`: a copy takes the state's place whole or not at all, whatever is there, whoever uses it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.store.states import KEY, NOW, States, begun, declared, holding, sealed
from yeta_reconcile.errors import InvalidInput, PlanRejected, StateError, StateGone, StateLocked
from yeta_reconcile.store import restoring
from yeta_reconcile.store.inbox import Push
from yeta_reconcile.store.lock import Holder
from yeta_reconcile.store.restoring import FileRestored, restoration
from yeta_reconcile.store.soundness import findings
from yeta_reconcile.store.sqlite import SqliteDatabase

RESTORER = Holder("restorer", "host", 9, "state restore")


@pytest.fixture
def states(tmp_path: Path) -> Iterator[States]:
    with States("state/yeta.db", tmp_path) as opened:
        yield opened


def backed_up(states: States) -> Path:
    """A state with the campaign `early`, its copy, and `late` since."""
    copy = states.root / "copy.db"
    with closing(states.open()) as store:
        sealed(store, range(300), campaign="early")
        store.history.append({"who": "甲", "exit_code": 0}, NOW)
        store.database.backup(str(copy))
        sealed(store, range(300), campaign="late")
    return copy


def restore(copy: Path, root: Path, **override: Any) -> FileRestored:
    given: dict[str, Any] = {
        "location": "state/yeta.db", "environ": {"YETA_STATE_KEY": KEY}, "project": "acme", "environment": "",
    }  # fmt: skip
    with restoration(copy, root=root, **(given | override)) as made:
        assert isinstance(made, FileRestored)
        made.look()
        made.put_in_place(RESTORER, {"command": "state restore", "outcome": "put in place"}, NOW + 1)
    return made


def campaigns(file: Path) -> set[str]:
    """Of a whole state, without a log beside it."""
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return {row[0] for row in database.execute("SELECT name FROM campaigns")}


def held(states: States) -> set[str]:
    with closing(states.open(create=False)) as store:
        assert findings(store) == []
        return set(store.waves.recorded().campaigns)


def test_the_copy_is_the_state_and_what_was_there_is_kept_whole(states: States) -> None:
    copy = backed_up(states)

    made = restore(copy, states.root)

    assert held(states) == {"early"}
    assert made.kept
    assert campaigns(made.kept) == {"early", "late"}
    assert campaigns(copy) == {"early"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (made.kept, made.path)} == {0o600}
    assert {path.name for path in made.path.parent.iterdir()} == {"yeta.db", made.kept.name}
    with closing(states.open()) as store:
        *_, last = store.history.entries()
        assert last["command"] == "state restore"
        assert made.kept.name in last["outcome"]


def crashed(states: States) -> None:
    """What a killed process leaves: a log with commits that are nowhere else."""
    child = os.fork()
    if not child:
        sealed(states.open(), range(300), campaign="last")
        os._exit(9)
    os.waitpid(child, 0)
    assert (states.root / "state" / "yeta.db-wal").stat().st_size


def damaged(states: States) -> None:
    crashed(states)
    with (states.root / "state" / "yeta.db").open("r+b") as stream:
        stream.seek(100)
        stream.write(b"\xff" * 8000)


def no_database(states: States) -> None:
    (states.root / "state" / "yeta.db").write_text("words " * 5000, encoding="utf-8")


def copied_over(states: States) -> None:
    """What was documented once: the log is another file's."""
    crashed(states)
    shutil.copyfile(states.root / "copy.db", states.root / "state" / "yeta.db")


def only_the_log(states: States) -> None:
    crashed(states)
    (states.root / "state" / "yeta.db").unlink()


THERE: dict[str, Callable[[States], object]] = {
    "nothing": lambda states: shutil.rmtree(states.root / "state"),
    "an empty file": lambda states: (states.root / "state" / "yeta.db").write_bytes(b""),
    "a state whose process was killed": crashed,
    "a damaged state": damaged,
    "no database": no_database,
    "a copy over a crashed state": copied_over,
    "a log alone": only_the_log,
}


@pytest.mark.parametrize("there", THERE)
def test_it_works_whatever_is_there(states: States, there: str) -> None:
    copy = backed_up(states)
    THERE[there](states)

    made = restore(copy, states.root)

    assert held(states) == {"early"}
    assert (made.kept is not None) == (there != "nothing")
    if there == "a state whose process was killed":
        assert made.kept
        assert campaigns(made.kept) == {"early", "late", "last"}


def test_whoever_has_the_former_open_stops_and_its_last_words_are_kept(states: States) -> None:
    copy = backed_up(states)
    user = states.open()
    user.inbox.append([Push("receiveVoice", b"{}", NOW)])

    made = restore(copy, states.root)

    with pytest.raises(StateGone):
        user.inbox.append([Push("receiveVoice", b'{"a": 1}', NOW)])
    assert made.kept
    with closing(sqlite3.connect(made.kept)) as kept:
        assert kept.execute("SELECT COUNT(*) FROM inbox").fetchone() == (1,)
    user.reopen()
    user.inbox.append([Push("receiveVoice", b"{}", NOW)])
    user.close()
    assert held(states) == {"early"}
    assert states.open().inbox.counts().waiting == 1


def test_while_somebody_holds_the_lock_nothing_is_put_in_place(states: States) -> None:
    copy = backed_up(states)
    with closing(states.open()) as store:
        holder = holding(store, now=time.time_ns() // 1_000_000)
        with pytest.raises(StateLocked):
            restore(copy, states.root)
        store.lock.release(holder)
    assert held(states) == {"early", "late"}
    restore(copy, states.root)


def test_an_apply_that_died_on_the_former_goes_on_with_nothing_of_it(states: States) -> None:
    copy = backed_up(states)
    dead = states.open()
    holder = holding(dead, now=1)
    restore(copy, states.root)
    with pytest.raises(StateGone):
        begun(dead, holder, None)


def spoilt(copy: Path) -> None:
    with copy.open("r+b") as stream:
        stream.seek(4096 * 5)
        stream.write(b"\xff" * 4096 * 20)


def miscounted(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as database, database:
        database.execute("UPDATE waves SET pending = pending + 1")


def loose(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as database, database:
        database.execute("DELETE FROM campaigns")


BAD: dict[str, tuple[Callable[[Path], object], type[Exception], str]] = {
    "damaged": (spoilt, StateError, "no sound copy of a state"),
    "cut off": (lambda copy: os.truncate(copy, 10_000), StateError, "no sound copy of a state"),
    "no database": (lambda copy: copy.write_text("words"), StateError, "no sound copy of a state"),
    "empty": (lambda copy: copy.write_bytes(b""), StateError, "it holds no state"),
    "miscounted": (miscounted, StateError, "its rows are 300 pending and not 301"),
    "loose rows": (loose, StateError, "belongs to what is not in campaigns"),
    "missing": (lambda copy: copy.unlink(), InvalidInput, "there is no file"),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_copy_that_is_not_sound_is_refused_and_nothing_changed(states: States, bad: str) -> None:
    copy = backed_up(states)
    spoil, error, words = BAD[bad]
    spoil(copy)

    with pytest.raises(error, match=words):
        restore(copy, states.root)

    assert held(states) == {"early", "late"}
    assert {path.name for path in (states.root / "state").iterdir()} == {"yeta.db"}


def test_another_key_project_or_environment_is_refused_and_so_is_the_state_itself(states: States) -> None:
    copy = backed_up(states)
    with pytest.raises(InvalidInput, match="another key"):
        restore(copy, states.root, environ={"YETA_STATE_KEY": KEY + "!"})
    with pytest.raises(InvalidInput, match="key of the state is missing"):
        restore(copy, states.root, environ={})
    with pytest.raises(PlanRejected):
        restore(copy, states.root, project="other")
    with pytest.raises(PlanRejected):
        restore(copy, states.root, environment="test")
    with pytest.raises(InvalidInput, match="is the state itself"):
        restore(states.root / "state" / "yeta.db", states.root)
    assert held(states) == {"early", "late"}


def test_anothers_state_and_one_that_was_moved_are_not_replaced(states: States) -> None:
    copy = backed_up(states)
    with closing(states.open()) as store:
        store.set_flag("moved", "elsewhere")
    with pytest.raises(StateError, match="was moved to elsewhere"):
        restore(copy, states.root)
    shutil.rmtree(states.root / "state")
    states.open(project="other").close()
    with pytest.raises(PlanRejected):
        restore(copy, states.root)


def dies_at(step: int, copy: Path, root: Path) -> bool:
    """Restore in a process that is gone at a step; whether it came so far."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    steps = 0

    def mortal(do: Callable[..., Any]) -> Callable[..., Any]:
        def done(*given: Any, **more: Any) -> Any:
            nonlocal steps
            steps += 1
            if steps == step:
                os._exit(9)
            result = do(*given, **more)
            steps += 1
            if steps == step:
                os._exit(9)
            return result

        return done

    for owner, name in (
        (Path, "unlink"), (Path, "replace"), (os, "fsync"), (os, "link"), (SqliteDatabase, "close"),
        (restoring, "copy_file"),
    ):  # fmt: skip
        setattr(owner, name, mortal(getattr(owner, name)))
    try:
        restore(copy, root)
    finally:
        os._exit(0)
    return False


USER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA wal_autocheckpoint=0")
database.execute("INSERT INTO campaigns (name, kind, key_headers) VALUES ('open', 'Campaign', '[]')")
print("open", flush=True)
sys.stdin.read()
"""


@contextmanager
def used(states: States, *, really: bool) -> Iterator[None]:
    """Another process has it open and has written, what is in the log alone."""
    if not really:
        yield
        return
    command = [sys.executable, "-c", USER, str(states.root / "state" / "yeta.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as user:
        assert user.stdout
        assert user.stdout.readline() == b"open\n"
        yield
        user.kill()


@pytest.mark.sweep
@pytest.mark.parametrize(
    "there",
    [
        # What a killed process leaves is a sound state, and a log.
        pytest.param("a sound state", marks=pytest.mark.torture),
        "a state whose process was killed",
        "a damaged state",
        "a state that others have open",
    ],
)
def test_a_restore_that_dies_at_any_step_leaves_the_whole_former_or_the_whole_copy(
    states: States, there: str
) -> None:
    copy = backed_up(states)
    if there in THERE:
        THERE[there](states)
    shutil.copytree(states.root / "state", states.root / "before")
    opened = there == "a state that others have open"
    last = {"last"} if there == "a state whose process was killed" else {"open"} if opened else set()
    step, seen = 0, set()
    died = True
    while died:
        step += 1
        with used(states, really=opened):
            died = dies_at(step, copy, states.root)
            try:
                seen.add(frozenset(held(states)))
            except StateError:
                # It was damaged before, and nothing of it is lost that was there.
                assert there == "a damaged state", step
        if died:
            shutil.rmtree(states.root / "state")
            shutil.copytree(states.root / "before", states.root / "state")
    whole = {frozenset({"early"}), frozenset({"early", "late"} | last)}
    assert seen <= whole
    assert frozenset({"early"}) in seen
    assert len(seen) == (1 if there == "a damaged state" else 2)
    assert step > 8
    assert held(states) == {"early"}


def test_a_state_that_was_used_meanwhile_is_checked_as_it_is(states: States) -> None:
    with closing(states.open()) as store:
        sealed(store)
        declared(store, "without a wave")
        assert findings(store) == []
        with store.database.write() as transaction:
            transaction.execute("UPDATE waves SET held = 5, pending = 0")
        (found,) = findings(store)
        assert found.about == "counts"
        assert (
            found.summary == "renewal wave 1, attempt 1: its rows are 3 pending and not 0, 0 held and not 5"
        )
