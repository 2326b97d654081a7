"""`yeta fmt` and `yeta schema`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from yeta_reconcile.cli.main import main

UNTIDY = "name: acme\nkind: Project\n"
TIDY = "kind: Project\nname: acme\n"


def test_check_lists_what_would_change_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "yeta.yaml").write_text(UNTIDY)

    assert main(["-C", str(tmp_path), "fmt", "--check"]) == 1

    assert capsys.readouterr().out == "yeta.yaml\n"
    assert (tmp_path / "yeta.yaml").read_text() == UNTIDY


def test_files_are_rewritten_keep_their_mode_and_foreign_ones_are_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "yeta.yaml").write_text(UNTIDY)
    (tmp_path / "yeta.yaml").chmod(0o640)
    (tmp_path / "compose.yaml").write_text("b:   1\na: 2\n")

    assert main(["-C", str(tmp_path), "fmt"]) == 0
    assert main(["-C", str(tmp_path), "fmt"]) == 0

    assert capsys.readouterr().out == "yeta.yaml\n"
    assert (tmp_path / "yeta.yaml").read_text() == TIDY
    assert (tmp_path / "yeta.yaml").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "compose.yaml").read_text() == "b:   1\na: 2\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["compose.yaml", "yeta.yaml"]


def test_paths_are_files_or_folders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("a.yaml", "b.yaml", "sub/c.yaml"):
        (tmp_path / name).write_text(UNTIDY)

    assert main(["fmt", str(tmp_path / "a.yaml"), str(tmp_path / "sub")]) == 0

    assert capsys.readouterr().out.split() == [str(tmp_path / "a.yaml"), str(tmp_path / "sub" / "c.yaml")]
    assert (tmp_path / "b.yaml").read_text() == UNTIDY


def test_what_cannot_be_read_is_an_error_and_the_rest_is_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.yaml").write_text("kind: Campaign\nname: {\n")
    (tmp_path / "b.yaml").write_text(UNTIDY)

    assert main(["fmt", str(tmp_path)]) == 3

    out, err = capsys.readouterr()
    assert out == f"{tmp_path / 'b.yaml'}\n"
    assert "a.yaml:3:1: error" in err


def test_a_template_of_somebody_else_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "chart.yaml").write_text("{{- if .x }}\nkind: Deployment\n{{- end }}\n")
    (tmp_path / "old.yaml").write_bytes(b"kind: Service\nname: \xe9\n")

    assert main(["fmt", str(tmp_path / "chart.yaml"), str(tmp_path / "old.yaml")]) == 0

    assert capsys.readouterr() == ("", "")


def test_a_file_that_documents_leaves_out_is_left_alone_though_it_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "yeta.yaml").write_text("documents: [campaigns/*.yaml]\nkind: Project\nname: acme\n")
    for name in ("campaigns", "charts"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.yaml").write_text("name: a\nkind: Campaign\n")
    monkeypatch.chdir(tmp_path)

    assert main(["fmt", "yeta.yaml", "campaigns/a.yaml", "charts/a.yaml"]) == 0

    assert capsys.readouterr().out.split() == ["yeta.yaml", "campaigns/a.yaml"]
    assert (tmp_path / "charts" / "a.yaml").read_text() == "name: a\nkind: Campaign\n"


def test_the_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0

    assert json.loads(capsys.readouterr().out)["$schema"].endswith("2020-12/schema")
