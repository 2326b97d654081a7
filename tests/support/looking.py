"""What `yeta status` finds in a laboratory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from tests.support.lab import Lab
from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.session import Session
from yeta_reconcile.cli.standings import look
from yeta_reconcile.clock import SystemClock
from yeta_reconcile.render.report import CampaignStatus, Status


@contextmanager
def opened(lab: Lab) -> Iterator[Session]:
    """The session of a command in it, on its virtual time."""
    context = Context(
        chdir=lab.root,
        here=lab.root,
        env=lab.environment,
        verbose=0,
        color=False,
        log_format="text",
        environ={},
    )
    clock = cast("SystemClock", lab.clock)
    with lab.store() as store, lab.client() as client:
        yield Session(context, lab.repository(), store, client, clock)


def shown(lab: Lab, name: str | None = None) -> Status:
    """How everything stands."""
    with opened(lab) as session:
        return look(session, name)


def campaign(lab: Lab) -> CampaignStatus:
    """How the one campaign stands."""
    (found,) = shown(lab).campaigns
    return found
