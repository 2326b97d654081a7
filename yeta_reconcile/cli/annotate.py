"""Findings as code hosts take them: in their own form, at places as seen from the checkout."""

from __future__ import annotations

import json
import os
import posixpath
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from yeta_reconcile import __version__
from yeta_reconcile.cli.output import show_workflow, tell
from yeta_reconcile.diagnostics import Diagnostic, Position
from yeta_reconcile.files import write_whole
from yeta_reconcile.render.annotations import (
    by_weight,
    github_annotations,
    gitlab_code_quality,
    sarif,
)
from yeta_reconcile.wording import phrase

# GitLab reads a report from a file that the job names as its artifact.
GITLAB_REPORT = "gl-code-quality-report.json"
# Whose pipeline it is, told by what each sets; and where its checkout lies, which its paths start from.
SERVICES = {"github": ("GITHUB_ACTIONS", "GITHUB_WORKSPACE"), "gitlab": ("GITLAB_CI", "CI_PROJECT_DIR")}


def annotation_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option `--annotations`, which every command with findings has."""
    return click.option(
        "--annotations",
        type=click.Choice(["auto", "github", "gitlab", "none"]),
        default="auto",
        help="Mark findings in the pipeline's own way; auto: GitHub's or GitLab's, if it is theirs.",
    )(command)


def annotate(found: Sequence[Diagnostic], wanted: str, root: Path) -> None:
    """GitHub's as workflow commands on stderr, GitLab's as a report in the working directory.

    `root` is the campaign repository. The worst come first, since GitHub shows only ten of a kind. A
    report that cannot be written is a warning: what the command itself says matters more.
    """
    service = _service() if wanted == "auto" else wanted
    if service not in SERVICES:
        return
    text = hosted(by_weight(found, worst_first=True), service, root)
    if service == "github":
        show_workflow(text)
        return
    try:
        write_whole(Path(GITLAB_REPORT), text)
    except OSError as error:
        tell(
            phrase(
                "warning: {gitlab_report} was not written: {strerror}",
                gitlab_report=GITLAB_REPORT,
                strerror=error.strerror,
            )
        )


def hosted(found: Iterable[Diagnostic], form: str, root: Path) -> str:
    """Findings about the repository at `root` as text in the `form` github, gitlab or sarif."""
    folder = _within(root)
    placed = [_below(folder, one) for one in found]
    if form == "github":
        return github_annotations(placed)
    if form == "gitlab":
        document: Any = gitlab_code_quality(placed, settings=f"{folder}yeta.yaml")
    else:
        document = sarif(placed, version=__version__)
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def linked(commit: str | None, root: Path) -> Callable[[Position], str]:
    """Where a place of the repository at `root` can be looked at, in the commit that is checked out."""
    environ, service = os.environ, _service()
    if service == "github":
        base = f"{environ.get('GITHUB_SERVER_URL', '')}/{environ.get('GITHUB_REPOSITORY', '')}/blob/"
    else:
        base = f"{environ.get('CI_PROJECT_URL', '')}/-/blob/"
    folder = _within(root)

    def link(position: Position) -> str:
        if not commit or service == "none" or not base.startswith("http"):
            return ""
        path = posixpath.normpath(folder + position.file)
        # A folder beside the checkout (`files:`) is in no commit of it.
        outside = path.startswith(("../", "/"))
        return "" if outside else f"{base}{commit}/{quote(path)}#L{position.line or 1}"

    return link


def _service() -> str:
    return next((name for name, (sign, _) in SERVICES.items() if os.environ.get(sign) == "true"), "none")


def _within(root: Path) -> str:
    """The repository's folder as seen from the checkout; empty if it is the checkout, or elsewhere.

    Outside a pipeline the working directory counts as the checkout.
    """
    checkouts = (os.environ.get(checkout) for _, checkout in SERVICES.values())
    folder, top = root.resolve(), Path(next(filter(None, checkouts), ".")).resolve()
    if not folder.is_relative_to(top) or folder == top:
        return ""
    return f"{folder.relative_to(top).as_posix()}/"


def _below(folder: str, found: Diagnostic) -> Diagnostic:
    if found.position is None:
        return found
    return replace(found, position=replace(found.position, file=folder + found.position.file))
