"""`yeta reconcile`: the controller, for waits, drains and successor waves."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, tzinfo
from pathlib import Path

import click

from yeta_reconcile.apply.controller import Controller, Turn, leave_to_people
from yeta_reconcile.apply.holding import holding
from yeta_reconcile.apply.run import Run, Stopped
from yeta_reconcile.cli import log
from yeta_reconcile.cli.ask import confirm
from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.notices import announce
from yeta_reconcile.cli.offline import opened, settings_of
from yeta_reconcile.cli.output import FILE
from yeta_reconcile.cli.plans import make_plan
from yeta_reconcile.cli.running import carry_out, run_of
from yeta_reconcile.cli.session import Session, session
from yeta_reconcile.cli.signals import on_signal
from yeta_reconcile.clock import SystemClock
from yeta_reconcile.documents.values import parse_duration
from yeta_reconcile.errors import StateGone, WrongUsage, YetaError
from yeta_reconcile.exits import Exit
from yeta_reconcile.store import Store
from yeta_reconcile.store.lock import LIFETIME_MS, Holder
from yeta_reconcile.wording import phrase

COMMAND = "reconcile"


@click.command()
@click.option("--every", required=True, metavar="DURATION", help="Between two rounds, like 60s or 5m.")
@click.option("--yes", is_flag=True, help="Needed: every round applies without asking.")
@click.option(
    "--status-file", type=FILE, metavar="FILE",
    help="Write what each round came to here, as JSON, for a health check.",
)  # fmt: skip
@click.pass_obj
def reconcile(context: Context, every: str, yes: bool, status_file: Path | None) -> Exit:
    """Plan and apply again and again, until SIGTERM or Ctrl-C.

    For what takes its time: waits, drains, further waves. It does only what the guards allow, leaves a wave
    alone that was paused outside yeta, and goes on after faults: an unreachable platform, a locked state,
    invalid documents. One line a round goes to the log.

    Of several on one state one works, and the others stand by: if it ends, at once, and if it dies or hangs,
    within 30 seconds more than it waits between two rounds, another takes over.
    """
    try:
        seconds = parse_duration(every).total_seconds()
    except ValueError as problem:
        raise WrongUsage(phrase("--every: {problem}", problem=problem)) from None
    if seconds <= 0:
        raise WrongUsage(phrase("--every: more than nothing is needed, like 60s"))
    confirm(phrase("Apply whatever is declared, again and again, without asking?"), yes=yes)
    log.configure(context)
    logging.getLogger("yeta.reconcile").setLevel(logging.INFO)
    turns = _Turns(context, seconds)
    with turns.until_told():
        status = context.here / status_file if status_file else None
        Controller(
            turns.turn, SystemClock(), lambda: turns.stop.wait(turns.pause), status, lambda: turns.zone
        ).go()
        turns.leave()
    return Exit.DONE


class _Turns:
    """One round after the other, each with documents, state and platform as they are then."""

    def __init__(self, context: Context, seconds: float) -> None:
        self.context = context
        self._me = Holder.this_process(COMMAND)
        self._every = self.pause = seconds
        self._lease_ms = int(seconds * 1000) + LIFETIME_MS
        self.stop = threading.Event()
        self.zone: tzinfo = UTC
        self._run: Run | None = None
        self._state_id = ""

    def turn(self) -> Turn:
        """One round. Raises what an apply raises."""
        # What the first round found or made is never made again: a state that is missing later on was lost.
        with session(self.context, create=not self._state_id) as here:
            self.zone = here.repository.zone
            self._refuse_another(here.store)
            run = self._run = run_of(here, COMMAND)
            if self.stop.is_set():
                run.stop()
            try:
                self.pause = self._every
                if leader := self._leader(run):
                    # Nobody works from the end of the lease on until one of those who stand by looks.
                    self.pause = min(self._every, leader.left / 1000)
                    return Turn(Exit.DONE, leader=leader.said(self.zone))
                with holding(run):
                    return self._work(here, run)
            except Stopped:
                return Turn(Exit.INTERRUPTED, 0, ("stopped",))
            finally:
                self._run = None

    def _work(self, here: Session, run: Run) -> Turn:
        """Within the lock. However long it takes, the lease runs from its end on."""
        here.store.lease.take(self._me, self._lease_ms, run.instant())
        planned, left = leave_to_people(make_plan(here, (), destroy=False))
        if planned.forbidden:
            announce(here, planned)
            errors = [d for d in planned.plan.diagnostics if d.severity == "error"]
            return Turn(planned.exit_code, 0, tuple(map(str, errors)), left)
        report = carry_out(here, run, planned, plan_id=planned.plan.plan_id, command=COMMAND)
        announce(here, planned, report.problems)
        here.store.lease.take(self._me, self._lease_ms, run.instant())
        return Turn(report.exit_code, len(planned.plan.doing), tuple(map(str, report.problems)), left)

    def _leader(self, run: Run) -> Holder | None:
        """Another controller whose turn it is: it has the lease, or works at this moment."""
        store, now = run.store, run.instant()
        others = (store.lease.current(now), store.lock.current(now))
        return next(
            (one for one in others if one and one.command == COMMAND and one.holder != self._me.holder), None
        )

    def leave(self) -> None:
        """Let another take over at once."""
        with (
            suppress(YetaError),
            closing(opened(self.context, settings_of(self.context), create=False)) as store,
        ):
            store.lease.give_back(self._me)

    def _refuse_another(self, store: Store) -> None:
        if self._state_id and store.state_id != self._state_id:
            raise StateGone(
                phrase(
                    "the state that the first round was about is gone, or another has its place: "
                    "nothing is done"
                ),
                hint=phrase(
                    "put it back, or `yeta state restore FILE`; for another state start the controller anew"
                ),
            )
        self._state_id = store.state_id

    @contextmanager
    def until_told(self) -> Iterator[None]:
        """SIGTERM and Ctrl-C end the controller once the calls under way are done."""

        def end() -> None:
            self.stop.set()
            if run := self._run:
                run.stop()

        with on_signal(end):
            yield
