"""A note beside a state of the last call-out that was sent with it: an older copy does not know that one.

Direct calls leave nothing at the platform that tells who was called out. The note is written before each of
them, and not by what puts copies back; where a state does not know what the note says, it lacks call-outs.
"""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

from yeta_reconcile.errors import StateError
from yeta_reconcile.files import PRIVATE, write_whole
from yeta_reconcile.wording import phrase

if TYPE_CHECKING:
    from pathlib import Path

    from yeta_reconcile.store.database import Database


def note_beside(state: Path) -> Path:
    """The note of the state in a file."""
    return state.with_name(f"{state.stem if state.suffix == '.db' else state.name}.called")


class Callouts:
    """What is known of the last call-out; without a `path` nothing is, as with PostgreSQL."""

    def __init__(self, database: Database, path: Path | None) -> None:
        self._database = database
        self._path = path
        self._lock = threading.Lock()

    def missing(self) -> bool:
        """Whether a call-out was sent with this state, or one in its place, that it does not know.

        A note that cannot be read counts as one.
        """
        if self._path is None:
            return False
        try:
            text = self._path.read_bytes()
        except FileNotFoundError:
            return False
        except OSError:
            return True
        try:
            note: dict[str, Any] = json.loads(text)
            return not self._knows(int(note["call"]), int(note["at"]))
        except (ValueError, KeyError, TypeError):
            return True

    def keep(self, intent_id: int) -> None:
        """Note a call-out that is about to be sent; on disk when this returns. Raises StateError.

        What an older copy lacks stays noted until a person settled it.
        """
        if self._path is None:
            return
        with self._lock:
            if self.missing():
                return
            begun = self._database.read("SELECT begun FROM intents WHERE intent_id = ?", (intent_id,))
            try:
                write_whole(self._path, json.dumps({"call": intent_id, "at": begun[0][0]}), PRIVATE)
            except OSError as error:
                raise StateError(
                    phrase(
                        "the call-out cannot be noted in {path}: {strerror}",
                        path=self._path,
                        strerror=error.strerror,
                    ),
                    hint=phrase("the state's folder must be writable"),
                ) from error

    def settle(self) -> None:
        """Whoever may have been called out is in the state by now."""
        if self._path is not None and self.missing():
            self._path.unlink(missing_ok=True)

    def _knows(self, intent_id: int, begun: int) -> bool:
        found = self._database.read("SELECT begun FROM intents WHERE intent_id = ?", (intent_id,))
        # What was forgotten with its campaign was known: no number is given twice.
        given = "SELECT seq FROM sqlite_sequence WHERE name = 'intents' AND seq >= ?"
        return found == [(begun,)] if found else bool(self._database.read(given, (intent_id,)))
