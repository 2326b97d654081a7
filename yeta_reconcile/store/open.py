"""Opening the state that the settings name: which engine, where, and with which key."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from yeta_reconcile.errors import InvalidInput, StateError
from yeta_reconcile.marks import Key
from yeta_reconcile.store.callouts import note_beside
from yeta_reconcile.store.database import Database
from yeta_reconcile.store.keys import FILE, given_secret, key_of, required_secret, secret_beside
from yeta_reconcile.store.sqlite import SqliteDatabase
from yeta_reconcile.store.store import Store
from yeta_reconcile.wording import phrase

# What the services set that run pipelines; some set it to say that they are none.
VARIABLE = "CI"
OFF = frozenset({"", "0", "false", "no", "off"})
GIT = ".git"


def open_store(
    location: str,
    root: Path,
    environ: Mapping[str, str],
    *,
    project: str,
    environment: str,
    create: bool,
) -> Store:
    """The state at `location` (a path relative to `root`, or postgresql://…).

    With `create` it is made if it is not there yet; without, a state that does not exist reads as an empty
    one and nothing is written. Raises InvalidInput (location, key), StateError, PlanRejected (another
    environment's).
    """
    store = open_unbound(location, root, environ, create=create)
    try:
        store.bind(project, environment)
    except BaseException:
        store.close()
        raise
    return store


def open_unbound(location: str, root: Path, environ: Mapping[str, str], *, create: bool) -> Store:
    """The same, whosever it is, and even if it must not be used any more, or not yet."""
    opened = _in_postgresql if is_postgresql(location) else _in_file
    return opened(location, root, environ, create=create)


def is_postgresql(location: str) -> bool:
    """Whether a state's location is a PostgreSQL database, and not a file.

    Raises InvalidInput for a location of another kind, without a word of it: it may hold a secret.
    """
    scheme, separator, _ = location.partition("://")
    if separator and scheme.lower() not in {"postgresql", "postgres"}:
        raise InvalidInput(
            phrase("`state:` names neither a file nor a PostgreSQL database"),
            hint=phrase("a path in the repository, or postgresql://user@host/database"),
        )
    return bool(separator)


def _in_file(location: str, root: Path, environ: Mapping[str, str], *, create: bool) -> Store:
    path = root / location
    if path.is_dir():
        raise StateError(
            phrase("the state {path} is a folder", path=path),
            hint=phrase("`state:` in yeta.yaml names a file"),
        )
    exists = path.exists() and path.stat().st_size > 0
    given = given_secret(environ)
    is_new = not given and not path.with_name(FILE).exists()
    key = key_of(given or secret_beside(path, state_exists=exists, create=create))
    if exists or create:
        database = open_file(path, create=create)
        return _of(database, key, create=create, key_is_new=is_new, callouts=note_beside(path))
    return _of_none(key, key_is_new=is_new, callouts=note_beside(path))


def _in_postgresql(location: str, _root: Path, environ: Mapping[str, str], *, create: bool) -> Store:
    key = key_of(required_secret(environ))
    return _of(connect(location), key, create=create)


def _of(
    database: Database, key: Key, *, create: bool, key_is_new: bool = False, callouts: Path | None = None
) -> Store:
    """The state that an engine holds."""
    try:
        if create or "migrations" in database.tables():
            return Store(database, key, key_is_new=key_is_new, callouts=callouts)
    except BaseException:
        database.close()
        raise
    database.close()
    return _of_none(key, key_is_new=key_is_new, callouts=callouts)


def _of_none(key: Key, *, key_is_new: bool, callouts: Path | None = None) -> Store:
    return Store(SqliteDatabase(None), key, ephemeral=True, key_is_new=key_is_new, callouts=callouts)


def connect(location: str) -> Database:
    """The PostgreSQL database at `location`. Raises InvalidInput, StateError."""
    database: Database = _engine().PostgresDatabase(location)
    return database


def place_of(location: str, root: Path) -> str:
    """Where a location is, in words for people, without its secrets. Raises InvalidInput."""
    return str(_engine().place_of(location) if is_postgresql(location) else root / location)


def _engine() -> Any:
    """The module of PostgreSQL; psycopg is there if the extra is installed."""
    try:
        return importlib.import_module("yeta_reconcile.store.postgres")
    except ImportError as error:
        raise InvalidInput(
            phrase("a state in PostgreSQL needs psycopg, which is not installed here"),
            hint=phrase("install the extra: pip install 'yeta-reconcile[postgres]'"),
        ) from error


def open_file(path: Path, *, create: bool = True) -> SqliteDatabase:
    """The SQLite file at `path`; with `create` made with its folder if it is not there. Raises StateError."""
    try:
        if create:
            path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StateError(
            phrase(
                "the folder of the state {path} cannot be made: {strerror}",
                path=path,
                strerror=error.strerror,
            ),
            hint=phrase("`state:` in yeta.yaml names the file"),
        ) from error
    return SqliteDatabase(path, create=create)


def open_without_key(location: str, root: Path) -> Store | None:
    """The state at `location`; None if there is none. Raises InvalidInput, StateError."""
    if is_postgresql(location):
        database = connect(location)
        if "migrations" not in database.tables():
            database.close()
            return None
        return Store(database, Key(b""))
    path = root / location
    if not path.is_file() or not path.stat().st_size:
        return None
    return Store(SqliteDatabase(path, create=False), Key(b""))


def refuse_in_checkout(location: str, root: Path, environ: Mapping[str, str], *, allowed: bool) -> None:
    """Raise InvalidInput for a state in the work tree of the repository at `root`, in a pipeline.

    `allowed` is what the settings say. Outside of pipelines, where a person cleans, it may lie there.
    """
    if allowed or environ.get(VARIABLE, "").strip().lower() in OFF or is_postgresql(location):
        return
    folder, state = root.resolve(), (root / location).resolve()
    for tree in (folder, *folder.parents):
        if (tree / GIT).exists() and state.is_relative_to(tree):
            raise InvalidInput(
                phrase(
                    "the state {state} lies in the checkout {tree}, and this is a pipeline ({variable} is "
                    "set): `git clean` takes it away, and with it who was called",
                    state=state,
                    tree=tree,
                    variable=VARIABLE,
                ),
                hint=phrase(
                    "set YETA_STATE to a file outside of the checkout, or to postgresql://…; "
                    "`state_in_work_tree: true` in yeta.yaml if nothing is ever cleaned there"
                ),
            )
