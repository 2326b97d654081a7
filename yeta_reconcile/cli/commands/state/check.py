"""`yeta state check`: whether the state is what was written. It changes nothing and asks nobody."""

from __future__ import annotations

from contextlib import closing

import click

from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.offline import open_state, refuse_none
from yeta_reconcile.cli.output import format_option, say, show_json, tell
from yeta_reconcile.documents.repository import Repository
from yeta_reconcile.documents.survey import load
from yeta_reconcile.errors import StateDamaged
from yeta_reconcile.exits import Exit
from yeta_reconcile.store.open import place_of
from yeta_reconcile.store.soundness import Fault, findings
from yeta_reconcile.store.sqlite_errors import DAMAGED
from yeta_reconcile.wording import phrase

FORMAT = "yeta-state-check/1"


@click.command()
@format_option()
@click.pass_obj
def check(context: Context, form: str) -> Exit:
    """Check the state's file, references, counts, records and history; exit 1 if anything is wrong.

    With another key than the one it was written with it is refused (3), as everywhere.
    """
    repository = load(context.chdir, environment=context.env, environ=context.environ)
    place = place_of(repository.project.state, repository.root)
    found = _findings(context, repository)
    if form == "json":
        shown = [{"about": one.about, "summary": one.summary} for one in found]
        show_json({"format": FORMAT, "place": place, "sound": not found, "findings": shown})
    for one in found if form != "json" else ():
        say(phrase("{about}: {summary}", about=one.about, summary=one.summary))
    if found:
        tell(phrase("{place} is not what was written: {damaged}", place=place, damaged=DAMAGED))
        return Exit.FAILED
    if form != "json":
        say(phrase("{place} is sound: its file, references, counts, records and history.", place=place))
    return Exit.DONE


def _findings(context: Context, repository: Repository) -> list[Fault]:
    try:
        store = open_state(context, repository)
    except StateDamaged as error:
        return [Fault("file", error.message)]
    with closing(store):
        refuse_none(store)
        return findings(store)
