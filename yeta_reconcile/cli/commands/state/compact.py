"""`yeta state compact`: what is older than `retention` goes at once, and its room is used again."""

from __future__ import annotations

import click

from yeta_reconcile.amounts import count
from yeta_reconcile.cli.ask import confirm
from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.offline import offline, refuse_none
from yeta_reconcile.cli.output import done, format_option, say
from yeta_reconcile.clock import SystemClock
from yeta_reconcile.store.lock import Holder
from yeta_reconcile.wording import phrase


@click.command()
@format_option()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def compact(context: Context, form: str, yes: bool) -> None:
    """Delete raw pushes older than `retention` now, and give back the room they took.

    Nothing else goes: whom a campaign called stays known. A SQLite file is written anew without what is free
    in it, for which its disk needs twice its room, and nobody else can write meanwhile: the receiver answers
    errors if it takes longer than ten seconds, and `yeta backfill` fetches what the platform did not send
    again. With PostgreSQL others go on; its files shrink little, and their room is used again.
    """
    with offline(context) as (repository, store):
        refuse_none(store)
        before = store.database.room()
        say(
            phrase("{place} takes {megabytes}.", place=store.database.place, megabytes=_megabytes(before)),
            err=form == "json",
        )
        confirm(phrase("Delete what is older than retention, and compact the state?"), yes=yes)
        holder = Holder.this_process("state compact", repository.zone)
        store.lock.acquire(holder)
        try:
            oldest = SystemClock().now() - repository.project.retention
            gone = store.inbox.purge(int(oldest.timestamp() * 1000))
            store.database.compact()
        finally:
            store.lock.release(holder)
        after = store.database.room()
    pushes = count(gone, "raw push", "raw pushes")
    words = phrase(
        "{pushes} older than retention deleted; it takes {megabytes} now.",
        pushes=pushes,
        megabytes=_megabytes(after),
    )
    done(form, "state compact", words, deleted=gone, bytes_before=before, bytes_after=after)


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB"
