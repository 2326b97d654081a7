"""The run of a command that changes something: what only looks reads none of `apply`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from yeta_reconcile.apply.run import Pauses, Run
from yeta_reconcile.cli.session import Session
from yeta_reconcile.store.lock import Holder


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
