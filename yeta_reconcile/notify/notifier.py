"""Takes events in and has them sent, in a thread of its own: whoever it works for waits a moment at most."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from functools import partial

from yeta_reconcile.documents.limits import Notify
from yeta_reconcile.errors import StateError, StateLocked, YetaError
from yeta_reconcile.notify import targets
from yeta_reconcile.notify.events import Event
from yeta_reconcile.notify.outbox import Message, Outbox
from yeta_reconcile.store import Store
from yeta_reconcile.wording import spoken

LOG = logging.getLogger(__name__)
# Seconds that a command waits, at most, for its messages to be taken.
PATIENCE = 2.0


def _waited_for(work: Callable[[], None]) -> None:
    sending = threading.Thread(target=work, name="notify", daemon=True)
    sending.start()
    sending.join(PATIENCE)


class Notifier:
    """One project's messages. `title` heads each; `opened` gives a connection to the state of its own."""

    def __init__(self, notify: Sequence[Notify], title: str, opened: Callable[[], Store]) -> None:
        self._notify = {f"notify[{at}]": one for at, one in enumerate(notify)}
        self._title = title
        self._opened = opened

    def tell(self, store: Store, events: Sequence[Event], now: int) -> None:
        """Put the events down, and send what is left to be sent. Breaks nothing."""
        if not self._notify:
            return
        try:
            outbox = Outbox(store)
            outbox.take_in(events, [(name, one.on) for name, one in self._notify.items()], now)
            claimed = outbox.claim(now)
        except (StateError, StateLocked) as error:
            LOG.warning("nobody is told: %s", error.message)
            return
        if claimed:
            _waited_for(partial(self._send_all, claimed))

    def tell_at_once(self, event: Event) -> None:
        """Send one event without a state, once."""
        wanted = [name for name, one in self._notify.items() if event.kind in one.on]

        def work() -> None:
            for name in wanted:
                self._send(name, spoken(event.words))

        if wanted:
            _waited_for(work)

    def _send_all(self, claimed: Sequence[Message]) -> None:
        with suppress(YetaError), closing(self._opened()) as store:
            outbox, down, failed = Outbox(store), set[str](), list[Message]()
            for message in claimed:
                if message.target in down or not self._taken(message):
                    down.add(message.target)
                    failed.append(message)
                else:
                    outbox.sent(message)
            outbox.give_back(failed)

    def _taken(self, message: Message) -> bool:
        """Whether it was sent, or there is nobody any more who is to be told."""
        return message.target not in self._notify or self._send(message.target, message.words)

    def _send(self, name: str, words: str) -> bool:
        try:
            to = targets.target(self._notify[name].to)
        except YetaError as error:
            LOG.warning("%s is not told: %s; %s", name, error.message, error.hint)
            return False
        if to is None:
            LOG.warning("%s is not told: its address is of no kind that is known", name)
            return False
        taken = targets.send(to, self._title, words)
        if not taken:
            LOG.warning("%s took no message; it is tried again later", name)
        return taken
