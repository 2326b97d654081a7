"""`yeta calls export`: a row a call, or a row a person, for other programs and for people."""

from __future__ import annotations

import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from yeta_reconcile.cli.commands.calls.look import (
    declared_lists,
    known_campaign,
    moment_of,
    state_of,
)
from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.offline import unknown_campaign
from yeta_reconcile.cli.output import FILE, show, unwritten
from yeta_reconcile.documents.listspec import ListSpec
from yeta_reconcile.errors import WrongUsage
from yeta_reconcile.files import whole_file
from yeta_reconcile.records import export as by_call
from yeta_reconcile.records.persons import Persons
from yeta_reconcile.records.sheet import FORMS, Sheet
from yeta_reconcile.store import Store
from yeta_reconcile.wording import phrase

BINARY = {"xlsx": phrase("an Excel file"), "parquet": "Parquet"}


@click.command()
@click.option("--campaign", metavar="NAME", help="Only this campaign.")
@click.option("--since", metavar="TIME", help="Only calls from then on, like 2026-12-01 or 2026-12-01T09:00.")
@click.option(
    "--by",
    type=click.Choice(["call", "person"]),
    default="call",
    show_default=True,
    help="A row a call; or a row a person, also of those not reached yet.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMS),
    default="csv",
    show_default=True,
    help="jsonl by call also has the course of each dialog; xlsx and parquet need their extras.",
)
@click.option("--output", "-o", type=FILE, help="File; default stdout, as is `-`.")
@click.option("--reveal", is_flag=True, help="Whole numbers and ids, what was said, and the list's columns.")
@click.pass_obj
def export(
    context: Context,
    campaign: str | None,
    since: str | None,
    by: str,
    form: str,
    output: Path | None,
    reveal: bool,
) -> None:
    """Export results, a row a call or a row a person.

    Times are in the project's timezone, numbers masked. With --reveal they are whole: taken from the raw
    pushes as long as these are kept (`retention`), then from the declared list; what neither holds any more
    stays masked. By person a key that is not revealed is a digest, and CSV begins as Excel wants it.
    """
    with state_of(context) as (project, store):
        lists = declared_lists(context) if reveal or by == "person" else {}
        begin, zone = moment_of("--since", since, project), ZoneInfo(project.timezone)
        if by == "person":
            persons = Persons(store, zone, _campaigns(store, campaign, lists), begin, reveal, lists)
            sheet = Sheet(persons.columns(), persons.rows(), zone, for_people=True)
        else:
            if campaign is not None:
                known_campaign(store, campaign)
            calls = by_call.Export(store, zone, campaign, begin, reveal, lists)
            sheet = Sheet(calls.columns(), calls.rows(dialog=form == "jsonl"), zone)
        if output is None or str(output) == "-":
            _to_stdout(sheet, form)
        else:
            _to_file(sheet, form, context.here / output)


def _campaigns(store: Store, campaign: str | None, lists: dict[str, ListSpec]) -> list[str]:
    """The campaigns that were asked for, declared or recorded. Raises InvalidInput for one nobody knows."""
    known = sorted({*store.waves.recorded().campaigns, *lists})
    if campaign is None:
        return known
    if campaign not in known:
        raise unknown_campaign(campaign, known)
    return [campaign]


def _to_stdout(sheet: Sheet, form: str) -> None:
    if form in BINARY:
        if sys.stdout.isatty():
            raise WrongUsage(
                phrase("{binary} is no text for a terminal: name a file with --output", binary=BINARY[form])
            )
        sheet.write(form, sys.stdout.buffer)
        return
    for line in sheet.lines(form):
        show(line)


def _to_file(sheet: Sheet, form: str, file: Path) -> None:
    """A whole file, or the one that was there."""
    try:
        with whole_file(file) as target:
            sheet.write(form, target)
    except OSError as error:
        raise unwritten(file, error) from error
