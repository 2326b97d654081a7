"""What many scenes have in common: a lab, the outcomes of its tasks, and whom it rang."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from tests.support.lab import START, Lab, number, settings
from tests.support.records import deliver
from tests.support.trouble import TroubledLab
from yeta_reconcile.apply import Apply
from yeta_reconcile.apply.holding import holding
from yeta_reconcile.apply.recovery.rebuild import Rebuild, Recovery
from yeta_reconcile.apply.recovery.resolve import Ruling, Settlement, settle, stop_first
from yeta_reconcile.emulator import Emulator, VirtualClock
from yeta_reconcile.planning.diff.subject import with_observed
from yeta_reconcile.planning.observe import observe
from yeta_reconcile.planning.planner import Planner

DAY = 24 * 3600


def a_lab(root: Path, **override: object) -> Lab:
    root.mkdir(exist_ok=True)
    return TroubledLab(root, Emulator(settings(**override), clock=VirtualClock(START)), max_in_flight=1)


def assert_each_rang_once(lab: Lab, indexes: range | list[int]) -> None:
    lab.emulator.advance(DAY)
    assert Counter(lab.rung()) == Counter(number(index) for index in indexes)


def codes(lab: Lab) -> set[str]:
    return {found.code for found in lab.plan().plan.diagnostics}


def the_only_task(lab: Lab) -> str:
    (task_id,) = [key for key, task in lab.emulator.tasks.items() if not task.deleted]
    return task_id


def lose_the_state(lab: Lab) -> None:
    for file in (lab.root / "state").iterdir():
        file.unlink()


OTHER_LINE = '["200"]'


def finish(lab: Lab) -> None:
    lab.converge()
    lab.emulator.advance(DAY)
    deliver(lab)
    lab.converge()


def paused_under_way(lab: Lab, rows: Iterable[int]) -> None:
    """A campaign that is declared paused, and is, after some of its people were called."""
    lab.campaign(rows=[*rows])
    lab.converge()
    lab.emulator.advance(20)
    lab.campaign(rows=[*rows], state="paused")
    lab.converge()


def declare(lab: Lab, name: str, rows: Iterable[int], extra: str = "", **fields: str) -> None:
    lab.campaign(name, [*rows], extra=extra, lines=OTHER_LINE, **fields)


def resolve(lab: Lab, verdict: Ruling, number: int = 1) -> None:
    """A person's word on a wave."""
    with lab.store() as store, lab.client() as client:
        run = lab.run(store, client)
        with lab.beating(run), holding(run):
            recorded, repository = store.waves.recorded(), lab.repository()
            observed = observe(client, recorded, store, repository.project.name, repository.environment)
            waves = with_observed(recorded.campaigns["renewal"], observed.tasks)
            (wave,) = [wave for wave in waves if wave.record.number == number]
            decision = Settlement(wave, verdict)
            decision.check()
            stop_first(run, decision)
            settle(run.store, decision)


EVENING = "schedule: {begin: 2026-12-01T20:00:00}"


def assert_nobody_rang_twice(lab: Lab) -> None:
    twice = [rung for rung, times in Counter(lab.rung()).items() if times > 1]
    assert not twice, f"{len(twice)} numbers rang twice"


def rebuilt(lab: Lab) -> Recovery:
    """What `yeta state rebuild --yes` found, and wrote."""
    with lab.store() as store, lab.client() as client:
        repository, recorded = lab.repository(), store.waves.recorded()
        observed = observe(client, recorded, store, repository.project.name, repository.environment)
        work = Rebuild(repository, store, recorded, observed, lab.emulator.clock.now_ms)
        recovery = work.find()
        work.record(recovery, nullcontext())
        return recovery


@contextmanager
def planned(lab: Lab) -> Iterator[Apply]:
    """A plan that is about to be carried out, the lock held: what the block does comes in between."""
    with lab.store() as store, lab.client() as client:
        run = lab.run(store, client)
        with lab.beating(run), holding(run):
            planner = Planner(lab.repository(), store, client)
            yield Apply(run, planner, planner.plan(lab.clock.now()))
