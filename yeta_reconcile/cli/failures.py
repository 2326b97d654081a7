"""Every way a command can fail, as an exit code, words on stderr and JSON: the one place that maps them.

An expected failure is one message, with --log-format json lines of a JSON log; anything else is a bug and
leaves a redacted report in a file.
"""

from __future__ import annotations

import os
import platform
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NamedTuple

import click

from yeta_reconcile import __version__
from yeta_reconcile.amounts import count
from yeta_reconcile.cli.app import COMMANDS
from yeta_reconcile.cli.log import json_line, redact, trace_of
from yeta_reconcile.cli.output import ON_STDOUT, show, show_json, tell
from yeta_reconcile.diagnostics import (
    Diagnostic,
    Position,
    diagnostic_json,
)
from yeta_reconcile.errors import (
    InvalidInput,
    SaidNo,
    YetaError,
)
from yeta_reconcile.exits import Exit
from yeta_reconcile.numbers import mask_numbers
from yeta_reconcile.platform.errors import OutcomeUnknown
from yeta_reconcile.render.annotations import diagnostic_line
from yeta_reconcile.wording import UNSAID, Text, looked_up, phrase, sentence, speaking, spoken, worded

FORMAT = "yeta-error/1"
_KINDS = {"File": phrase("File"), "Directory": phrase("Directory"), "Path": phrase("Path")}
_PATH = re.compile(rf"\b(?:{'|'.join(_KINDS)})(?= ')")

_DIGITS = re.compile(r"\d{7,}")
_FOREIGN = re.compile(r"[^\x00-\x7f]+")


