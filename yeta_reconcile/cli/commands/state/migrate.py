"""`yeta state migrate`: the state goes to another place, from a file to PostgreSQL or back."""

from __future__ import annotations

import click

from yeta_reconcile.amounts import count
from yeta_reconcile.cli.ask import confirm
from yeta_reconcile.cli.audit import entry_of
from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.offline import refuse_lost
from yeta_reconcile.cli.output import done, format_option, say
from yeta_reconcile.clock import SystemClock
from yeta_reconcile.documents.survey import load
from yeta_reconcile.errors import Incomplete
from yeta_reconcile.store.halt_flag import HaltFlag
from yeta_reconcile.store.history import History
from yeta_reconcile.store.lock import Holder
from yeta_reconcile.store.open import place_of
from yeta_reconcile.store.relocation import Transfer, transfer_state
from yeta_reconcile.wording import phrase


@click.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@format_option()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def migrate(context: Context, source: str, target: str, form: str, yes: bool) -> None:
    """Move the state from FROM to TO, which must hold nothing.

    Both as in `state:` of yeta.yaml: a path in the repository, or postgresql://… (a password is better given
    as PGPASSWORD). Everything is copied and compared; what is left at FROM can be used no more. Stop the
    receiver first, and afterwards name TO in yeta.yaml.
    """
    repository, clock = load(context.chdir, environment=context.env, environ=context.environ), SystemClock()
    whose = {"project": repository.project.name, "environment": repository.environment}
    if why := HaltFlag.beside(source, repository.root, **whose, zone=repository.zone).why():
        raise Incomplete(
            phrase("{why}: a halt lies beside its state", why=why),
            hint=phrase("`yeta resume` lifts it, then move"),
        )
    refuse_lost(context, repository.project, repository.root, target)
    places = {"source": place_of(source, repository.root), "target": place_of(target, repository.root)}
    say(phrase("From {places}", places=places["source"]), err=form == "json")
    say(phrase("to   {places}", places=places["target"]), err=form == "json")
    confirm(phrase("Move the state?"), yes=yes)
    entry, now = entry_of(context, repository, "state migrate"), int(clock.now().timestamp() * 1000)

    def note(history: History, moved: Transfer) -> None:
        summary = {"tables": len(moved.tables), "rows": moved.rows}
        history.append(
            entry | {"summary": summary, "outcome": phrase("moved from {source}", source=moved.source)}, now
        )

    moved = transfer_state(
        source, target, repository.root, context.environ,
        Holder.this_process("state migrate", repository.zone), **whose, note=note,
    )  # fmt: skip
    _say_moved(moved, places, form)


def _say_moved(moved: Transfer, places: dict[str, str], form: str) -> None:
    for proof in moved.tables:
        say(
            phrase(
                "  {table:<16} {rows:>15}, digest {digest}",
                table=proof.table,
                rows=count(proof.rows, "row", none="0"),
                digest=proof.digest[:16],
            ),
            err=form == "json",
        )
    done(
        form,
        "state migrate",
        phrase(
            "Moved: {tables} with {rows}, the same in both places by count and digest. Name the new "
            "place in yeta.yaml (`state:`).",
            tables=count(len(moved.tables), "table"),
            rows=count(moved.rows, "row"),
        ),
        **places,
        tables=len(moved.tables),
        rows=moved.rows,
    )
