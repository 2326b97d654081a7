"""`yeta backfill`: pushes that could not be delivered, fetched from the platform."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

import click

from yeta_reconcile.cli.connect import connect
from yeta_reconcile.cli.intake import opened, settings_of
from yeta_reconcile.errors import Incomplete
from yeta_reconcile.receiver.backfill import backfill as fetch

if TYPE_CHECKING:
    from datetime import datetime

    from yeta_reconcile.cli.context import Context
    from yeta_reconcile.receiver.backfill import Fetched


@click.command()
@click.option(
    "--date", "day", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Only this day, like 2026-12-01."
)
@click.pass_obj
def backfill(context: Context, day: datetime | None) -> None:
    """Fetch pushes that were missed.

    The platform keeps what it could not deliver for the last seven days, today excluded. It goes through the
    same inbox as live pushes; what is there already changes nothing.
    """
    project = settings_of(context)

    def say(path: str, fetched: Fetched) -> None:
        click.echo(f"{path.rpartition('/')[2]}: {fetched.new} new so far", err=True)

    with connect(project, context.environ) as client, closing(opened(context, project)) as store:
        date = day.date() if day else None
        fetched = fetch(store, client, date, time.time_ns() // 1_000_000, say=say)
    files = f"{fetched.files} file{'' if fetched.files == 1 else 's'}"
    click.echo(f"{files}: {fetched.new} new pushes, {fetched.known} were there already.")
    for problem in fetched.broken:
        click.echo(f"error: {problem}", err=True)
    if fetched.broken:
        raise Incomplete("some files could not be read", hint="run it again; the others are done")
    if fetched.stuck or fetched.dead:
        # Running again would change nothing: they are kept, with the reason.
        click.echo(
            f"warning: not folded: {fetched.stuck}; no push at all: {fetched.dead} "
            "(`yeta calls pending` lists them)",
            err=True,
        )
