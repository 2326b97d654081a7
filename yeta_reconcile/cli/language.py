"""The language of a run: which it is, and its catalogues; nothing of it is loaded where that is English."""

from __future__ import annotations

import gettext
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import cast

import click

from yeta_reconcile import wording
from yeta_reconcile.cli.context import Language
from yeta_reconcile.cli.help import Formatter

DOMAIN = "yeta"
LOCALE = Path(__file__).parents[1] / "locale"


@cache
def languages() -> tuple[str, ...]:
    """English, and what has a catalogue."""
    return ("en", *sorted(path.parts[-3] for path in LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")))


def language_of(arguments: Sequence[str], environ: Mapping[str, str]) -> Language:
    """`--lang`, else `YETA_LANG`, else what POSIX asks for messages; English if it is none we speak.

    Told by the words alone, since help and errors of the command line itself are said in it too.
    """
    given = [after for option, after in pairwise(arguments) if option == "--lang"]
    given += [word.partition("=")[2] for word in arguments if word.startswith("--lang=")]
    # An empty one counts as not set.
    asked = filter(None, map(environ.get, ("YETA_LANG", "LC_ALL", "LC_MESSAGES", "LANG")))
    named = [*given, next(asked, "")][0]
    return cast("Language", next((known for known in languages() if named.lower().startswith(known)), "en"))


@contextmanager
def speaking(language: str, *, click_too: bool = True) -> Iterator[None]:
    """Say everything in a language, what click says of itself too: that asks the process's own domain.

    What it says is one text for people and programs: where JSON is wanted (not `click_too`) it stays English.
    """
    if language == "en" or not click_too:
        with wording.speaking(_catalogue(language)):
            yield
        return
    domain, former = gettext.textdomain(), os.environ.get("LANGUAGE")
    gettext.bindtextdomain(DOMAIN, str(LOCALE))
    gettext.textdomain(DOMAIN)
    os.environ["LANGUAGE"], click.Context.formatter_class = language, Formatter
    try:
        with wording.speaking(_catalogue(language)):
            yield
    finally:
        gettext.textdomain(domain)
        click.Context.formatter_class = click.HelpFormatter
        if former is None:
            del os.environ["LANGUAGE"]
        else:
            os.environ["LANGUAGE"] = former


def _catalogue(language: str) -> gettext.NullTranslations | None:
    return None if language == "en" else gettext.translation(DOMAIN, str(LOCALE), [language])
