"""How a process that a test starts is measured as the tests are: only where nothing else runs its lines.

It takes twice as long then; and measuring every process would measure each worker of the tests twice.
"""

from __future__ import annotations

import sys
from pathlib import Path

import coverage

ROOT = Path(__file__).parents[2]


def measured() -> dict[str, str]:
    """The variables of such a process; none if the test is not measured."""
    if coverage.Coverage.current() is None or sys.gettrace() is None:
        return {}
    return {"COVERAGE_PROCESS_START": str(ROOT / "pyproject.toml"), "COVERAGE_FILE": str(ROOT / ".coverage")}
