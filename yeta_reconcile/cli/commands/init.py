"""`yeta init`: a small campaign repository to start from."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import click

from yeta_reconcile.cli.output import say, tell
from yeta_reconcile.errors import YetaError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from yeta_reconcile.cli.context import Context

# Template: the file it becomes.
FILES = {
    "yeta.yaml": "yeta.yaml",
    "welcome.yaml": "welcome.yaml",
    "data/welcome.csv": "data/welcome.csv",
    "gitignore": ".gitignore",
    "README.md": "README.md",
}
_NAME = "my-campaigns"


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.pass_obj
def init(context: Context, folder: Path) -> None:
    """Write a campaign repository to start from.

    It plans cleanly against `yeta emulator`, and its numbers are made up. No file is overwritten: if one
    of them is there already, nothing is written.
    """
    root = (context.chdir / folder).resolve()
    taken = [name for name in FILES.values() if (root / name).exists()]
    if taken:
        raise YetaError(
            f"nothing was written, since {', '.join(taken)} would be overwritten",
            hint="name an empty folder: yeta init DIR",
        )
    templates = resources.files("yeta_reconcile.cli") / "templates"
    try:
        for source, name in FILES.items():
            _write(templates / source, root / name, root)
            say(name)
    except OSError as error:
        raise YetaError(f"{root}: cannot be written: {error.strerror}") from error
    shown = "" if folder == Path() else f" -C {folder}"
    tell(f"next: yeta{shown} validate")


def _write(template: Traversable, path: Path, root: Path) -> None:
    text = template.read_text(encoding="utf-8")
    if path.name == "yeta.yaml":
        text = text.replace(f"name: {_NAME}", f"name: {project_name(root)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8", newline="") as file:
        file.write(text)


def project_name(root: Path) -> str:
    """The folder's name as far as it can be a project's."""
    words = re.sub(r"[^a-z0-9]+", "-", root.name.lower()).strip("-")
    return words[:40].strip("-") or _NAME
