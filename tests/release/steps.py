"""The steps of a release in their order. Nothing leaves this machine, and the checkout is not touched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.release.papers import bill, licences, sums
from tests.release.tree import CHANGELOG, Refused, export, git, notes_of, owner_of, prepare, refuse

# What it is tried with, where there is one.
VERSIONS = ("3.11", "3.12", "3.13", "3.14")


def release(
    root: Path, version: str, folder: Path, install: Callable[[str, Path, str], Path], pythons: Sequence[str]
) -> list[str]:
    """Make all files of a release in `folder`, which must not exist; the files of the tree that it changes.

    `install` puts a wheel into a fresh environment in a folder, and gives its interpreter; that is done with
    each of `pythons`. What the first of them installs with every extra is told. Raises Refused.
    """
    owner = owner_of(root)
    refuse(root, version)
    if folder.exists():
        raise Refused(f"{folder} exists; remove it, or name another folder")
    moment = int(git(root, "log", "-1", "--format=%ct"))
    day = datetime.fromtimestamp(moment, UTC).date().isoformat()
    notes = notes_of((root / CHANGELOG).read_text("utf-8"))
    work = folder / "work"
    changed = []
    for copy in ("tree", "again"):
        export(root, work / copy)
        changed = prepare(work / copy, version, owner, day)
        build(work / copy, work / f"{copy}-dist", moment)
    for first in sorted((work / "tree-dist").iterdir()):
        if first.read_bytes() != (work / "again-dist" / first.name).read_bytes():
            raise Refused(f"{first.name} is another one when it is built again")
        shutil.copy(first, folder)
    files = sorted(folder.glob("*.whl")) + sorted(folder.glob("*.tar.gz"))
    run([sys.executable, "-m", "twine", "check", "--strict", *map(str, files)])
    site(work / "tree", work / "site")
    fresh = [install(str(files[0]), work / f"fresh-{at}", python) for at, python in enumerate(pythons)]
    for at, python in enumerate(fresh):
        try_out(python, version, work / f"campaigns-{at}")
    project = work / "tree" / "pyproject.toml"
    extras = tomllib.loads(project.read_text("utf-8"))["project"]["optional-dependencies"]
    whole = install(f"{files[0]}[{','.join(sorted(extras))}]", work / "whole", pythons[0])
    bill(whole, project, version, folder / "sbom.cdx.json")
    licences(folder / "sbom.cdx.json", folder / "LICENCES.md")
    (folder / "NOTES.md").write_text(notes, "utf-8")
    sums(folder)
    return changed


def run(command: list[str], **environ: str) -> str:
    """What a program says. Raises Refused with it if it fails."""
    done = subprocess.run(
        command, env=os.environ | environ, capture_output=True, encoding="utf-8", check=False, cwd="/"
    )
    if done.returncode:
        raise Refused(f"{' '.join(command[:4])} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def build(tree: Path, target: Path, moment: int) -> None:
    """Wheel and sdist, which depend on the tree and the moment of its commit alone."""
    for kind in ("sdist", "wheel"):
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(target)],
            cwd=tree, env=os.environ | {"SOURCE_DATE_EPOCH": str(moment)}, check=True, capture_output=True,
        )  # fmt: skip


def site(tree: Path, target: Path) -> None:
    """The pages of a tree as a site. Raises Refused with what is wrong with them."""
    mkdocs = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    run([*mkdocs, "-f", str(tree / "mkdocs.yml"), "-d", str(target)], PYTHONPATH=str(tree))


def interpreters() -> dict[str, str]:
    """Ours, and those of the other versions that can be had here, by version."""
    found = {"{}.{}".format(*sys.version_info): sys.executable}
    say = "import sys; print('{}.{}'.format(*sys.version_info))"
    for version in VERSIONS:
        try:
            if run([f"python{version}", "-c", say]).strip() == version:
                found.setdefault(version, f"python{version}")
        except (OSError, Refused):
            continue
    return found


def environment(folder: Path, python: str = sys.executable) -> Path:
    """The interpreter of a new environment, in which there is nothing."""
    run([python, "-m", "venv", "--without-pip", str(folder)])
    return folder / "bin" / "python"


def pip(python: Path, *arguments: str) -> None:
    """Have our pip install into an environment that has none."""
    run([sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", *arguments])


def installed(wheel: str, folder: Path, python: str) -> Path:
    """The wheel in an environment of its own, with what it needs from the registry."""
    fresh = environment(folder, python)
    pip(fresh, "--disable-pip-version-check", wheel)
    return fresh


def try_out(python: Path, version: str, folder: Path) -> None:
    """What was installed says its version, and makes a repository that it finds no fault with."""
    yeta = [str(python), "-m", "yeta_reconcile"]
    said = run([*yeta, "--version"]).split()
    if said[-1] != version:
        raise Refused(f"what was installed says it is {said[-1]}, not {version}")
    run([*yeta, "init", str(folder)])
    run([*yeta, "-C", str(folder), "validate"])
