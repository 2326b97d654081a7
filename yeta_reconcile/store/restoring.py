"""A copy takes the place of the state's file: whole or not at all, with nothing of the former beside it.

The former file is kept apart, whole by itself. While the two change places nobody writes to the one and
nobody opens the other; whoever has the former open finds it gone (`footing`).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yeta_reconcile.errors import InvalidInput, StateDamaged, StateError
from yeta_reconcile.files import sync
from yeta_reconcile.marks import Key
from yeta_reconcile.store.footing import BESIDE, alone, beside
from yeta_reconcile.store.keys import given_secret, key_of, required_secret, secret_beside
from yeta_reconcile.store.open import connect, is_postgresql
from yeta_reconcile.store.replacing import Extent, Restoration, TablesRestored, apart
from yeta_reconcile.store.soundness import findings
from yeta_reconcile.store.sqlite import SqliteDatabase, copy_file
from yeta_reconcile.store.store import Store
from yeta_reconcile.wording import PARTS, Text, listed, phrase


@dataclass(slots=True, kw_only=True)
class FileRestored(Restoration):
    """The copy `draft` takes the place of the state's file at `path`."""

    path: Path
    draft: Path

    @property
    def place(self) -> str:
        """Where the state is, in words for people."""
        return str(self.path)

    def _replace(self, former: Store | None, entry: dict[str, Any], now: int) -> None:
        log = self.path.with_name(self.path.name + BESIDE[0])
        if self.path.exists() or log.exists():
            self.kept = self.path.with_name(f"{self.path.name}-{apart(now)}")
        words = [entry["outcome"]]
        if self.kept:
            words.append(phrase("what was there is {kept}", kept=self.kept.name))
        self.store.history.append(entry | {"outcome": listed(words, by=PARTS)}, now)
        self.store.close()
        if any(path.exists() for path in beside(self.draft)):
            raise StateError(
                phrase("the copy {draft} is open elsewhere", draft=self.draft),
                hint=phrase("nothing was changed; run again"),
            )
        sync(self.draft)
        if former and self.kept and isinstance(former.database, SqliteDatabase):
            with former.database.held_still():
                # By a connection of its own: SQLite copies nothing out of a transaction that may write.
                copy_file(self.path, self.kept)
                self._change_places(former.database)
            return
        for source, suffix in ((self.path, ""), (log, BESIDE[0])):
            if self.kept and source.exists():
                # Not a copy: what somebody may write to it until it is gone is kept too.
                os.link(source, self.kept.with_name(self.kept.name + suffix))
        self._change_places(None)

    def _change_places(self, former: SqliteDatabase | None) -> None:
        """At each instant what is there is whole: the former's log is empty, or what it is of is damaged."""
        with alone(self.path.parent):
            if former:
                former.stand()
            for path in beside(self.path):
                path.unlink(missing_ok=True)
            self.draft.replace(self.path)
            sync(self.path.parent)

    @contextmanager
    def _former(self) -> Iterator[Store | None]:
        store = self._opened()
        try:
            yield store
        finally:
            if store:
                store.close()

    def _opened(self) -> Store | None:
        if not self.path.is_file() or not self.path.stat().st_size:
            return None
        try:
            database = SqliteDatabase(self.path, create=False)
        except StateDamaged as error:
            self.trouble = error.message
            return None
        try:
            if faults := database.faults():
                self.trouble = phrase(
                    "the state {path} is damaged: {faults}",
                    path=self.path,
                    faults=listed(faults[:3], 0, by=PARTS),
                )
            elif "migrations" in database.tables():
                store = Store(database, self.store.key)
                self._refuse_others(store)
                return store
        except StateDamaged as error:
            self.trouble = error.message
        except BaseException:
            database.close()
            raise
        database.close()
        return None


@contextmanager
def restoration(
    copy: Path, location: str, root: Path, environ: Mapping[str, str], *, project: str, environment: str
) -> Iterator[Restoration]:
    """A copy made by `state backup`, checked: sound, this project's and environment's, of our key.

    Raises InvalidInput (no such file, another key), PlanRejected (another's), StateError (damaged, newer).
    """
    if not copy.is_file():
        raise InvalidInput(
            phrase("there is no file {copy}", copy=copy), hint=phrase("`yeta state backup FILE` makes a copy")
        )
    owner, elsewhere = (project, environment), is_postgresql(location)
    path = copy.resolve() if elsewhere else (root / location).resolve()
    if elsewhere:
        key = key_of(required_secret(environ))
    elif path.exists() and copy.samefile(path):
        raise InvalidInput(
            phrase("{copy} is the state itself", copy=copy),
            hint=phrase("name a copy made by `yeta state backup`"),
        )
    else:
        key = key_of(given_secret(environ) or secret_beside(path, state_exists=True, create=False))
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}-restore-{secrets.token_hex(4)}")
    try:
        with closing(_checked(copy, draft, key, project, environment)) as store:
            wrong = [str(one.summary) for one in findings(store)]
            said: dict[str, Any] = {
                "store": store,
                "owner": owner,
                "standing": Extent.of(store),
                "notes": wrong,
            }
            if elsewhere:
                with closing(connect(location)) as database:
                    yield TablesRestored(database=database, copy=path, **said)
            else:
                yield FileRestored(path=path, draft=draft, **said)
    finally:
        for file in (draft, *beside(draft)):
            file.unlink(missing_ok=True)


def _checked(copy: Path, draft: Path, key: Key, project: str, environment: str) -> Store:
    """The copy's own copy, opened; what is put in place later is just this."""
    try:
        copy_file(copy, draft)
        database = SqliteDatabase(draft, create=False)
    except StateDamaged as error:
        raise _no_copy(copy, error.message) from error
    try:
        wrong = database.faults() if "migrations" in database.tables() else [phrase("it holds no state")]
        store = None if wrong else Store(database, key)
        if store:
            store.bind(project, environment)
            wrong = [one.summary for one in findings(store) if one.about != "history"]
    except BaseException:
        database.close()
        raise
    if store is None or wrong:
        database.close()
        raise _no_copy(copy, listed(wrong[:3], 0, by=PARTS))
    return store


def _no_copy(copy: Path, why: Text) -> StateError:
    return StateError(
        phrase("{copy} is no sound copy of a state: {why}", copy=copy, why=why),
        hint=phrase("nothing was changed; take an older copy, or `yeta state rebuild` without one"),
    )
