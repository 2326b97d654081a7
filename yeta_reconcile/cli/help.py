"""`--help` in another language than English: each paragraph and each line of it by the catalogue.

Text of two columns a character and no spaces is wrapped by its columns. English help is click's own.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from inspect import cleandoc
from pathlib import Path
from typing import Any

import click

from yeta_reconcile.render.table import pad, width, wrap
from yeta_reconcile.wording import looked_up

# Where click puts what belongs to an option besides its help: its default, its variable.
_EXTRA = "  ["
_LONGEST = 1000
# What stands in documents; the tests make it of the models, with the meaning and an example of each key.
SCHEMA = Path(__file__).parents[1] / "schema.json"

# What begins a paragraph whose lines stay as they are.
_RAW = "\b\n"


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a help text as a catalogue has them: on one line, unless its lines are to stay."""
    parts = [part for part in cleandoc(text).split("\n\n") if part.strip()]
    return [part if part.startswith(_RAW) else " ".join(part.split()) for part in parts]


class Group(click.Group):
    """A group of commands; their lines are not cut to the width of the terminal.

    Those in `places` (name: `module:attribute`, in the package of commands) are imported when they are
    called: one that looks into the state alone loads nothing of the platform.
    """

    def __init__(self, *given: Any, places: Mapping[str, str] | None = None, **attributes: Any) -> None:
        super().__init__(*given, **attributes)
        self._places = places or {}
        self.finish: Callable[[click.Command], click.Command] = lambda command: command

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, sorted."""
        return sorted([*super().list_commands(ctx), *self._places])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported."""
        if cmd_name in self._places:
            return self.finish(command_at(self._places[cmd_name]))
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The names with the first sentence of each."""
        named = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, command.get_short_help_str(_LONGEST)) for name, command in named if command]
        with formatter.section(looked_up("Commands")):
            formatter.write_dl(rows)


def command_at(place: str) -> click.Command:
    """The command at `module:attribute` in the package of commands."""
    module, _, attribute = place.partition(":")
    command: click.Command = getattr(
        importlib.import_module(f"yeta_reconcile.cli.commands.{module}"), attribute
    )
    return command


class Formatter(click.HelpFormatter):
    """Click's, in the language of the run."""

    def write_text(self, text: str) -> None:
        """Paragraphs, each wrapped by its columns."""
        indent, room = " " * self.current_indent, self.width - self.current_indent
        blocks = []
        for part in paragraphs(text):
            said = looked_up(part)
            blocks.append(said.split("\n")[1:] if part.startswith(_RAW) else wrap(said, room))
        self.write("\n\n".join("\n".join(indent + line for line in lines) for lines in blocks) + "\n")

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """How to call it, behind a word that ends as its language has it."""
        super().write_usage(prog, args, looked_up("Usage:") if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        """A heading, with the colon of the language."""
        self.write(f"{' ' * self.current_indent}{heading}{looked_up('Usage:')[-1]}\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Names and what they mean; a meaning stands below a name that is too long for its column."""
        rows = [*rows]
        names = min(max((width(name) for name, _ in rows), default=0), col_max) + col_spacing
        indent = " " * self.current_indent
        room = max(self.width - self.current_indent - names, 10)
        for name, meaning in rows:
            said, mark, extra = meaning.partition(_EXTRA)
            first, *others = wrap(f"{looked_up(said)}{mark}{extra}", room) or [""]
            fits = width(name) + col_spacing <= names
            head = [pad(name, names) + first] if fits else [name, " " * names + first]
            lines = [*head, *(" " * names + line for line in others)]
            self.write("".join(f"{indent}{line}".rstrip() + "\n" for line in lines))


def translated(english: str) -> str:
    """A text that stands elsewhere in the code, or was made out of it, in the language of the run."""
    return looked_up(english)


def described(node: dict[str, Any]) -> str:
    """What the documents' schema says of a key, in the language of the run."""
    return looked_up(node.get("description", ""))
