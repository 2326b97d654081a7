"""`yeta state unlock`: take the lock away from a holder that is gone for good."""

from __future__ import annotations

import click

from yeta_reconcile.cli.ask import confirm
from yeta_reconcile.cli.audit import noted
from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.offline import offline
from yeta_reconcile.cli.output import say
from yeta_reconcile.wording import phrase


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def unlock(context: Context, yes: bool) -> None:
    """Take the state's lock away from whoever holds it.

    A dead holder's lock is gone by itself after 30 seconds. One that still runs stops before its next call.
    """
    with offline(context) as (repository, store):
        holder = store.lock.current()
        if holder is None:
            say(phrase("Nobody holds the lock."))
            return
        who = holder.said(repository.zone)
        say(phrase("The lock is held by {who}.", who=who))
        confirm(phrase("Take it away?"), yes=yes)
        words = phrase("taken away from {who}", who=who)
        with noted(context, repository, store, "state unlock", {}, words):
            store.lock.take_away()
        say(phrase("Taken away."))
