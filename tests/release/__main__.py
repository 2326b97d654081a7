"""Make a release: python -m tests.release VERSION [--publish]; `make release VERSION=1.2.0`.

Everything is made and checked in dist/VERSION first. With --publish, which takes the right to push and a
token for the registry (as twine takes it), the version and the changelog are committed, tagged and pushed,
and the files are uploaded.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from tests.release.steps import installed, interpreters, release
from tests.release.tree import CHANGELOG, VERSION, Refused, git

ROOT = Path(__file__).parents[2]


def publish(root: Path, version: str, folder: Path) -> None:
    """What others see: the commit and its tag, then the files."""
    for name in (VERSION, CHANGELOG):
        shutil.copy(folder / "work" / "tree" / name, root / name)
    git(root, "commit", "--quiet", "--message", f"Release {version}", VERSION, CHANGELOG)
    git(root, "tag", "--annotate", f"v{version}", "--file", str(folder / "NOTES.md"), "--cleanup", "verbatim")
    git(root, "push", "--atomic", "origin", "HEAD", f"v{version}")
    files = [*map(str, sorted(folder.glob("yeta_reconcile-*")))]
    subprocess.run([sys.executable, "-m", "twine", "upload", *files], check=True)


def main() -> int:
    """Exit 1 with the reason where there is no release."""
    parser = argparse.ArgumentParser(prog="python -m tests.release", description="Make a release.")
    parser.add_argument("version", help="like 1.2.0")
    parser.add_argument("--publish", action="store_true", help="commit, tag, push, upload")
    given = parser.parse_args()
    folder, pythons = ROOT / "dist" / given.version, interpreters()
    try:
        release(ROOT, given.version, folder, installed, [*pythons.values()])
        if given.publish:
            publish(ROOT, given.version, folder)
    except (Refused, subprocess.CalledProcessError) as error:
        said = f"{error}\n{getattr(error, 'stderr', None) or ''}"
        sys.stderr.write(f"no release: {said.strip()}\n")
        return 1
    sys.stdout.write(f"installed and tried with Python {', '.join(pythons)}\n")
    sys.stdout.write("".join(f"{path}\n" for path in sorted(folder.iterdir()) if path.is_file()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
