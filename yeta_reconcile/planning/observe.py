"""One look at the platform: configuration, every task of ours, orphans. It asks and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Protocol

from yeta_reconcile.marks import Key, owner_digest, parse_mark
from yeta_reconcile.planning.observed import Observed, Orphan
from yeta_reconcile.planning.whereabouts import Whereabouts
from yeta_reconcile.platform.codes import Meaning
from yeta_reconcile.platform.errors import Busy, PlatformError, StopEverything
from yeta_reconcile.platform.resources import Address, Config, LivePhase, Task
from yeta_reconcile.store import Store
from yeta_reconcile.waves.lifecycle import unread
from yeta_reconcile.waves.record import Phase, Recorded, WaveRecord

# Beyond so many recorded tasks that the search did not show, one more listing is cheaper than asking each.
ASKED_SINGLY = 50


class Questions(Whereabouts, Protocol):
    """What looking needs of the platform client."""

    def config(self) -> Config:
        """Robots, lines, voices, URLs."""

    def query(self, *, name: str | None = None, statuses: Sequence[int] = ()) -> list[Task]:
        """Tasks by a part of their name, and by what they do."""

    def task(self, address: Address, *, remaining: bool = False) -> Task | None:
        """One task by its id and name."""

    def by_id(self, task_id: str) -> Task | None:
        """Whatever has an id."""


def observe(
    client: Questions,
    recorded: Recorded,
    store: Store,
    project: str,
    environment: str,
    unseen: Callable[[WaveRecord], bool] = lambda _wave: False,
) -> Observed:
    """Everything a plan decides on. Raises what the client raises.

    A wave's task that does not show and may be `unseen` yet is not gone for that: it is left out.
    """
    config = client.config()
    owner = owner_digest(project, environment)
    waves = [
        wave for campaign in recorded.campaigns.values() for wave in campaign.waves if wave.kind == "Campaign"
    ]
    marked = _marked(client.query(name=owner), owner)
    answers = _answers(waves, marked, recorded)
    told = _told_elsewhere(client, recorded, store, {task.task_id for task in marked})
    ours = _marked(filter(None, told.values()), owner)
    orphans = _orphans(waves, [*marked, *ours], recorded, answers, store.key, project, environment)
    return Observed(
        config=config,
        tasks=_recorded_tasks(client, waves, marked, unseen),
        orphans=tuple(orphans),
        answers=answers,
        foreign=tuple(task_id for task_id, task in told.items() if task and task.name and task not in ours),
        vanished=tuple(task_id for task_id, task in told.items() if not task or not task.name),
    )


def _marked(tasks: Iterable[Task], owner: str) -> list[Task]:
    """Those whose names say that they are ours."""
    return [task for task in tasks if (mark := parse_mark(task.name)) and mark.owner == owner]


def _told_elsewhere(
    client: Questions, recorded: Recorded, store: Store, shown: Collection[str]
) -> dict[str, Task | None]:
    """Tasks that the state does not know, by what tells of them: the note beside it, and call records.

    An older copy lacks tasks, and a search by name need not show one that was deleted since. One that the
    note names was ours and was started, whatever the platform shows of it.
    """
    known = {*shown, *recorded.task_ids, *recorded.forgotten}
    noted = {task.task_id: task for task in store.callouts.tasks() if task.task_id not in known}
    named = [one for one in store.calls.unknown_tasks() if one not in shown and one not in noted]
    listed = {task.task_id: task for task in client.query()} if len(named) > ASKED_SINGLY else {}
    found = {one: listed.get(one) or _whatever_bears(client, one) for one in named}
    for task_id, address in noted.items():
        gone = Task(task_id, name=address.name, status=None, deleted=True)
        found[task_id] = client.task(address) or gone
    return found


def _whatever_bears(client: Questions, task_id: str) -> Task | None:
    """The task of an id that a record alone names, which may be anything, another application's too.

    The platform has answered for the account just now: what it refuses here is this id, and it shows none.
    """
    try:
        return client.by_id(task_id)
    except (Busy, StopEverything):
        raise
    except PlatformError as refusal:
        if refusal.meaning is Meaning.RENEW_TOKEN:
            raise
        return None


def young(wave: WaveRecord, now: int, patience: float) -> bool:
    """Whether a query may not show a wave's task yet: it was created less than `patience` seconds ago."""
    return wave.phase is Phase.FILLING and now < wave.created_at + int(patience * 1000)


def new_and_empty(task: Task) -> bool:
    """Whether a task can be the answer to a create that was never answered."""
    return task.phase is LivePhase.NEW and task.never_rang and not task.count_tel


def _answers(waves: Iterable[WaveRecord], marked: Iterable[Task], recorded: Recorded) -> dict[str, Task]:
    asked = {wave.task_name for wave in waves if wave.phase is Phase.CREATING}
    answers: dict[str, Task] = {}
    for task in marked:
        known = task.task_id in recorded.task_ids or task.task_id in recorded.forgotten
        if task.name in asked and not known and new_and_empty(task):
            # Of several, the first is kept; every other match is an orphan.
            answers.setdefault(task.name, task)
    return answers


def _orphans(
    waves: Iterable[WaveRecord],
    marked: Iterable[Task],
    recorded: Recorded,
    answers: dict[str, Task],
    key: Key,
    project: str,
    environment: str,
) -> Iterable[Orphan]:
    """Tasks that no record is about, or none any more: discarded or forgotten ones, if they may ring."""
    kept = {*(task.address for task in answers.values()), *(wave.address for wave in waves)}
    for task in marked:
        mark = parse_mark(task.name)
        known = task.task_id in recorded.task_ids or task.task_id in recorded.forgotten
        if mark is not None and task.address not in kept and (not known or task.phase.may_ring):
            yield Orphan(task, mark, key.proves(mark, project, environment))


def _recorded_tasks(
    client: Questions, waves: list[WaveRecord], marked: Iterable[Task], unseen: Callable[[WaveRecord], bool]
) -> dict[str, Task | None]:
    wanted = {wave.task_id: wave for wave in waves if wave.task_id is not None}
    # Another task that has a recorded id here is not the recorded one.
    addresses = {wave.address for wave in wanted.values()}
    found = {task.task_id: task for task in marked if task.address in addresses}
    missing = [task_id for task_id, wave in wanted.items() if task_id not in found and not _needless(wave)]
    if len(missing) > ASKED_SINGLY:
        found.update((task.task_id, task) for task in client.query() if task.address in addresses)
        missing = [task_id for task_id in missing if task_id not in found]
    tasks: dict[str, Task | None] = {task_id: found[task_id] for task_id in wanted if task_id in found}
    for task_id in missing:
        task = client.task(wanted[task_id].address)
        if task is not None or not unseen(wanted[task_id]):
            tasks[task_id] = task
    for task_id, wave in wanted.items():
        task = tasks.get(task_id)
        if task and (wave.phase is Phase.DRAINING or unread(wave, task)):
            tasks[task_id] = client.task(wave.address, remaining=True)
    return tasks


def _needless(wave: WaveRecord) -> bool:
    """A wave that ended has nothing more to tell, once its count is known if it was cut short."""
    return wave.phase.ended and (not wave.phase.cut_short or wave.accounted)
