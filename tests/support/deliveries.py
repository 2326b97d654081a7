"""Pushes as they reach a state without a receiver."""

from __future__ import annotations

import json
from contextlib import closing

from tests.support.served import Served
from yeta_reconcile.records.projector import Projector
from yeta_reconcile.store.inbox import Push


def deliver(here: Served) -> None:
    """What the platform has pushed, received and folded."""
    with closing(here.store()) as store:
        store.inbox.append(
            [
                Push(sent.module, json.dumps(sent.data, ensure_ascii=False).encode(), sent.at)
                for sent in here.emulator.pushes
            ]
        )
        Projector(store).drain()
