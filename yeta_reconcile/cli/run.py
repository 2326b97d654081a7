"""A run over an open session, for the commands that change something; what only looks needs none of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from yeta_reconcile.execute.run import Pauses, Run
from yeta_reconcile.store.lock import Holder

if TYPE_CHECKING:
    from collections.abc import Callable

    from yeta_reconcile.cli.session import Session


def run_of(
    opened: Session, command: str, emit: Callable[[dict[str, Any]], None] = lambda _event: None
) -> Run:
    """A run of this process."""
    platform = opened.repository.project.platform
    return Run(
        store=opened.store,
        client=opened.client,
        clock=opened.clock,
        holder=Holder.this_process(command),
        pauses=Pauses(
            settle=platform.settle.total_seconds(),
            timeout=platform.timeout.total_seconds(),
            drain_quiet=platform.drain_quiet.total_seconds(),
        ),
        max_in_flight=platform.max_in_flight,
        halted=opened.halted,
        emit=emit,
    )
