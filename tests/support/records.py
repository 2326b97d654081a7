"""Brings the emulator's pushes into a laboratory's state as in production: inbox, then projector."""

from __future__ import annotations

import json
from collections.abc import Iterable

from tests.support.lab import Lab
from yeta_reconcile.emulator.outbox import Push as Sent
from yeta_reconcile.records.projector import Projector
from yeta_reconcile.store.inbox import Push


def deliver(lab: Lab, pushes: Iterable[Sent] | None = None) -> int:
    """Receive and fold `pushes`, or all that the platform has sent until now; how many there were."""
    sent = list(lab.emulator.pushes if pushes is None else pushes)
    with lab.store() as store:
        store.inbox.append(
            [Push(push.module, json.dumps(push.data, ensure_ascii=False).encode(), push.at) for push in sent]
        )
        Projector(store).drain()
    return len(sent)
