"""The ready-made pipelines, as `init` writes them: which file becomes which, with the names of a repository.

The files beside the templates are those of docs/pipelines and the action itself; a test holds that they are.
"""

from __future__ import annotations

from pathlib import Path

from yeta_reconcile.wording import phrase

# Template: the file it becomes, from the top of the git work tree.
PIPELINES = {
    "github": {
        "pipelines/github.yml": ".github/workflows/yeta.yml",
        "pipelines/action.yml": ".github/actions/yeta/action.yml",
    },
    "gitlab": {"pipelines/gitlab.yml": ".gitlab-ci.yml"},
}
# What has to be set at the service, by its kind, before the first pipeline.
NEEDED = {
    "github": (
        phrase("Set the secrets YETA_APP_KEY, YETA_APP_SECRET, YETA_STATE_KEY and the variable YETA_STATE."),
        phrase("Register a runner with the label yeta, and require the check plan before merging."),
    ),
    "gitlab": (
        phrase(
            "Set the masked variables YETA_APP_KEY, YETA_APP_SECRET, YETA_STATE_KEY and YETA_GITLAB_TOKEN."
        ),
        phrase("Set the variable YETA_STATE too: a state that outlives every job."),
        phrase("Register a runner with the tag yeta, and require pipelines to succeed before merging."),
    ),
}
_DIRECTORY = 'YETA_DIRECTORY: "."'


def top_of(root: Path) -> Path:
    """The top of the git work tree that `root` is in, or will be; itself where there is none."""
    return next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)


def in_its_place(text: str, root: Path) -> str:
    """A pipeline for the campaign repository at `root`, where that is a folder of the work tree."""
    folder = root.relative_to(top_of(root)).as_posix()
    return text.replace(_DIRECTORY, f'YETA_DIRECTORY: "{folder}"', 1)
