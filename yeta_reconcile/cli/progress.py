"""How far an apply has come, in one line drawn over itself: which campaign, at what, and how much is left.

It shows on a terminal alone, and says how long it may yet take only once that can be told. Where nothing
happens it says since when.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any

import click

from yeta_reconcile.cli.output import tell
from yeta_reconcile.cli.patience import EVERY, ticking
from yeta_reconcile.render.table import clean
from yeta_reconcile.wording import UNSAID, Text, phrase, spoken, worded

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

# What a wave is at, once an event of it was heard.
_PHASES: dict[str, Callable[[Text], Text]] = {
    "planned": lambda wave: phrase("{wave} is staged", wave=wave),
    "inserted": lambda wave: phrase("{wave} is filled", wave=wave),
    "set-aside": lambda wave: phrase("{wave} is filled", wave=wave),
    "doubted": lambda wave: phrase("{wave} is checked again", wave=wave),
    "verified": lambda wave: phrase("{wave} is checked", wave=wave),
    "started": lambda wave: phrase("{wave} rings", wave=wave),
    "resumed": lambda wave: phrase("{wave} rings", wave=wave),
    "called": lambda wave: phrase("{wave} is called out", wave=wave),
    "discarded": lambda wave: phrase("{wave} is discarded", wave=wave),
    "paused": lambda wave: phrase("{wave} is paused", wave=wave),
    "deleted": lambda wave: phrase("{wave} is deleted", wave=wave),
    "busy": lambda wave: phrase("{wave}: the platform is busy, and is asked again", wave=wave),
}
# Before this long has gone by nothing is foreseen, s; and so much of the past says how fast it goes now.
_LEAST, _RECENT = 3.0, 30.0


class Rate:
    """How many are done, when, and how long the rest may take. `now` is in seconds of any beginning."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self._first: tuple[float, int] | None = None
        self._recent: deque[tuple[float, int]] = deque()

    def did(self, more: int, now: float) -> None:
        """So many more are done."""
        self.done += more
        # What came before the first is the time of other calls, and no measure of the rest.
        self._first = self._first or (now, self.done)
        self._recent.append((now, self.done))
        while now - self._recent[0][0] > _RECENT and len(self._recent) > 2:
            self._recent.popleft()

    def left(self, now: float) -> float | None:
        """Seconds by the slower of how fast it went in all and how fast it goes; None: it cannot be told."""
        rest = self.total - self.done
        if self._first is None or rest <= 0:
            return None
        # The time since the last is of the rest: one that stands is not foreseen to go on as before.
        paces = [
            (now - since) / (self.done - before)
            for since, before in (self._first, self._recent[0])
            if self.done > before and now - self._first[0] >= _LEAST
        ]
        return max(paces) * rest if paces else None


def rest_words(seconds: float | None) -> Text:
    """`about 40 s left`; no closer than it can be known."""
    if seconds is None:
        return UNSAID
    if seconds >= 2 * 3600:
        return phrase("about {hours:.0f} h left", hours=seconds / 3600)
    if seconds >= 2 * 60:
        return phrase("about {minutes:.0f} min left", minutes=seconds / 60)
    return phrase("about {seconds} s left", seconds=max(5 * round(seconds / 5), 5))


class Shown:
    """What the line says; `draw` puts it on the screen, and `remind` what nothing has come of for long."""

    def __init__(
        self,
        total: int,
        draw: Callable[[int, str], None],
        now: Callable[[], float],
        remind: Callable[[Text], None] = tell,
    ) -> None:
        self._pace = Rate(total)
        self._draw = draw
        self._remind = remind
        self._now = now
        self._lock = Lock()
        self._doing = phrase("the apply is at work")
        self._at = self._said_at = now()

    def hear(self, event: dict[str, Any]) -> None:
        """Something happened in an apply."""
        phase = _PHASES.get(event["event"])
        if phase is not None:
            with self._lock:
                self._hear(event, phase)

    def still(self) -> None:
        """Say what it has been at since when, if nothing was said for long."""
        with self._lock:
            now = self._now()
            if now - self._said_at >= EVERY:
                self._said_at = now
                self._remind(
                    phrase("{doing}, for {seconds:.0f} s", doing=self._doing, seconds=now - self._at)
                )

    def _hear(self, event: dict[str, Any], phase: Callable[[Text], Text]) -> None:
        rows = {"inserted": event.get("rows", 0), "called": event.get("rows", 0), "set-aside": 1}
        more = rows.get(event["event"], 0)
        if more:
            self._pace.did(more, self._now())
        rest = rest_words(self._pace.left(self._now()))
        name, number = clean(event["campaign"]), event.get("wave")
        wave = phrase("{campaign} wave {number}", campaign=name, number=number) if number else Text(name)
        said = phase(wave)
        if said != self._doing:
            self._doing, self._at = said, self._now()
        if self._pace.total:  # else there is no line on which it would be seen
            self._said_at = self._now()
        self._draw(more, spoken(phrase("{doing}, {rest}", doing=said, rest=rest) if rest else said))


@contextmanager
def shown(total: int) -> Iterator[Callable[[dict[str, Any]], None]]:
    """The line of an apply that submits so many numbers; what it yields is told what happens.

    Where it submits none there is no line, and something is said only when nothing happens for long.
    """
    if not sys.stderr.isatty():
        yield lambda _event: None
        return
    with ExitStack() as stack:
        if total:
            draw = stack.enter_context(_bar(total))
            line = Shown(total, draw, time.monotonic, lambda words: draw(0, spoken(words)))
        else:
            line = Shown(total, lambda _more, _words: None, time.monotonic)
        stack.enter_context(ticking(line.still))
        yield line.hear


@contextmanager
def _bar(total: int) -> Iterator[Callable[[int, str], None]]:
    line: ProgressBar[str] = click.progressbar(
        length=total,
        label=worded("numbers"),
        file=sys.stderr,
        show_eta=False,
        show_percent=True,
        show_pos=True,
        item_show_func=lambda words: words,
    )
    with line as bar:

        def draw(more: int, words: str) -> None:
            bar.update(more, words)
            bar.render_progress()

        yield draw
