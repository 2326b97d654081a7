"""Which modules are mutated, and which tests have to see it: the one place that knows their paths."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

SELECTED = Path(__file__).with_name("selected.yaml")


@dataclass(frozen=True, slots=True)
class Room:
    """Modules as globs below the package, and the tests that are to kill their mutants."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]


def _room(name: str, *modules: str) -> Room:
    chosen: dict[str, list[str]] = yaml.load(SELECTED.read_text("utf-8"), yaml.CSafeLoader)[name]
    tests = (f"{path}::{test}" for path, names in chosen.items() for test in names)
    return Room(modules, (*tests, *(path for path, names in chosen.items() if not names)))


ROOMS = {
    "diff": _room("diff", "planning/diff/*"),
    "journal": _room("journal", "waves/lifecycle.py", "waves/proof.py"),
    "settle": _room("settle", "apply/settling.py"),
    "staging": _room("staging", "apply/staging.py"),
    "control": _room("control", "apply/steering.py"),
    "change": _room("change", "apply/journaled.py"),
    "course": _room("course", "apply/campaign.py"),
    "insert": _room("insert", "apply/inserting.py"),
    "ledger": _room("ledger", "store/row_states.py"),
}
