"""`yeta --version`, against an interpreter that does nothing."""

from __future__ import annotations

from pathlib import Path

from tests.bench.row import Cost, Row, of_python, side_by_side


def measure(_folder: Path) -> tuple[Cost, Cost]:
    return side_by_side(
        lambda: of_python("-m", "yeta_reconcile", "--version"),
        lambda: of_python("-c", "pass"),
        rounds=15,
    )


ROW = Row("yeta --version", "python -c pass", 4.0, measure)
