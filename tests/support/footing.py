"""What may become of a state's file while somebody has it open."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path


def remove(file: Path) -> None:
    for path in file.parent.glob(f"{file.name}*"):
        path.unlink()


def clean(file: Path) -> None:
    """What a pipeline does before it checks out."""
    subprocess.run(["git", "init", "--quiet", str(file.parents[1])], check=True)
    subprocess.run(["git", "-C", str(file.parents[1]), "clean", "-ffdxq"], check=True)


def replace_by_a_copy(file: Path) -> None:
    copy = file.with_name("copy.db")
    shutil.copy(file, copy)
    copy.replace(file)


def replace_whole(file: Path) -> None:
    there = file.parent.with_name("other")
    shutil.copytree(file.parent, there)
    file.parent.rename(file.parent.with_name("former"))
    there.rename(file.parent)


def put_a_file_in_place_of_the_folder(file: Path) -> None:
    shutil.rmtree(file.parent)
    file.parent.touch()


TAKEN_AWAY: dict[str, Callable[[Path], object]] = {
    "the file": lambda file: file.unlink(),
    "all that is of it": remove,
    "the log": lambda file: file.with_name("yeta.db-wal").unlink(),
    "the log's index": lambda file: file.with_name("yeta.db-shm").unlink(),
    "moved": lambda file: file.rename(file.with_name("elsewhere.db")),
    "another in its place": replace_by_a_copy,
    "the folder": lambda file: shutil.rmtree(file.parent),
    "the folder, moved": lambda file: file.parent.rename(file.parent.with_name("elsewhere")),
    "another folder in its place": replace_whole,
    "git clean": clean,
    "a file where the folder was": put_a_file_in_place_of_the_folder,
}
