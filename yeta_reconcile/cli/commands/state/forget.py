"""`yeta state forget`: drop a campaign's ledger. The people in it may then be called again."""

from __future__ import annotations

import click

from yeta_reconcile.amounts import count
from yeta_reconcile.apply.holding import holding
from yeta_reconcile.cli.ask import confirm
from yeta_reconcile.cli.audit import noted
from yeta_reconcile.cli.commands.state.look import look
from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.output import done, format_option, say
from yeta_reconcile.cli.running import run_of
from yeta_reconcile.cli.session import Session, session
from yeta_reconcile.diagnostics import did_you_mean
from yeta_reconcile.errors import InvalidInput, RefusedByGuard
from yeta_reconcile.planning.diff.subject import Wave, with_observed
from yeta_reconcile.planning.observed import Observed, Orphan
from yeta_reconcile.platform.resources import LivePhase, Task
from yeta_reconcile.waves.record import FREE_STATES, CampaignRecord, Phase, WaveRecord
from yeta_reconcile.wording import UNSAID, Text, listed, phrase


@click.command()
@click.argument("name")
@format_option()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def forget(context: Context, name: Text, form: str, yes: bool) -> None:
    """Drop a campaign's ledger, also of one known only by tasks without a record.

    Says how many people may then be called again. Its task ids stay known, its wave numbers go on. Refused
    while any of its waves is live.
    """
    with session(context, create=True) as opened:
        run = run_of(opened, "state forget")
        with holding(run):
            recorded, observed = look(opened, name, run)
            record = recorded.campaigns.get(name)
            named = _named(name, record, observed)
            _refuse_live(name, with_observed(record, observed.tasks), named)
            # What never rang, apply deletes; what no key proves is not known to be of this campaign.
            orphans = [orphan for orphan in named if orphan.proven and not orphan.task.never_rang]
            if record is None and not orphans:
                known = [*recorded.campaigns, *(orphan.mark.campaign for orphan in observed.orphans)]
                raise InvalidInput(
                    phrase("nothing is known of a campaign {name}", name=name), hint=did_you_mean(name, known)
                )
            people = _people(opened, name, record, orphans)
            say(
                phrase("{name}: {people} may then be called again.", name=name, people=people),
                err=form == "json",
            )
            confirm(phrase("Forget {name}?", name=name), yes=yes)
            summary = {"waves": len(record.waves) if record else 0, "tasks": len(orphans)}
            if record is not None:
                opened.store.campaigns.remember_people(name)
            with noted(context, opened.repository, opened.store, "state forget", summary, name):
                _forget(opened, name, record, orphans)
            opened.store.campaigns.clear_forgotten(name)
    done(form, "state forget", phrase("{name} is forgotten.", name=name), campaign=name, **summary)


def _named(name: str, record: CampaignRecord | None, observed: Observed) -> list[Orphan]:
    """Tasks without a record whose marks name it."""
    names = {name, *(record.former if record else ())}
    return [orphan for orphan in observed.orphans if orphan.mark.campaign in names]


def _refuse_live(name: str, waves: tuple[Wave, ...], orphans: list[Orphan]) -> None:
    live = [
        phrase(
            "wave {number} ({status_words})",
            number=wave.record.number,
            status_words=wave.task.status_words if wave.task else wave.record.phase,
        )
        for wave in waves
        if wave.record.kind == "Campaign" and (_rings(wave.task) or _may_ring(wave.record))
    ]
    live += [
        phrase(
            "task {task_id} ({status_words})",
            task_id=orphan.task.task_id,
            status_words=orphan.task.status_words,
        )
        for orphan in orphans
        if _rings(orphan.task)
    ]
    if live:
        raise RefusedByGuard(
            phrase("{name} cannot be forgotten while it is live: {live}", name=name, live=listed(live, 0)),
            hint=phrase(
                "`yeta apply --destroy --only {name}` deletes its tasks; others go at the platform", name=name
            ),
        )


def _rings(task: Task | None) -> bool:
    """Whether the platform shows it live, whatever is recorded: an end may have been undone."""
    return task is not None and task.phase is not LivePhase.NEW and not task.phase.over


def _may_ring(wave: WaveRecord) -> bool:
    exists = wave.task_id is not None or wave.phase is Phase.CREATING
    return (wave.live or wave.staged) and exists


def _people(opened: Session, name: str, record: CampaignRecord | None, orphans: list[Orphan]) -> str:
    rows = opened.store.waves.ledger(name) if record else ()
    keys = {row.key for row in rows if row.state not in FREE_STATES}
    counts = [orphan.task.count_tel for orphan in orphans]
    words = count(len(keys), "person", "people") if record else UNSAID
    if counts:
        people = count(sum(held or 0 for held in counts), "person", "people")
        told = phrase(
            "up to {people} of {tasks} without a record", people=people, tasks=count(len(counts), "task")
        )
        unknown = phrase(" and an unknown number more") if None in counts else UNSAID
        words = (
            phrase("{words} and {told}{unknown}", words=words, told=told, unknown=unknown)
            if words
            else phrase("{told}{unknown}", told=told, unknown=unknown)
        )
    return words


def _forget(opened: Session, name: str, record: CampaignRecord | None, orphans: list[Orphan]) -> None:
    now = int(opened.clock.now().timestamp() * 1000)
    campaigns = opened.store.campaigns
    for orphan in orphans:
        campaigns.forget_task(orphan.task.task_id, name, orphan.mark.wave + 1, now)
    if record is not None:
        campaigns.give_up(name, now)
