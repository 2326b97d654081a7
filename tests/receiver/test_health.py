"""What the receiver says of itself in its log, once a minute at most."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.receiver.servers import repository, state_of
from yeta_reconcile.receiver.health import Health
from yeta_reconcile.receiver.writer import Writer


def test_what_was_refused_and_what_could_not_be_read_is_said_once_with_its_counts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    refused, unread = Counter(secret=2, method=1), Counter(time_ring=1)
    with closing(state_of(repository(tmp_path))) as store:
        health = Health(store, store, Writer(store.inbox.append), lambda: +refused, lambda: +unread)
        health.beat()
        refused["secret"] += 1
        health.beat()

    assert caplog.messages == [
        "3 requests were refused: 2 a wrong secret or none, 1 no POST",
        "1 value of a call could not be read: 1 time_ring; the raw pushes hold them as they came",
    ]
