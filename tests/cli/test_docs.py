"""`docs/cli.md` and its Chinese twin are what `--help` says; `pytest --update` writes them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from tests.support.command_pages import parts, section, sections
from yeta_reconcile.cli.app import yeta
from yeta_reconcile.cli.examples import COMMANDS as EXAMPLES
from yeta_reconcile.cli.examples import EXITS
from yeta_reconcile.cli.language import speaking
from yeta_reconcile.exits import Exit
from yeta_reconcile.wording import spoken

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {"en": DOCS / "cli.md", "zh": DOCS / "cli-zh.md"}

HEAD = {
    "en": """\
# The command line

What `--help` says, for every command. Results go to stdout, everything else to stderr. A command
that has `--yes` shows what it will do and asks first; `--yes` answers, and without a terminal and
without `--yes` nothing is changed.

| exit code | means | for example |
|---|---|---|
""",
    "zh": """\
# 命令行

每个命令的 `--help` 内容。结果写到 stdout，其余写到 stderr。带 `--yes` 的命令会先显示要做什么并征求确认；
`--yes` 表示同意；没有终端、也没有 `--yes` 时，什么都不会改动。

| 退出码 | 含义 | 例如 |
|---|---|---|
""",
}
WORST = {
    "en": """
Where campaigns of one run come to several of these, the gravest is the exit code: 8 before 4, before 1,
before 7. What each came to stands in the output.
""",
    "zh": """
一次运行中各活动的结果不同时，以最严重的为退出码：先 8，再 4，再 1，再 7。每个活动的结果见输出。
""",
}


def reference(language: str) -> str:
    with speaking(language):
        root = click.Context(yeta, info_name="yeta", terminal_width=90)
        rows = [
            f"| {code:d} | {spoken(one.means)} | {spoken(one.example)} |\n" for code, one in EXITS.items()
        ]
        parts = [HEAD[language] + "".join(rows) + WORST[language], section(root)]
        for name in yeta.list_commands(root):
            command = yeta.get_command(root, name)
            assert command is not None
            parts += sections(command, name, root)
        return "\n".join(parts)


@pytest.mark.usefixtures("help_anew")
@pytest.mark.parametrize("language", PAGES)
def test_the_reference_says_what_help_says(golden: Callable[[Path, str], None], language: str) -> None:
    golden(PAGES[language], reference(language))


def test_every_exit_code_has_its_meaning_and_an_example() -> None:
    assert [*EXITS] == [*Exit]


def paths(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    for name, part in parts(command):
        yield from paths(part, f"{path} {name}")


def test_every_command_has_an_example_that_can_be_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = {path: command for name, one in parts(yeta) for path, command in paths(one, name)}
    assert [*EXAMPLES] == [*commands]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "backups").mkdir()
    for name in ("yeta.plan", "backups/yeta.db"):
        (tmp_path / name).touch()
    for path, example in EXAMPLES.items():
        words, named = shlex.split(example.partition(" > ")[0]), path.split()
        at = words.index(named[0])
        assert words[at:][: len(named)] == named, example
        root = yeta.make_context("yeta", words[1:])
        commands[path].make_context(path, words[at + len(named) :], parent=root)


def test_a_saved_plan_has_the_one_name_that_git_ignores_too() -> None:
    """Of another name it would be committed by whoever followed one page with the files of the other."""
    root = DOCS.parent
    pages = [
        page
        for folder in ("docs", "examples", "deploy", "yeta_reconcile/cli")
        for page in (root / folder).rglob("*")
        if page.suffix in {".md", ".yml", ".yaml", ".py"}
    ]
    pages += [*root.glob("README*"), root / "action.yml"]
    saved = r"(?:yeta plan [^`\n]*?(?:-o|--check)|yeta apply) ([\w/]+\.\w+)|PLAN: (\w+\.\w+)|\b(plan\.json)\b"
    named = [next(filter(None, one)) for page in pages for one in re.findall(saved, page.read_text("utf-8"))]
    assert len(named) > 15
    assert {*named} == {"yeta.plan"}
    ignored = [*(root / "yeta_reconcile" / "cli" / "templates").rglob("gitignore")]
    assert ["*.plan" in file.read_text("utf-8").splitlines() for file in ignored] == [True, True]
