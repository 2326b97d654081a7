"""Opening the state that the settings name: which engine, where, and with which key."""

from __future__ import annotations

import os
import secrets
from hashlib import blake2b
from typing import TYPE_CHECKING

from yeta_reconcile.errors import InvalidInput, StateError
from yeta_reconcile.marks import Key
from yeta_reconcile.store.sqlite import SqliteDatabase
from yeta_reconcile.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEY_VARIABLE = "YETA_STATE_KEY"
KEY_FILE = "yeta.key"


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
    if location.startswith(("postgresql://", "postgres://")):
        raise StateError("a PostgreSQL state is not supported by this version", hint="use a SQLite file")
    path = root / location
    exists = path.exists()
    key = _key(path, environ, state_exists=exists and path.stat().st_size > 0, create=create)
    if not exists and not create:
        store = Store(SqliteDatabase(None), key, ephemeral=True)
    else:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StateError(
                f"the folder of the state {path} cannot be made: {error.strerror}",
                hint="`state:` in yeta.yaml names the file",
            ) from error
        store = Store(SqliteDatabase(path), key)
    store.bind(project, environment)
    return store


def _key(path: Path, environ: Mapping[str, str], *, state_exists: bool, create: bool) -> Key:
    given = environ.get(KEY_VARIABLE)
    if given:
        # Any length and alphabet will do; the digest brings it to the size BLAKE2b keys have.
        return Key(blake2b(given.encode(), digest_size=32).digest())
    file = path.with_name(KEY_FILE)
    try:
        return Key(_read_key(file))
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
    return Key(bytes.fromhex(secret))


def _read_key(file: Path) -> bytes:
    text = file.read_text(encoding="ascii", errors="replace").strip()
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) < 16:
        raise InvalidInput(
            f"{file} holds no key",
            hint="it is a line of hexadecimal digits; put the right one back",
        )
    return key


def _write_key(file: Path, secret: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(secret + "\n")
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise StateError(
            f"the key of the state cannot be written to {file}: {error.strerror}",
            hint="the folder must be writable by this user",
        ) from error
