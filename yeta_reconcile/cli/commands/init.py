"""`yeta init`: a small campaign repository to start from."""

from __future__ import annotations

import re
import secrets
import shlex
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.output import say, tell
from yeta_reconcile.cli.pipelines import NEEDED, PIPELINES, in_its_place, top_of
from yeta_reconcile.documents.values import NAME_PATTERN
from yeta_reconcile.errors import WrongUsage, YetaError
from yeta_reconcile.wording import Text, listed, phrase

# Template: the file it becomes.
FILES = {
    "yeta.yaml": "yeta.yaml",
    "welcome.yaml": "welcome.yaml",
    "data/welcome.csv": "data/welcome.csv",
    "gitignore": ".gitignore",
    "README.md": "README.md",
}
# In the templates; and names that would be those of many, whose tasks must be told apart on one account.
_NAME = "my-campaigns"
_EVERYBODYS = frozenset({
    "app", "call", "calls", "campaign", "campaigns", "code", "data", "demo", "git", "home", "main", _NAME,
    "new", "outbound", "project", "repo", "repository", "root", "source", "src", "telephone", "test", "tmp",
    "work", "workspace", "yeta", "yeta-reconcile",
})  # fmt: skip


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option("--name", metavar="NAME", help="The project's name; else it is made of the folder's.")
@click.option(
    "--pipeline",
    type=click.Choice(sorted(PIPELINES)),
    help="Also write the pipeline of this service, at the top of the git work tree.",
)
@click.pass_obj
def init(context: Context, folder: Path, name: str | None, pipeline: str | None) -> None:
    """Write a campaign repository to start from.

    It plans cleanly against `yeta emulator`, and its numbers are made up. No file is overwritten: if one
    of them is there already, nothing is written. The project's name is part of every task's on the platform.
    With --pipeline in a campaign repository the pipeline alone is written.
    """
    root = (context.here / folder).resolve()
    if name is not None and not re.fullmatch(NAME_PATTERN, name):
        raise WrongUsage(
            phrase("--name: lower-case letters, digits and hyphens are needed, like acme-renewals")
        )
    project = name or project_name(root, secrets.token_hex(2))
    made = {source: root / target for source, target in FILES.items()}
    if pipeline:
        if (root / FILES["yeta.yaml"]).exists():
            made = {}
        made |= {source: top_of(root) / target for source, target in PIPELINES[pipeline].items()}
    base = top_of(root) if pipeline else root
    taken = [path.relative_to(base).as_posix() for path in made.values() if path.exists()]
    if taken:
        raise YetaError(
            phrase("nothing was written, since {taken} would be overwritten", taken=listed(taken, 0)),
            hint=phrase("name an empty folder: yeta init DIR"),
        )
    try:
        for source, path in made.items():
            _write(_template(source, context.lang), path, root, project)
            say(Text(path.relative_to(base).as_posix()))
    except OSError as error:
        raise YetaError(
            phrase("{root}: cannot be written: {strerror}", root=root, strerror=error.strerror)
        ) from error
    if "yeta.yaml" in made:
        _tell_next(context, folder, project)
    for words in NEEDED[pipeline] if pipeline else ():
        tell(words)


def _tell_next(context: Context, folder: Path, project: str) -> None:
    """What to do now, to be copied."""
    tell(
        phrase(
            "The project is named {project}. Another name can be given in yeta.yaml until the first apply.",
            project=project,
        )
    )
    tell(phrase("To see it at work, run a platform that rings nobody in a second terminal:"))
    tell(Text("  yeta emulator"))
    tell(phrase("and then here:"))
    where = context.here / folder
    if where.resolve() != Path.cwd():
        tell(phrase("  cd {quote}", quote=shlex.quote(str(where))))
    tell(phrase("  export YETA_APP_KEY=emulator-key YETA_APP_SECRET=emulator-secret"))
    tell(phrase("  yeta plan"))
    tell(phrase("  yeta apply"))


def _template(source: str, language: str) -> Traversable:
    """In the language of the run, where it has words in it."""
    templates = resources.files("yeta_reconcile.cli") / "templates"
    own = templates / language / source
    return own if own.is_file() else templates / source


def _write(template: Traversable, path: Path, root: Path, project: str) -> None:
    text = in_its_place(template.read_text(encoding="utf-8"), root)
    if path.name == "yeta.yaml":
        text = text.replace(f"name: {_NAME}", f"name: {project}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8", newline="") as file:
        file.write(text)


def project_name(root: Path, token: str) -> str:
    """The folder's name as far as it can be a project's; with `token` where it would be everybody's."""
    words = re.sub(r"[^a-z0-9]+", "-", root.name.lower()).strip("-")[:40].strip("-")
    return f"{words or 'campaigns'}-{token}" if not words or words in _EVERYBODYS else words
