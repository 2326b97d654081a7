"""`python -m tests.bench [NAME…]`: measures the rows and prints them as a table.

Exits 1 if a bound is broken. Only ratios count: both sides run in turns, on the same machine.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.row import Cost, Row

FORECASTS = "forecasts"
NAMES = ["version", "documents", "nothing", "first", "apply", "receiver", "receivers", FORECASTS]

HEAD = ("what", "against", "ours", "theirs", "ratio", "bound", "memory", "")


def main(names: list[str]) -> int:
    if unknown := sorted({*names} - {*NAMES}):
        sys.exit(f"no such row: {', '.join(unknown)}; there are {', '.join(NAMES)}")
    rows = [name for name in names or NAMES if name != FORECASTS]
    broken = measured(rows) if rows else 0
    if FORECASTS in (names or NAMES):
        broken += foreseen()
    return 1 if broken else 0


def foreseen() -> int:
    """Forecasts against what then happens: the table, and how many of its rows do not hold."""
    table = importlib.import_module("tests.bench.forecasts.table")
    broken = late = lives = 0
    say(table.HEAD)
    say(["---"] * len(table.HEAD))
    for line in table.lines():
        broken += not line.held
        late, lives = late + line.late, lives + line.lives
        say(line.cells())
    held = late <= table.LATE * lives
    say(["all", "", "", "", f"{late} of {lives}", "held" if held else "BROKEN"])
    return broken + (not held)


def measured(names: list[str]) -> int:
    """Costs side by side: the table, and how many of its bounds are broken."""
    broken = 0
    say(HEAD)
    say(["---"] * len(HEAD))
    for name in names:
        module = importlib.import_module(f"tests.bench.{name}")
        rows: Sequence[Row] = module.ROWS if hasattr(module, "ROWS") else [module.ROW]
        for row in rows:
            with tempfile.TemporaryDirectory(prefix="yeta-bench-") as folder:
                ours, theirs = row.measure(Path(folder))
            held = (row.bound is None or ours.seconds <= row.bound * theirs.seconds) and (
                row.megabytes is None or ours.megabytes <= row.megabytes
            )
            broken += not held
            say(cells(row, ours, theirs, held))
    return broken


def say(cells: Sequence[str]) -> None:
    sys.stdout.write(f"| {' | '.join(cells)} |\n")
    sys.stdout.flush()


def cells(row: Row, ours: Cost, theirs: Cost, held: bool) -> list[str]:
    most = f" of {row.megabytes:.0f}" if row.megabytes else ""
    bounded = row.bound or row.megabytes
    return [
        row.what,
        row.against,
        f"{ours.seconds * 1000:,.{digits(ours)}f} ms",
        f"{theirs.seconds * 1000:,.{digits(theirs)}f} ms",
        f"{ours.seconds / theirs.seconds:.2f}",
        f"{row.bound:.2f}" if row.bound else "",
        f"{ours.megabytes:.0f}{most} MB" if ours.megabytes else "",
        ("held" if held else "BROKEN") if bounded else "",
    ]


def digits(cost: Cost) -> int:
    """A push takes less than a millisecond."""
    return 3 if cost.seconds < 0.01 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
