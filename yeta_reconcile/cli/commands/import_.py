"""`yeta import`: take a live task into the state as a wave of a declared campaign."""

from __future__ import annotations

from collections.abc import Iterator

import click

from yeta_reconcile.amounts import count
from yeta_reconcile.apply.holding import holding
from yeta_reconcile.apply.recovery.adopt import (
    Adoption,
    DeclaredList,
    adoption,
    earlier_sets,
    record_adoption,
)
from yeta_reconcile.cli.ask import confirm
from yeta_reconcile.cli.audit import noted
from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.output import done, format_option, say
from yeta_reconcile.cli.running import run_of
from yeta_reconcile.cli.session import Session, session
from yeta_reconcile.diagnostics import did_you_mean
from yeta_reconcile.documents.located import Located
from yeta_reconcile.documents.models import Campaign
from yeta_reconcile.errors import InvalidInput, RefusedByGuard, YetaError
from yeta_reconcile.marks import Mark, owner_digest, parse_mark
from yeta_reconcile.planning.whereabouts import settle_here
from yeta_reconcile.platform.resources import Task
from yeta_reconcile.waves.record import CampaignRecord, Phase
from yeta_reconcile.waves.renames import record_of
from yeta_reconcile.wording import UNSAID, Text, phrase


@click.command("import")
@click.argument("name")
@click.argument("task_id")
@format_option()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def import_(context: Context, name: str, task_id: str, form: str, yes: bool) -> None:
    """Take the live task TASK_ID into the state as a wave of the declared campaign NAME.

    The platform does not list a task's rows. If the task bears our mark, and the mark and the count prove
    which declared rows are in it, these are; otherwise every declared row is held as possibly dialled, until
    `yeta state resolve` settles it. Rows whose key is not their number are held in any case. Nothing changes
    at the platform.
    """
    with session(context, create=True) as opened:
        located = _declared(opened, name)
        run = run_of(opened, "import")
        with holding(run):
            recorded = opened.store.waves.recorded()
            record = record_of(located.model, recorded, opened.repository.callings)
            task = _task(opened, task_id)
            mark = parse_mark(task.name)
            number = recorded.next_wave(name, record)
            taken = _adoption(opened, located, record, task, mark, number=number, now=run.now_ms())
            for line in _lines(opened, name, taken, task, mark):
                say(line, err=form == "json")
            confirm(
                phrase(
                    "Take it into the state as wave {number} of {name}?", number=taken.wave.number, name=name
                ),
                yes=yes,
            )
            settle_here(opened.store, opened.client)
            wave_id = record_adoption(opened.store, located.model, record, taken)
            summary = {"rows": len(taken.rows), "held": taken.held}
            outcome = phrase(
                "task {task_id} as wave {number} of {name}",
                task_id=task_id,
                number=taken.wave.number,
                name=name,
            )
            with noted(context, opened.repository, opened.store, "import", summary, outcome):
                opened.store.waves.seal_wave(wave_id)
    wave = taken.wave.number
    words = phrase("Task {task_id} is wave {wave} of {name}.", task_id=task_id, wave=wave, name=name)
    done(form, "import", words, campaign=name, wave=wave, task_id=task_id, **summary)


def _declared(opened: Session, name: str) -> Located[Campaign]:
    located = opened.repository.campaigns.get(name)
    if located is None:
        hint = did_you_mean(name, [*opened.repository.campaigns])
        raise InvalidInput(phrase("no document declares a campaign {name}", name=name), hint=hint)
    return located


def _task(opened: Session, task_id: str) -> Task:
    wave = opened.store.waves.by_task(task_id)
    if wave is not None:
        discarded = phrase(" (discarded)") if wave.phase is Phase.DISCARDED else UNSAID
        raise RefusedByGuard(
            phrase(
                "task {task_id} is in the state already: wave {number} of {campaign}{discarded}",
                task_id=task_id,
                number=wave.number,
                campaign=wave.campaign,
                discarded=discarded,
            )
        )
    task = opened.client.by_id(task_id)
    if task is None:
        raise YetaError(
            phrase("the platform knows no task {task_id}", task_id=task_id),
            hint=phrase("`yeta drift` lists tasks without a record"),
        )
    return task


def _adoption(
    opened: Session,
    located: Located[Campaign],
    record: CampaignRecord | None,
    task: Task,
    mark: Mark | None,
    *,
    number: int,
    now: int,
) -> Adoption:
    store, repository = opened.store, opened.repository
    config = opened.client.config()
    robot = config.robots.get(located.model.robot)
    columns, barred = robot.columns if robot else (), repository.do_not_call
    listed = DeclaredList.read(repository.list_spec(located), columns, store.key, barred)
    rows = None
    if mark is not None and store.key.proves(mark, repository.project.name, repository.environment):
        rows = listed.proven_by(mark, store.key, task.count_tel, earlier_sets(store, record))
        known = {wave.number for wave in record.waves} if record else set()
        number = mark.wave if mark.wave not in known else number
    return adoption(located.model, task, rows, listed, number=number, config=config, now=now)


def _lines(opened: Session, name: str, taken: Adoption, task: Task, mark: Mark | None) -> Iterator[Text]:
    numbers = phrase("an unknown number") if task.count_tel is None else count(task.count_tel, "number")
    dialled = (
        phrase("an unknown number of them")
        if task.process_tel_count is None
        else phrase("{process_tel_count:,}", process_tel_count=task.process_tel_count)
    )
    counts = phrase("{numbers}, {dialled} dialled", numbers=numbers, dialled=dialled)
    yield phrase(
        "Task {task_id} ({status_words}): {counts}.",
        task_id=task.task_id,
        status_words=task.status_words,
        counts=counts,
    )
    owner = owner_digest(opened.repository.project.name, opened.repository.environment)
    if mark is None:
        yield phrase("It bears no ownership mark: yeta did not create it.")
    elif mark.owner != owner:
        yield phrase(
            "It bears the mark of another project or environment: nobody else may go on managing it."
        )
    elif mark.campaign != name:
        yield phrase("Its mark says that it belongs to {campaign}.", campaign=mark.campaign)
    if taken.wave.phase is Phase.FILLING:
        yield phrase("It was never started: the next apply deletes it and stages its rows anew.")
    elif taken.doubt:
        yield phrase("Not everything is proven: {doubt}.", doubt=taken.doubt)
    else:
        yield phrase(
            "Its mark and its count prove its rows: {rows}.", rows=count(len(taken.rows), "declared row")
        )
    if taken.differing:
        yield phrase("It differs from its document, which counts: {differing}.", differing=taken.differing)
