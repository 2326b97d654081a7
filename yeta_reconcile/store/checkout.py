"""A state in a pipeline's checkout is refused: `git clean` takes it away, and with it who was called."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.store.open import is_postgresql
from yeta_reconcile.wording import phrase

# What the services set that run pipelines; some set it to say that they are none.
VARIABLE = "CI"
OFF = frozenset({"", "0", "false", "no", "off"})
GIT = ".git"


def refuse_in_checkout(location: str, root: Path, environ: Mapping[str, str], *, allowed: bool) -> None:
    """Raise InvalidInput for a state in the work tree of the repository at `root`, in a pipeline.

    `allowed` is what the settings say. Outside of pipelines, where a person cleans, it may lie there.
    """
    if allowed or environ.get(VARIABLE, "").strip().lower() in OFF or is_postgresql(location):
        return
    folder, state = root.resolve(), (root / location).resolve()
    for tree in (folder, *folder.parents):
        if (tree / GIT).exists() and state.is_relative_to(tree):
            raise InvalidInput(
                phrase(
                    "the state {state} lies in the checkout {tree}, and this is a pipeline ({variable} is "
                    "set): `git clean` takes it away, and with it who was called",
                    state=state,
                    tree=tree,
                    variable=VARIABLE,
                ),
                hint=phrase(
                    "set YETA_STATE to a file outside of the checkout, or to postgresql://…; "
                    "`state_in_work_tree: true` in yeta.yaml if nothing is ever cleaned there"
                ),
            )
