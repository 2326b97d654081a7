"""A release is one command, and each of its steps is taken here, but for what others would see."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

from tests.release import steps, tree
from tests.release.__main__ import needed, publish
from tests.release.tree import Refused, git

ROOT = Path(__file__).parents[2]
VERSION = "7.8.9"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What nothing is released from."""
    return a_checkout(tmp_path_factory.mktemp("checkout"))


def a_checkout(root: Path) -> Path:
    """What is tracked, as a repository whose home is known."""
    for name in git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        if name and (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes((ROOT / name).read_bytes())
    (root / tree.SETTINGS).write_text('owner = "somebody"\n', "utf-8")
    for words in ("init --quiet", "config user.name a", "config user.email a@b.example", "add --all"):
        git(root, *words.split())
    git(root, "commit", "--quiet", "--message", "all")
    return root


def beside(wheel: str, folder: Path, interpreter: str = sys.executable) -> Path:
    """In a fresh environment the wheel itself, and what it needs from here: no test asks a registry."""
    python = steps.environment(folder, interpreter)
    steps.pip(python, "--no-deps", "--no-index", wheel)
    (found,) = folder.glob("lib/python*/site-packages")
    (found / "here.pth").write_text(f"{sysconfig.get_path('purelib')}\n", "utf-8")
    return python


def test_a_release_is_made_whole_and_what_is_published_is_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout, made = a_checkout(tmp_path / "checkout"), tmp_path / VERSION
    wanted: list[str] = []

    def noted(wheel: str, folder: Path, interpreter: str) -> Path:
        wanted.append(wheel)
        return beside(wheel, folder, interpreter)

    changed = steps.release(checkout, VERSION, made, noted, [sys.executable])
    # Without any extra it works, and the licences of each extra are told.
    assert wanted[0].endswith(".whl")
    assert wanted[1].endswith("[granian,notify,parquet,postgres,report,xlsx]")
    assert {"CHANGELOG.md", "yeta_reconcile/__init__.py", ".github/CODEOWNERS"} <= {*changed}
    assert git(checkout, "status", "--porcelain") == ""
    assert_whole(made)
    assert_put_in(made)
    with monkeypatch.context() as patched:
        assert_published(checkout, made, patched)
    assert_tag_builds(checkout, made, tmp_path)


def assert_whole(made: Path) -> None:
    """Each file is there, with what it is to say."""
    assert sorted(path.name for path in made.iterdir() if path.is_file()) == [
        "LICENCES.md", "NOTES.md", "SHA256SUMS", "sbom.cdx.json",
        f"yeta_reconcile-{VERSION}-py3-none-any.whl", f"yeta_reconcile-{VERSION}.tar.gz",
    ]  # fmt: skip
    for line in (made / "SHA256SUMS").read_text("utf-8").splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((made / name).read_bytes()).hexdigest() == digest
    bom = json.loads((made / "sbom.cdx.json").read_text("utf-8"))
    of = bom["metadata"]["component"]
    assert (of["name"], of["version"]) == ("yeta-reconcile", VERSION)
    assert {"httpx", "pydantic", "waitress"} <= {part["name"] for part in bom["components"]}
    assert "| httpx | " in (made / "LICENCES.md").read_text("utf-8")
    assert (made / "NOTES.md").read_text("utf-8").strip()


def assert_put_in(made: Path) -> None:
    """Its version, its day and its home stand where they belong."""
    with tarfile.open(made / f"yeta_reconcile-{VERSION}.tar.gz") as archive:
        held = {
            member.name.partition("/")[2]: (found.read().decode("utf-8", "replace") if found else "")
            for member in archive.getmembers()
            if (found := archive.extractfile(member)) is not None
        }
    assert f"## [{VERSION}] - " in held["CHANGELOG.md"]
    assert f"somebody/yeta-reconcile@v{VERSION}" in held["docs/gitops.md"]
    assert [name for name, text in held.items() if "OWNER/" in text and not name.startswith("tests/")] == []
    assert [name for name, text in held.items() if re.search(r"(@|rev: )v1\n", text)] == []
    assert [one for one in re.findall(r"\]\(([^)]*)\)", held["README.md"]) if "://" not in one] == []
    assert (
        f"(https://github.com/somebody/yeta-reconcile/raw/v{VERSION}/docs/plan-en.svg)" in held["README.md"]
    )
    assert f"(https://github.com/somebody/yeta-reconcile/blob/v{VERSION}/docs/cli.md)" in held["README.md"]
    with zipfile.ZipFile(made / f"yeta_reconcile-{VERSION}-py3-none-any.whl") as wheel:
        held |= {name: wheel.read(name).decode() for name in wheel.namelist() if name in tree.TEMPLATES}
        (metadata,) = (name for name in wheel.namelist() if name.endswith("METADATA"))
        assert f"Version: {VERSION}\n" in wheel.read(metadata).decode()
        assert "github.com/somebody/yeta-reconcile" in wheel.read(metadata).decode()
    # A copy of the action installs just this version, unless another is asked for.
    for name in tree.TEMPLATES:
        pinned = f"${{VERSION:-{VERSION}}}" if name.endswith("action.yml") else VERSION
        assert f'"yeta-reconcile[postgres]=={pinned}"' in held[name], name


def assert_published(checkout: Path, made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What others see is the commit, a tag of what was built, and the files."""
    folder = checkout.parent
    home, heard = folder / "home.git", folder / "heard"
    git(folder, "init", "--quiet", "--bare", str(home))
    git(checkout, "remote", "add", "origin", str(home))
    programs = folder / "programs"
    programs.mkdir()
    for name in ("gh", "python"):
        fake = programs / name
        fake.write_text(f'#!/bin/sh\necho "{name} $@" >> {heard}\ntest ! -e {folder}/away\n', "utf-8")
        fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    monkeypatch.setattr(sys, "executable", str(programs / "python"))
    (folder / "away").touch()
    upload, page = publish(checkout, VERSION, made)
    assert (" -m twine upload " in upload, page.split()[:4]) == (
        True,
        ["gh", "release", "create", f"v{VERSION}"],
    )
    git(home, "tag", "--delete", f"v{VERSION}")
    git(checkout, "tag", "--delete", f"v{VERSION}")
    git(checkout, "reset", "--quiet", "--hard", "HEAD~1")
    git(home, "update-ref", "-d", "refs/heads/master")
    (folder / "away").unlink()
    heard.unlink()
    assert publish(checkout, VERSION, made) == []
    assert git(home, "tag").split() == [f"v{VERSION}"]
    assert f'__version__ = "{VERSION}"' in git(home, "show", f"v{VERSION}:yeta_reconcile/__init__.py")
    assert git(checkout, "status", "--porcelain") == ""
    assert "@somebody/maintainers" in git(home, "show", "HEAD:.github/CODEOWNERS")
    assert "OWNER/" in git(home, "show", "HEAD:docs/gitops.md")
    upload, page = heard.read_text("utf-8").splitlines()
    assert upload.startswith("python -m twine upload ")
    assert upload.count(f"yeta_reconcile-{VERSION}") == 2
    assert page.startswith(f"gh release create v{VERSION} ")
    assert {Path(word).name for word in page.split() if word.startswith(str(made))} == {
        path.name for path in made.iterdir() if path.is_file()
    }
    with pytest.raises(Refused, match=f"there is a tag v{VERSION}"):
        tree.refuse(checkout, VERSION)


def assert_tag_builds(checkout: Path, made: Path, folder: Path) -> None:
    """Whoever builds what is tagged gets the bytes that are released, at the moment that its commit tells."""
    git(checkout, "clone", "--quiet", "--branch", f"v{VERSION}", str(checkout), str(folder / "tagged"))
    moment = int(git(folder / "tagged", "log", "-1", "--format=%ct"))
    steps.build(folder / "tagged", folder / "tagged-dist", moment)
    for path in (folder / "tagged-dist").iterdir():
        assert path.read_bytes() == (made / path.name).read_bytes(), path.name


@pytest.mark.parametrize(
    ("version", "why"), [("0.0.1", "is no version after"), ("new", "is no version"), ("7.8", None)]
)
def test_a_version_is_newer_and_is_one(checkout: Path, version: str, why: str | None) -> None:
    if why is None:
        tree.refuse(checkout, version)
        return
    with pytest.raises(Refused, match=why):
        tree.refuse(checkout, version)


def test_nothing_is_released_from_a_changed_tree_without_news_or_without_a_home(
    checkout: Path, tmp_path: Path
) -> None:
    with pytest.raises(Refused, match="does not say whose home"):
        tree.owner_of(ROOT)
    with pytest.raises(Refused, match=r"tells nothing under \[Unreleased\]"):
        tree.notes_of("# Changelog\n\n## [Unreleased]\n\n## [1.0.0]\n\n- one\n")
    left = checkout / "left.txt"
    left.touch()
    with pytest.raises(Refused, match="not committed"):
        steps.release(checkout, VERSION, tmp_path / "new", beside, [sys.executable])
    left.unlink()
    with pytest.raises(Refused, match="exists; remove it"):
        steps.release(checkout, VERSION, tmp_path, beside, [sys.executable])


def test_a_release_is_tried_with_every_interpreter_that_is_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    had, not_had = [one for one in steps.VERSIONS if one != "{}.{}".format(*sys.version_info)][:2]
    for version, said in ((had, had), (not_had, "pyenv: command not found")):
        fake = tmp_path / f"python{version}"
        fake.write_text(f"#!/bin/sh\necho {said}\n", "utf-8")
        fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    found = steps.interpreters()
    assert next(iter(found.values())) == sys.executable
    assert had in found
    assert not_had not in found


def test_nothing_goes_out_where_the_rest_could_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match="there is no gh here"):
        needed("gh", "by which …")


def test_the_home_stands_in_one_place_alone() -> None:
    assert tree.owner_of.__doc__
    text = (ROOT / tree.SETTINGS).read_text("utf-8")
    assert text.count('owner = "') == 1
    done = subprocess.run(
        [sys.executable, "-m", "tests.release", "7.8.9"],
        cwd=ROOT, env=os.environ, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("no release: release.toml does not say whose home this is")


def test_what_is_locked_is_audited_and_kept_new() -> None:
    (audit,) = yaml.safe_load((ROOT / ".github/workflows/checks.yml").read_text("utf-8"))["jobs"]["audit"][
        "steps"
    ][-1:]
    assert audit["run"].startswith("pip-audit --strict ")
    assert (
        (ROOT / audit["run"].rpartition(" ")[2])
        .read_text("utf-8")
        .startswith("# This file was autogenerated by uv")
    )
    assert json.loads((ROOT / "renovate.json").read_text("utf-8"))["lockFileMaintenance"] == {"enabled": True}


def test_a_library_whose_insides_are_used_has_an_upper_bound() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (waitress,) = (one for one in project["dependencies"] if one.startswith("waitress"))
    assert waitress.endswith(",<4")
    # Its resolver and its parser; before version 1 any may change them.
    (ruamel,) = (one for one in project["dependencies"] if one.startswith("ruamel.yaml>"))
    assert ruamel.endswith(",<0.20")
    (granian,) = project["optional-dependencies"]["granian"]
    assert granian.endswith(",<2.9")
