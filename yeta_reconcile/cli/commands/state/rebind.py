"""`yeta state rebind`: the same platform has another address; proven by the recorded tasks that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from yeta_reconcile.amounts import count
from yeta_reconcile.apply.lease import holding
from yeta_reconcile.cli.ask import confirm
from yeta_reconcile.cli.audit import noted
from yeta_reconcile.cli.output import done, format_option, say
from yeta_reconcile.cli.session import (
    run_of,
    session,
)
from yeta_reconcile.errors import PlanRejected
from yeta_reconcile.planning.whereabouts import Found, existing, look_for, misplaced, settle_here, with_tasks

if TYPE_CHECKING:
    from yeta_reconcile.cli.context import Context


@click.command()
@format_option()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def rebind(context: Context, form: str, yes: bool) -> None:
    """Accept another address, or another account's credentials, of the same platform.

    The recorded tasks must be there under their names: the live ones, or if none is live any that the
    platform still shows. Refused (5) if none is, or if an id leads to another's task. Nothing changes at the
    platform.
    """
    with session(context) as opened:
        store, client = opened.store, opened.client
        run = run_of(opened, "state rebind")
        with holding(run, elsewhere=True):
            recorded = store.waves.recorded()
            former = store.platform or "a platform that was not recorded"
            if store.platform == client.address and not misplaced(store, client, recorded):
                done(form, "state rebind", f"The state is used with {client.address} already.", found=0)
                return
            found = look_for(client, existing(recorded) or with_tasks(recorded))
            _refuse(found, client.address)
            here = len(found.here)
            tasks = count(here, "recorded task is", "recorded tasks are")
            say(f"Used with {former}; {tasks} at {client.address}.", err=form == "json")
            if not here:
                say("No task is recorded by which it could be told from another.", err=form == "json")
            for wave in found.missing:
                lost = f"task {wave.task_id} of {wave.campaign} wave {wave.number} is not there"
                say(f"- {lost}: it counts as lost from then on", err=form == "json")
            confirm(f"Use the state with {client.address}?", yes=yes)
            summary, words = {"found": here, "missing": len(found.missing)}, f"{former} is {client.address}"
            with noted(context, opened.repository, store, opened.clock, "state rebind", summary, words):
                settle_here(store, client)
    done(form, "state rebind", f"The state is used with {client.address}.", address=client.address, **summary)


def _refuse(found: Found, address: str) -> None:
    if found.strangers or (found.missing and not found.here):
        named = ", ".join(
            f"{wave.task_id} ({wave.campaign} wave {wave.number})"
            for wave in (found.strangers or found.missing)[:5]
        )
        what = "are another's there" if found.strangers else "are not there"
        raise PlanRejected(
            f"{address} is not the platform that the state was used with: the recorded tasks {named} {what}",
            hint="give each platform and account a `state:` of its own",
        )
