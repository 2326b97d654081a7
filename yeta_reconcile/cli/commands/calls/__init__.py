"""`yeta calls`: what came of calls, and pushes that could not be folded. One module a part."""

from __future__ import annotations

import click

from yeta_reconcile.cli.help import Group

_PLACES = {
    "export": "calls.export:export",
    "recordings": "calls.recordings:recordings",
    "pending": "calls.pushes:pending",
    "show": "calls.pushes:show",
    "replay": "calls.pushes:replay",
}


@click.group(cls=Group, places=_PLACES)
def calls() -> None:
    """Export results and recordings; show a call; see to pushes that could not be folded."""
