"""The pages of `docs/cli.md`, out of the commands."""

from __future__ import annotations

from collections.abc import Iterator

import click


def sections(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent, terminal_width=90)
    yield section(context)
    if isinstance(command, click.Group):
        for part in command.list_commands(context):
            yield from sections(command.commands[part], part, context)


def section(context: click.Context) -> str:
    return f"## {context.command_path}\n\n```text\n{context.get_help()}\n```\n"
