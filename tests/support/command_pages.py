"""The pages of `docs/cli.md`, out of the commands."""

from __future__ import annotations

from collections.abc import Iterator

import click


def sections(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent, terminal_width=90)
    yield section(context)
    for part, below in parts(command):
        yield from sections(below, part, context)


def parts(command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """The commands of a group by name; of another command none."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            part = command.get_command(context, name)
            assert part is not None
            yield name, part


def section(context: click.Context) -> str:
    return f"## {context.command_path}\n\n```text\n{context.get_help()}\n```\n"
