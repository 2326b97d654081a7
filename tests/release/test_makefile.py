"""make on another machine: which Python it takes, and what it says where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMES = ("python3.11", "python3.12", "python3.13", "python3.14", "python3")
OLD = "#!/bin/sh\nexit 1\n"


def made(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """What make says where the first of the path are the programs in the folder."""
    environ = {name: value for name, value in os.environ.items() if name not in {"PYTHON", "MAKEFLAGS"}}
    environ["PATH"] = f"{folder}{os.pathsep}{environ['PATH']}"
    command = ["make", *options, f"VENV={folder}/venv", f"{folder}/venv/.installed"]
    return subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, encoding="utf-8", check=False, timeout=60
    )


def test_the_first_python_that_is_new_enough_and_runs_is_taken(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name).write_text(OLD, "utf-8")
        (tmp_path / name).chmod(0o755)
    assert "\npython3 -m venv " in made(tmp_path, "--dry-run").stdout
    (tmp_path / "python3.13").unlink()
    (tmp_path / "python3.13").symlink_to(sys.executable)
    assert "\npython3.13 -m venv " in made(tmp_path, "--dry-run").stdout


def test_an_old_python_is_refused_before_it_makes_an_environment(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name).write_text(OLD, "utf-8")
        (tmp_path / name).chmod(0o755)
    done = made(tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("Python 3.11 or later is needed; name one: make PYTHON=")
    assert not (tmp_path / "venv").exists()
