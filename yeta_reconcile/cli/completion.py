"""`yeta completion`: the script that teaches a shell the commands and options of `yeta`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print SHELL's completion script.

    To have it in every bash: yeta completion bash > ~/.local/share/bash-completion/completions/yeta
    """
    kind = get_completion_class(shell)
    assert kind is not None, "the choices are the shells that click knows"
    root = ctx.find_root()
    click.echo(kind(root.command, {}, "yeta", "_YETA_COMPLETE").source())
