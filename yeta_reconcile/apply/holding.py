"""The time in which we hold the state: take the lock, settle what was left in doubt, work, give it back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from yeta_reconcile.apply.run import Run
from yeta_reconcile.apply.settling import settle_all
from yeta_reconcile.errors import StateError
from yeta_reconcile.planning.whereabouts import refuse_misplaced


@contextmanager
def holding(run: Run, *, elsewhere: bool = False) -> Iterator[None]:
    """Hold the state's lock. Raises StateLocked if another does; doubts of earlier runs are settled first.

    Raises PlanRejected if the platform is not the one that the state was used with, unless it is `elsewhere`
    on purpose; then nothing is settled by what is found there.
    """
    run.store.lock.acquire(run.holder, run.instant())
    try:
        with run.heartbeat():
            if not elsewhere:
                refuse_misplaced(run.store, run.client)
                run.store.waves.drop_unsealed()
                settle_all(run)
            yield
    finally:
        try:
            run.store.lock.release(run.holder)
        except StateError:
            # It expires by itself; what went wrong before must not be hidden by this.
            run.say("lock-kept", "")
