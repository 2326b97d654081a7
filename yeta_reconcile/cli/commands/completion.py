"""`yeta completion`: the script that teaches a shell the commands and options of `yeta`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from yeta_reconcile.cli.output import show


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]), metavar="SHELL")
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of SHELL: bash, zsh or fish.

    To have it in every shell:

    \b
    bash  yeta completion bash > ~/.local/share/bash-completion/completions/yeta
    zsh   yeta completion zsh > a folder of $fpath, as _yeta
    fish  yeta completion fish > ~/.config/fish/completions/yeta.fish
    """  # noqa: D301 -- click leaves text after this mark as it is
    kind = get_completion_class(shell)
    assert kind is not None, "the choices are the shells that click knows"
    root = ctx.find_root()
    show(kind(root.command, {}, "yeta", "_YETA_COMPLETE").source())
