"""What was said and what is still to be said, in the state: so an event is one message, whoever runs next.

One flag of the state holds it; each change of it is a transaction, since a receiver and an apply may meet.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from yeta_reconcile.notify.events import Event
from yeta_reconcile.store import Store
from yeta_reconcile.wording import spoken

# A target by its place, and the kinds of events it is told.
Told = tuple[str, Sequence[str]]
FLAG = "notify"
# Beyond this the oldest are forgotten: a target that is never there again must not fill the state.
KEPT = 500
# Longer than it takes to send one message, or to fail.
CLAIM_MS = 30_000
# What needs a person is told again if it was gone for so long.
GONE_MS = 24 * 3_600_000
# Events of these kinds that were there before anybody was to be told are no news.
_OLD_NEWS = frozenset({"finished"})


@dataclass(frozen=True, slots=True)
class Message:
    """What one target is to be told; `target` is its place in `notify:`."""

    target: str
    key: str
    words: str

    @property
    def name(self) -> str:
        """What tells it from every other one."""
        return f"{self.target} {self.key}"


class Outbox:
    """The messages of one state. `now` is in ms."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def take_in(self, events: Sequence[Event], targets: Iterable[Told], now: int) -> None:
        """Put down what nobody was told yet, in the language of the run that noticed it.

        `targets` are (their place, the kinds they are told).

        What stands is told once it has stood for long enough; what stands no more is forgotten.
        """
        wanted = [*targets]
        with self._changed() as kept:
            first = not kept["begun"]
            kept["begun"] = True
            since = {event.key: kept["since"].get(event.key, now) for event in events if event.after}
            kept["since"] = since
            for event in events:
                if self._was_said(kept["said"], event, now) or now - since.get(event.key, now) < event.after:
                    continue
                kept["said"][event.key] = now
                if first and event.kind in _OLD_NEWS:
                    continue
                words = spoken(event.words)
                kept["left"] += [[name, event.key, words] for name, kinds in wanted if event.kind in kinds]
            kept["said"] = dict([*kept["said"].items()][-KEPT:])
            kept["left"] = kept["left"][-KEPT:]

    @staticmethod
    def _was_said(said: dict[str, int], event: Event, now: int) -> bool:
        """Whether it was told, and of what needs a person, whether it has stood since then."""
        last = said.get(event.key)
        if last is None or event.kind != "unresolved":
            return last is not None
        if now - last > GONE_MS // 24:
            said[event.key] = now
        return now - last <= GONE_MS

    def left(self) -> list[Message]:
        """What is still to be sent, the oldest first, by whomever."""
        return [Message(*one) for one in self._kept()["left"]]

    def claim(self, now: int) -> list[Message]:
        """What is still to be sent and nobody is sending: the caller's, who says the outcome of each.

        Two who send the same message would both have it taken. One that died gives its messages back in time.
        """
        with self._changed() as kept:
            others = {name: until for name, until in kept["claimed"].items() if until > now}
            claimed = [one for one in (Message(*one) for one in kept["left"]) if one.name not in others]
            for at, one in enumerate(claimed, 1):
                others[one.name] = now + CLAIM_MS * at
            kept["claimed"] = others
        return claimed

    def sent(self, message: Message) -> None:
        """It was sent."""
        gone = [message.target, message.key, message.words]
        with self._changed() as kept:
            kept["left"] = [one for one in kept["left"] if one != gone]
            kept["claimed"].pop(message.name, None)

    def give_back(self, messages: Sequence[Message]) -> None:
        """They were not taken: whoever runs next sends them."""
        with self._changed() as kept:
            for message in messages:
                kept["claimed"].pop(message.name, None)

    def _kept(self) -> dict[str, Any]:
        empty: dict[str, Any] = {"begun": False, "said": {}, "since": {}, "left": [], "claimed": {}}
        kept: dict[str, Any] = json.loads(self._store.flag(FLAG) or "{}")
        return empty | kept

    @contextmanager
    def _changed(self) -> Iterator[dict[str, Any]]:
        """What is kept, to be changed in one transaction."""
        with self._store.database.write():
            kept = self._kept()
            before = json.dumps(kept)
            yield kept
            if (after := json.dumps(kept, ensure_ascii=False)) != before:
                self._store.set_flag(FLAG, after)
