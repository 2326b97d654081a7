"""The inbox's writer: nobody is told "stored" before it is, and a full queue is refused at once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from tests.receiver.pushes import basic, push
from yeta_reconcile.errors import StateError
from yeta_reconcile.receiver.writer import Writer
from yeta_reconcile.store.inbox import Push
from yeta_reconcile.wording import Text


class Slow:
    """Stores when it is let."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.batches: list[int] = []
        self.entered = threading.Semaphore(0)

    def __call__(self, pushes: Sequence[Push]) -> None:
        self.entered.release()
        self.let.wait()
        self.batches.append(len(pushes))


def test_all_who_wait_are_stored_in_one_transaction() -> None:
    slow = Slow()
    writer = Writer(slow)
    told: list[bool] = []
    writer.put([push(basic())], told.append)
    slow.entered.acquire()
    for _ in range(20):
        writer.put([push(basic())], told.append)

    assert told == []
    slow.let.set()
    writer.close()

    assert told == [True] * 21
    assert slow.batches == [1, 20]


@pytest.mark.parametrize("limit", [{"most_waiting": 2}, {"most_bytes": 300}])
def test_a_full_queue_is_refused_at_once(limit: dict[str, Any]) -> None:
    slow = Slow()
    writer = Writer(slow, **limit)
    writer.put([push(basic())], lambda _: None)
    slow.entered.acquire()
    taken = [writer.put([push(basic())], lambda _: None) for _ in range(3)]

    assert taken[0]
    assert not taken[-1]
    slow.let.set()
    writer.close()
    assert not writer.store([push(basic())])


def test_what_could_not_be_stored_is_told_so_and_the_next_is_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken = True

    def append(_pushes: Sequence[Push]) -> None:
        if broken:
            raise StateError(Text("the disk is full"))

    writer = Writer(append)
    assert not writer.store([push(basic())])
    assert not writer.store([push(basic())])
    assert writer.failing == "the disk is full"
    broken = False
    assert writer.store([push(basic())])
    assert not writer.failing
    writer.close()

    said = [record.getMessage() for record in caplog.records]
    assert said == ["1 pushes were not stored: the disk is full", "pushes are stored again"]


def test_an_answer_that_fails_costs_nobody_else_theirs(caplog: pytest.LogCaptureFixture) -> None:
    slow = Slow()
    writer = Writer(slow)
    told: list[bool] = []

    def gone(_stored: bool) -> None:
        raise ConnectionError

    writer.put([push(basic())], gone)
    writer.put([push(basic())], told.append)
    slow.let.set()
    writer.close()

    assert told == [True]
    assert "could not be given" in caplog.text
