"""The entry point: prepares the streams and signals, runs one command and returns its exit code."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper
from typing import Any, NoReturn

from yeta_reconcile.cli import VERSION_LINE
from yeta_reconcile.wording import phrase

_COMPLETION = "_YETA_COMPLETE"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `yeta` with `arguments` (default: the process's own) and return the exit code.

    Everything but `--version` needs click, which takes longer to import than all of `--version`.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    _speak_utf8()  # before anything is said: what could not be written would be written once more
    if list(arguments) == ["--version"] and sys.stdout is not None:
        with suppress(OSError):  # what cannot be written is said below
            print(VERSION_LINE, flush=True)  # noqa: T201 -- before click
            return 0
    # What is imported and read stays: to look through it for cycles, again and again and once more at the
    # end, takes a fifth of a plan.
    gc.set_threshold(500_000)
    atexit.register(gc.freeze)
    # What a document means is no plugin's affair, and to look for some takes longer than all documents of a
    # small repository: every installed package is asked.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        former = signal.signal(signal.SIGTERM, _interrupt)
    except ValueError:  # not the main thread: signals are not this call's business
        return _run(arguments)
    try:
        return _run(arguments)
    finally:
        signal.signal(signal.SIGTERM, former)


def _run(arguments: Sequence[str]) -> int:
    from yeta_reconcile.cli import failures, language, output  # noqa: PLC0415 -- after the fast path

    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")
    for_people = not failures.json_wanted("--format", arguments)
    with language.speaking(language.language_of(arguments, os.environ), click_too=for_people):
        if sys.stdout is None:
            output.tell(phrase("error: stdout is closed: nobody would see the result"))
            return failures.code_of(BrokenPipeError())
        try:
            code = _command(arguments)
            output.flush()
        except (Exception, KeyboardInterrupt) as failed:  # noqa: BLE001 -- every failure is mapped here
            error = output.cause_of(failed)
            if isinstance(error, BrokenPipeError | output.Unwritable):
                failures.quiet_streams()
            return failures.report(error, arguments=arguments, environ=os.environ)
        return code


def _command(arguments: Sequence[str]) -> int:
    import click  # noqa: PLC0415 -- after the fast path

    from yeta_reconcile.cli.app import yeta  # noqa: PLC0415

    if instruction := os.environ.get(_COMPLETION):
        from click.shell_completion import shell_complete  # noqa: PLC0415

        return shell_complete(yeta, {}, "yeta", _COMPLETION, instruction)
    try:
        with yeta.make_context("yeta", list(arguments)) as context:
            result: Any = yeta.invoke(context)
    except click.exceptions.Exit as left:
        return left.exit_code
    return result if isinstance(result, int) else 0


def _speak_utf8() -> None:
    """Output is UTF-8 whatever the locale; what cannot be encoded is escaped, never a crash."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _interrupt(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt
