"""A pull request's life, with real repositories: branch, plan, comment, merge, apply, spent, revert."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.gitops.conftest import KEY
from tests.support.lab import number
from tests.support.served import Done, Served
from yeta_reconcile.store import open_store

IDENTITY = {
    "GIT_AUTHOR_NAME": "somebody", "GIT_AUTHOR_EMAIL": "somebody@example.com",
    "GIT_COMMITTER_NAME": "somebody", "GIT_COMMITTER_EMAIL": "somebody@example.com",
    "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
}  # fmt: skip


@dataclass
class Project:
    """A repository that people push to, and a state that outlives every checkout of it."""

    author: Served
    folder: Path

    def __post_init__(self) -> None:
        self.author.environ.setdefault("YETA_STATE", str(self.folder / "state" / "yeta.db"))
        self.author.environ.setdefault("YETA_STATE_KEY", KEY)
        (self.author.root / ".gitignore").write_text("*.plan\nstate/\n", encoding="utf-8")
        self.git("init", "--quiet", "--initial-branch", "main")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.author.root), *arguments],
            env=self.author.environment | IDENTITY,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, words: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", words)
        return self.git("rev-parse", "HEAD")

    def checkout(self, name: str, ref: str) -> Served:
        """A pipeline's own clone."""
        self.git("clone", "--quiet", "--branch", ref, str(self.author.root), str(self.folder / name))
        return Served(self.folder / name, self.author.emulator, self.author.url, self.author.environ)


def until_all_rang(here: Served, count: int) -> None:
    for _ in range(300):
        if len(here.rung()) >= count and not here.emulator.world.calls:
            return
        here.emulator.advance(30)
    raise AssertionError(here.rung())


def applied(done: Done) -> None:
    assert done.code == 0, done.err


@pytest.mark.sweep
def test_a_pull_request_from_its_branch_to_its_revert(here: Served, tmp_path: Path) -> None:
    project = Project(here, tmp_path)
    here.campaign("spring", range(3), lines='["100"]')
    project.commit("Spring")
    applied(project.checkout("first", "main").main("apply", "--yes"))

    # A branch, planned twice: the second push changes the plan, and the comment's first line stays.
    project.git("switch", "--quiet", "--create", "autumn")
    here.campaign("autumn", range(10, 14), lines='["200"]')
    project.commit("Autumn")
    pushed = project.checkout("pushed", "autumn").main("plan", "-o", "it.plan", "--format", "markdown")
    here.rows("autumn", range(10, 15))
    head = project.commit("One more")
    reviewing = project.checkout("reviewing", "autumn")
    reviewed = reviewing.main("plan", "-o", "it.plan", "--format", "markdown")
    assert pushed.out.splitlines()[0] == reviewed.out.splitlines()[0] == "<!-- yeta-plan -->"
    assert "4 telephones will ring: autumn 4" in pushed.out
    assert "5 telephones will ring: autumn 5" in reviewed.out
    assert head in reviewed.out

    # Meanwhile spring goes on, and main with it; the merge makes a commit that nobody has planned.
    until_all_rang(here, 3)
    project.git("switch", "--quiet", "main")
    (here.root / "README.md").write_text("Campaigns\n", encoding="utf-8")
    project.commit("Words")
    project.git("merge", "--quiet", "--no-ff", "-m", "Merge autumn", "autumn")
    assert project.git("rev-parse", "HEAD") != head
    merged = project.checkout("merged", "main")
    for plan in ("pushed", "reviewing"):
        (merged.root / f"{plan}.plan").write_bytes((tmp_path / plan / "it.plan").read_bytes())
    assert merged.main("apply", "pushed.plan").code == 5
    applied(merged.main("apply", "reviewing.plan"))
    spent = merged.main("apply", "reviewing.plan")
    assert (spent.code, "spent" in spent.err) == (5, True)
    assert merged.main("plan", "--detailed-exitcode").code == 0
    assert history(project)[-1]["commit"] == project.git("rev-parse", "HEAD")

    # The revert takes away what has not rung; taken back, only those who were never dialled ring.
    while len(here.rung()) < 5:
        here.emulator.advance(5)
    project.git("revert", "--no-edit", "-m", "1", "HEAD")
    reverted = project.checkout("reverted", "main")
    removal = reverted.main("plan", "-o", "it.plan")
    assert "delete wave 1" in removal.out
    assert "No telephone rings by this." in removal.out
    applied(reverted.main("apply", "it.plan"))
    rung = here.rung()
    for _ in range(50):
        here.emulator.advance(60)
    project.git("revert", "--no-edit", "HEAD")
    again = project.checkout("again", "main").main("plan", "--format", "json")

    assert here.rung() == rung
    assert len(rung) == len(set(rung))
    assert again.json["summary"]["ringing_numbers"] <= 8 - len(rung)
    assert set(rung) <= {number(row) for row in (*range(3), *range(10, 15))}


def history(project: Project) -> list[dict[str, object]]:
    """The history, oldest first."""
    environ = project.author.environ
    where = environ["YETA_STATE"]
    store = open_store(where, project.folder, environ, project="acme", environment="", create=False)
    try:
        return store.history.entries()
    finally:
        store.close()


def test_a_plan_of_one_branch_does_not_apply_to_another(here: Served, tmp_path: Path) -> None:
    project = Project(here, tmp_path)
    here.campaign("spring", range(3))
    project.commit("Spring")
    for name, rows in (("left", range(4)), ("right", range(5))):
        project.git("switch", "--quiet", "--create", name, "main")
        here.rows("spring", rows)
        project.commit(name)
    left, right = project.checkout("of-left", "left"), project.checkout("of-right", "right")
    assert left.main("plan", "-o", str(tmp_path / "it.plan")).code == 0

    refused = right.main("apply", str(tmp_path / "it.plan"))

    assert refused.code == 5
    assert "the list of spring (spring.csv) changed" in refused.err
    assert here.changes_sent() == []
