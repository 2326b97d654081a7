"""A state as far as it can be used without its key, which a halt must not need: task ids and flags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yeta_reconcile.marks import Key
from yeta_reconcile.store.open import connect, is_postgresql
from yeta_reconcile.store.sqlite import SqliteDatabase
from yeta_reconcile.store.store import Store

if TYPE_CHECKING:
    from pathlib import Path


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
