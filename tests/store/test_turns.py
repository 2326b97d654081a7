"""Group commit: one transaction for all who wait, durable before any of them goes on, and each to his own."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from yeta_reconcile.errors import StateError, StateLocked
from yeta_reconcile.store.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from tests.store.states import States
    from yeta_reconcile.store import Store
    from yeta_reconcile.store.database import Transaction

    Work = Callable[[Transaction], Any]


class Crowd:
    """Threads that write to `store`; all but the first wait until it is through. `commits` counts."""

    def __init__(self, store: Store) -> None:
        self.commits = 0
        self.trouble: BaseException | None = None
        engine = store.database

        @contextmanager
        def write() -> Iterator[Transaction]:
            with engine.write() as transaction:
                yield transaction
                if self.trouble:
                    raise self.trouble
            self.commits += 1

        counted: Any = SimpleNamespace(write=write)
        self.turns = Turns(counted)

    def write(self, first: Work, *others: Work) -> list[Future[Any]]:
        begun, through = Event(), Event()

        def slow(transaction: Transaction) -> Any:
            begun.set()
            through.wait(30)
            return first(transaction)

        with ThreadPoolExecutor(len(others) + 1) as pool:
            futures = [pool.submit(self.turns.write, slow)]
            begun.wait(30)
            futures += [pool.submit(self.turns.write, other) for other in others]
            while len(self.turns._waiting) < len(others):
                time.sleep(0.001)
            through.set()
        return futures


def noting(name: str) -> Work:
    def work(transaction: Transaction) -> str:
        transaction.execute("INSERT INTO meta VALUES (?, ?)", (name, "here"))
        return name

    return work


def failing(transaction: Transaction) -> None:
    noting("half")(transaction)
    raise StateLocked("not ours any more")


def noted(states: States) -> set[str]:
    """What another connection sees."""
    return {row[0] for row in states.open().database.read("SELECT name FROM meta WHERE value = 'here'")}


def test_all_who_wait_share_the_next_transaction(states: States) -> None:
    crowd = Crowd(states.open())
    futures = crowd.write(*(noting(name) for name in "abcdef"))
    assert [future.result() for future in futures] == [*"abcdef"]
    assert crowd.commits == 2
    assert noted(states) == {*"abcdef"}


def test_nobody_goes_on_before_what_he_wrote_is_there_for_all(states: States) -> None:
    turns = Turns(states.open().database)
    with ThreadPoolExecutor(8) as pool:
        for name in pool.map(lambda number: turns.write(noting(f"n{number}")), range(40)):
            assert name in noted(states)


def test_whose_work_fails_fails_alone_and_leaves_nothing(states: States) -> None:
    crowd = Crowd(states.open())
    first, second, third, fourth = crowd.write(noting("a"), noting("b"), failing, noting("d"))
    assert isinstance(third.exception(), StateLocked)
    assert [first.result(), second.result(), fourth.result()] == ["a", "b", "d"]
    assert noted(states) == {"a", "b", "d"}


def test_a_transaction_that_cannot_be_written_fails_all_who_shared_it(states: States) -> None:
    crowd = Crowd(states.open())
    crowd.trouble = StateError("the disk is full")
    futures = crowd.write(noting("a"), noting("b"), noting("c"))
    assert all(isinstance(future.exception(), StateError) for future in futures)
    assert noted(states) == set()


def test_whoever_is_stopped_while_he_writes_for_others_leaves_them_their_turn(states: States) -> None:
    crowd = Crowd(states.open())

    def stopped(_transaction: Transaction) -> None:
        raise KeyboardInterrupt

    first, second, third = crowd.write(noting("a"), noting("b"), stopped)
    assert first.result() == "a"
    assert isinstance(third.exception(), KeyboardInterrupt)
    # Of the two that shared a transaction either may have led; the one that led is stopped with it.
    stopped_too = isinstance(second.exception(), KeyboardInterrupt)
    assert noted(states) == ({"a"} if stopped_too else {"a", "b"})
