"""`yeta halt`: nothing rings any more. It asks nobody and needs neither the lock nor a sound state."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Lock

import click

from yeta_reconcile.amounts import count
from yeta_reconcile.apply.halt import Halting, Known
from yeta_reconcile.cli.audit import note_halt
from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.notices import announce_halt
from yeta_reconcile.cli.output import format_option, say, show_json, tell, told
from yeta_reconcile.cli.session import (
    actor,
    connect,
    host,
)
from yeta_reconcile.clock import SystemClock
from yeta_reconcile.documents.models import Project
from yeta_reconcile.documents.settings import read_settings
from yeta_reconcile.errors import Incomplete, InvalidInput, YetaError
from yeta_reconcile.exits import Exit
from yeta_reconcile.marks import owner_digest
from yeta_reconcile.store import open_store
from yeta_reconcile.store.halt_flag import ROW, HaltFlag
from yeta_reconcile.store.open import open_without_key, place_of
from yeta_reconcile.wording import PARTS, UNSAID, Text, listed, phrase

FORMAT = "yeta-halt/1"


@click.command()
@format_option()
@click.pass_obj
def halt(context: Context, form: str) -> Exit:
    """Stop everything that rings, at once; asks nothing.

    Sets a flag that is checked before every start and call-out, and pauses every live task of this project
    and environment, until none is live. It works with a locked, lost or corrupt state and without its key.
    `yeta resume` lifts it.
    """
    root = context.chdir.resolve()
    # Documents may be as wrong as they like: only the settings say whose tasks are to be stopped.
    settings = read_settings(root, context.env, context.environ)
    if settings.project is None:
        raise InvalidInput(phrase("the settings of the repository cannot be used"), settings.findings)
    who, clock = f"{actor(context)}@{host()}", SystemClock()
    project, environment = settings.project, settings.environment
    flag = HaltFlag.beside(
        project.state, root, project=project.name, environment=environment, zone=settings.zone
    )
    unwritten = _tried(lambda: flag.set(who, clock.now()))
    if not unwritten:
        _say_set(flag.path)
    state = _State(project, environment, root, flag)
    try:
        left, halting = _pause_all(context, project, environment, flag, who, state)
    finally:
        # What was paused since it was looked at last; all of it, where the platform could not be asked.
        state.look()
        if unwritten and state.flagged:
            _say_set(state.place)
        if trouble := unwritten or state.trouble or state.unknown:
            tell(phrase("warning: {trouble}", trouble=trouble))
    _tried(lambda: _tell(project, environment, flag))
    # Where it cannot be written now, whoever next writes to the history has it from the flag.
    _tried(lambda: _note(context, project, environment, root, flag))
    if form == "json":
        paused = sorted(task.task_id for task in halting.paused)
        show_json({"format": FORMAT, "paused": paused, "still_live": left, "trouble": trouble})
    else:
        tasks, are = (
            count(len(halting.paused), "task was", "tasks were"),
            count(len(left), "is", "are", none="0"),
        )
        say(phrase("{paused} paused; {are} still live.", paused=tasks, are=are))
    if left:
        why = listed([_still(task_id, halting) for task_id in left], 0, by=PARTS)
        hint = phrase("run `yeta halt` again, or pause them there")
        raise told(Incomplete(phrase("these tasks are still live: {why}", why=why), hint=hint), form)
    return Exit.DONE if flag.read() or state.flagged else Exit.FAILED


def _say_set(place: Path | str) -> None:
    tell(phrase("halted: {path} is set, nothing is started or called out any more", path=place))


def _pause_all(
    context: Context, project: Project, environment: str, flag: HaltFlag, who: str, state: _State
) -> tuple[list[str], Halting]:
    with connect(project, context.environ, context.chdir) as client:
        halting = Halting(
            client=client,
            flag=flag,
            owner=owner_digest(project.name, environment),
            who=who,
            clock=SystemClock(),
            settle=project.platform.settle.total_seconds(),
            timeout=project.platform.timeout.total_seconds(),
            max_in_flight=project.platform.max_in_flight,
            look=state.look,
        )
        with ThreadPoolExecutor(1, thread_name_prefix="row") as beside:
            # Other machines stop by the row: at once, however long the platform takes to answer.
            beside.submit(state.look)
            return halting.carry_out(), halting


def _tell(project: Project, environment: str, flag: HaltFlag) -> None:
    """People who are not there."""
    if project.notify and (halt := flag.known):
        announce_halt(project, environment, halt.words, halt.at)


def _note(context: Context, project: Project, environment: str, root: Path, flag: HaltFlag) -> None:
    """Into the history, if the state can be opened with its key."""
    whose = {"project": project.name, "environment": environment}
    with closing(open_store(project.state, root, context.environ, **whose, create=False)) as store:
        note_halt(store, flag)


class _State:
    """The state, if it can be read: its tasks, and the halt's row in it. `trouble` says why it cannot.

    The row says what the flag says: on another machine it is all that does.
    """

    def __init__(self, project: Project, environment: str, root: Path, flag: HaltFlag) -> None:
        self.trouble = ""
        self.flagged = ""
        self._location = project.state
        self._owner = f"{project.name}/{environment}"
        self._root = root
        self._flag = flag
        self._turn = Lock()

    @property
    def place(self) -> str:
        """Where it is; asked once it could be opened."""
        return place_of(self._location, self._root)

    @property
    def unknown(self) -> Text:
        """That it holds no row, though nothing went wrong: others may have their state elsewhere."""
        if self.flagged:
            return UNSAID
        return phrase(
            "there is no state of this project and environment at {place}: another machine, or a command "
            "with another state, is not halted",
            place=self.place,
        )

    def look(self) -> Known | None:
        """What it tells; None if it cannot be read, and nothing of the kind where there is none."""
        known: list[Known] = []
        with self._turn:
            self.trouble = _tried(lambda: known.append(self._look()))
        return known[0] if known else None

    def _look(self) -> Known:
        store = open_without_key(self._location, self._root)
        if store is None:
            return Known()
        with closing(store):
            if store.owner not in {"", self._owner}:
                # Another project's tasks are not ours to stop.
                return Known()
            if (halt := self._flag.known) and (said := json.dumps(halt.fields)) != self.flagged:
                with store.database.write():
                    row = self._flag.row(store.flag(ROW))
                    store.set_flag(ROW, json.dumps((halt.beside(row) if row else halt).fields))
                self.flagged = said
            return Known.of(store)


def _tried(do: Callable[[], object]) -> str:
    """What went wrong, in words; empty if nothing did."""
    try:
        do()
    except YetaError as error:
        return error.message
    return ""


def _still(task_id: str, halting: Halting) -> Text:
    """Why a task is live yet."""
    words = halting.refused.get(task_id, phrase("it goes on"))
    return phrase("{task_id}: {words}", task_id=task_id, words=words)
