"""The examples, as a laboratory works on them."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.support.lab import Lab

EXAMPLES = Path(__file__).parents[2] / "examples" / "campaigns"


class Examples(Lab):
    """A laboratory on a copy of the examples, against the platform's defaults."""

    def declare_project(self, text: str = "") -> None:
        shutil.copytree(EXAMPLES, self.root, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
        self.environment = "local"
