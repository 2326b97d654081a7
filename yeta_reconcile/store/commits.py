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
MOST = 16


class _Write:
    """What one thread wants written, and its outcome; `turn` is when that thread commits, or goes on."""

    def __init__(self, work: Callable[[Transaction], Any]) -> None:
        self.work = work
        self.value: Any = None
        self.error: BaseException | None = None
        self.over = False
        self.turn = Lock()
        self.turn.acquire()


class Commits:
    """The commits of a database that several threads share. No `work` begins a transaction of its own.

    One thread at a time commits what waits, the others' as well as its own. Each is woken by itself: behind
    one lock all would go on one after the other, each after it has waited for the processor.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._guard = Lock()
        self._waiting: deque[_Write] = deque()
        self._leader: _Write | None = None

    def write(self, work: Callable[[Transaction], Value]) -> Value:
        """What `work` gives, once it is durable. Raises what it raises, and what `Database.write` does."""
        own = _Write(work)
        together: list[_Write] = []
        try:
            with self._guard:
                self._waiting.append(own)
                if self._leader is None:
                    self._leader = own
            if self._leader is not own:
                own.turn.acquire()
            if self._leader is own:
                together = self._together()
                self._carry_out(together)
        finally:
            self._leave(own)
            for other in together[1:]:
                other.turn.release()
        if own.error is not None:
            raise own.error
        value: Value = own.value
        return value

    def _together(self) -> list[_Write]:
        """The leader's own, and what others came with while the one before was on its way to the disk."""
        with self._guard:
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST))]

    def _leave(self, own: _Write) -> None:
        """Whoever waits longest leads from now on, before anybody else is woken."""
        with self._guard:
            if own in self._waiting:
                # Stopped while it waited.
                self._waiting.remove(own)
            if self._leader is own:
                self._leader = self._waiting[0] if self._waiting else None
                if self._leader is not None:
                    self._leader.turn.release()

    def _carry_out(self, writes: list[_Write]) -> None:
        """All in one transaction; if one of several cannot be carried out, each in one of its own."""
        try:
            if not self._commit(writes):
                for write in writes:
                    self._commit([write])
        except BaseException as error:
            for write in writes:
                if not write.over:
                    write.error = error
            raise

    def _commit(self, writes: list[_Write]) -> bool:
        """Whether they came to something together: what fails as the commit itself fails for all of them."""
        at: _Write | None = None
        try:
            with self._database.write() as transaction:
                for at in writes:
                    at.value = at.work(transaction)
                at = None
        except BaseException as error:
            if not isinstance(error, Exception):
                raise
            if at is not None and len(writes) > 1:
                return False
            for write in writes:
                write.error = error
        for write in writes:
            write.over = True
        return True
