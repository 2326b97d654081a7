"""`yeta demo`: where it works. That the whole of it runs is shown with the installed wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

from yeta_reconcile.cli.commands.demo import _Demo
from yeta_reconcile.cli.main import main


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The repositories that were shown."""
    roots: list[Path] = []

    def play(demo: _Demo) -> None:
        demo.root.mkdir()
        roots.append(demo.root)

    monkeypatch.setattr(_Demo, "play", play)
    return roots


def test_a_folder_to_keep_is_made_and_may_be_relative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, played: list[Path]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert main(["demo", "--keep", "new/sub"]) == 0

    assert played == [tmp_path / "new" / "sub" / "campaigns"]


def test_a_folder_that_cannot_be_worked_in_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], played: list[Path]
) -> None:
    (tmp_path / "file").touch()

    assert main(["demo", "--keep", str(tmp_path / "new")]) == 0
    assert main(["demo", "--keep", str(tmp_path / "new")]) == 1
    assert f"{tmp_path / 'new'} holds a showing already" in capsys.readouterr().err
    assert main(["demo", "--keep", str(tmp_path / "file" / "sub")]) == 1
    assert f"{tmp_path / 'file' / 'sub'} cannot be worked in" in capsys.readouterr().err
    assert len(played) == 1
