"""Make a release: python -m tests.release VERSION [--publish]; `make release VERSION=1.2.0`.

Everything is made and checked in dist/VERSION first. With --publish, which takes the right to push, a token
for the registry (as twine takes it) and GitHub's gh, the version and the changelog are committed, the tree
that was built is tagged, both are pushed, and the files are uploaded.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from tests.release.steps import VERSIONS, installed, interpreters, release
from tests.release.tree import CHANGELOG, OWNERS, VERSION, Refused, git

ROOT = Path(__file__).parents[2]


def publish(root: Path, version: str, folder: Path) -> list[str]:
    """What others see: the commit and its tag, then the files; the commands that are left where one fails."""
    tree, notes, tag = folder / "work" / "tree", str(folder / "NOTES.md"), f"v{version}"
    moment = git(root, "log", "-1", "--format=%cI").strip()
    # Who is asked for a review stands where GitHub reads it: on the branch.
    kept = (VERSION, CHANGELOG, OWNERS)
    for name in kept:
        shutil.copy(tree / name, root / name)
    git(root, "commit", "--quiet", "--message", f"Release {version}", *kept)
    built = as_built(root, tree, f"Release {version}, as it was built", moment)
    git(root, "tag", "--annotate", tag, built, "--file", notes, "--cleanup", "verbatim")
    files = [str(path) for path in sorted(folder.iterdir()) if path.is_file()]
    packages = [path for path in files if path.endswith((".whl", ".tar.gz"))]
    left = [
        ["git", "push", "--atomic", "origin", "HEAD", tag],
        [sys.executable, "-m", "twine", "upload", *packages],
        ["gh", "release", "create", tag, "--verify-tag", "--title", tag, "--notes-file", notes, *files],
    ]
    while left and subprocess.run(left[0], cwd=root, check=False).returncode == 0:
        del left[0]
    return [shlex.join(command) for command in left]


def as_built(root: Path, tree: Path, message: str, moment: str) -> str:
    """A commit of the tree that was built, after the one of the branch, with the moment that its files have.

    So whoever builds the tag gets the bytes of the release; on the branch every place of the home stays open.
    """
    index = {"GIT_INDEX_FILE": str(tree.parent / "index")}
    kept = git(root, "rev-parse", "--absolute-git-dir").strip()
    git(tree, "--git-dir", kept, "--work-tree", ".", "add", "--all", **index)
    written = git(root, "write-tree", **index).strip()
    dated = {"GIT_COMMITTER_DATE": moment}
    return git(root, "commit-tree", written, "-p", "HEAD", "-m", message, **dated).strip()


def main() -> int:
    """Exit 1 with the reason where there is no release, or not all of one."""
    parser = argparse.ArgumentParser(prog="python -m tests.release", description="Make a release.")
    parser.add_argument("version", help="like 1.2.0")
    parser.add_argument("--publish", action="store_true", help="commit, tag, push, upload")
    given = parser.parse_args()
    folder, pythons = ROOT / "dist" / given.version, interpreters()
    try:
        if given.publish:
            needed("gh", "by which the files are put beside the tag")
        release(ROOT, given.version, folder, installed, [*pythons.values()])
        left = publish(ROOT, given.version, folder) if given.publish else []
    except (Refused, subprocess.CalledProcessError) as error:
        said = f"{error}\n{getattr(error, 'stderr', None) or ''}"
        sys.stderr.write(f"no release: {said.strip()}\n")
        return 1
    lacking = [one for one in VERSIONS if one not in pythons]
    sys.stdout.write(f"installed and tried with Python {', '.join(pythons)}\n")
    if lacking:
        sys.stdout.write(f"not tried, since there is none here: Python {', '.join(lacking)}\n")
    sys.stdout.write("".join(f"{path}\n" for path in sorted(folder.iterdir()) if path.is_file()))
    if left:
        sys.stderr.write(
            "\n".join(("it is tagged here and not all of it is out; run what is left:", *left, ""))
        )
    return min(len(left), 1)


def needed(program: str, why: str) -> None:
    """Raise Refused where it is not had: before anything goes out."""
    if shutil.which(program) is None:
        raise Refused(f"there is no {program} here, {why}")


if __name__ == "__main__":
    raise SystemExit(main())
