"""One commit for all who wait for one: small writes of several threads go to disk together.

What is committed is what each would have committed alone; who is alone waits for nobody.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar

from yeta_reconcile.store.database import Database, Transaction

Value = TypeVar("Value")
# So many hold the state no longer than a chunk of bulk does.
MOST = 8


class _Write:
    """What one thread wants written, and its outcome; `tried` with others, which was undone."""

    def __init__(self, work: Callable[[Transaction], Any]) -> None:
        self.work = work
        self.value: Any = None
        self.error: BaseException | None = None
        self.tried = False
        self.over = False


class Commits:
    """The commits of a database that several threads share. No `work` begins a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = Lock()
        self._waiting: deque[_Write] = deque()

    def write(self, work: Callable[[Transaction], Value]) -> Value:
        """What `work` gives, once it is durable. Raises what it raises, and what `Database.write` does."""
        own = _Write(work)
        self._waiting.append(own)
        with self._turn:
            if not own.over and not own.tried:
                self._commit(self._together(own))
            if not own.over:
                self._commit([own])
        if own.error is not None:
            raise own.error
        value: Value = own.value
        return value

    def _together(self, own: _Write) -> list[_Write]:
        """Our own, and what others came with while the one before was on its way to the disk."""
        self._waiting.remove(own)
        return [own, *(self._waiting.popleft() for _ in range(min(len(self._waiting), MOST - 1)))]

    def _commit(self, writes: list[_Write]) -> None:
        """All in one transaction; if one of several cannot be carried out, none is, and each tries alone.

        What fails otherwise, as the commit itself, fails for all of them.
        """
        at: _Write | None = None
        try:
            with self._database.write() as transaction:
                for at in writes:
                    at.value = at.work(transaction)
                at = None
        except BaseException as error:
            if at is not None and len(writes) > 1 and isinstance(error, Exception):
                for write in writes:
                    write.tried = True
                return
            for write in writes:
                write.error, write.over = error, True
            raise
        for write in writes:
            write.over = True
