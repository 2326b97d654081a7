"""The run of a command that changes something, from plan to history; what only looks imports no `apply`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from yeta_reconcile.apply import Apply, Report, Run
from yeta_reconcile.apply.run import Pauses
from yeta_reconcile.cli.audit import recording
from yeta_reconcile.cli.output import tell_at_once
from yeta_reconcile.cli.session import Session
from yeta_reconcile.cli.signals import on_signal
from yeta_reconcile.exits import Exit
from yeta_reconcile.plan.plan_json import plan_json
from yeta_reconcile.planning.planned import Planned
from yeta_reconcile.planning.planner import Planner
from yeta_reconcile.store.lock import Holder
from yeta_reconcile.wording import PARTS, listed, phrase, worded


def run_of(
    opened: Session, command: str, emit: Callable[[dict[str, Any]], None] = lambda _event: None
) -> Run:
    """A run of this process."""
    platform = opened.repository.project.platform
    return Run(
        store=opened.store,
        client=opened.client,
        clock=opened.clock,
        holder=Holder.this_process(command, opened.repository.zone),
        pauses=Pauses(
            settle=platform.settle.total_seconds(),
            timeout=platform.timeout.total_seconds(),
            drain_quiet=platform.drain_quiet.total_seconds(),
        ),
        max_in_flight=platform.max_in_flight,
        halted=opened.halted,
        emit=emit,
    )


def carry_out(
    opened: Session,
    run: Run,
    planned: Planned,
    *,
    only: tuple[str, ...] = (),
    destroy: bool = False,
    plan_id: str,
    command: str,
    resumed: bool = False,
) -> Report:
    """Carry a plan out; the history has it before the first call, and what came of it afterwards.

    A plan that changes nothing is in it only if it is the rest of one that was `resumed`.
    """
    planner = Planner(opened.repository, opened.store, opened.client, only=only, destroy=destroy)
    apply = Apply(run, planner, planned)
    changes = planned.plan.changes
    if not changes and not resumed:
        return apply.carry_out()
    what = [[change.campaign, change.action, change.wave, change.rows] for change in changes]
    summary = plan_json(planned.plan)["summary"]
    with recording(opened, command, summary, plan_id=plan_id, changes=what) as outcome:
        report = apply.carry_out()
        outcome.words = listed((problem.words for problem in report.problems), 0, by=PARTS) or phrase("done")
        outcome.exit_code = report.exit_code
    return report


@contextmanager
def interruptible(run: Run) -> Iterator[None]:
    """Ctrl-C once: finish what is under way and stop cleanly; twice: at once."""

    def interrupt() -> None:
        if run.interrupted:
            os._exit(Exit.INTERRUPTED)
        run.stop()
        tell_at_once(worded("stopping after the calls under way; once more stops at once"))

    with on_signal(interrupt):
        yield
