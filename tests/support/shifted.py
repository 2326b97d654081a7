"""Run a command at another time of the wall clock: `python -m tests.support.shifted "2031-12-31 23:58" …`.

The library that does it is built with `cc` from `shifted.c`; Linux only.
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]


def main(at: str, *command: str) -> int:
    """The command's exit code, with its clock and its children's set to a moment of UTC."""
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    library = ROOT / "build" / "shifted.so"
    library.parent.mkdir(exist_ok=True)
    source = Path(__file__).with_suffix(".c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    shift = int((moment - datetime.now(UTC)).total_seconds())
    environment = os.environ | {"LD_PRELOAD": str(library), "WALL_CLOCK_SHIFT": str(shift)}
    return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
