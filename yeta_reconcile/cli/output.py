"""The one way to stdout and stderr: nothing printed can steer a terminal, or the pipeline that reads along.

It decides nothing; the values in a text come cleaned (`render`), those in a message are cleaned here.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from traceback import walk_tb
from typing import Any

import click

from yeta_reconcile.errors import WrongUsage, YetaError
from yeta_reconcile.render.table import clean
from yeta_reconcile.wording import Text, phrase, spoken

STDERR = 2
DONE_FORMAT = "yeta-done/1"
# The type of an argument or option that names a file.
FILE = click.Path(dir_okay=False, path_type=Path)
# A note on an error of which stdout has heard already, in a form of the command's own.
ON_STDOUT = "said on stdout"
# What GitHub's runner obeys, `::name::` at a line's beginning, spaces or not, and `##[name]` anywhere; and
# what turns a terminal's line around, which JSON may hold.
_STEERING = re.compile(r"^[^\S\n]*:(?=:)|#(?=#\[)|[\x7f-\x9f\u2028-\u202e\u2066-\u2069]", re.MULTILINE)


class Unwritable(YetaError):
    """Stdout cannot be written: it is a full disk, say."""

    def __init__(self, error: OSError) -> None:
        super().__init__(
            phrase("the output cannot be written: {strerror}", strerror=error.strerror),
            hint=phrase("free some space, or write it elsewhere"),
        )


def show(text: str, *, err: bool = False) -> None:
    """Print text of any number of lines, whose values are clean."""
    _print(_harmless(text), err=err, nl=not text.endswith("\n"))


def show_raw(body: bytes) -> None:
    """Print bytes as they are into a file or pipe; before a person they are a text that is made harmless."""
    if sys.stdout.isatty():
        show(body.decode("utf-8", "backslashreplace"))
    else:
        _print(body)


def unwritten(file: Path, error: OSError) -> YetaError:
    """That a file which was asked for cannot be written."""
    return YetaError(
        phrase("{file} cannot be written: {strerror}", file=file, strerror=error.strerror or error)
    )


def not_bound(error: OSError) -> str:
    """Why an address cannot be listened on; Python adds in brackets which one it is."""
    return (error.strerror or str(error)).partition(" (")[0]


def show_workflow(text: str) -> None:
    """Print commands for the pipeline itself on stderr; whoever makes them has made their values harmless."""
    _print(text, err=True)


def say(message: Text, *, err: bool = False) -> None:
    """Print a message on one line, whatever is in it, in the language of the run."""
    show(clean(spoken(message)), err=err)


def tell(message: Text) -> None:
    """Print what is no result: a message on one line of stderr."""
    say(message, err=True)


def tell_at_once(message: str) -> None:
    """Say a fixed word on stderr past its buffer: a signal may have come in the middle of a write to it."""
    os.write(STDERR, f"{message}\n".encode())


def show_json(value: object, *, indent: int | None = 2, err: bool = False) -> None:
    """Print JSON values as one object; without `indent` on one line."""
    show(json.dumps(value, ensure_ascii=False, indent=indent), err=err)


def done(form: str, command: str, words: Text, **said: object) -> None:
    """What came of a command that did something: its last words, or as JSON what they say."""
    if form == "json":
        show_json({"format": DONE_FORMAT, "command": command, **said})
    else:
        say(words)


def told(error: YetaError, form: str) -> YetaError:
    """An error after what was printed; if that was JSON, no second object is to follow."""
    if form == "json":
        error.add_note(ON_STDOUT)
    return error


def format_option(*forms: str, words: str = "Output.") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option `--format`, text or json. With json stdout gets JSON alone, in failure too (`failures`)."""
    choice = click.Choice(forms or ("text", "json"))
    return click.option("--format", "form", type=choice, default="text", help=words)


def moment_given(option: str, text: str | None) -> datetime | None:
    """A time that was given with an option, with its offset if it has one. Raises WrongUsage."""
    try:
        return datetime.fromisoformat(text) if text is not None else None
    except ValueError:
        raise WrongUsage(
            phrase("{option} takes a time like 2026-12-01T09:00, not {text}", option=option, text=text)
        ) from None


def listen_option(default: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option `--listen` of what serves."""
    return click.option(
        "--listen",
        default=default,
        metavar="HOST:PORT",
        show_default=True,
        help="Where to listen; port 0 takes a free one.",
    )


def flush() -> None:
    """Let stdout have all that was said. Raises Unwritable, and BrokenPipeError if nobody reads any more."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Unwritable(error) from error


def cause_of(error: BaseException) -> BaseException:
    """What an error comes from: of what click prints itself (help, say) all that is known is an OSError."""
    frames = list(walk_tb(error.__traceback__))
    printed = bool(frames) and frames[-1][0].f_globals["__name__"] == "click.utils"
    if isinstance(error, OSError) and not isinstance(error, BrokenPipeError) and printed:
        return Unwritable(error)
    return error


def _print(said: str | bytes, *, err: bool = False, nl: bool = False) -> None:
    try:
        click.echo(said, err=err, nl=nl)
    except BrokenPipeError:
        raise
    except OSError as error:
        # Nobody can be told that stderr is full.
        if not err:
            raise Unwritable(error) from error


def _harmless(text: str) -> str:
    """The text with the character that steers written out, as JSON may have it too."""
    return _STEERING.sub(lambda found: f"{found[0][:-1]}\\u{ord(found[0][-1]):04x}", text)
