"""`yeta state backup`: a consistent copy of the state, while others go on reading and writing."""

from __future__ import annotations

from pathlib import Path

import click

from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.offline import offline, refuse_none
from yeta_reconcile.cli.output import FILE, done, format_option
from yeta_reconcile.wording import phrase


@click.command()
@click.argument("file", type=FILE)
@format_option()
@click.pass_obj
def backup(context: Context, file: Path, form: str) -> None:
    """Write a consistent copy of the state to FILE, which must not exist.

    The key is not in it: keep `yeta.key` (or YETA_STATE_KEY) as well, but elsewhere; without it no row of the
    copy can be recognised.
    """
    with offline(context) as (_, store):
        refuse_none(store)
        store.database.backup(str(context.here / file))
    words = phrase("{file} is a copy of the state; keep its key too, apart from it.", file=file)
    done(form, "state backup", words, file=str(file))
