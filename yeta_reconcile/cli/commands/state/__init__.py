"""`yeta state`: the state, by hand. One module a subcommand; whatever writes shows what it does and asks."""

from __future__ import annotations

import click

from yeta_reconcile.cli.commands.state.backup import backup
from yeta_reconcile.cli.commands.state.check import check
from yeta_reconcile.cli.commands.state.compact import compact
from yeta_reconcile.cli.commands.state.forget import forget
from yeta_reconcile.cli.commands.state.listing import list_, show
from yeta_reconcile.cli.commands.state.migrate import migrate
from yeta_reconcile.cli.commands.state.rebind import rebind
from yeta_reconcile.cli.commands.state.rebuild import rebuild
from yeta_reconcile.cli.commands.state.resolve import resolve
from yeta_reconcile.cli.commands.state.restore import restore
from yeta_reconcile.cli.commands.state.unlock import unlock
from yeta_reconcile.cli.help import Group


@click.group(cls=Group)
def state() -> None:
    """Look into the state and mend it by hand."""


for _command in (
    list_,
    show,
    resolve,
    forget,
    unlock,
    backup,
    restore,
    check,
    compact,
    migrate,
    rebind,
    rebuild,
):
    state.add_command(_command)
