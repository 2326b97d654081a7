"""Hands on, as it came, what tasks of other projects on the account caused, to those projects' receivers.

From the inbox, after it was acknowledged: what is kept to be handed on outlives this process, and waits for
nobody else's receiver. It decides nothing of whose a push is (`store.relays`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b

import httpx

from yeta_reconcile.platform.ways import place_of
from yeta_reconcile.receiver.app import RELAYED, STORED
from yeta_reconcile.receiver.metrics import Metrics
from yeta_reconcile.store import Store

log = logging.getLogger(__name__)

AT_ONCE = 100
REST = 1.0
LONGEST_REST = 60.0
SAY_EVERY = 60.0
SECONDS = 10.0
# A receiver that answers so will take this push at no other time: it is no JSON object to it, or too long.
_NEVER = frozenset({400, 413, 415})
_HEADERS = {"Content-Type": "application/json;charset=UTF-8", RELAYED: "1", "User-Agent": "yeta-reconcile"}


@dataclass(slots=True)
class Target:
    """Another project's receiver: an address with its secret, which is never said; `name` stands for it."""

    url: str = field(repr=False)
    name: str = ""
    place: str = ""
    rest: float = REST
    said_at: float = -SAY_EVERY

    @classmethod
    def of(cls, url: str) -> Target:
        """The receiver at an address as the settings have it."""
        plain = url.rstrip("/")
        return cls(plain, blake2b(plain.encode(), digest_size=16).hexdigest(), place_of(plain))


class Relay:
    """All targets of one receiver. `client` sends, by the same way as everything else."""

    def __init__(self, targets: list[Target], client: httpx.Client) -> None:
        self.targets = targets
        self._client = client

    @property
    def names(self) -> tuple[str, ...]:
        """What the targets are called in the state."""
        return tuple(target.name for target in self.targets)

    def tidy(self, store: Store, metrics: Metrics) -> None:
        """Forget what is for targets that are named no more, or was purged before it could be handed on."""
        if lost := store.relays.drop(self.names):
            metrics.relayed("given up", lost)
            log.warning("%d pushes of other projects were not handed on, and are no longer kept", lost)
        metrics.gauges["relay_waiting"].set(store.relays.depth())

    def step(self, target: Target, store: Store, metrics: Metrics, stopped: Callable[[], bool]) -> float:
        """Hand on the oldest that wait for a target, in their order; → how long to rest, in seconds."""
        waiting = store.relays.waiting(target.name, AT_ONCE)
        settled: list[int] = []
        trouble = ""
        for serial, module, body in waiting:
            if stopped():
                break
            trouble, never = self._send(target, module, body)
            if trouble and not never:
                break
            trouble = ""
            settled.append(serial)
            metrics.relayed("refused" if never else "handed on", 1)
        if settled:
            store.relays.settle(target.name, settled)
        if not trouble:
            target.rest = REST
            return 0.0 if len(waiting) == AT_ONCE else REST
        self._say(target, trouble)
        metrics.relayed("failed", 1)
        rest, target.rest = target.rest, min(2 * target.rest, LONGEST_REST)
        return rest

    def _send(self, target: Target, module: str, body: bytes) -> tuple[str, bool]:
        """Why a push was not taken ("": it was), and whether it never will be."""
        try:
            answer = self._client.post(f"{target.url}/{module}", content=body, headers=_HEADERS)
        except httpx.TransportError as error:
            return type(error).__name__, False
        if answer.status_code == 200 and STORED.body in answer.content:
            return "", False
        return f"HTTP status {answer.status_code}", answer.status_code in _NEVER

    def _say(self, target: Target, trouble: str) -> None:
        now = time.monotonic()
        if now - target.said_at >= SAY_EVERY:
            target.said_at = now
            log.warning("the receiver at %s takes nothing: %s; it is tried again", target.place, trouble)
