"""`yeta state forget`: drop a campaign's ledger. The people in it may then be called again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from yeta_reconcile.cli.ask import confirm
from yeta_reconcile.cli.logbook import note
from yeta_reconcile.cli.output import done, format_option, say
from yeta_reconcile.cli.run import run_of
from yeta_reconcile.cli.session import Session, session
from yeta_reconcile.cli.state.look import look
from yeta_reconcile.diff import Wave, in_the_light
from yeta_reconcile.errors import InvalidInput, RefusedByGuard
from yeta_reconcile.execute.session import holding
from yeta_reconcile.live import LivePhase
from yeta_reconcile.nearmiss import did_you_mean
from yeta_reconcile.recorded import FREE_FATES, CampaignRecord, Phase

if TYPE_CHECKING:
    from yeta_reconcile.cli.context import Context
    from yeta_reconcile.observed import Observed, Orphan

RINGING = frozenset({LivePhase.LIVE, LivePhase.PAUSED, LivePhase.UNKNOWN})


@click.command()
@click.argument("name")
@format_option()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def forget(context: Context, name: str, form: str, yes: bool) -> None:
    """Drop a campaign's ledger, also of one known only by tasks without a record.

    Says how many people may then be called again. Its task ids stay known, its wave numbers go on. Refused
    while any of its waves is live.
    """
    with session(context, create=True) as opened:
        run = run_of(opened, "state forget")
        with holding(run):
            recorded, observed = look(opened, name, run)
            record = recorded.campaigns.get(name)
            orphans = _orphans(name, record, observed)
            if record is None and not orphans:
                known = [*recorded.campaigns, *(orphan.mark.campaign for orphan in observed.orphans)]
                raise InvalidInput(f"nothing is known of a campaign {name}", hint=did_you_mean(name, known))
            _refuse_live(name, in_the_light(record, observed.tasks), orphans)
            people = _people(opened, name, record, orphans)
            say(f"{name}: {people} may then be called again.", err=form == "json")
            confirm(f"Forget {name}?", yes=yes)
            _forget(opened, name, record, orphans)
            summary = {"waves": len(record.waves) if record else 0, "tasks": len(orphans)}
            note(context, opened.repository, opened.store, opened.clock, "state forget", summary, name)
    done(form, "state forget", f"{name} is forgotten.", campaign=name, **summary)


def _orphans(name: str, record: CampaignRecord | None, observed: Observed) -> list[Orphan]:
    """Its provable tasks without a record that were ever started; what never rang, apply deletes."""
    names = {name, *(record.former if record else ())}
    return [
        orphan
        for orphan in observed.orphans
        if orphan.proven and orphan.mark.campaign in names and not orphan.task.never_rang
    ]


def _refuse_live(name: str, waves: tuple[Wave, ...], orphans: list[Orphan]) -> None:
    live = [
        f"wave {wave.record.number} ({wave.task.status_words if wave.task else wave.record.phase})"
        for wave in waves
        if (wave.record.live or wave.record.staged) and wave.record.kind == "Campaign" and _exists(wave)
    ]
    live += [
        f"task {orphan.task.task_id} ({orphan.task.status_words})"
        for orphan in orphans
        if orphan.task.phase in RINGING
    ]
    if live:
        raise RefusedByGuard(
            f"{name} cannot be forgotten while it is live: {', '.join(live)}",
            hint=f"`yeta apply --destroy --only {name}` deletes its tasks; others go at the platform",
        )


def _exists(wave: Wave) -> bool:
    return wave.record.task_id is not None or wave.record.phase is Phase.CREATING


def _people(opened: Session, name: str, record: CampaignRecord | None, orphans: list[Orphan]) -> str:
    rows = opened.store.waves.ledger(name) if record else ()
    keys = {row.key for row in rows if row.fate not in FREE_FATES}
    counts = [orphan.task.count_tel for orphan in orphans]
    words = f"{len(keys):,} people" if record else ""
    if counts:
        told = f"up to {sum(count or 0 for count in counts):,} people of {len(counts)} tasks without a record"
        unknown = " and an unknown number more" if None in counts else ""
        words = f"{words} and {told}{unknown}" if words else f"{told}{unknown}"
    return words


def _forget(opened: Session, name: str, record: CampaignRecord | None, orphans: list[Orphan]) -> None:
    now = int(opened.clock.now().timestamp() * 1000)
    waves = opened.store.waves
    for orphan in orphans:
        waves.forget_task(orphan.task.task_id, name, orphan.mark.wave + 1, now)
    if record is not None:
        waves.forget(name, now)
