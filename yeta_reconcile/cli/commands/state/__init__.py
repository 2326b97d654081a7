"""`yeta state`: the state, by hand. One module a subcommand; whatever writes shows what it does and asks."""

from __future__ import annotations

import click

from yeta_reconcile.cli.help import Group

_SAME = (
    "backup",
    "check",
    "compact",
    "forget",
    "migrate",
    "rebind",
    "rebuild",
    "resolve",
    "restore",
    "unlock",
)
_PLACES = {"list": "state.listing:list_", "show": "state.listing:show"}


@click.group(cls=Group, places=_PLACES | {name: f"state.{name}:{name}" for name in _SAME})
def state() -> None:
    """Look into the state and mend it by hand."""
