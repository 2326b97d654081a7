"""The receiver put together: server, writer, projector, contexts, health, purge; from start to its end."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Protocol

from yeta_reconcile.documents.models import Price
from yeta_reconcile.errors import YetaError
from yeta_reconcile.receiver.access import Access
from yeta_reconcile.receiver.app import App
from yeta_reconcile.receiver.contexts import ServedContexts
from yeta_reconcile.receiver.counts import EVERY as EVERY_COUNT
from yeta_reconcile.receiver.counts import campaign_counts
from yeta_reconcile.receiver.dashboard import EVERY as EVERY_PAGE
from yeta_reconcile.receiver.health import EVERY, Health
from yeta_reconcile.receiver.metrics import Metrics
from yeta_reconcile.receiver.relay import Relay, Target
from yeta_reconcile.receiver.renewal import Renewed
from yeta_reconcile.receiver.server import Server
from yeta_reconcile.receiver.writer import Writer
from yeta_reconcile.records.projector import CHUNK, Projector
from yeta_reconcile.store import Store

log = logging.getLogger(__name__)

CONTEXTS_EVERY = 1.0
# How long the server waits for the first look at contexts and state: a push that came meanwhile is still
# answered within 3 s.
FIRST_LOOK = 2.0
PURGE_EVERY = 3600.0
# Between two of its transactions, so that what comes in meanwhile never queues behind them.
PURGE_REST = 0.02
RELINK_EVERY = 60.0
TIDY_EVERY = 5.0
# Whoever pushes soon pushes again: what comes within so many seconds is folded together, and while pushes
# come in the projector works one part of the time in seven at most. It can catch up later; who pushes waits.
GATHER = 0.1
RESTS = 6
LONGEST_REST = 0.5
# Where so many wait it works half of the time: what is known of calls is never a day behind.
MANY_WAIT = 20_000
DAY_MS = 86_400_000


class Listener(Protocol):
    """What stands in front of the application."""

    def serve(self, stop: threading.Event) -> None:
        """Answer until `stop` is set; then finish what was begun, and hang up."""

    def close(self) -> None:
        """Let go of what is held."""


Opening = Callable[[App, socket.socket], Listener]


class ReceiverService:
    """One receiver on one state; `run` serves until `stop` is set.

    `inbox` and `store` are the same state over two connections, so that what is stored before it is
    acknowledged never waits behind what is folded.
    """

    def __init__(
        self,
        inbox: Store,
        store: Store,
        access: Access,
        contexts: ServedContexts,
        retention: timedelta,
        report: Callable[[], bytes] | None = None,
        relay: Relay | None = None,
        price: Price | None = None,
    ) -> None:
        self._store = store
        self._relay = relay
        self._contexts = contexts
        self._retention_ms = int(retention.total_seconds() * 1000)
        self._metrics = Metrics()
        self._arrived = threading.Event()
        self._stop = threading.Event()
        self._looked = threading.Event()
        self._writer = Writer(inbox.inbox.append, on_stored=self._arrived.set)
        names = relay.names if relay else ()
        self._projector = Projector(
            store, on_settled=self._metrics.folded, on_unread=self._metrics.unread, relay=names
        )
        self._health = Health(store, inbox, self._writer, self._metrics.refusals, self._metrics.unread_values)
        self._page = Renewed(report, EVERY_PAGE) if report is not None else None
        self._counted = Renewed(lambda: campaign_counts(store, price), EVERY_COUNT)
        # So that the first scrape has them.
        self._counted.ask()
        self.app = App(
            access,
            self._writer,
            contexts,
            self._metrics,
            self._health.storing,
            self._exposition,
            dashboard=self._page.ask if self._page else None,
        )

    def run(
        self,
        bound: socket.socket,
        stop: threading.Event,
        announce: Callable[[], None],
        made: Opening = Server,
    ) -> None:
        """Serve on a bound socket; when `stop` is set, answer what was begun, fold, and return."""
        server = made(self.app, bound)
        threads = [
            threading.Thread(target=self._steadily, args=(work, pause), name=name, daemon=True)
            for name, work, pause in (
                ("projector", self._project, 0.0),
                ("contexts", self._refresh, CONTEXTS_EVERY),
                ("purge", self._purge, PURGE_EVERY),
                ("relink", self._relink, RELINK_EVERY),
                ("health", self._health.beat, EVERY),
                ("counts", self._counted.work, 0.0),
                *([("dashboard", self._page.work, 0.0)] if self._page else []),
                *self._relaying(),
            )
        ]
        for thread in threads:
            thread.start()
        until = time.monotonic() + FIRST_LOOK
        for first in (self._looked, self._health.felt):
            first.wait(max(0.0, until - time.monotonic()))
        announce()
        try:
            server.serve(stop)
        finally:
            self._writer.close()
            self._stop.set()
            self._arrived.set()
            server.close()
            for thread in threads:
                thread.join(timeout=10)

    def arrivals(self) -> Counter[tuple[str, str]]:
        """How many pushes were answered so far, by module and outcome: stored, dead or refused."""
        return self._metrics.arrivals()

    def _relaying(self) -> Iterator[tuple[str, Callable[[], None], float]]:
        """A thread a target, so that one that takes nothing keeps no other waiting; one tidies up."""
        relay, store, metrics = self._relay, self._store, self._metrics
        if relay is None:
            return

        def work(target: Target) -> None:
            self._stop.wait(relay.step(target, store, metrics, self._stop.is_set))

        for number, target in enumerate(relay.targets, 1):
            yield f"relay-{number}", partial(work, target), 0.0
        yield "relay", partial(relay.tidy, store, metrics), TIDY_EVERY

    def _exposition(self) -> bytes:
        health = self._health
        self._metrics.gauges["silent"].set(self._health.silent)
        return self._metrics.text(
            health.counts,
            self._writer.depth,
            self._contexts.state,
            time.time(),
            storing=health.storing(),
            campaigns=self._counted.ask(),
        )

    def _steadily(self, work: Callable[[], None], pause: float) -> None:
        """Do some work again and again; an error is said once and never ends it."""
        said = ""
        while not self._stop.is_set():
            try:
                work()
                said = ""
            except Exception as error:  # noqa: BLE001 -- whatever it is, the next time may do
                words = error.message if isinstance(error, YetaError) else type(error).__name__
                if words != said:
                    log.error("%s: %s", threading.current_thread().name, words)  # noqa: TRY400
                said = words
                self._stop.wait(1.0)
            if pause:
                self._stop.wait(pause)

    def _project(self) -> None:
        began = time.perf_counter()
        looked = self._projector.step(CHUNK)
        took = time.perf_counter() - began
        if not looked:
            self._arrived.wait(1.0)
        if self._arrived.is_set():
            self._arrived.clear()
            counts = self._health.counts
            behind = counts is not None and counts.waiting > MANY_WAIT
            self._stop.wait(took if behind else min(max(took * RESTS, GATHER), LONGEST_REST))

    def _refresh(self) -> None:
        try:
            self._contexts.refresh(at_once=not self._contexts.state.read_at)
        finally:
            self._looked.set()

    def _purge(self) -> None:
        before = time.time_ns() // 1_000_000 - self._retention_ms
        gone = self._store.inbox.purge(before, lambda: self._stop.wait(PURGE_REST))
        if gone:
            log.info("%d raw pushes were older than retention and are gone", gone)

    def _relink(self) -> None:
        self._projector.relink(lambda: self._stop.wait(0.1))
