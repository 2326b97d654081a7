"""A state moves to another place, between the engines or within one: copied whole, proven equal, then left.

While it is copied nobody writes to it, and afterwards nobody can: two states of one project would each think
that theirs is what was called. The copy is used by nobody until then; a move that was killed is made again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from yeta_reconcile.errors import InvalidInput, StateError
from yeta_reconcile.store.copying import TABLES, TableProof, clear, fill, found
from yeta_reconcile.store.database import Database, Transaction
from yeta_reconcile.store.history import History
from yeta_reconcile.store.keys import FILE, given_secret, read_secret, required_secret, write_secret
from yeta_reconcile.store.lock import Holder
from yeta_reconcile.store.open import connect, is_postgresql, open_file, open_unbound, place_of
from yeta_reconcile.store.store import ARRIVING, MOVED, Store
from yeta_reconcile.wording import listed, phrase

# What a receiver writes to: gone from a state that was moved, so that one still running stores nothing there.
RECEIVED = ("inbox", "dead_letters", "calls")


@dataclass(frozen=True, slots=True)
class Transfer:
    """What was moved where, in words for people, and what proves it."""

    source: str
    target: str
    tables: tuple[TableProof, ...]

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(proof.rows for proof in self.tables)


def transfer_state(
    source: str,
    target: str,
    root: Path,
    environ: Mapping[str, str],
    holder: Holder,
    *,
    project: str,
    environment: str,
    note: Callable[[History, Transfer], object] = lambda _history, _moved: None,
) -> Transfer:
    """Move the state at `source` to `target` (locations as in `state:`); `note` adds it to the history there.

    The target must hold nothing, and still does if anything fails, or what a try that was killed left of the
    same state; that one is brought to its end. Raises StateError, StateLocked,
    InvalidInput.
    """
    with closing(open_unbound(source, root, environ, create=False)) as store:
        if store.ephemeral:
            raise StateError(
                phrase("there is no state where it is to be moved from"),
                hint=phrase("see `state:` in yeta.yaml"),
            )
        if store.flag(MOVED) == place_of(target, root):
            # It was left already; whether it has arrived, only the target tells.
            with closing(_open_target(source, target, root, environ)) as database:
                if _arriving(store, database):
                    return _arrive(store, database, note)
        store.bind(project, environment)
        store.lock.acquire(holder)
        try:
            with closing(_open_target(source, target, root, environ)) as database:
                _move(store, database)
                return _arrive(store, database, note)
        finally:
            store.lock.release(holder)


def _open_target(source: str, target: str, root: Path, environ: Mapping[str, str]) -> Database:
    """The target, with the key of the source beside it where that is a file."""
    if is_postgresql(target):
        required_secret(environ)
        return connect(target)
    if not given_secret(environ):
        secret, file = read_secret((root / source).with_name(FILE)), (root / target).with_name(FILE)
        write_secret(file, secret)
        if read_secret(file) != secret:
            raise InvalidInput(
                phrase("{file} holds another key than the state that is to be moved", file=file),
                hint=phrase("choose a folder without a key, or put the state's own there"),
            )
    return open_file(root / target)


def _arriving(store: Store, database: Database) -> bool:
    """Whether a copy of this state was put there that never came to its end."""
    if "meta" not in database.tables():
        return False
    meta: dict[str, str] = dict(database.read("SELECT name, value FROM meta"))
    return f"flag.{ARRIVING}" in meta and meta["state_id"] == store.state_id


def _move(store: Store, database: Database) -> None:
    """Copy it, then leave it. Between the two nobody may use the copy; the next try makes it anew."""
    again = _arriving(store, database)
    if (held := sorted(database.tables())) and not again:
        raise StateError(
            phrase(
                "{place} is not empty: it holds {held}{value}",
                place=database.place,
                held=listed(held[:3], 0),
                value=" …" * (len(held) > 3),
            ),
            hint=phrase("a state moves into a new file, or into a database or schema of its own"),
        )
    with store.database.write() as old:
        with database.write() as new:
            if again:
                clear(new)
            fill(old, new, database.dialect)
            new.execute("INSERT INTO meta VALUES (?, ?)", (f"flag.{ARRIVING}", store.database.place))
        _leave(old, database.place)


def _arrive(store: Store, database: Database, note: Callable[[History, Transfer], object]) -> Transfer:
    """The source is left: from now on the copy is the state. What is in it."""
    with database.write() as new:
        new.execute("DELETE FROM meta WHERE name = ?", (f"flag.{ARRIVING}",))
        proofs = tuple(found(new, table) for table in TABLES)
        moved = Transfer(store.database.place, database.place, proofs)
        note(History(database, store.key), moved)
    return moved


def _leave(old: Transaction, place: str) -> None:
    """What is left behind says where the state is, and takes nothing in any more."""
    old.execute("INSERT INTO meta VALUES (?, ?)", (f"flag.{MOVED}", place))
    for table in RECEIVED:
        old.execute(f"ALTER TABLE {table} RENAME TO {table}_moved")