class Failure(NamedTuple):
    """How a run failed: its exit code, and what is said of it; `error` and `hint` may hold anything."""

    exit_code: Exit
    error: Text
    hint: Text = UNSAID
    diagnostics: tuple[Diagnostic, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Its keys (docs/json.md)."""
        return {**self._asdict(), "diagnostics": [diagnostic_json(found) for found in self.diagnostics]}


def failure_of(error: BaseException) -> Failure:
    """What is said of an error. Of a bug only its kind: its own words may hold anything."""
    match error:
        case InvalidInput():
            found = tuple(sorted(error.diagnostics, key=_place))
            return Failure(error.exit_code, error.message, error.hint, found)
        case YetaError():
            return Failure(error.exit_code, error.message, error.hint)
        case OutcomeUnknown():
            return Failure(
                Exit.INCOMPLETE,
                phrase(
                    "no answer tells whether {call} was carried out: {why}", call=error.call, why=error.why
                ),
                phrase("run the same command again: it first settles what happened; nothing is done twice"),
            )
        case click.ClickException():
            return Failure(Exit.USAGE, Text(mask_numbers(error.format_message())))
        case click.Abort() | KeyboardInterrupt():
            return Failure(Exit.INTERRUPTED, phrase("interrupted"))
        case _:
            return Failure(Exit.BUG, Text(type(error).__name__), phrase("this is a bug in yeta"))


def report(error: BaseException, *, arguments: Sequence[str], environ: Mapping[str, str]) -> Exit:
    """Say on stderr how the run ended, and with `--format json` on stdout too, and return its exit code."""
    if isinstance(error, BrokenPipeError):
        return Exit.FAILED
    failure = failure_of(error)
    if json_wanted("--format", arguments) and ON_STDOUT not in getattr(error, "__notes__", ()):
        show_json({"format": FORMAT, **failure.as_json()})
    if json_wanted("--log-format", arguments) and failure.exit_code != Exit.BUG:
        _log_failure(failure)
    elif isinstance(error, click.ClickException):
        _say_usage(error)
    elif failure.exit_code == Exit.INTERRUPTED:
        tell(failure.error)
    elif isinstance(error, SaidNo):
        tell(phrase("{done}.", done=sentence(failure.error)))
    elif failure.exit_code == Exit.BUG:
        _say_bug(error, arguments, environ)
    else:
        _say_failure(failure)
    return failure.exit_code


def code_of(error: BaseException) -> Exit:
    """The exit code of a run that ends with this error."""
    return Exit.FAILED if isinstance(error, BrokenPipeError) else failure_of(error).exit_code


def json_wanted(option: str, arguments: Sequence[str]) -> bool:
    """Told by the words alone, since those that cannot be understood are a failure too."""
    return f"{option}=json" in arguments or (option, "json") in pairwise(arguments)


def _log_failure(failure: Failure) -> None:
    """Its findings, then itself, each as a line of a log in JSON."""
    with speaking(None):
        said = [(found.severity, diagnostic_line(found), "") for found in failure.diagnostics]
    for level, message, hint in (*said, ("error", failure.error, failure.hint)):
        more = {"hint": hint} if hint else {}
        show(json_line(datetime.now(UTC), level, __name__, message, **more), err=True)


def _say(message: Text, hint: Text = UNSAID) -> None:
    tell(message)
    if hint:
        tell(phrase("hint: {hint}", hint=hint))


def _say_failure(failure: Failure) -> None:
    for found in failure.diagnostics:
        tell(Text(diagnostic_line(found)))
    errors = sum(found.severity == "error" for found in failure.diagnostics)
    counted = phrase(" ({errors})", errors=count(errors, "error")) if errors else UNSAID
    _say(phrase("error: {error}{counted}", error=failure.error, counted=counted), failure.hint)


def _place(finding: Diagnostic) -> tuple[Position, str]:
    return finding.position or Position(""), finding.summary


def _retold(message: str) -> str:
    """What click says, in the language of the run throughout: it knows kinds of paths in English alone."""
    said = _PATH.sub(lambda found: spoken(_KINDS[found[0]]), message)
    return worded("{done}.", done=said.removesuffix(".")) if said.endswith(".") else said


def _say_usage(error: click.ClickException) -> None:
    ours = isinstance(error.message, Text)
    message = mask_numbers(spoken(error.message) if ours else _retold(error.format_message()))
    context = error.ctx if isinstance(error, click.UsageError) else None
    if message.startswith(("Usage:", looked_up("Usage:"))):  # a group without a command says its help
        show(message, err=True)
        return
    hint = UNSAID
    if context is not None:
        show(context.get_usage(), err=True)
        hint = phrase("{command} --help lists what there is", command=context.command_path)
    _say(phrase("error: {message}", message=message), hint)


def _say_bug(error: BaseException, arguments: Sequence[str], environ: Mapping[str, str]) -> None:
    text = _bug_report(error, arguments, environ)
    if any(re.fullmatch(r"-v+|--verbose", argument) for argument in arguments):
        for line in text.splitlines():
            tell(Text(line))
    kind = type(error).__name__
    try:
        handle, path = tempfile.mkstemp(prefix="yeta-bug-", suffix=".txt")  # mode 0600
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as problem:
        _say(
            phrase(
                "error: {kind}, and no report could be written: {strerror}; -v shows it here",
                kind=kind,
                strerror=problem.strerror,
            )
        )
    else:
        tell(phrase("error: {kind}", kind=kind))
        tell(
            phrase(
                "This is a bug in yeta. Please report it with {path} at the project's issue tracker.",
                path=path,
            )
        )


def _bug_report(error: BaseException, arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    """Where it broke, without what it broke on.

    Values of arguments are left out, and so is what exceptions say. In what is left, digits that could be a
    number, secrets and text that is not ASCII are masked.
    """
    shown = " ".join(_without_value(word) for word in arguments)
    head = [
        f"yeta {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"command: yeta {shown}",
        "",
    ]
    trace = _FOREIGN.sub("…", _DIGITS.sub("#######", redact(trace_of(error), environ)))
    return "\n".join([*head, trace, ""])


def _without_value(word: str) -> str:
    if word.startswith("--"):
        return word.partition("=")[0]
    return word[:2] if word.startswith("-") else word if word in COMMANDS else "…"


def quiet_streams() -> None:
    """Point stdout at nothing, so that the last flush to a closed pipe stays quiet."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)
