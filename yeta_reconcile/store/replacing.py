"""A copy takes the place of a state in PostgreSQL: in one transaction, and nothing of the former is left.

The former is kept apart as a file, like any copy of it. Whoever has the state open waits meanwhile, and goes
on with the copy; what an apply that was under way still sends is refused, since the lock is not its own.
"""

from __future__ import annotations

import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yeta_reconcile.errors import StateError
from yeta_reconcile.store.copying import clear, fill, write_file
from yeta_reconcile.store.database import Database
from yeta_reconcile.store.halt_flag import ROW
from yeta_reconcile.store.lock import Holder
from yeta_reconcile.store.store import Store
from yeta_reconcile.wording import phrase


@dataclass(frozen=True, slots=True)
class Extent:
    """How far a state had come: its campaigns, the links of its history, and the moment of the newest, ms."""

    campaigns: int
    links: int
    newest: int | None

    @classmethod
    def of(cls, store: Store) -> Extent:
        """Of an open one."""
        read = store.database.read
        links, newest = read("SELECT COUNT(*), MAX(written) FROM history")[0]
        return cls(read("SELECT COUNT(*) FROM campaigns")[0][0], links, newest)


def apart(now: int) -> str:
    """The end of the name under which the former state is kept; `now` in ms."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now / 1000))
    return f"before-{stamp}-{secrets.token_hex(2)}"


@dataclass(slots=True, kw_only=True)
class Restoration(ABC):
    """A checked copy, open as `store`, that takes the place of a state; `notes` say what is wrong with it."""

    store: Store
    owner: tuple[str, str]
    standing: Extent
    notes: list[str]
    former: Extent | None = None
    trouble: str = ""
    """Why the former cannot be used; empty: it can, or there is none."""
    kept: Path | None = field(default=None, init=False)

    @property
    @abstractmethod
    def place(self) -> str:
        """Where the state is, in words for people."""

    @abstractmethod
    def _former(self) -> AbstractContextManager[Store | None]:
        """The state that is there now; None if there is none, or none that can be used."""

    @abstractmethod
    def _replace(self, former: Store | None, entry: dict[str, Any], now: int) -> None:
        """Keep the former apart, put the copy in its place."""

    def look(self) -> None:
        """How the former stands. Raises PlanRejected if it is another's, StateError if it was moved away."""
        with self._former() as former:
            self.former = Extent.of(former) if former else None

    def put_in_place(self, holder: Holder, entry: dict[str, Any], now: int) -> None:
        """Take the former's lock, keep it apart, put the copy in its place. `entry` is for the history."""
        with self._former() as former:
            if former:
                former.lock.acquire(holder)
            try:
                self._replace(former, entry, now)
            except BaseException:
                if former:
                    former.lock.release(holder)
                raise

    def _refuse_others(self, store: Store) -> None:
        """Raise if a state that was used was moved away, or is another's."""
        if store.owner:
            store.refuse_moved()
            store.refuse_other(*self.owner)


@dataclass(slots=True, kw_only=True)
class TablesRestored(Restoration):
    """What is in `database` is replaced; the former is kept beside `copy`, the file that was given."""

    database: Database
    copy: Path

    @property
    def place(self) -> str:
        """Where the state is, in words for people."""
        return self.database.place

    def _replace(self, former: Store | None, entry: dict[str, Any], now: int) -> None:
        try:
            self._refill(former, entry, now)
        except BaseException:
            if self.kept:
                self.kept.unlink(missing_ok=True)
            raise

    def _refill(self, former: Store | None, entry: dict[str, Any], now: int) -> None:
        with self.database.write() as new:
            halt = former.flag(ROW) if former else None
            if former:
                kept = self.copy.with_name(f"yeta.db-{apart(now)}")
                write_file(new, kept)
                self.kept = kept
                entry = entry | {
                    "outcome": phrase(
                        "{outcome}; what was there is {kept}", outcome=entry["outcome"], kept=kept.name
                    )
                }
            clear(new)
            self.store.history.append(entry, now)
            if halt:
                # With several machines, this row is what stops the others; a copy's is of a former halt, or
                # knows less of what this one paused.
                self.store.set_flag(ROW, halt)
            with self.store.database.write() as copy:
                fill(copy, new, self.database.dialect)

    @contextmanager
    def _former(self) -> Iterator[Store | None]:
        held = self.database.tables()
        if "migrations" in held:
            store = Store(self.database, self.store.key)
            self._refuse_others(store)
            yield store if store.owner else None
        elif held:
            raise StateError(
                phrase("{place} holds tables that are no state's", place=self.database.place),
                hint=phrase("a state needs a database or a schema of its own; nothing was changed"),
            )
        else:
            yield None
