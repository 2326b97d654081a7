"""`yeta status`: how every campaign stands. It changes nothing, and works without the platform too."""

from __future__ import annotations

import sys
import time
from functools import partial
from shutil import get_terminal_size

import click

from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.output import format_option, show, show_json
from yeta_reconcile.cli.session import SOON, session
from yeta_reconcile.cli.standings import Lists, look
from yeta_reconcile.exits import Exit
from yeta_reconcile.render.overview import in_place
from yeta_reconcile.render.report import Status
from yeta_reconcile.render.reports import report_json, report_text

REDRAW_SECONDS = 5.0


@click.command()
@click.argument("name", required=False)
@format_option()
@click.option("--watch", is_flag=True, help="Show it again every few seconds, until Ctrl-C.")
@click.pass_obj
def status(context: Context, name: str | None, form: str, watch: bool) -> None:
    """Show the progress of every campaign, or of one: waves, calls, results, records, forecast.

    Sends no call that changes anything. If the platform does not answer, what the state recorded is shown.
    """
    with session(context, patience=SOON) as opened:
        looked = partial(look, opened, name, Lists(opened), whole=form == "json")
        if not watch:
            _print(looked(), form, context)
            return
        try:
            while True:
                report = looked()
                if form == "text" and sys.stdout.isatty():
                    show(in_place(report_text(report, color=context.color), *get_terminal_size()))
                else:
                    _print(report, form, context)
                time.sleep(REDRAW_SECONDS)
        except KeyboardInterrupt:
            # That is how it ends; whoever stopped it need not be told.
            raise click.exceptions.Exit(Exit.INTERRUPTED) from None


def _print(report: Status, form: str, context: Context) -> None:
    if form == "json":
        show_json(report_json(report))
    else:
        show(report_text(report, color=context.color))
