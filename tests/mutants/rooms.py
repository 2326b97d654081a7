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
    "diff": Room(("planning/diff/*",), ("tests/diff/test_cases.py",)),
    "journal": Room(("waves/lifecycle.py", "waves/proof.py"), ("tests/diff", "tests/test_proof.py")),
    "settle": Room(
        ("apply/settling.py",),
        ("tests/journal/test_doubts.py", "tests/journal/test_ends.py", "tests/journal/test_lost.py"),
    ),
    "staging": Room(
        ("apply/staging.py",), ("tests/journal/test_doubts.py", "tests/journal/test_coincidences.py")
    ),
    "control": Room(
        ("apply/steering.py",),
        (
            "tests/journal/test_doubts.py",
            "tests/journal/test_ends.py",
            "tests/journal/test_hands.py",
            "tests/journal/test_coincidences.py",
        ),
    ),
    "change": Room(("apply/journaled.py",), ("tests/journal/test_doubts.py", "tests/journal/test_ends.py")),
    "course": Room(
        ("apply/campaign.py",),
        ("tests/journal/test_shown.py", "tests/journal/test_hands.py", "tests/journal/test_removal.py"),
    ),
    "ledger": Room(
        ("store/fates.py",),
        ("tests/store/test_waves.py", "tests/store/test_intents.py", "tests/journal/test_removal.py"),
    ),
}
