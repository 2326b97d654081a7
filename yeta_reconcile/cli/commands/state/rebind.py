"""`yeta state rebind`: the same platform has another address; proven by the recorded tasks that are there."""

from __future__ import annotations

import click

from yeta_reconcile.amounts import count
from yeta_reconcile.apply.holding import holding
from yeta_reconcile.cli.ask import confirm
from yeta_reconcile.cli.audit import noted
from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.output import done, format_option, say
from yeta_reconcile.cli.running import run_of
from yeta_reconcile.cli.session import session
from yeta_reconcile.errors import PlanRejected
from yeta_reconcile.planning.whereabouts import Found, existing, look_for, misplaced, settle_here, with_tasks
from yeta_reconcile.wording import listed, phrase


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
            former = store.platform or phrase("a platform that was not recorded")
            if store.platform == client.address and not misplaced(store, client, recorded):
                done(
                    form,
                    "state rebind",
                    phrase("The state is used with {address} already.", address=client.address),
                    found=0,
                )
                return
            found = look_for(client, existing(recorded) or with_tasks(recorded))
            _refuse(found, client.address)
            _say_found(found, former, client.address, err=form == "json")
            confirm(phrase("Use the state with {address}?", address=client.address), yes=yes)
            summary = {"found": len(found.here), "missing": len(found.missing)}
            words = phrase("{former} is {address}", former=former, address=client.address)
            with noted(context, opened.repository, store, "state rebind", summary, words):
                settle_here(store, client)
    done(
        form,
        "state rebind",
        phrase("The state is used with {address}.", address=client.address),
        address=client.address,
        **summary,
    )


def _say_found(found: Found, former: str, address: str, *, err: bool) -> None:
    tasks = count(len(found.here), "recorded task is", "recorded tasks are")
    used = phrase("Used with {former}; {tasks} at {address}.", former=former, tasks=tasks, address=address)
    say(used, err=err)
    if not found.here:
        say(phrase("No task is recorded by which it could be told from another."), err=err)
    for wave in found.missing:
        lost = phrase(
            "task {task_id} of {campaign} wave {number} is not there",
            task_id=wave.task_id,
            campaign=wave.campaign,
            number=wave.number,
        )
        say(phrase("- {lost}: it counts as lost from then on", lost=lost), err=err)


def _refuse(found: Found, address: str) -> None:
    if found.foreign or (found.missing and not found.here):
        named = listed(
            (
                phrase(
                    "{task_id} ({campaign} wave {number})",
                    task_id=wave.task_id,
                    campaign=wave.campaign,
                    number=wave.number,
                )
                for wave in (found.foreign or found.missing)[:5]
            ),
            0,
        )
        what = phrase("are another's there") if found.foreign else phrase("are not there")
        raise PlanRejected(
            phrase(
                "{address} is not the platform that the state was used with: the recorded tasks {named} "
                "{what}",
                address=address,
                named=named,
                what=what,
            ),
            hint=phrase("give each platform and account a `state:` of its own"),
        )
