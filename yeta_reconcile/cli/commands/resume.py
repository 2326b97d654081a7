"""`yeta resume`: lift the halt. It starts nothing itself; the next apply does, as declared."""

from __future__ import annotations

from dataclasses import dataclass, field

import click

from yeta_reconcile.amounts import count
from yeta_reconcile.cli.ask import confirm
from yeta_reconcile.cli.audit import note_halt, noted
from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.offline import offline
from yeta_reconcile.cli.output import say
from yeta_reconcile.cli.session import SOON, connect, halt_flag, halt_of
from yeta_reconcile.documents.repository import Repository
from yeta_reconcile.errors import Incomplete, YetaError
from yeta_reconcile.platform.resources import Left, LivePhase
from yeta_reconcile.store import Store
from yeta_reconcile.store.halt_flag import NOTED, PASSED, ROW, Halt, HaltFlag
from yeta_reconcile.waves.record import WaveRecord
from yeta_reconcile.wording import Text, listed, phrase


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def resume(context: Context, yes: bool) -> None:
    """Lift the halt of this state. The next apply starts again what is declared running.

    What somebody set going since the halt and paused again is a pause outside yeta, if the platform's counts
    show that it went on. Where nothing shows it, it is named, and `reconcile` starts it not again by itself.
    """
    with offline(context, documents=False) as (repository, store):
        flag = halt_flag(repository)
        # First: what comes between the two looks is another than was asked about.
        asked = flag.read(), store.flag(ROW)
        halt = halt_of(flag, store)
        if halt is None:
            say(phrase("There is no halt."))
            return
        paused = halt.tasks()
        say(
            phrase(
                "{halt}; {tasks} paused by it.",
                halt=halt.words,
                tasks=count(len(paused), "task was", "tasks were"),
            )
        )
        stand = _look(context, repository, store, paused)
        stand.tell()
        say(phrase("Lifting it starts nothing; the next apply starts again what is declared running."))
        confirm(phrase("Lift the halt?"), yes=yes)
        _refuse_another(flag, store, asked)
        # Whose pauses they are must be on record before the flag that says so is gone.
        for wave, left in stand.as_left:
            store.waves.change_wave(wave.wave_id, halted=left)
        for wave in stand.theirs:
            store.waves.change_wave(wave.wave_id, halted=None)
        if not store.ephemeral:
            note_halt(store, flag)
            outcome = phrase("lifted: {halt}", halt=halt.words)
            with noted(context, repository, store, "resume", {"paused": len(paused)}, outcome):
                # In this transaction no other machine sets its row.
                _refuse_another(flag, store, asked)
                store.set_flag(ROW, None)
                store.set_flag(NOTED, None)
        _lift(flag, halt, store, alone=bool(asked[1]) or store.ephemeral)
        say(phrase("Lifted."))


def _refuse_another(flag: HaltFlag, store: Store, asked: tuple[Halt | None, str | None]) -> None:
    """Raise Incomplete unless file and row are those that somebody was asked about."""
    if (flag.read(), store.flag(ROW)) != asked:
        raise Incomplete(
            phrase("somebody halted again meanwhile, or the halt goes on pausing: it is not lifted"),
            hint=phrase("run again once it is what is meant to be lifted"),
        )


def _lift(flag: HaltFlag, halt: Halt, store: Store, *, alone: bool) -> None:
    """An earlier version kept one flag for all states of a folder: what is left of it may be another's."""
    if halt.former and not alone:
        store.set_flag(PASSED, halt.at)
        say(
            phrase(
                "{folder} is left there for other environments; it counts here no more.",
                folder=flag.folder / flag.former,
            )
        )
    flag.lift(former=halt.former and alone)


@dataclass(slots=True)
class _Stand:
    """How what a halt paused stands now: as it was left, as far as is shown; or set going since by others."""

    as_left: list[tuple[WaveRecord, Left]] = field(default_factory=list)
    theirs: list[WaveRecord] = field(default_factory=list)
    unasked: str = ""

    def tell(self) -> None:
        """In words."""
        if self.unasked:
            say(phrase("How they stand now is not known: {unasked}", unasked=self.unasked))
        if self.theirs:
            say(phrase("Set going outside yeta since: {named}.", named=_named(self.theirs)))
        if self.as_left:
            waves = _named([wave for wave, _ in self.as_left])
            say(
                phrase(
                    "Whether somebody set them going and paused them again since cannot be told of: {waves}.",
                    waves=waves,
                )
            )
            say(phrase("`yeta apply` starts them again as declared; `yeta reconcile` leaves them alone."))


def _named(waves: list[WaveRecord]) -> Text:
    named = (
        phrase(
            "{campaign} wave {number} (task {task_id})",
            campaign=wave.campaign,
            number=wave.number,
            task_id=wave.task_id,
        )
        for wave in waves
    )
    return listed(named, 0)


def _look(context: Context, repository: Repository, store: Store, paused: dict[str, Left]) -> _Stand:
    """Ask the platform, if it can be asked; nothing of the halt's waits for its answer."""
    stand = _Stand()
    waves = [(wave, left) for task_id, left in paused.items() if (wave := store.waves.by_task(task_id))]
    waves = [(wave, left) for wave, left in waves if wave.phase.live or wave.phase.staged]
    waves = [(wave, left) for wave, left in waves if not (wave.to_discard or wave.reactivated)]
    try:
        with connect(repository.project, context.environ, context.chdir, patience=SOON) as client:
            for wave, left in waves:
                task = client.task(wave.address)
                if task is not None and (task.phase is LivePhase.LIVE or left.ran_on(task)):
                    stand.theirs.append(wave)
                else:
                    stand.as_left.append((wave, left))
    except YetaError as error:
        return _Stand(waves, unasked=error.message)
    return stand
