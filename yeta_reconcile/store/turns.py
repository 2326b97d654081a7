"""Group commit: what several threads have to write at the same time goes to disk in one transaction.

Whoever comes while a transaction is under way waits, and the next one carries all who wait. Nobody goes on
before what he wrote is durable, and nobody's failure costs another what he wrote.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from yeta_reconcile.errors import YetaError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from yeta_reconcile.store.database import Database, Transaction

Value = TypeVar("Value")


@dataclass(slots=True, eq=False)
class _Turn:
    work: Callable[[Transaction], Any]
    over: bool = False
    value: Any = None
    error: YetaError | None = None


class Turns:
    """Write transactions of an engine, shared by those who ask at the same time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[_Turn] = deque()
        self._leading = Lock()

    def write(self, work: Callable[[Transaction], Value]) -> Value:
        """What `work` gives, once it is durable; a rollback may make it run anew. Raises what it raises."""
        turn = _Turn(work)
        self._waiting.append(turn)
        with self._leading:
            if not turn.over:
                self._lead(turn)
        if turn.error is not None:
            raise turn.error
        value: Value = turn.value
        return value

    def _lead(self, own: _Turn) -> None:
        """Write for all who wait, one of them us."""
        turns = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            self._together(turns)
        except BaseException:
            # What stops us is not the others' affair: nothing of theirs was written, and they go on.
            self._waiting.extend(turn for turn in turns if turn is not own and not turn.over)
            raise

    def _together(self, turns: Sequence[_Turn]) -> None:
        at_work = False
        try:
            with self._database.write() as transaction:
                at_work = True
                values = [turn.work(transaction) for turn in turns]
                at_work = False
        except YetaError as error:
            if at_work and len(turns) > 1:
                # Whose it was shows when each writes alone; all of it was rolled back.
                for turn in turns:
                    self._together([turn])
                return
            for turn in turns:
                turn.error, turn.over = error, True
            return
        for turn, value in zip(turns, values, strict=True):
            turn.value, turn.over = value, True
