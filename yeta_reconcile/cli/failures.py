"""Every way a command can fail, as an exit code and words on stderr: the one place that maps them.

An expected failure is one message; anything else is a bug and leaves a redacted report in a file.
"""

from __future__ import annotations

import os
import platform
import re
import sys
import tempfile
import traceback
from typing import TYPE_CHECKING

import click

from yeta_reconcile import __version__
from yeta_reconcile.cli.commands import COMMANDS
from yeta_reconcile.cli.log import redact
from yeta_reconcile.errors import InvalidInput, OutcomeUnknown, YetaError
from yeta_reconcile.positions import Position

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from yeta_reconcile.positions import Diagnostic

USAGE, BUG, INTERRUPTED = 64, 70, 130

_DIGITS = re.compile(r"\d{7,}")
_FOREIGN = re.compile(r"[^\x00-\x7f]+")


def report(error: BaseException, *, arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Say on stderr how the run ended and return its exit code."""
    match error:
        case InvalidInput():
            _say_findings(error)
        case YetaError():
            _say(f"error: {error.message}", error.hint)
        case OutcomeUnknown():
            _say(
                f"error: no answer tells whether {error.call} was carried out: {error.why}",
                "run the same command again: it first settles what happened; nothing is done twice",
            )
        case click.ClickException():
            _say_usage(error)
        case click.Abort() | KeyboardInterrupt():
            _say("interrupted")
        case BrokenPipeError():
            pass
        case _:
            _say_bug(error, arguments, environ)
    return code_of(error)


def code_of(error: BaseException) -> int:
    """The exit code of a run that ends with this error."""
    match error:
        case YetaError():
            return error.exit_code
        case OutcomeUnknown():
            return 7
        case click.ClickException():
            return USAGE
        case click.Abort() | KeyboardInterrupt():
            return INTERRUPTED
        case BrokenPipeError():
            return 1
    return BUG


def _say(message: str, hint: str = "") -> None:
    click.echo(message, err=True)
    if hint:
        click.echo(f"hint: {hint}", err=True)


def _say_findings(error: InvalidInput) -> None:
    findings = sorted(error.diagnostics, key=_place)
    for finding in findings:
        click.echo(str(finding), err=True)
    errors = sum(finding.severity == "error" for finding in findings)
    count = f" ({errors} error{'s' if errors != 1 else ''})" if errors else ""
    _say(f"error: {error.message}{count}", error.hint)


def _place(finding: Diagnostic) -> tuple[Position, str]:
    return finding.position or Position(""), finding.summary


def _say_usage(error: click.ClickException) -> None:
    message = error.format_message()
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None or message.startswith("Usage:"):  # a group without a command says its help
        _say(message if message.startswith("Usage:") else f"error: {message}")
        return
    _say(context.get_usage())
    _say(f"error: {message}", f"{context.command_path} --help lists what there is")


def _say_bug(error: BaseException, arguments: Sequence[str], environ: Mapping[str, str]) -> None:
    text = _bug_report(error, arguments, environ)
    if any(re.fullmatch(r"-v+|--verbose", argument) for argument in arguments):
        click.echo(text, err=True)
    kind = type(error).__name__
    try:
        handle, path = tempfile.mkstemp(prefix="yeta-bug-", suffix=".txt")  # mode 0600
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as problem:
        _say(f"error: {kind}, and no report could be written: {problem.strerror}; -v shows it here")
    else:
        _say(
            f"error: {kind}\n"
            f"This is a bug in yeta. Please report it with {path} at the project's issue tracker."
        )


def _bug_report(error: BaseException, arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    """Where it broke, without what it broke on.

    Values of arguments are left out. In what exceptions say, digits that could be a number, secrets
    and text that is not ASCII (names and other dynamic values) are masked.
    """
    shown = " ".join(_without_value(word) for word in arguments)
    head = [
        f"yeta {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"command: yeta {shown}",
        "",
    ]
    trace = "".join(traceback.format_exception(error))
    trace = _FOREIGN.sub("…", _DIGITS.sub("#######", redact(trace, environ)))
    return "\n".join(head) + trace


def _without_value(word: str) -> str:
    if word.startswith("--"):
        return word.partition("=")[0]
    return word[:2] if word.startswith("-") else word if word in COMMANDS else "…"


def quiet_streams() -> None:
    """Point stdout at nothing, so that the last flush to a closed pipe stays quiet."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)
