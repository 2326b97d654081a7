"""`yeta calls`: what came of calls, and pushes that could not be folded. One module a part."""

from __future__ import annotations

import click

from yeta_reconcile.cli.commands.calls.export import export
from yeta_reconcile.cli.commands.calls.pushes import pending, replay, show
from yeta_reconcile.cli.commands.calls.recordings import recordings
from yeta_reconcile.cli.help import Group


@click.group(cls=Group)
def calls() -> None:
    """Export results and recordings; show a call; see to pushes that could not be folded."""


for _command in (export, recordings, pending, show, replay):
    calls.add_command(_command)
