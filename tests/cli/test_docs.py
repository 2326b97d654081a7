"""`docs/cli.md` is what `--help` says of every command; `pytest --update` writes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
import pytest

from tests.support.command_pages import section, sections
from yeta_reconcile.cli.app import yeta

REFERENCE = Path(__file__).parents[2] / "docs" / "cli.md"

HEAD = """\
# The command line

What `--help` says, for every command. Results go to stdout, everything else to stderr. A command
that has `--yes` shows what it will do and asks first; `--yes` answers, and without a terminal and
without `--yes` nothing is changed.

| exit code | means |
|---|---|
| 0 | done, or nothing to do |
| 1 | failed |
| 2 | changes pending (with `--detailed-exitcode` only) |
| 3 | invalid documents, settings or secrets |
| 4 | refused by a guard; nothing was done |
| 5 | the saved plan is stale, spent, expired or another state's |
| 6 | the state is locked |
| 7 | incomplete: something waits or failed; run it again |
| 8 | unresolved: an outcome needs a person |
| 9 | declined: nobody said yes |
| 64 | wrong usage |
| 70 | a bug in yeta |
| 130 | interrupted |

Where campaigns of one run come to several of these, the gravest is the exit code: 8 before 4, before 1,
before 7. What each came to stands in the output.
"""


def reference() -> str:
    root = click.Context(yeta, info_name="yeta", terminal_width=90)
    parts = [HEAD, section(root)]
    for name in yeta.list_commands(root):
        command = yeta.get_command(root, name)
        assert command is not None
        parts += sections(command, name, root)
    return "\n".join(parts)


@pytest.mark.usefixtures("help_anew")
def test_the_reference_says_what_help_says(golden: Callable[[Path, str], None]) -> None:
    golden(REFERENCE, reference())
