"""Which modules are mutated, and which tests have to see it: the one place that knows their paths.

A room's tests are chosen so that a run of it is short: those that are about it, the cheapest first. What only
the long tests see counts as not seen.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Room:
    """Modules as globs below the package, and the tests that are to kill their mutants."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]


ROOMS = {
    "diff": Room(("diff/*",), ("tests/diff/test_cases.py",)),
    "journal": Room(("journal.py",), ("tests/diff",)),
    "settle": Room(
        ("execute/settle.py",),
        ("tests/journal/test_doubts.py", "tests/journal/test_ends.py", "tests/journal/test_lost.py"),
    ),
    "staging": Room(
        ("execute/staging.py",), ("tests/journal/test_doubts.py", "tests/journal/test_coincidences.py")
    ),
    "control": Room(
        ("execute/control.py",),
        (
            "tests/journal/test_doubts.py",
            "tests/journal/test_ends.py",
            "tests/journal/test_hands.py",
            "tests/journal/test_coincidences.py",
        ),
    ),
    "change": Room(("execute/change.py",), ("tests/journal/test_doubts.py", "tests/journal/test_ends.py")),
    "course": Room(
        ("execute/course.py",),
        ("tests/journal/test_shown.py", "tests/journal/test_hands.py", "tests/journal/test_removal.py"),
    ),
    "ledger": Room(
        ("store/ledger.py", "store/fates.py"),
        ("tests/store/test_waves.py", "tests/store/test_intents.py", "tests/journal/test_removal.py"),
    ),
}
