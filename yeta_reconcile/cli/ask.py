"""Asking before something changes, and showing how far it has come; both on stderr.

Nothing here decides whether a command has to ask.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from yeta_reconcile.cli.output import tell
from yeta_reconcile.errors import Declined, SaidNo
from yeta_reconcile.render.table import clean
from yeta_reconcile.wording import UNSAID, Text, phrase, spoken


def can_ask() -> bool:
    """Whether there is a person at a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: Text, *, yes: bool) -> None:
    """Return if the answer is yes: given by `--yes`, or by a person at a terminal.

    Raises `Declined` when the person says anything else or nothing more (Ctrl-D), and without a terminal to
    ask on.
    """
    if yes:
        return
    if not can_ask():
        raise Declined(
            phrase("nothing was changed, since there is no terminal to ask on"),
            hint=phrase("look at what would be done, then pass --yes"),
        )
    try:
        agreed = click.confirm(clean(spoken(question)), default=False, err=True)
    except click.Abort as left:
        if not isinstance(left.__context__, EOFError):  # Ctrl-C
            raise
        agreed = False
        tell(UNSAID)
    if not agreed:
        raise SaidNo(phrase("nothing was changed"))


@contextmanager
def progress(total: int, label: Text) -> Iterator[Callable[[int], None]]:
    """A bar on stderr if that is a terminal; what it yields is told how many more are done."""
    if not sys.stderr.isatty():
        yield lambda _count: None
        return
    with click.progressbar(length=total, label=spoken(label), file=sys.stderr) as bar:
        yield bar.update
