"""A look on which a person decides: what seems gone is looked for twice. It changes nothing."""

from __future__ import annotations

from yeta_reconcile.apply.run import Run
from yeta_reconcile.cli.session import Session
from yeta_reconcile.planning.diff.subject import with_observed
from yeta_reconcile.planning.observe import observe
from yeta_reconcile.planning.observed import Observed
from yeta_reconcile.waves.record import Phase, Recorded


def look(opened: Session, name: str, run: Run | None = None) -> tuple[Recorded, Observed]:
    """State and platform as they are. Raises what the client raises.

    With a `run`, again after the settling time if a task of `name` is gone.
    """
    recorded = opened.store.waves.recorded()
    project, environment = opened.repository.project.name, opened.repository.environment
    observed = observe(opened.client, recorded, opened.store, project, environment)
    waves = with_observed(recorded.campaigns.get(name), observed.tasks)
    if run is None or not any(wave.record.phase is Phase.LOST for wave in waves):
        return recorded, observed
    # A query may show nothing for once, and whoever believes it gives up rows that may still ring.
    run.wait(run.pauses.settle)
    return look(opened, name)
