"""Findings as annotations of the pipeline that runs us, beside whatever a command prints."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from yeta_reconcile.render.annotations import github_annotations, gitlab_code_quality
from yeta_reconcile.render.diagnostics import by_weight

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from yeta_reconcile.positions import Diagnostic

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

    `root` is the campaign repository: places in it are shown as seen from the checkout. The worst come
    first, since GitHub shows only ten of a kind.
    """
    service = _service() if wanted == "auto" else wanted
    if service not in SERVICES:
        return
    folder = _within(root, os.environ.get(SERVICES[service][1]))
    placed = [_below(folder, one) for one in by_weight(found, worst_first=True)]
    if service == "github":
        click.echo(github_annotations(placed), err=True, nl=False)
    else:
        report = json.dumps(gitlab_code_quality(placed), ensure_ascii=False, indent=1)
        Path(GITLAB_REPORT).write_text(report + "\n", encoding="utf-8")


def _service() -> str:
    return next((name for name, (sign, _) in SERVICES.items() if os.environ.get(sign) == "true"), "none")


def _within(root: Path, checkout: str | None) -> str:
    """The repository's folder as seen from the checkout; empty if it is the checkout, or elsewhere."""
    folder, top = root.resolve(), Path(checkout or ".").resolve()
    if not folder.is_relative_to(top) or folder == top:
        return ""
    return f"{folder.relative_to(top).as_posix()}/"


def _below(folder: str, found: Diagnostic) -> Diagnostic:
    if found.position is None:
        return found
    return replace(found, position=replace(found.position, file=folder + found.position.file))
