"""A runner on a checkout: a state that `git clean` would take away is refused in a pipeline."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.served import Served
from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.store.open import refuse_in_checkout

PIPELINE = {"CI": "true"}
USERS = [
    "plan", "apply --yes", "status", "drift", "history", "state list", "state check", "state rebuild --yes",
    "state backup copy.db", "state restore copy.db --yes", "state unlock", "why 19900000001", "resume --yes",
    "calls pending", "backfill", "state migrate a.db moved.db --yes",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _no_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may be one."""
    monkeypatch.delenv("CI", raising=False)


def checked_out(here: Served) -> None:
    subprocess.run(["git", "init", "--quiet", str(here.root)], check=True)
    here.campaign("renewal", range(3))


@pytest.mark.parametrize("command", USERS)
def test_whoever_uses_a_state_in_the_checkout_of_a_pipeline_is_refused_and_makes_none(
    here: Served, command: str
) -> None:
    checked_out(here)
    (here.root / "copy.db").touch()

    done = here.main(*command.split(), **PIPELINE)

    assert done.code == 3, done.err
    assert "lies in the checkout" in done.err
    assert "state_in_work_tree: true" in done.err
    assert not (here.root / "state").exists()
    assert here.changes_sent() == []


@pytest.mark.sweep
def test_outside_of_a_pipeline_outside_of_the_checkout_and_where_the_settings_say_so_it_is_used(
    here: Served, tmp_path: Path
) -> None:
    checked_out(here)
    assert here.main("plan").code == 0
    assert here.main("plan", CI="false").code == 0
    assert here.main("plan", CI="").code == 0
    assert here.main("plan", **PIPELINE, YETA_STATE=str(tmp_path / "kept" / "yeta.db")).code == 0
    here.project("environments: {kept: {state_in_work_tree: true}}\n")
    assert here.main("plan", **PIPELINE).code == 3
    assert here.main("--env", "kept", "plan", **PIPELINE).code == 0
    here.project("state_in_work_tree: true\n")
    assert here.main("apply", "--yes", **PIPELINE).code == 0


@pytest.mark.sweep
def test_a_halt_is_never_refused(here: Served) -> None:
    checked_out(here)
    assert here.main("apply", "--yes").code == 0
    done = here.main("halt", **PIPELINE)
    assert done.code == 0
    assert "1 task was paused; 0 are still live." in done.out


def test_documents_are_checked_all_the_same(here: Served) -> None:
    checked_out(here)
    assert here.main("validate", **PIPELINE).code == 0


@pytest.mark.parametrize(
    ("tree", "root", "state", "refused"),
    [
        ("", "", "state/yeta.db", True),
        ("", "campaigns", "state/yeta.db", True),
        ("", "campaigns", "../state/yeta.db", True),
        ("campaigns", "campaigns", "../state/yeta.db", False),
        ("other", "campaigns", "../other/yeta.db", False),
        ("campaigns", "campaigns", "linked/yeta.db", False),
        ("campaigns", "campaigns", "postgresql://h/campaigns", False),
    ],
)
def test_what_counts_is_a_work_tree_of_the_repository(
    tmp_path: Path, tree: str, root: str, state: str, refused: bool
) -> None:
    (tmp_path / root).mkdir(exist_ok=True)
    (tmp_path / tree).mkdir(exist_ok=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / root / "linked").symlink_to(tmp_path / "elsewhere")
    # A submodule and a further work tree have a file in the folder's place.
    (tmp_path / tree / ".git").touch()

    def use() -> None:
        refuse_in_checkout(state, tmp_path / root, PIPELINE, allowed=False)

    if refused:
        with pytest.raises(InvalidInput, match="lies in the checkout"):
            use()
    else:
        use()


def test_the_ready_made_pipelines_keep_their_state_outside() -> None:
    top = Path(__file__).parents[2]
    for name in ("github.yml", "gitlab.yml"):
        assert "YETA_STATE" in (top / "docs" / "pipelines" / name).read_text(encoding="utf-8")
