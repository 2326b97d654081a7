"""A state that is copied and put back."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

from tests.support.lab import Lab


def copy_state(lab: Lab) -> None:
    """Put a copy of the state aside."""
    state, copy = sqlite3.connect(lab.root / lab.state), sqlite3.connect(lab.root / "copy.db")
    with closing(state), closing(copy):
        state.backup(copy)


def put_copy_back(lab: Lab) -> None:
    """The state is what it was when it was copied."""
    for file in (lab.root / "state").glob("yeta.db*"):
        file.unlink()
    shutil.copy(lab.root / "copy.db", lab.root / lab.state)
