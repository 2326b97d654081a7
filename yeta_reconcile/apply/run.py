"""What every part of an apply shares: state, client, lock, time, pace, and what went wrong so far."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from yeta_reconcile.clock import Clock
from yeta_reconcile.errors import (
    Incomplete,
    NotYet,
    StateError,
    StateLocked,
    YetaError,
)
from yeta_reconcile.exits import Exit
from yeta_reconcile.platform.client import PlatformClient
from yeta_reconcile.platform.errors import (
    OutcomeUnknown,
)
from yeta_reconcile.store import Store
from yeta_reconcile.store.lock import LIFETIME_MS, Holder
from yeta_reconcile.waves.record import WaveRecord
from yeta_reconcile.wording import UNSAID, Text, phrase, plural

LOG = logging.getLogger(__name__)
HEARTBEAT_SECONDS = LIFETIME_MS / 1000 / 6
RUN_AGAIN = phrase("run again")
Halted = Callable[[], str | None]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that keeps an apply from being complete, and the exit code it means.

    `waits`: nothing was broken off, so that there is nothing to go on with yet; `in_turn`: what waits is a
    wave, for its line, as its plan foresaw.
    """

    exit_code: Exit
    campaign: str
    summary: Text
    hint: Text = UNSAID
    waits: bool = False
    in_turn: bool = False

    @property
    def words(self) -> Text:
        """What people are told of it."""
        said = phrase("{campaign}: {summary}", campaign=self.campaign, summary=self.summary)
        return phrase("{said} ({hint})", said=said, hint=self.hint) if self.hint else said

    def __str__(self) -> str:
        return self.words


def rows_were(rows: int, wave: int) -> Text:
    """So many rows of a wave, at the beginning of what was done to them."""
    return plural(rows, "{number} row of wave {wave} was", "{number} rows of wave {wave} were", wave=wave)


class Stopped(YetaError):
    """Somebody asked us to stop; what was under way is finished."""

    exit_code = Exit.INTERRUPTED


