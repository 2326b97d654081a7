"""What SQLite raises, in words of ours: what happened to which file, and what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from yeta_reconcile.errors import StateDamaged, StateError
from yeta_reconcile.wording import phrase

DAMAGED = phrase(
    "`yeta state restore FILE` puts a copy made by `yeta state backup` in its place; without one, move it "
    "away, with its -wal and -shm beside it, and run `yeta state rebuild`"
)


@contextmanager
def translated(path: Path | None) -> Iterator[None]:
    """Raise a StateError for what SQLite or the system raises about the file at `path`."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise _as_state_error(error, path) from error


def _as_state_error(error: Exception, path: Path | None) -> StateError:
    where = phrase("the state {path}", path=path) if path else phrase("the state")
    text = str(error).lower()
    if isinstance(error, FileExistsError):
        return StateError(
            phrase("{filename} exists already", filename=error.filename),
            hint=phrase("name a file that does not exist"),
        )
    if isinstance(error, IsADirectoryError):
        return StateError(
            phrase("{where} is a folder", where=where), hint=phrase("`state:` in yeta.yaml names a file")
        )
    if isinstance(error, PermissionError) or "readonly" in text or "read-only" in text:
        return StateError(
            phrase("{where} cannot be written: permission denied or a read-only folder", where=where),
            hint=phrase("the file and its folder must be writable by this user"),
        )
    if "full" in text or "no space" in text:
        return StateError(
            phrase("{where} cannot be written: the disk is full", where=where),
            hint=phrase("nothing half-written was kept; free some space and run again"),
        )
    if "locked" in text or "busy" in text:
        return StateError(
            phrase("{where} was busy with another writer for too long", where=where),
            hint=phrase("run the same command again"),
        )
    if "could not decode" in text:
        # The words of the error are those that cannot be read.
        return StateDamaged(phrase("{where} holds text that is damaged", where=where), hint=DAMAGED)
    if "malformed" in text or "not a database" in text or "corrupt" in text:
        return StateDamaged(
            phrase("{where} is no readable SQLite file: {error}", where=where, error=error), hint=DAMAGED
        )
    return StateError(phrase("{where} cannot be used: {error}", where=where, error=error))
