"""What an apply says while it goes: text for people, or one JSON object a line for pipelines.

A reader that goes away does not stop an apply: what is under way is worth more than its report.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from typing import Any

from yeta_reconcile.amounts import count
from yeta_reconcile.apply import Problem, Report
from yeta_reconcile.cli.context import LogFormat
from yeta_reconcile.cli.failures import failure_of, quiet_streams
from yeta_reconcile.cli.output import ON_STDOUT, say, show_json, tell
from yeta_reconcile.cli.plans import show_plan
from yeta_reconcile.cli.progress import shown
from yeta_reconcile.exits import Exit
from yeta_reconcile.plan.plan import Action
from yeta_reconcile.plan.plan_json import plan_json
from yeta_reconcile.planning.planned import Planned
from yeta_reconcile.render.alike import SINGLY
from yeta_reconcile.render.words import asides
from yeta_reconcile.wording import CLAUSES, SENTENCES, UNSAID, Text, listed, phrase, sentence

FORMAT = "yeta-apply/1"
LOG = logging.getLogger(__name__)
# Events that people are told at once; the others only move the progress, or are in the last words.
TOLD = frozenset({"warning", "doubted", "set-aside", "full", "unanswered"})
_DID: dict[str, Callable[[Text], Text]] = {
    "verified": lambda waves: phrase("{waves} staged", waves=waves),
    "started": lambda waves: phrase("{waves} started", waves=waves),
    "resumed": lambda waves: phrase("{waves} resumed", waves=waves),
    "paused": lambda waves: phrase("{waves} paused", waves=waves),
    "deleted": lambda waves: phrase("{waves} deleted", waves=waves),
    "discarded": lambda waves: phrase("{waves} discarded", waves=waves),
    "orphan-deleted": lambda waves: phrase("{waves} orphaned and deleted", waves=waves),
}


# What comes next by exit code: only where nobody has to do anything first it simply goes on.
_NEXT = {
    Exit.FAILED: phrase("Once what failed is put right, `yeta apply` goes on where it stopped."),
    Exit.INCOMPLETE: phrase("`yeta apply` goes on where it stopped."),
    Exit.UNRESOLVED: phrase(
        "Somebody has to settle what is named above, as it says; then `yeta apply` goes on."
    ),
}
_WAITS = phrase("Nothing failed: what waits is tried again by the next `yeta apply`, or by `yeta reconcile`.")


class ApplyView:
    """One apply's output. Results go to stdout, what is in the way of them to stderr.

    `zone` is the project's, as soon as that is known.
    """

    def __init__(self, form: str, *, color: bool, log_format: LogFormat) -> None:
        self._json = form == "json"
        self._log = LOG if log_format == "json" else None
        self._color = color
        self.zone: tzinfo = UTC
        self._show: Callable[[dict[str, Any]], None] = lambda _event: None
        self._did: dict[str, int] = dict.fromkeys(_DID, 0)
        self._called = 0
        self._ended = False
        self._settled = UNSAID

    @contextmanager
    def ending(self) -> Iterator[None]:
        """In JSON, a run that fails ends in a line too."""
        try:
            yield
        except (Exception, KeyboardInterrupt) as error:
            if self._json:
                self._line("end", problems=0, **failure_of(error).as_json())
                error.add_note(ON_STDOUT)
            raise

    def plan(self, planned: Planned, *, destroy: bool) -> None:
        """The plan that is about to be carried out; `destroy` as on the command line."""
        self._settled = asides(planned.plan) or (UNSAID if destroy else phrase("Everything is as declared."))
        if self._json:
            self._line("plan", plan=plan_json(planned.plan))
        else:
            show_plan(planned, "text", color=self._color)

    def note(self, words: Text) -> None:
        """Something to know that keeps nothing from being done."""
        if self._json:
            self._line("note", summary=words)
        else:
            tell(phrase("note: {words}", words=words))

    @contextmanager
    def progress(self, planned: Planned) -> Iterator[None]:
        """How many of the rows to be submitted are, and what is done just now; on a terminal, in text."""
        rows = sum(
            change.rows for change in planned.plan.changes
            if change.action in {Action.CREATE, Action.REPLACE, Action.CALL}
        )  # fmt: skip
        if self._json:
            yield
            return
        with shown(rows) as self._show:
            yield

    def hear(self, event: dict[str, Any]) -> None:
        """Something happened. Called one at a time, from any thread."""
        kind, fields = event["event"], {key: value for key, value in event.items() if key != "event"}
        if kind in _DID:
            self._did[kind] += 1
        if kind == "called":
            self._called += event["rows"]
        self._show(event)
        if self._json:
            self._line(kind, **fields)
        elif kind in TOLD:
            self._complain(
                phrase(
                    "{campaign} wave {number}: {told}",
                    campaign=event["campaign"],
                    number=event["wave"],
                    told=_told(event),
                )
            )

    def end(self, report: Report, code: Exit) -> Exit:
        """What came of it; gives the exit code back."""
        if self._json:
            self._line("end", exit_code=code, problems=len(report.problems))
            return code
        for problem, others in _folded(report.problems):
            self._complain(
                phrase("waits: {problem}", problem=problem.words)
                if problem.exit_code == Exit.INCOMPLETE
                else phrase("error: {problem}", problem=problem.words)
            )
            if others:
                words = phrase(
                    "waits: the same, each for its line and in its turn, for {more}: {names}",
                    more=count(len(others), "more campaign"),
                    names=listed(others),
                )
                self._complain(words)
        _say(self._last_words(code, _next(report, code)), err=False)
        return code

    def _complain(self, words: Text) -> None:
        if self._log:
            self._log.warning("%s", words)
        else:
            _say(words)

    def _last_words(self, code: int, following: Text) -> Text:
        parts = [did(count(self._did[kind], "wave")) for kind, did in _DID.items() if self._did[kind]]
        if self._called:
            parts.append(phrase("{numbers} called out", numbers=count(self._called, "number")))
        said = [sentence(phrase("{done}.", done=listed(parts, 0, by=CLAUSES)))] if parts else []
        if code == 0:
            said.insert(0, phrase("Done.") if said else phrase("Nothing to do."))
            said += [self._settled] if self._settled else []
        elif code in {3, 4}:
            return phrase("Nothing was done: the plan has errors.")
        elif code == 130:
            said = [phrase("Interrupted."), *said, following]
        else:
            said = [phrase("Not complete (exit {code}).", code=code), *said, following]
        return listed(said, 0, by=SENTENCES)

    def _line(self, event: str, **fields: Any) -> None:
        if self._json and not self._ended:
            self._ended = event == "end"
            at = datetime.now(self.zone).isoformat(timespec="milliseconds")
            line = {"format": FORMAT, "event": event, "at": at, **fields}
            with _unheard(err=False):
                show_json(line, indent=None)


def _next(report: Report, code: Exit) -> Text:
    """What comes next, if it is not complete."""
    if code is Exit.INCOMPLETE and all(problem.waits for problem in report.problems):
        return _WAITS
    return _NEXT.get(code, _NEXT[Exit.INCOMPLETE])


def _folded(problems: Sequence[Problem]) -> Iterator[tuple[Problem, tuple[str, ...]]]:
    """The problems one by one; of many campaigns that wait in turn the first, and who the others are."""
    waiting = tuple(dict.fromkeys(problem.campaign for problem in problems if problem.in_turn))
    fold = len(waiting) > SINGLY
    for problem in problems:
        if not (fold and problem.in_turn):
            yield problem, ()
        elif problem.campaign == waiting[0]:
            yield problem, waiting[1:]


def _told(event: dict[str, Any]) -> Text:
    if event["event"] == "full":
        return phrase(
            "the platform takes no more numbers; {rows:,} go out in a further wave", rows=event["rows"]
        )
    said = event.get("summary") or event.get("why")
    if said:
        return said if isinstance(said, Text) else Text(said)
    return phrase("{place}: set aside by the platform", place=event["place"])


def _say(words: Text, *, err: bool = True) -> None:
    with _unheard(err=err):
        say(words, err=err)


@contextmanager
def _unheard(*, err: bool) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        if not err:
            quiet_streams()
