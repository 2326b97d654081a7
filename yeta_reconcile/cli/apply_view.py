"""What an apply says while it goes: text for people, or one JSON object a line for pipelines.

A reader that goes away does not stop an apply: what is under way is worth more than its report.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any

from yeta_reconcile.amounts import count
from yeta_reconcile.cli.commands.plan import show_plan
from yeta_reconcile.cli.failures import failure_of, quiet_streams
from yeta_reconcile.cli.output import ON_STDOUT, say, show_json, tell
from yeta_reconcile.cli.progress import shown
from yeta_reconcile.exits import Exit
from yeta_reconcile.plan.plan import Action
from yeta_reconcile.plan.plan_json import plan_json
from yeta_reconcile.render.words import asides
from yeta_reconcile.wording import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from yeta_reconcile.apply import Report
    from yeta_reconcile.cli.context import LogFormat
    from yeta_reconcile.planning.planned import Planned

FORMAT = "yeta-apply/1"
LOG = logging.getLogger(__name__)
# Events that people are told at once; the others only move the progress, or are in the last words.
TOLD = frozenset({"warning", "doubted", "set-aside", "full", "unanswered"})
_DID = {
    "verified": "staged",
    "started": "started",
    "resumed": "resumed",
    "paused": "paused",
    "deleted": "deleted",
    "discarded": "thrown away",
    "orphan-deleted": "orphaned and deleted",
}


# What comes next by exit code: only where nobody has to do anything first it simply goes on.
_NEXT = {
    Exit.FAILED: "Once what failed is put right, `yeta apply` goes on where it stopped.",
    Exit.INCOMPLETE: "`yeta apply` goes on where it stopped.",
    Exit.UNRESOLVED: "Somebody has to settle what is named above, as it says; then `yeta apply` goes on.",
}


class Voice:
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
        self._settled = ""

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
        self._settled = asides(planned.plan) or ("" if destroy else "Everything is as declared.")
        if self._json:
            self._line("plan", plan=plan_json(planned.plan))
        else:
            show_plan(planned, "text", color=self._color)

    def note(self, words: str) -> None:
        """Something to know that keeps nothing from being done."""
        if self._json:
            self._line("note", summary=words)
        else:
            tell(f"note: {words}")

    @contextmanager
    def progress(self, planned: Planned) -> Iterator[None]:
        """How many of the rows to be submitted are, and what is done just now; on a terminal."""
        rows = sum(
            change.rows for change in planned.plan.changes
            if change.action in {Action.CREATE, Action.REPLACE, Action.CALL}
        )  # fmt: skip
        if self._json or not rows:
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
            self._complain(f"{event['campaign']} wave {event['wave']}: {_told(event)}")

    def end(self, report: Report, code: Exit) -> Exit:
        """What came of it; gives the exit code back."""
        if self._json:
            self._line("end", exit_code=code, problems=len(report.problems))
            return code
        for problem in report.problems:
            self._complain(f"{'waits' if problem.exit_code == Exit.INCOMPLETE else 'error'}: {problem}")
        _say(self._last_words(code), err=False)
        return code

    def _complain(self, words: str) -> None:
        if self._log:
            self._log.warning("%s", words)
        else:
            _say(words)

    def _last_words(self, code: int) -> str:
        parts = [f"{count(number, 'wave')} {_DID[kind]}" for kind, number in self._did.items() if number]
        parts += [f"{count(self._called, 'number')} called out"] if self._called else []
        did = f"{listed(parts, len(parts))}. ".capitalize() if parts else ""
        if code == 0:
            return f"{'Done' if did else 'Nothing to do'}. {did}{self._settled}".rstrip()
        if code in {3, 4}:
            return "Nothing was done: the plan has errors."
        if code == 130:
            return f"Interrupted. {did}`yeta apply` goes on where it stopped."
        return f"Not complete (exit {code}). {did}{_NEXT.get(Exit(code), _NEXT[Exit.INCOMPLETE])}"

    def _line(self, event: str, **fields: Any) -> None:
        if self._json and not self._ended:
            self._ended = event == "end"
            at = datetime.now(self.zone).isoformat(timespec="milliseconds")
            line = {"format": FORMAT, "event": event, "at": at, **fields}
            with _unheard(err=False):
                show_json(line, indent=None)


def _told(event: dict[str, Any]) -> str:
    if event["event"] == "full":
        return f"the platform takes no more numbers; {event['rows']:,} go out in a further wave"
    return str(event.get("summary") or event.get("why") or f"{event['place']}: set aside by the platform")


def _say(words: str, *, err: bool = True) -> None:
    with _unheard(err=err):
        say(words, err=err)


@contextmanager
def _unheard(*, err: bool) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        if not err:
            quiet_streams()
