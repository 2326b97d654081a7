"""`yeta init`: a repository that is valid as it is, and never at the cost of another."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest
import yaml

from yeta_reconcile.cli.commands.init import FILES, project_name
from yeta_reconcile.cli.main import main
from yeta_reconcile.cli.pipelines import PIPELINES


def test_what_it_writes_is_valid_canonical_and_named_after_its_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["-C", str(tmp_path), "init", "Acme Renewals"]) == 0
    out, err = capsys.readouterr()
    root = tmp_path / "Acme Renewals"

    assert out.split() == [*FILES.values()]
    assert "  yeta emulator\n" in err
    assert f"  cd '{root}'\n" in err
    assert "  export YETA_APP_KEY=emulator-key YETA_APP_SECRET=emulator-secret\n  yeta plan\n" in err
    assert "name: acme-renewals\n" in (root / "yeta.yaml").read_text(encoding="utf-8")
    assert "/state/" in (root / ".gitignore").read_text(encoding="utf-8")
    for environment in ([], ["--env", "production"]):
        assert main(["-C", str(root), *environment, "validate"]) == 0
    assert main(["-C", str(root), "fmt", "--check"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "1 campaign, 5 rows: valid"


def test_in_chinese_it_writes_the_same_with_chinese_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["-C", str(tmp_path), "init", "en", "--name", "acme"]) == 0
    assert main(["-C", str(tmp_path), "--lang", "zh", "init", "zh", "--name", "acme"]) == 0
    assert main(["-C", str(tmp_path / "zh"), "fmt", "--check"]) == 0
    texts = {name: [(tmp_path / lang / name).read_text("utf-8") for lang in ("en", "zh")]
             for name in FILES.values()}  # fmt: skip

    def told(text: str) -> object:
        """What the text says to the program."""
        return {**yaml.load(text, yaml.CSafeLoader), "description": None}

    for name, (english, chinese) in texts.items():
        assert (english == chinese) == name.endswith(".csv")
        if name.endswith(".yaml"):
            assert told(english) == told(chinese)
    ignored = [[line for line in text.splitlines() if line[0] != "#"] for text in texts[".gitignore"]]
    assert ignored[0] == ignored[1]


def test_it_writes_into_the_folder_it_is_called_in(tmp_path: Path) -> None:
    assert main(["-C", str(tmp_path), "init"]) == 0

    assert (tmp_path / "data" / "welcome.csv").exists()


def test_nothing_is_overwritten_and_then_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "README.md").write_text("mine")

    assert main(["-C", str(tmp_path), "init"]) == 1

    assert "README.md would be overwritten" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")

    assert main(["-C", str(tmp_path), "init", "file/x"]) == 1

    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("Acme Renewals", "acme-renewals"), ("客户", "campaigns-3f9a"), ("-a-", "a"), ("x" * 60, "x" * 40),
        ("Campaigns", "campaigns-3f9a"), ("src", "src-3f9a"),
    ],
)  # fmt: skip
def test_a_project_is_named_after_its_folder_as_far_as_that_is_nobody_elses(
    tmp_path: Path, folder: str, name: str
) -> None:
    assert project_name(tmp_path / folder, "3f9a") == name


def test_a_name_can_be_given_and_one_that_is_none_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["-C", str(tmp_path), "init", "--name", "Acme Renewals"]) == 64
    assert [*tmp_path.iterdir()] == []

    assert main(["-C", str(tmp_path), "init", "--name", "acme"]) == 0

    assert "name: acme\n" in (tmp_path / "yeta.yaml").read_text(encoding="utf-8")
    assert "The project is named acme." in capsys.readouterr().err


def test_in_a_folder_below_the_repository_the_repository_is_meant(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["-C", str(tmp_path), "init", "--name", "acme"]) == 0
    monkeypatch.chdir(tmp_path / "data")
    capsys.readouterr()

    assert main(["validate"]) == 0
    assert capsys.readouterr().out == "1 campaign, 5 rows: valid\n"
    # What is named on the command line is relative to where one is, as everywhere.
    assert main(["plan", "--check", "no.plan"]) == 3
    assert "no.plan" in capsys.readouterr().err
    assert main(["fmt", "--check"]) == 0
    assert main(["state", "compact", "--yes"]) == 1
    assert "there is no state yet" in capsys.readouterr().err
    assert main(["init", "here", "--name", "below"]) == 0
    assert (tmp_path / "data" / "here" / "yeta.yaml").exists()


def test_the_folder_that_is_named_is_meant_and_none_above_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["-C", str(tmp_path), "init", "--name", "acme"]) == 0
    monkeypatch.chdir(tmp_path)

    assert main(["-C", "data", "validate"]) == 3

    assert "there is no yeta.yaml in this folder" in capsys.readouterr().err


def test_every_template_is_in_the_package() -> None:
    templates = resources.files("yeta_reconcile.cli") / "templates"

    assert all((templates / name).is_file() for name in FILES)


def test_a_pipeline_is_written_where_its_service_looks_for_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".git").mkdir()

    assert main(["-C", str(tmp_path), "init", "lists/acme", "--pipeline", "github"]) == 0
    out, err = capsys.readouterr()
    assert out.split() == [
        *(f"lists/acme/{name}" for name in FILES.values()), *PIPELINES["github"].values(),
    ]  # fmt: skip
    workflow = (tmp_path / ".github/workflows/yeta.yml").read_text(encoding="utf-8")
    assert '  YETA_DIRECTORY: "lists/acme"\n' in workflow
    assert "uses: ./.github/actions/yeta\n" in workflow
    assert "Set the secrets YETA_APP_KEY" in err

    # Beside what is there already, and never over it.
    assert main(["-C", str(tmp_path / "lists/acme"), "init", "--pipeline", "gitlab"]) == 0
    assert capsys.readouterr().out == ".gitlab-ci.yml\n"
    assert '  YETA_DIRECTORY: "lists/acme"\n' in (tmp_path / ".gitlab-ci.yml").read_text(encoding="utf-8")
    assert main(["-C", str(tmp_path / "lists/acme"), "init", "--pipeline", "gitlab"]) == 1
    assert ".gitlab-ci.yml would be overwritten" in capsys.readouterr().err


def test_the_top_of_a_work_tree_is_the_directory_of_its_pipeline(tmp_path: Path) -> None:
    assert main(["-C", str(tmp_path), "init", "--name", "acme", "--pipeline", "gitlab"]) == 0

    assert '  YETA_DIRECTORY: "."\n' in (tmp_path / ".gitlab-ci.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["docs/pipelines/github.yml", "docs/pipelines/gitlab.yml", "action.yml"])
def test_what_init_writes_is_what_the_documents_show(name: str, request: pytest.FixtureRequest) -> None:
    """`pytest --update` copies it."""
    top = Path(__file__).parents[2]
    text = (top / name).read_text(encoding="utf-8")
    copy = top / "yeta_reconcile/cli/templates/pipelines" / Path(name).name
    if request.config.getoption("--update"):
        copy.write_text(text, encoding="utf-8")

    assert copy.read_text(encoding="utf-8") == text
