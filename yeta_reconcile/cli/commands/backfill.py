"""`yeta backfill`: pushes that could not be delivered, fetched from the platform."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import asdict
from datetime import date, datetime

import click

from yeta_reconcile.amounts import count
from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.offline import (
    opened,
    settings_of,
)
from yeta_reconcile.cli.output import done, format_option, tell, told
from yeta_reconcile.cli.session import connect
from yeta_reconcile.errors import Incomplete
from yeta_reconcile.platform.coercion import PLATFORM
from yeta_reconcile.records.backfill import Fetched
from yeta_reconcile.records.backfill import backfill as fetch
from yeta_reconcile.waves.accounting import FETCHABLE_DAYS
from yeta_reconcile.wording import phrase


@click.command()
@click.option(
    "--date", "day", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Only this day, like 2026-12-01."
)
@format_option()
@click.pass_obj
def backfill(context: Context, day: datetime | None, form: str) -> None:
    """Fetch pushes that were missed.

    The platform keeps what it could not deliver for the last seven days, today excluded. It goes through the
    same inbox as live pushes; what is there already changes nothing.
    """
    project = settings_of(context)

    def so_far(path: str, fetched: Fetched) -> None:
        tell(phrase("{rpartition}: {new} new so far", rpartition=path.rpartition("/")[2], new=fetched.new))

    with (
        connect(project, context.environ, context.chdir) as client,
        closing(opened(context, project)) as store,
    ):
        date = day.date() if day else None
        if date and (why := _why_nothing(date, datetime.now(PLATFORM).date())):
            tell(phrase("note: of {date} nothing can come: {why}", date=date, why=why))
        fetched = fetch(store, client, date, time.time_ns() // 1_000_000, say=so_far)
    new = count(fetched.new, "new push", "new pushes", none="0")
    known = count(fetched.known, "was", "were", none="0")
    words = phrase(
        "{files}: {new}, {known} there already.",
        files=count(fetched.files, "file", none="0"),
        new=new,
        known=known,
    )
    done(form, "backfill", words, **asdict(fetched))
    for problem in fetched.broken:
        tell(phrase("error: {problem}", problem=problem))
    if fetched.broken:
        broken = Incomplete(
            phrase("some files could not be read"), hint=phrase("run it again; the others are done")
        )
        raise told(broken, form)
    if fetched.stuck or fetched.dead:
        # Running again would change nothing: they are kept, with the reason.
        tell(
            phrase(
                "warning: not folded: {stuck}; no push at all: {dead} (`yeta calls pending` lists them)",
                stuck=fetched.stuck,
                dead=fetched.dead,
            )
        )


def _why_nothing(day: date, today: date) -> str:
    """Why the platform has nothing of a day; empty if it may have."""
    if day >= today:
        return phrase("it is fetched once the day is over")
    if (today - day).days > FETCHABLE_DAYS:
        return phrase(
            "the platform keeps what it could not deliver for {fetchable_days} days",
            fetchable_days=FETCHABLE_DAYS,
        )
    return ""
