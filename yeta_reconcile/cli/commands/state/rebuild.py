"""`yeta state rebuild`: what the state lacks, out of the live tasks' marks and the declared lists."""

from __future__ import annotations

from typing import Any

import click

from yeta_reconcile.apply.holding import holding
from yeta_reconcile.apply.recovery.adopt import Adoption
from yeta_reconcile.apply.recovery.rebuild import Rebuild, Recovery
from yeta_reconcile.cli.ask import confirm
from yeta_reconcile.cli.audit import noted
from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.output import done, format_option, say, show
from yeta_reconcile.cli.running import run_of
from yeta_reconcile.cli.session import session
from yeta_reconcile.documents.models import Calling
from yeta_reconcile.exits import Exit
from yeta_reconcile.planning.observe import observe
from yeta_reconcile.planning.whereabouts import settle_here
from yeta_reconcile.render.table import table
from yeta_reconcile.render.words import PHASE
from yeta_reconcile.store.soundness import refuse_damaged
from yeta_reconcile.wording import phrase


@click.command()
@format_option()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def rebuild(context: Context, form: str, yes: bool) -> Exit:
    """Recover waves and rows that the state lacks, from the live tasks and the declared lists.

    A task's mark proves which declared rows it holds. Where it cannot, because the list has changed, every
    declared row is held as possibly dialled: nobody is called twice for want of a record. Rows whose key is
    not their number are held too, and so are those of direct calls that the state does not know as called.
    It needs the key of the lost state, and exits 8 if something is left for a person. A damaged state is
    refused: nothing can be concluded from it.
    """
    with session(context, create=True) as opened:
        refuse_damaged(opened.store)
        run = run_of(opened, "state rebuild")
        with holding(run):
            store, repository = opened.store, opened.repository
            recorded = store.waves.recorded()
            observed = observe(
                opened.client, recorded, store, repository.project.name, repository.environment
            )
            work = Rebuild(repository, store, recorded, observed, run.now_ms())
            recovery = work.find()
            _show(recovery, err=form == "json")
            if recovery.adoptions:
                confirm(phrase("Take these into the state?"), yes=yes)
                settle_here(store, opened.client)
                rows = sum(len(taken.rows) for _, taken in recovery.adoptions)
                summary = {"waves": len(recovery.adoptions), "rows": rows}
                work.record(recovery, noted(context, repository, store, "state rebuild", summary))
            store.callouts.settle()
    waves = [_wave(model, taken) for model, taken in recovery.adoptions]
    left = [*recovery.unproven, *recovery.left]
    if waves or form == "json":
        told = phrase("Done; `yeta backfill` fetches the records of the last days.")
        more = {"to_apply": [*recovery.to_apply], "differing": [*recovery.differing]}
        done(form, "state rebuild", told, waves=waves, left=left, **more)
    return Exit.UNRESOLVED if recovery.unproven or recovery.left else Exit.DONE


def _wave(model: Calling, taken: Adoption) -> dict[str, Any]:
    wave = taken.wave
    return {
        "campaign": model.name, "wave": wave.number, "task_id": wave.task_id, "phase": wave.phase,
        "rows": len(taken.rows), "held": taken.held,
    }  # fmt: skip


def _show(recovery: Recovery, *, err: bool) -> None:
    if recovery.adoptions:
        wave, rows_held = phrase("WAVE"), (phrase("ROWS"), phrase("HELD"))
        headers = (phrase("CAMPAIGN"), wave, phrase("TASK"), phrase("PHASE"), *rows_held)
        shown = [_wave(*adoption) for adoption in recovery.adoptions]
        rows = [(*(one | {"phase": PHASE[one["phase"]]}).values(),) for one in shown]
        show("\n".join(table(headers, rows, right=(wave, *rows_held))), err=err)
    else:
        say(phrase("The state lacks nothing that can be recovered."), err=err)
    for words in (*recovery.unproven, *recovery.left, *recovery.to_apply, *recovery.differing):
        say(phrase("- {words}", words=words), err=err)
