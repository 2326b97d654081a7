"""What commands other than apply write into the history: who changed the state by hand, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yeta_reconcile.cli.session import actor, commit_of, host

if TYPE_CHECKING:
    from yeta_reconcile.cli.context import Context
    from yeta_reconcile.clock import Clock
    from yeta_reconcile.load import Repository
    from yeta_reconcile.store import Store


def note(
    context: Context,
    repository: Repository,
    store: Store,
    clock: Clock,
    command: str,
    summary: dict[str, int],
    outcome: str = "done",
    exit_code: int = 0,
) -> None:
    """Add an entry; no number and no dynamic value may be in it."""
    entry = {
        "who": actor(context),
        "host": host(),
        "command": command,
        "commit": commit_of(repository),
        "plan_id": None,
        "summary": summary,
        "outcome": outcome,
        "exit_code": exit_code,
    }
    store.history.append(entry, int(clock.now().timestamp() * 1000))
