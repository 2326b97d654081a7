"""Pushes on their way: when each is tried, how often, and what becomes of one that fails.

Schedules; carrying a push to the application is the carrier's, outside the emulator's lock.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import RLock
from typing import Any

from yeta_reconcile.emulator.agenda import Agenda, Errand
from yeta_reconcile.emulator.failed import FailedPushes
from yeta_reconcile.emulator.settings import Settings
from yeta_reconcile.emulator.virtual_clock import VirtualClock

ATTEMPTS = 4
"""One, and three more."""

Deliver = Callable[[str, dict[str, Any]], bool]
"""Hands a push (module, body) over and tells whether it was acknowledged."""

Carrier = Callable[[str, dict[str, Any], Callable[[bool], None]], None]
"""As Deliver, but may answer later and from another thread, through the callable it is given."""


@dataclass(slots=True, eq=False)
class Push:
    """One push; `delivered` is None until it is settled, and for good where nobody carries it."""

    module: str
    data: dict[str, Any]
    at: int
    attempts: int = 0
    delivered: bool | None = None


class Outbox:
    """Everything that is pushed; `sent` lists it in the order of first attempts."""

    def __init__(
        self,
        settings: Settings,
        clock: VirtualClock,
        agenda: Agenda,
        failed: FailedPushes,
        lock: RLock,
    ) -> None:
        self.carrier: Carrier | None = None
        self.sent: list[Push] = []
        self.waiting: dict[Push, None] = {}
        self.counts = {"pushed": 0, "delivered": 0, "failed": 0}
        self.settings = settings
        self._clock = clock
        self._agenda = agenda
        self._failed = failed
        self._lock = lock

    def enter(self, bodies: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Schedule the pushes of a call that ended now; the caller holds the lock."""
        habits = self.settings.pushes
        chance = random.Random(f"{self.settings.seed}/push/{bodies[0][1]['call_uuid']}")
        for module, data in bodies:
            for _ in range(1 + (chance.random() < habits.duplicate_rate)):
                delay = chance.uniform(0, 2 * habits.delay)
                if chance.random() < habits.late_rate:
                    delay += chance.uniform(0, 2 * habits.late_by)
                push = Push(module, data, self._clock.now_ms + int(delay * 1000))
                if chance.random() < habits.lost_rate:
                    push.attempts = ATTEMPTS
                    self._fail(push)
                else:
                    self.schedule(push)

    def schedule(self, push: Push) -> None:
        """Enter a push's next attempt, at its time."""
        self.waiting[push] = None
        self._agenda.at(push.at, self._attempt, push)

    def _attempt(self, push: Push) -> Errand | None:
        if push.attempts == 0:
            self.counts["pushed"] += 1
            if self.settings.keep_history:
                self.sent.append(push)
        carrier = self.carrier
        if carrier is None:
            self.waiting.pop(push, None)
            return None
        push.attempts += 1
        return lambda: carrier(push.module, push.data, lambda ok: self._settle(push, ok))

    def _settle(self, push: Push, acknowledged: bool) -> None:
        with self._lock:
            if acknowledged:
                push.delivered = True
                self.waiting.pop(push, None)
                self.counts["delivered"] += 1
            elif push.attempts < ATTEMPTS:
                push.at = self._clock.now_ms + int(self.settings.pushes.retry_after * 1000)
                self.schedule(push)
            else:
                self._fail(push)

    def _fail(self, push: Push) -> None:
        push.delivered = False
        self.waiting.pop(push, None)
        self.counts["failed"] += 1
        self._failed.add(push.module, push.data, push.attempts, self._clock.now_ms)


def carried_by(deliver: Deliver) -> Carrier:
    """Make a carrier of a plain function that answers at once."""

    def carry(module: str, data: dict[str, Any], settle: Callable[[bool], None]) -> None:
        settle(deliver(module, data))

    return carry
