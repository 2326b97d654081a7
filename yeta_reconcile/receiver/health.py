"""Whether pushes can be stored, and how many wait: tried in a thread of its own, told at once to who asks.

Only the trying waits for the state, and a wait that lasts is an answer too.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable

from yeta_reconcile.amounts import count
from yeta_reconcile.errors import StateError
from yeta_reconcile.planning.silence import unheard
from yeta_reconcile.receiver.metrics import REASONS
from yeta_reconcile.receiver.writer import Writer
from yeta_reconcile.store import Store
from yeta_reconcile.store.inbox import InboxCounts
from yeta_reconcile.wording import phrase

log = logging.getLogger(__name__)

# Seconds from one look to the next.
EVERY = 1.0
# So long after anything was stored it is tried whether a push could be.
TRY_AFTER = 2.0
# A try that has waited for so long means that pushes cannot be stored.
PATIENCE = 2.0
# What cannot be folded may grow with every push; it is said this often.
SAY_EVERY = 60.0


class _Growing:
    """What counts have grown by since it was last said, once in a while."""

    def __init__(self, total: Callable[[], Counter[str]]) -> None:
        self._total = total
        self._said: Counter[str] = Counter()
        self._said_at = -SAY_EVERY

    def new(self) -> Counter[str]:
        """By how much, if it is time to say so."""
        now, total = time.monotonic(), self._total()
        new = total - self._said
        if not new or now - self._said_at < SAY_EVERY:
            return Counter()
        self._said, self._said_at = total, now
        return new


class Health:
    """The last known of one state. `beat` waits for the state; everything else answers at once."""

    def __init__(
        self,
        store: Store,
        inbox: Store,
        writer: Writer,
        refusals: Callable[[], Counter[str]],
        unread: Callable[[], Counter[str]],
    ) -> None:
        self._store = store
        self._inbox = inbox
        self._refusals = _Growing(refusals)
        self._unread = _Growing(unread)
        self._writer = writer
        self._waiting_since = 0.0
        self._stored_at = 0.0
        self._failed_at = 0.0
        self._trouble = ""
        self._said = (0, 0)
        self._said_at = -SAY_EVERY
        self._heard_at = -SAY_EVERY
        self.silent = False
        self.felt = threading.Event()
        self.counts: InboxCounts | None = None

    def storing(self) -> bool:
        """Whether the last try to store worked, a push's or ours, and none has been waiting for long."""
        stored = max(self._stored_at, self._writer.stored_at)
        waiting = self._waiting_since
        if waiting and time.monotonic() - max(waiting, stored) > PATIENCE:
            return False
        return stored > max(self._failed_at, self._writer.failed_at)

    def beat(self) -> None:
        """Store a mark, if nothing was stored lately, and count. Raises StateError if that cannot be read."""
        stored = max(self._stored_at, self._writer.stored_at)
        if not self.storing() or time.monotonic() - stored > TRY_AFTER:
            self._try()
        self.felt.set()
        self._say_refusals()
        self.counts = self._store.inbox.counts()
        self._say(self.counts)
        self._listen()

    def _listen(self) -> None:
        """Whether the platform has been silent for hours while calls were to be made; said when it begins."""
        if time.monotonic() - self._heard_at < SAY_EVERY:
            return
        self._heard_at = time.monotonic()
        now = time.time_ns() // 1_000_000
        recorded = self._store.waves.recorded().campaigns.values()
        waves = ((wave, None) for one in recorded for wave in one.waves)
        was, self.silent = self.silent, any(unheard(waves, self._store.inbox.traffic(now).last_push, now))
        if self.silent and not was:
            log.warning("no push for hours while waves are started: does the platform push to this address?")

    def _try(self) -> None:
        self._waiting_since = time.monotonic()
        try:
            # What lies where a file was that is gone may be the state, put back or restored.
            for opened in (self._inbox, self._store):
                opened.reopen()
            self._store.set_flag("receiver", str(time.time_ns() // 1_000_000))
            self._stored_at = time.monotonic()
            self._trouble = ""
        except StateError as error:
            self._failed_at = time.monotonic()
            if error.message != self._trouble:
                log.warning("nothing can be stored: %s (%s)", error.message, error.hint)
            self._trouble = error.message
        finally:
            self._waiting_since = 0.0

    def _say_refusals(self) -> None:
        """What was refused unread since it was last said: the platform keeps such a push for `backfill`."""
        if new := self._refusals.new():
            words = ", ".join(f"{number} {REASONS[reason]}" for reason, number in new.most_common())
            log.warning("%s refused: %s", count(new.total(), "request was", "requests were"), words)
        if new := self._unread.new():
            words = ", ".join(f"{number} {name}" for name, number in new.most_common())
            values = count(new.total(), "value of a call", "values of calls")
            log.warning("%s could not be read: %s; the raw pushes hold them as they came", values, words)

    def _say(self, counts: InboxCounts) -> None:
        found = (counts.stuck, counts.dead)
        now = time.monotonic()
        if found == self._said or now - self._said_at < SAY_EVERY:
            return
        self._said, self._said_at = found, now
        words = []
        if counts.stuck:
            words.append(phrase("{pushes} could not be folded", pushes=count(counts.stuck, "push", "pushes")))
        if counts.dead:
            words.append(count(counts.dead, "dead letter"))
        if words:
            log.warning("%s: `yeta calls pending` lists them", ", ".join(words))
