"""A note beside a state of what rang last with it: an older copy in its place does not know that.

Direct calls leave nothing at the platform that tells who was called out, and a task that was deleted since
may be listed no more. The note is written before each call-out and each first start, and not by what puts
copies back; where a state does not know what the note says, it lacks calls.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from yeta_reconcile.errors import StateError
from yeta_reconcile.files import PRIVATE, write_whole
from yeta_reconcile.platform.resources import Address
from yeta_reconcile.store.database import Database
from yeta_reconcile.wording import phrase

# A note that cannot be read says that something rang of which nothing is known.
_UNREADABLE: dict[str, Any] = {"call": None}


def note_beside(state: Path) -> Path:
    """The note of the state in a file."""
    return state.with_name(f"{state.stem if state.suffix == '.db' else state.name}.called")


class Callouts:
    """What is known of the last call-out and of each campaign's last started task.

    Without a `path` nothing is, as with PostgreSQL.
    """

    def __init__(self, database: Database, path: Path | None, knows_task: Callable[[str], bool]) -> None:
        self._database = database
        self._path = path
        self._knows_task = knows_task
        self._lock = threading.Lock()

    def missing(self) -> bool:
        """Whether a call-out was sent with this state, or one in its place, that it does not know.

        A note that cannot be read counts as one.
        """
        note = self._read()
        try:
            return "call" in note and not self._knows(int(note["call"]), int(note["at"]))
        except (ValueError, KeyError, TypeError):
            return True

    def tasks(self) -> tuple[Address, ...]:
        """Tasks that were started with this state, or one in its place: the last of each campaign.

        Those that the state does not know are all of them that an older copy was found to lack.
        """
        return _tasks(self._read())

    def keep(self, intent_id: int) -> None:
        """Note a call-out that is about to be sent; on disk when this returns. Raises StateError.

        What an older copy lacks stays noted until a person settled it.
        """
        with self._lock:
            if self._path is None or self.missing():
                return
            begun = self._database.read("SELECT begun FROM intents WHERE intent_id = ?", (intent_id,))
            self._write(self._read() | {"call": intent_id, "at": begun[0][0]})

    def keep_task(self, task: Address) -> None:
        """Note a task that is about to be started, in place of the campaign's last; like `keep`."""
        with self._lock:
            note = self._read()
            noted = _tasks(note)
            if self._path is None or task in noted or note is _UNREADABLE:
                return
            campaign = _campaign_of(task)
            others = [
                one for one in noted if _campaign_of(one) != campaign or not self._knows_task(one.task_id)
            ]
            self._write(note | {"tasks": [*others, task]})

    def settle(self) -> None:
        """Whoever may have been called out is in the state by now; a task that still is not stays noted."""
        with self._lock:
            if self._path is None or not self.missing():
                return
            left = [task for task in self.tasks() if not self._knows_task(task.task_id)]
            if left:
                self._write({"tasks": left})
            else:
                self._path.unlink(missing_ok=True)

    def _read(self) -> dict[str, Any]:
        if self._path is None:
            return {}
        try:
            note = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError):
            return _UNREADABLE
        return note if isinstance(note, dict) else _UNREADABLE

    def _write(self, note: dict[str, Any]) -> None:
        if self._path is None:
            return
        try:
            write_whole(self._path, json.dumps(note), PRIVATE)
        except OSError as error:
            raise StateError(
                phrase(
                    "what is about to ring cannot be noted in {path}: {strerror}",
                    path=self._path,
                    strerror=error.strerror,
                ),
                hint=phrase("the state's folder must be writable"),
            ) from error

    def _knows(self, intent_id: int, begun: int) -> bool:
        found = self._database.read("SELECT begun FROM intents WHERE intent_id = ?", (intent_id,))
        # What was forgotten with its campaign was known: no number is given twice.
        given = "SELECT seq FROM sqlite_sequence WHERE name = 'intents' AND seq >= ?"
        return found == [(begun,)] if found else bool(self._database.read(given, (intent_id,)))


def _tasks(note: dict[str, Any]) -> tuple[Address, ...]:
    noted = note.get("tasks")
    pairs = noted if isinstance(noted, list) else []
    return tuple(
        Address(*pair)
        for pair in pairs
        if isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)
    )


def _campaign_of(task: Address) -> str:
    return task.name.partition("~")[0]