@dataclass(frozen=True, slots=True)
class Pauses:
    """Seconds: how long a query may lag, how long a call may take, and how often to look meanwhile."""

    settle: float = 5.0
    timeout: float = 30.0
    drain_quiet: float = 600.0

    @property
    def settle_ms(self) -> int:
        """The settling time in ms."""
        return int(self.settle * 1000)

    @property
    def timeout_ms(self) -> int:
        """How long a call may take, in ms."""
        return int(self.timeout * 1000)

    @property
    def most_ms(self) -> int:
        """How long a call may take from its intent on, which may wait for its place; in ms."""
        return self.timeout_ms + max(self.timeout_ms // 10, 250)

    @property
    def drain_quiet_ms(self) -> int:
        """How long nothing may move for a drain to be over, in ms."""
        return int(self.drain_quiet * 1000)

    @property
    def look(self) -> float:
        """Between two looks at something that is expected to change."""
        return max(min(self.settle / 10, 1.0), 0.01)


class Pace:
    """At most `most` calls under way; half after each `busy`, one more after each run of successes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = most
        self._under_way = 0
        self._fine = 0
        self._changed = threading.Condition()

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for a free place and hold it."""
        with self._changed:
            self._changed.wait_for(lambda: self._under_way < self._limit)
            self._under_way += 1
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify()

    def busy(self) -> None:
        """The platform said that it is busy."""
        with self._changed:
            self._limit = max(1, self._limit // 2)
            self._fine = 0

    def fine(self) -> None:
        """A call went well."""
        if self._limit == self._most:
            return
        with self._changed:
            self._fine += 1
            if self._fine >= 2 * self._limit:
                self._limit += 1
                self._fine = 0
                self._changed.notify_all()


@dataclass(slots=True)
class Run:
    """One apply under way. `halted` says why nothing may ring, or None; `emit` takes events for people.

    `stale` says of a campaign why what its plan was made from does not stand any more, or None.

    `instant` gives the time, ms, that takes the place of the state's clock; None: the state goes by its own.
    """

    store: Store
    client: PlatformClient
    clock: Clock
    holder: Holder
    pauses: Pauses
    max_in_flight: int = 8
    halted: Halted = lambda: None
    stale: Callable[[str], str | None] = lambda _campaign: None
    waits: Mapping[tuple[str, int], str] = field(default_factory=dict)
    emit: Callable[[dict[str, Any]], None] = lambda _event: None
    instant: Callable[[], int | None] = lambda: None
    problems: list[Problem] = field(default_factory=list)
    interrupted: bool = False
    pace: Pace = field(init=False)
    _stop: threading.Event = field(default_factory=threading.Event)
    _fatal: list[BaseException] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.pace = Pace(self.max_in_flight)

    def now_ms(self) -> int:
        """Now, in ms since the epoch."""
        return int(self.clock.now().timestamp() * 1000)

    # Stopping

    def stop(self) -> None:
        """Finish what is under way and begin nothing more: somebody asked for it."""
        self.interrupted = True
        self._stop.set()

    def fail(self, error: BaseException) -> None:
        """Something that no other call would survive either: all stop, and it is raised at the end."""
        with self._lock:
            self._fatal.append(error)
        self._stop.set()

    def stop_with(self, call: str, error: OutcomeUnknown) -> None:
        """Stop for a code that no other call would survive, though this one may have been done."""
        self.fail(
            YetaError(
                phrase("{call}: {why}", call=call, why=error.why),
                hint=phrase("run again once the platform works again"),
            )
        )

    def check(self) -> None:
        """Raise Stopped if nothing more may begin."""
        if self._stop.is_set():
            raise Stopped(phrase("stopped before the next call"))

    def raise_fatal(self) -> None:
        """Raise what stopped everything, if anything did."""
        if self._fatal:
            raise self._fatal[0]

    def wait(self, seconds: float) -> None:
        """Let time pass, unless we are to stop."""
        self.check()
        while seconds > 0:
            self.clock.sleep(min(seconds, 1.0))
            self.check()
            seconds -= 1.0

    def wait_until(self, moment: int, most: int) -> None:
        """Wait until `moment`, ms of the state's clock, which is at most `most` ms from when it was noted.

        Where it lies further ahead, the clock was set back since, and only that pause is sure.
        """
        self.wait(min(moment - self.store.now(self.instant()), most) / 1000)

    def wait_since(self, moment: int, pause: int) -> None:
        """Wait until `pause` ms have passed since `moment`, both by our own clock."""
        self.wait(min(moment + pause - self.now_ms(), pause) / 1000)

    # Saying

    def waits_for_line(self, wave: WaveRecord, words: Text, hint: Text = UNSAID) -> None:
        """Note that a wave did not get its line: as its plan foresaw, or by the platform's `words` alone."""
        planned = self.waits.get((wave.campaign, wave.number))
        summary = phrase("wave {number} waits for its line: {why}", number=wave.number, why=words)
        if planned:
            hint = UNSAID
            summary = phrase(
                "wave {number} waits for its line, as planned: {why}", number=wave.number, why=planned
            )
        code, name = Exit.INCOMPLETE, wave.campaign
        self.problem(code, name, summary, hint, waits=True, in_turn=bool(planned))

    def gave_up(self, campaign: str, error: YetaError) -> None:
        """Note what was raised on the way."""
        waits = isinstance(error, NotYet)
        self.problem(error.exit_code, campaign, error.message, error.hint, waits=waits)

    def incomplete(
        self, campaign: str, summary: Text, hint: Text = RUN_AGAIN, *, waits: bool = False
    ) -> None:
        """Note what another run may complete."""
        self.problem(Exit.INCOMPLETE, campaign, summary, hint, waits=waits)

    def problem(
        self,
        exit_code: Exit,
        campaign: str,
        summary: Text,
        hint: Text = UNSAID,
        *,
        waits: bool = False,
        in_turn: bool = False,
    ) -> None:
        """Note what keeps this apply from being complete."""
        problem = Problem(exit_code, campaign, summary, hint, waits, in_turn)
        with self._lock:
            if problem not in self.problems:
                self.problems.append(problem)
        self.say("problem", campaign, exit_code=exit_code, summary=summary, hint=hint)

    def say(self, event: str, campaign: str, **fields: Any) -> None:
        """An event for people, pipelines and the log; no number and no dynamic value."""
        LOG.info("%s: %s %s", campaign, event, fields)
        with self._lock:
            self.emit({"event": event, "campaign": campaign, **fields})

    # Ringing

    def may_go_on(self, wave: WaveRecord | None, *, rings: bool) -> None:
        """Raise unless this is still the moment for a create, start, resume or call-out of a wave.

        Time passes while one asks: its end, its document and list, and the halt are looked at once more; the
        lock is last of all (`Intents.in_time`).
        """
        if wave is not None:
            end, closes, now = wave.attributes.end, wave.attributes.closes, self.clock.now()
            if end is not None and end <= now:
                words = phrase(
                    "the end of {campaign} is past: {rows} never dialled",
                    campaign=wave.campaign,
                    rows=rows_were(wave.pending, wave.number),
                )
                raise NotYet(words, hint=phrase("extend `schedule.end` to call them"))
            if closes is not None and closes <= now:
                words = phrase(
                    "the last day of wave {number} of {campaign} is over",
                    number=wave.number,
                    campaign=wave.campaign,
                )
                raise NotYet(
                    phrase("{words}; nothing of it is started", words=words),
                    hint=phrase("the next plan says when it goes on"),
                )
            if why := self.stale(wave.campaign):
                raise Incomplete(
                    phrase("{why}; nothing of it is started", why=why),
                    hint=phrase("run again to see what it means"),
                )
        if rings and (reason := self.halted()):
            raise NotYet(
                phrase("{reason}; nothing is started", reason=reason), hint=phrase("`yeta resume` lifts it")
            )

    def still_holds(self) -> None:
        """Raise unless the lock is still ours: a machine that slept may have lost it."""
        current = self.store.lock.current(self.instant())
        if current is None or current.holder != self.holder.holder:
            raise StateLocked(phrase("the lock on the state was lost"), hint=RUN_AGAIN)

    @contextmanager
    def heartbeat(self) -> Iterator[None]:
        """Keep the lock while the block runs."""
        done = threading.Event()

        def beat() -> None:
            while not done.wait(HEARTBEAT_SECONDS):
                try:
                    if not self.store.lock.renew(self.holder, self.instant()):
                        self.fail(StateLocked(phrase("the lock on the state was lost"), hint=RUN_AGAIN))
                        return
                except StateError:
                    # The next intent finds out whether the state works; a missed beat alone is harmless.
                    continue

        thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
