"""The tree of a release: the commit as it is, with its version, its day and its home put in."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

from packaging.version import InvalidVersion, Version

PLACEHOLDER = "OWNER"
SETTINGS = "release.toml"
VERSION = "yeta_reconcile/__init__.py"
CHANGELOG = "CHANGELOG.md"
OWNERS = ".github/CODEOWNERS"
# What `yeta init` and the documentation give to campaign repositories, which are to have just this version.
TEMPLATES = (
    "action.yml", "docs/pipelines/gitlab.yml", "yeta_reconcile/cli/templates/pipelines/action.yml",
    "yeta_reconcile/cli/templates/pipelines/gitlab.yml",
)  # fmt: skip
README = "README.md"
UNRELEASED = "## [Unreleased]\n"


class Refused(Exception):
    """Why there is no release, and what would be right."""


def git(root: Path, *words: str, **environ: str) -> str:
    """What git says."""
    done = subprocess.run(
        ["git", *words], cwd=root, env=os.environ | environ, check=True, capture_output=True, encoding="utf-8"
    )
    return done.stdout


def owner_of(root: Path) -> str:
    """Whose home it is. Raises Refused while nobody has said so."""
    owner = str(tomllib.loads((root / SETTINGS).read_text("utf-8"))["owner"])
    if owner == PLACEHOLDER or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*", owner):
        raise Refused(f"{SETTINGS} does not say whose home this is: {owner!r}; name the account there")
    return owner


def refuse(root: Path, version: str) -> None:
    """Raise Refused for a tree that is not what is committed, an older version, or nothing to tell."""
    if git(root, "status", "--porcelain"):
        raise Refused("the tree has changes that are not committed; commit or remove them")
    current = re.search(r'__version__ = "(.*)"', (root / VERSION).read_text("utf-8"))
    try:
        if current is None or Version(version) < Version(current[1]) or str(Version(version)) != version:
            raise Refused(f"{version} is no version after {current and current[1]}, like 1.2.0")
    except InvalidVersion as error:
        raise Refused(f"{version} is no version, like 1.2.0") from error
    if f"v{version}" in git(root, "tag", "--list").split():
        raise Refused(f"there is a tag v{version}; a version is released once")
    notes_of((root / CHANGELOG).read_text("utf-8"))


def notes_of(changelog: str) -> str:
    """What users are told of this release. Raises Refused if that is nothing."""
    _, found, rest = changelog.partition(UNRELEASED)
    notes = re.split(r"^## ", rest, maxsplit=1, flags=re.MULTILINE)[0].strip()
    if not found or not notes:
        raise Refused(f"{CHANGELOG} tells nothing under [Unreleased]; say there what changes for users")
    return f"{notes}\n"


def export(root: Path, tree: Path) -> None:
    """The committed files, and nothing else."""
    tree.mkdir(parents=True)
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=root, check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", str(tree)], input=archive, check=True)


def prepare(tree: Path, version: str, owner: str, day: str) -> list[str]:
    """Put in what only a release knows; the files that were changed."""
    changed = []
    for path in sorted(path for path in tree.rglob("*") if path.is_file()):
        name = path.relative_to(tree).as_posix()
        if name == SETTINGS or name.startswith("tests/"):
            continue
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        if (new := _put_in(name, text, version, owner, day)) != text:
            path.write_text(new, "utf-8")
            changed.append(name)
    return changed


def _put_in(name: str, text: str, version: str, owner: str, day: str) -> str:
    text = re.sub(rf"\b{PLACEHOLDER}/", f"{owner}/", text)
    text = text.replace("/yeta-reconcile@v1\n", f"/yeta-reconcile@v{version}\n")
    text = text.replace("    rev: v1\n", f"    rev: v{version}\n")
    if name in TEMPLATES:
        text = text.replace('"yeta-reconcile[postgres]"', f'"yeta-reconcile[postgres]=={version}"')
        return text.replace("[postgres]${VERSION:+==$VERSION}", f"[postgres]==${{VERSION:-{version}}}")
    if name == README:
        # The registry shows it too, beside which none of our files lies.
        home = f"https://github.com/{owner}/yeta-reconcile"
        text = re.sub(r"(!\[[^\]]*\]\()(?!https?:|#)", rf"\1{home}/raw/v{version}/", text)
        return re.sub(r"((?<!!)\[[^\]]*\]\()(?!https?:|#)", rf"\1{home}/blob/v{version}/", text)
    if name == VERSION:
        return re.sub(r'__version__ = ".*"', f'__version__ = "{version}"', text)
    if name == CHANGELOG:
        return text.replace(UNRELEASED, f"{UNRELEASED}\n## [{version}] - {day}\n", 1)
    return text
