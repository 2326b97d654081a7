"""Findings as annotations of the pipeline that runs us, beside whatever a command prints."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from yeta_reconcile.render.annotations import github_annotations, gitlab_code_quality

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from yeta_reconcile.positions import Diagnostic

# GitLab reads a report from a file that the job names as its artifact.
GITLAB_REPORT = "gl-code-quality-report.json"


def annotation_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option `--annotations`, which every command with findings has."""
    return click.option(
        "--annotations",
        type=click.Choice(["auto", "github", "gitlab", "none"]),
        default="auto",
        help="Mark findings in the pipeline's own way; auto: GitHub's or GitLab's, if it is theirs.",
    )(command)


def annotate(found: Sequence[Diagnostic], wanted: str) -> None:
    """GitHub's as workflow commands on stderr, GitLab's as a report in the working directory."""
    if wanted == "auto":
        wanted = (
            "github"
            if os.environ.get("GITHUB_ACTIONS") == "true"
            else "gitlab"
            if os.environ.get("GITLAB_CI") == "true"
            else "none"
        )
    if wanted == "github" and found:
        click.echo(github_annotations(found), err=True, nl=False)
    elif wanted == "gitlab":
        report = json.dumps(gitlab_code_quality(found), ensure_ascii=False, indent=1)
        Path(GITLAB_REPORT).write_text(report + "\n", encoding="utf-8")
