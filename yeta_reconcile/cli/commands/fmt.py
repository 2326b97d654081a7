"""`yeta fmt`: documents in canonical form."""

from __future__ import annotations

import re
from pathlib import Path

import click

from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.output import say
from yeta_reconcile.diagnostics import Diagnostic
from yeta_reconcile.documents.formatting import KINDS, canonical
from yeta_reconcile.documents.globs import files_in
from yeta_reconcile.documents.settings import FILE, read_globs
from yeta_reconcile.documents.yamltext import read_text
from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.exits import Exit
from yeta_reconcile.files import write_whole
from yeta_reconcile.wording import Text, phrase

_OURS = re.compile(rf"^kind:[ \t]*[\"']?(?:{'|'.join(KINDS)})\b".encode(), re.MULTILINE)


@click.command()
@click.option("--check", is_flag=True, help="Change nothing; exit 1 if a file would change.")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.pass_obj
def fmt(context: Context, check: bool, paths: tuple[Path, ...]) -> Exit:
    """Rewrite documents in canonical form.

    Keys come in the order of the reference, indented by two spaces, with identifiers in double quotes;
    comments stay. PATHS are files or folders, by default all documents of the repository. Files that are
    not for yeta are left alone: those that `documents:` leaves out, and those that are of another kind.
    Prints the files that changed, or with --check would change.
    """
    changed = 0
    findings: list[Diagnostic] = []
    for path, label in _files(context.chdir, paths):
        try:
            text = read_text(path, label)
            result = canonical(text, label)
        except InvalidInput as error:
            findings += error.diagnostics if _is_ours(path) else ()
            continue
        if result is None or result == text:
            continue
        changed += 1
        say(Text(label))
        if not check:
            _write(path, result)
    if findings:
        raise InvalidInput(phrase("some documents cannot be read"), findings)
    return Exit.FAILED if check and changed else Exit.DONE


def _files(root: Path, paths: tuple[Path, ...]) -> list[tuple[Path, str]]:
    """Files to look at, each with the name to show."""
    if not paths:
        return [(root / label, label) for label in files_in(root, read_globs(root))]
    found = []
    for path in paths:
        if path.is_dir():
            found += [(path / label, str(path / label)) for label in files_in(path, ("**/*.yaml",))]
        else:
            found.append((path, str(path)))
    if not (root / FILE).is_file():
        return found
    named = {root.absolute() / label for label in files_in(root, read_globs(root))}
    return [
        (path, label)
        for path, label in found
        if (whole := path.absolute()) in named or not whole.is_relative_to(root.absolute())
    ]


def _is_ours(path: Path) -> bool:
    """Whether a file that is no YAML says that it is for yeta; others may be templates of any kind."""
    try:
        return bool(_OURS.search(path.read_bytes()))
    except OSError:
        return True


def _write(path: Path, text: str) -> None:
    """Replace a file at once, so that a reader never sees half of it."""
    mode = path.stat().st_mode & 0o7777
    write_whole(path, text)
    path.chmod(mode)
