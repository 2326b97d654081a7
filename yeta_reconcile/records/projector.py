"""The projector: reads the inbox in order and folds each push into calls and rows, once.

A push that cannot be folded stays with the reason and blocks nothing. Live pushes and backfill come this way.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from yeta_reconcile.errors import StateError
from yeta_reconcile.platform import pushes
from yeta_reconcile.platform.call import (
    Call,
)
from yeta_reconcile.platform.pushes import (
    RECORD,
    Unfoldable,
)
from yeta_reconcile.records.payload import NotAnObject, digest_of, read_object
from yeta_reconcile.store import Store
from yeta_reconcile.store.calls import fold, questions
from yeta_reconcile.store.database import Question, Transaction
from yeta_reconcile.store.inbox import PushStanding, StoredPush, seen_before, settle, still_new, take_turn
from yeta_reconcile.store.relays import enlist
from yeta_reconcile.wording import phrase

log = logging.getLogger(__name__)

Item = TypeVar("Item")

# A transaction: some milliseconds, so that neither apply nor the inbox waits for it.
CHUNK = 50
LONGEST_SECONDS = 0.05
# About so many the state is asked at once, before they are folded one after the other.
TOGETHER = 10


@dataclass(frozen=True, slots=True)
class _Said:
    """What a push says: of a call, or in `problem` why of none."""

    push: StoredPush
    digest: bytes | None
    call: Call | None = None
    problem: str = ""

    def questions(self) -> Iterator[Question]:
        """What the state is asked of it."""
        if self.call is not None and self.digest is not None:
            yield seen_before(self.call.call_uuid, self.digest)
            yield from questions(self.call)


class Projector:
    """Folds what waits in one store's inbox. Several may run at once; each push is folded by one of them.

    `relay` names for whom a push of another project's is kept to be handed on (`store.relays`).
    """

    def __init__(
        self,
        store: Store,
        *,
        on_settled: Callable[[PushStanding], None] = lambda _: None,
        on_unread: Callable[[str], None] = lambda _: None,
        relay: Collection[str] = (),
    ) -> None:
        self._store = store
        self._on_settled = on_settled
        self._on_unread = on_unread
        self._relay = relay

    def drain(self) -> None:
        """Fold all that waits. Raises StateError."""
        while self.step():
            pass

    def step(self, most: int = CHUNK) -> bool:
        """Fold the oldest pushes that wait, in one transaction; whether there were any. Raises StateError."""
        waiting = self._store.inbox.waiting(most)
        if not waiting:
            return False
        try:
            standings = self._fold_all(waiting)
        except StateError:
            raise
        except Exception:  # noqa: BLE001 -- one push must never keep the others back
            standings = [standing for push in waiting for standing in self._fold_alone(push)]
        for standing in standings:
            self._on_settled(standing)
        return True

    def relink(self, pause: Callable[[], bool] = lambda: False) -> int:
        """Find the rows of calls whose task has become known since; how many calls were tried, each once.

        `pause` is called between two transactions; where it answers True, the rest is left for another time.
        """
        loose = self._store.calls.loose()
        tried = 0
        while tried < len(loose):
            with self._store.database.write() as transaction:
                take_turn(transaction)
                for call_uuid in _for_a_while(loose[tried : tried + CHUNK]):
                    fold(transaction, Call(call_uuid), _FAR_FUTURE)
                    tried += 1
            if pause():
                break
        return tried

    def _fold_all(self, waiting: Sequence[StoredPush]) -> list[PushStanding]:
        # Whoever pushes waits for the transaction: pushes are read before, and the disk is not waited for,
        # since what a power cut takes back is folded from the inbox once more.
        said = [self._read(push) for push in waiting]
        with self._store.database.write(durable=False) as transaction:
            take_turn(transaction)
            new = still_new(transaction, waiting)
            said = [one for one in said if one.push.serial in new]
            standings: list[PushStanding] = []
            for at in _for_a_while(range(len(said))):
                if at % TOGETHER == 0:
                    some = said[at : at + TOGETHER]
                    # What a call's second push asks is asked in its turn: the first may change the answer.
                    first = {one.call.call_uuid: one for one in reversed(some) if one.call is not None}
                    transaction.ahead(asked for one in first.values() for asked in one.questions())
                standings.append(self._fold(transaction, said[at]))
            return standings

    def _fold_alone(self, push: StoredPush) -> list[PushStanding]:
        """One push in a transaction of its own; whatever goes wrong with it is its reason to stay."""
        try:
            return self._fold_all([push])
        except StateError:
            raise
        except Exception as error:  # noqa: BLE001 -- see above
            reason = phrase("{name} while it was folded: a bug", name=type(error).__name__)
            log.error("push %d stays: %s", push.serial, reason)  # noqa: TRY400 -- a traceback holds values
            with self._store.database.write() as transaction:
                settle(transaction, push, PushStanding.STUCK, problem=reason)
            return [PushStanding.STUCK]

    def _read(self, push: StoredPush) -> _Said:
        digest = None
        try:
            data = read_object(push.body)
            digest = digest_of(push.module, data)
            return _Said(push, digest, pushes.read_push(push.module, data, self._store.key))
        except (NotAnObject, Unfoldable) as reason:
            return _Said(push, digest, problem=str(reason))

    def _fold(self, transaction: Transaction, said: _Said) -> PushStanding:
        push, digest, call = said.push, said.digest, said.call
        if call is None or digest is None:
            settle(transaction, push, PushStanding.STUCK, digest=digest, problem=said.problem)
            return PushStanding.STUCK
        if transaction.read(*seen_before(call.call_uuid, digest)):
            settle(transaction, push, PushStanding.DUPLICATE, call_uuid=call.call_uuid)
            return PushStanding.DUPLICATE
        for name in call.unread.split():
            self._on_unread(name)
        problem = fold(transaction, call, push.received)
        # What was learnt is kept. What made it a call of ours stays too, since its row is still to be found.
        stuck = bool(problem) and (push.module == RECORD or call.outbound)
        standing = PushStanding.STUCK if stuck else PushStanding.FOLDED
        settle(
            transaction,
            push,
            standing,
            digest=digest,
            call_uuid=call.call_uuid,
            problem=problem if stuck else "",
        )
        if self._relay:
            enlist(transaction, call.call_uuid, self._relay)
        return standing


def _for_a_while(items: Sequence[Item]) -> Iterator[Item]:
    """The first of the items, and more as long as a transaction may take."""
    until = time.monotonic() + LONGEST_SECONDS
    for item in items:
        yield item
        if time.monotonic() > until:
            return


# A call that is folded again came in when it first did, which is earlier.
_FAR_FUTURE = 2**62
