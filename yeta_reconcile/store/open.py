"""Opening the state that the settings name: which engine, where, and with which key."""

from __future__ import annotations

import importlib
import os
import secrets
from contextlib import suppress
from hashlib import blake2b
from typing import TYPE_CHECKING

from yeta_reconcile.errors import InvalidInput, StateError
from yeta_reconcile.marks import Key
from yeta_reconcile.store.sqlite import SqliteDatabase
from yeta_reconcile.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from yeta_reconcile.store.database import Database

KEY_VARIABLE = "YETA_STATE_KEY"
KEY_FILE = "yeta.key"
# A file with less in it was cut off.
SHORTEST_KEY = 16


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
    one and nothing is written. Raises InvalidInput (key), StateError, PlanRejected (another environment's).
    """
    opened = _in_postgresql if is_postgresql(location) else _in_file
    store = opened(location, root, environ, create=create)
    try:
        store.bind(project, environment)
    except BaseException:
        store.close()
        raise
    return store


def is_postgresql(location: str) -> bool:
    """Whether a state's location is a PostgreSQL database, and not a file."""
    return location.startswith(("postgresql://", "postgres://"))


def _in_file(location: str, root: Path, environ: Mapping[str, str], *, create: bool) -> Store:
    path = root / location
    if path.is_dir():
        raise StateError(f"the state {path} is a folder", hint="`state:` in yeta.yaml names a file")
    exists = path.exists() and path.stat().st_size > 0
    key = _given_key(environ) or _key_beside(path, state_exists=exists, create=create)
    if not exists and not create:
        return Store(SqliteDatabase(None), key, ephemeral=True)
    _make_folder(path)
    return _with(SqliteDatabase(path), key)


def _in_postgresql(location: str, _root: Path, environ: Mapping[str, str], *, create: bool) -> Store:
    key = _given_key(environ)
    if key is None:
        raise InvalidInput(
            f"{KEY_VARIABLE} is not set; a state in PostgreSQL has no key file beside it",
            hint="the same secret for every run of this state, such as `openssl rand -hex 32` gives once",
        )
    database = connect(location)
    if not create and "migrations" not in database.tables():
        database.close()
        return Store(SqliteDatabase(None), key, ephemeral=True)
    return _with(database, key)


def connect(location: str) -> Database:
    """The PostgreSQL database at `location`. Raises InvalidInput, StateError."""
    try:
        # psycopg and its library are there if the extra is installed.
        postgres = importlib.import_module("yeta_reconcile.store.postgres")
    except ImportError as error:
        raise InvalidInput(
            "a state in PostgreSQL needs psycopg, which is not installed here",
            hint="install the extra: pip install 'yeta-reconcile[postgres]'",
        ) from error
    database: Database = postgres.PostgresDatabase(location)
    return database


def _with(database: Database, key: Key) -> Store:
    try:
        return Store(database, key)
    except BaseException:
        database.close()
        raise


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StateError(
            f"the folder of the state {path} cannot be made: {error.strerror}",
            hint="`state:` in yeta.yaml names the file",
        ) from error


def _given_key(environ: Mapping[str, str]) -> Key | None:
    given = environ.get(KEY_VARIABLE)
    return _key_of(given) if given else None


def _key_of(secret: str) -> Key:
    # Any length and alphabet will do; the digest brings it to the size BLAKE2b keys have. The file's line and
    # the variable mean the same, so that a state can go where there is no file.
    return Key(blake2b(secret.encode(), digest_size=32).digest())


def _key_beside(path: Path, *, state_exists: bool, create: bool) -> Key:
    """The key in the file beside the state; with `create` a new one if neither is there."""
    file = path.with_name(KEY_FILE)
    try:
        return _key_of(_read_key(file))
    except FileNotFoundError:
        pass
    if state_exists:
        raise InvalidInput(
            f"the key of the state is missing: neither {KEY_VARIABLE} is set nor is there {file}",
            hint="without it no row of the state can be recognised; put the key back",
        )
    secret = secrets.token_hex(32)
    if create:
        _write_key(file, secret)
        secret = _read_key(file)
    return _key_of(secret)


def _read_key(file: Path) -> str:
    """The file's line. Raises FileNotFoundError, InvalidInput."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise InvalidInput(f"the key {file} cannot be read: {error.strerror}") from error
    if len(text) < SHORTEST_KEY or not text.isprintable():
        raise InvalidInput(
            f"{file} holds no key",
            hint=f"it is one line of at least {SHORTEST_KEY} characters; put the right one back",
        )
    return text


def _write_key(file: Path, secret: str) -> None:
    """A key file that is there whole or not at all; if somebody was quicker, theirs stays."""
    draft = file.with_name(f".{file.name}-{secrets.token_hex(4)}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            with os.fdopen(descriptor, "w") as stream:
                stream.write(secret + "\n")
                stream.flush()
                os.fsync(stream.fileno())
            with suppress(FileExistsError):
                os.link(draft, file)
        finally:
            draft.unlink()
    except OSError as error:
        raise StateError(
            f"the key of the state cannot be written to {file}: {error.strerror}",
            hint="the folder must be writable by this user",
        ) from error
