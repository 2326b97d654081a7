"""Parts that are installed only by who needs them: imported where used, named where missing."""

from __future__ import annotations

import importlib
from typing import Any

from yeta_reconcile.errors import YetaError
from yeta_reconcile.wording import phrase


def extra(module: str, name: str, what: str, instead: str = "") -> Any:
    """A module of the extra `name`, which `what` needs. Raises YetaError if it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        install = phrase("pip install 'yeta-reconcile[{name}]'", name=name)
        hint = phrase("{install}, or {instead}", install=install, instead=instead) if instead else install
        raise YetaError(
            phrase("{what} {library}", what=what, library=module.partition(".")[0]), hint=hint
        ) from error
