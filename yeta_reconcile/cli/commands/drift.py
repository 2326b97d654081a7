"""`yeta drift`: what differs live from what was applied. It changes nothing."""

from __future__ import annotations

from dataclasses import replace

import click

from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.output import format_option, show, show_json
from yeta_reconcile.cli.session import session
from yeta_reconcile.exits import Exit
from yeta_reconcile.planning.address_book import misled
from yeta_reconcile.planning.console import alerts_of
from yeta_reconcile.planning.drift import compare
from yeta_reconcile.planning.observe import observe
from yeta_reconcile.planning.whereabouts import refuse_misplaced
from yeta_reconcile.render.reports import report_json, report_text


@click.command()
@format_option()
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 if anything differs.")
@click.pass_obj
def drift(context: Context, form: str, detailed_exitcode: bool) -> Exit:
    """Show what differs live from what was applied.

    Settings that differ, tasks that were paused, resumed or deleted outside yeta, tasks without a record.
    A wave that goes on or finishes by itself is progress and no drift.
    """
    with session(context) as opened:
        repository, store = opened.repository, opened.store
        recorded = store.waves.recorded()
        refuse_misplaced(store, opened.client)
        observed = observe(opened.client, recorded, store, repository.project.name, repository.environment)
        at = opened.clock.now().astimezone(repository.zone).replace(microsecond=0)
        halted = {
            task_id
            for task_id, left in opened.halted_tasks().items()
            if (task := observed.tasks.get(task_id)) is not None and not left.ran_on(task)
        }
        report = compare(recorded, observed, at, halted=halted)
        said = (
            *alerts_of(
                store.inbox.traffic(int(at.timestamp() * 1000)),
                recorded,
                observed,
                at,
                relayed=bool(repository.project.receiver.relay),
            ),
            *(found.summary for found in misled(repository, observed.config)),
        )
        report = replace(report, alerts=said)
    if form == "json":
        show_json(report_json(report))
    else:
        show(report_text(report, color=context.color))
    return Exit.CHANGES if detailed_exitcode and report.differences else Exit.DONE
