"""On which engines a test keeps its state."""

from __future__ import annotations

import pytest

BOTH = pytest.mark.parametrize(
    "engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.sweep)], indirect=True
)
"""Where the state itself decides; of the others the suite has SQLite, and `make torture` both."""
