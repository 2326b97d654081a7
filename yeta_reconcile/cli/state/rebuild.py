"""`yeta state rebuild`: what the state lacks, out of the live tasks' marks and the declared lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from yeta_reconcile.cli.ask import confirm
from yeta_reconcile.cli.logbook import note
from yeta_reconcile.cli.run import run_of
from yeta_reconcile.cli.session import session
from yeta_reconcile.execute.rebuild import Rebuild, Recovery
from yeta_reconcile.execute.session import holding
from yeta_reconcile.observe import observe
from yeta_reconcile.render.table import table

if TYPE_CHECKING:
    from yeta_reconcile.cli.context import Context

UNRESOLVED = 8


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def rebuild(context: Context, yes: bool) -> int:
    """Recover waves and rows that the state lacks, from the live tasks and the declared lists.

    A task's mark proves which declared rows it holds. Where it cannot, because the list has changed, every
    declared row is held as possibly dialled: nobody is called twice for want of a record. It needs the key of
    the lost state, and exits 8 if something is left for a person.
    """
    with session(context, create=True) as opened:
        run = run_of(opened, "state rebuild")
        with holding(run):
            store, repository = opened.store, opened.repository
            recorded = store.waves.recorded()
            observed = observe(
                opened.client, recorded, store.key, repository.project.name, repository.environment
            )
            work = Rebuild(repository, store, recorded, observed, run.now_ms())
            recovery = work.find()
            _show(recovery)
            if recovery.adoptions:
                confirm("Take these into the state?", yes=yes)
                work.record(recovery)
                rows = sum(len(taken.rows) for _, taken in recovery.adoptions)
                summary = {"waves": len(recovery.adoptions), "rows": rows}
                note(context, repository, store, opened.clock, "state rebuild", summary)
                click.echo("Done; `yeta backfill` fetches the records of the last days.")
    return UNRESOLVED if recovery.unproven or recovery.left else 0


def _show(recovery: Recovery) -> None:
    if recovery.adoptions:
        headers = ("CAMPAIGN", "WAVE", "TASK", "PHASE", "ROWS", "HELD")
        rows = [
            (model.name, taken.wave.number, taken.wave.task_id, taken.wave.phase, len(taken.rows), taken.held)
            for model, taken in recovery.adoptions
        ]
        click.echo("\n".join(table(headers, rows, right=("WAVE", "ROWS", "HELD"))))
    else:
        click.echo("The state lacks nothing that can be recovered.")
    for words in (*recovery.unproven, *recovery.left, *recovery.to_apply):
        click.echo(f"- {words}")
