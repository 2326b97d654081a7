"""`yeta resume`: lift the halt. It starts nothing itself; the next apply does, as declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from yeta_reconcile.cli.ask import confirm
from yeta_reconcile.cli.logbook import note
from yeta_reconcile.cli.output import say
from yeta_reconcile.cli.session import open_state
from yeta_reconcile.clock import SystemClock
from yeta_reconcile.halt import HaltFlag
from yeta_reconcile.load import load
from yeta_reconcile.recorded import LIVE, STAGED

if TYPE_CHECKING:
    from yeta_reconcile.cli.context import Context
    from yeta_reconcile.store import Store


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def resume(context: Context, yes: bool) -> None:
    """Lift the halt. The next apply starts again what is declared running."""
    repository = load(context.chdir, environment=context.env, environ=context.environ)
    flag = HaltFlag.beside(repository.project.state, repository.root)
    store = open_state(context, repository)
    try:
        halt, row = flag.read(), store.flag("halt")
        if halt is None and row is None:
            say("There is no halt.")
            return
        paused = halt.paused if halt else ()
        say(f"{halt or row}; {len(paused)} tasks were paused by it.")
        say("Lifting it starts nothing; the next apply starts again what is declared running.")
        confirm("Lift the halt?", yes=yes)
        # Whose pauses they are must be on record before the flag that says so is gone.
        _remember(store, paused)
        if not store.ephemeral:
            store.set_flag("halt", None)
            outcome = f"lifted: {halt or row}"
            note(context, repository, store, SystemClock(), "resume", {"paused": len(paused)}, outcome)
        flag.lift()
        say("Lifted.")
    finally:
        store.close()


def _remember(store: Store, paused: tuple[str, ...]) -> None:
    for task_id in paused:
        wave = store.waves.by_task(task_id)
        if wave is not None and wave.phase in LIVE | STAGED and not wave.detail:
            store.waves.change_wave(wave.wave_id, detail="halt")
