"""`yeta report`: a page that shows how campaigns went. It changes nothing and needs no platform."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.offline import offline
from yeta_reconcile.cli.output import FILE, say, show, tell, unwritten
from yeta_reconcile.cli.session import SECRETS, SOON, halt_flag, halt_of, session
from yeta_reconcile.cli.standings import foreseen_now
from yeta_reconcile.diagnostics import did_you_mean
from yeta_reconcile.documents.repository import Repository
from yeta_reconcile.errors import InvalidInput, YetaError
from yeta_reconcile.files import write_whole
from yeta_reconcile.plan.foresight import Outlook
from yeta_reconcile.report.gather import declared_in, gather
from yeta_reconcile.report.page import page
from yeta_reconcile.store import Store
from yeta_reconcile.store.foreseen import foreseen
from yeta_reconcile.wording import Text, phrase


@click.command()
@click.argument("name", required=False)
@click.option("--output", "-o", type=FILE, help="File; default report.html, or NAME.html. `-` is stdout.")
@click.option("--live", type=click.IntRange(min=0), default=0, hidden=True, help="Renews itself, in seconds.")
@click.pass_obj
def report(context: Context, name: str | None, output: Path | None, live: int) -> None:
    """Write one page that shows how all campaigns went, or one.

    The page opens from disk and in any browser, prints, asks for no other address and holds no number:
    progress, funnel, results, hours, lines, rounds, answers, who waits and for what, what the data lack.
    Chinese or English by --lang. Forecast and timetable are those of the last apply, and with the
    platform's credentials new ones; the line of the forecast is the first one of whom a campaign calls now.
    """
    with offline(context) as (repository, store):
        known = sorted({*repository.callings, *store.waves.recorded().campaigns})
        if name is not None and name not in known:
            raise InvalidInput(
                phrase("there is no campaign {name}", name=name), hint=did_you_mean(name, known)
            )
        kept, new = foreseen(store), _foreseen_now(context)
        now = datetime.now(UTC).astimezone(repository.zone)
        outlook = replace(new, first=kept.first) if new and kept else new or kept
        declared = declared_in(repository, now, outlook)
        names = [name] if name is not None else known
        figures = gather(store, declared, now, names, halted=_halted(repository, store))
    html = page(figures, context.lang, every=live)
    if output is not None and str(output) == "-":
        show(html)
        return
    file = context.here / (output or Path(f"{name or 'report'}.html"))
    try:
        write_whole(file, html)
    except OSError as error:
        raise unwritten(file, error) from error
    say(Text(file))


def _foreseen_now(context: Context) -> Outlook | None:
    """What `status` foresees, where the platform can be asked."""
    if not all(context.environ.get(secret, "").strip() for secret in SECRETS):
        return None
    try:
        with session(context, patience=SOON) as opened:
            return foreseen_now(opened)
    except YetaError as error:
        tell(phrase("without a new forecast: {message}", message=error.message))
        return None


def _halted(repository: Repository, store: Store) -> str:
    halt = halt_of(halt_flag(repository), store)
    return str(halt) if halt else ""
