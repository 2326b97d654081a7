"""The pages that people read: what they link to is there, and what they tell to type is a command."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from tests.bench.growth.page import Kept, drawn, tables
from tests.bench.growth.series import ALL
from tests.release.steps import site
from tests.release.tree import Refused
from tests.site import DOCS, LINK, ROOT, anchors, slug
from yeta_reconcile.cli.app import yeta
from yeta_reconcile.platform.call import ResultMeaning
from yeta_reconcile.records import persons

PAGES = sorted(DOCS.rglob("*.md"))
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
BLOCK = re.compile(r"^ *```(?:console)?\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(yeta [^`\n]+)`")
TASKS = sorted(path.name for path in (DOCS / "guide").iterdir())
CHINESE = sorted((DOCS / "zh").iterdir())
# Chinese pages of the same name as an English one.
TRANSLATED = sorted(path.name for path in CHINESE if (DOCS / path.name).exists())
BILINGUAL = {"glossary.md", "index.md", "cli-zh.md", "reference-zh.md"}
# What a translation has as its original has it: how deep a heading is, what is to be typed, what is listed.
HEADING = re.compile(r"^(#+) ", re.MULTILINE)
CODE_LINE = re.compile(r"^ *(?:\$ |- uses:|yeta )[^#\n]*", re.MULTILINE)
LISTED = re.compile(r"^(?:- |\d+\. )", re.MULTILINE)
TABLE_ROW = re.compile(r"^>? ?\|", re.MULTILINE)


@cache
def read(path: Path) -> str:
    return path.read_text("utf-8")


@pytest.mark.parametrize("page", [*PAGES, *READMES], ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_leads_somewhere(page: Path) -> None:
    lost = []
    for found in LINK.finditer(read(page)):
        path = (page.parent / found["path"]).resolve() if found["path"] else page
        named = found["anchor"]
        if not path.exists() or (named and path.suffix == ".md" and named not in anchors(read(path))):
            lost.append(found.group())
    assert lost == []


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("The key", "the-key"),
        ("`calls export --by person --format jsonl`", "calls-export---by-person---format-jsonl"),
        ("从 Excel 来的名单", "从-excel-来的名单"),
        ("[GitHub](gitops.md), and more", "github-and-more"),
    ],
)
def test_a_heading_has_the_anchor_that_github_gives_it(heading: str, anchor: str) -> None:
    assert slug(heading) == anchor


def test_what_is_said_and_drawn_of_growth_is_what_was_measured() -> None:
    kept = Kept.read()
    assert tables(kept) in read(DOCS / "growth.md")
    assert drawn(kept) == (DOCS / "growth.svg").read_text("utf-8")
    assert {name for name, points in kept.points.items() if len(points) > 1} == {one.name for one in ALL}


def test_every_task_has_a_page_in_both_languages_that_the_start_and_the_site_lead_to() -> None:
    site, start = read(ROOT / "mkdocs.yml"), read(DOCS / "index.md")
    assert {path.name for path in CHINESE} == {*TASKS, *TRANSLATED}
    places = {str(path.relative_to(DOCS)) for path in PAGES}
    assert [place for place in places if f": {place}\n" not in site] == []
    assert [name for name in TASKS if f"guide/{name}" not in start] == []
    assert [path.name for path in CHINESE if f"zh/{path.name}" not in start] == []


@pytest.mark.parametrize("name", TRANSLATED)
def test_a_translation_names_its_original_and_has_its_parts(name: str) -> None:
    english, chinese = read(DOCS / name), read(DOCS / "zh" / name)
    title = english.partition("\n")[0].removeprefix("# ")
    assert chinese.split("\n")[2] == f"本页译自 [{title}](../{name})。"
    for part in (HEADING, CODE_LINE, LISTED):
        assert part.findall(chinese) == part.findall(english)
    assert len(TABLE_ROW.findall(chinese)) == len(TABLE_ROW.findall(english))


@pytest.mark.parametrize("page", [*CHINESE, READMES[1]], ids=lambda page: page.name)
def test_a_chinese_page_leads_to_chinese_ones_and_says_where_it_does_not(page: Path) -> None:
    wrong = []
    for found in LINK.finditer(read(page)):
        path = (page.parent / found["path"]).resolve()
        if path.suffix != ".md" or path.parent != DOCS or path.name in BILINGUAL:
            continue
        there = any(one.exists() for one in (DOCS / "zh" / path.name, DOCS / f"{path.stem}-zh.md"))
        line = read(page)[: found.end()].rpartition("\n")[2]
        if not line.startswith("本页译自") and (there or not read(page).startswith("（英文）", found.end())):
            wrong.append(found.group())
    assert wrong == []


def test_the_site_is_built_and_refused_for_one_link_that_leads_nowhere_alone(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs")
    tree = tmp_path / "tree"
    for name in ("docs", "tests/site.py", "mkdocs.yml", "deploy", "examples", "action.yml"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tree / name)
    (tree / "tests" / "__init__.py").touch()
    page = tree / "docs" / "zh" / "trouble.md"
    page.write_text(read(page) + "\n[状态](../state.md#nothing)\n", "utf-8")
    with pytest.raises(Refused) as refused:
        site(tree, tmp_path / "site")
    said = [line for line in str(refused.value).splitlines() if line.startswith("WARNING")]
    assert len(said) == 1
    assert "'../state.md#nothing'" in said[0]
    built = (tmp_path / "site" / "zh" / "trouble.html").read_text("utf-8")
    assert 'href="state.html#没有副本时"' in built


def test_the_chinese_page_of_excel_explains_every_column_of_a_person() -> None:
    page = read(DOCS / "zh" / "excel-list.md")
    words = [*persons.COLUMNS, *ResultMeaning, persons.DIALLED, persons.POSSIBLY, persons.SUBMITTED]
    words += [persons.STAGING, persons.WAITING, persons.ASIDE, persons.OVER, persons.GONE]
    assert [word for word in words if f"`{word}`" not in page] == []


def commands(text: str) -> Iterator[str]:
    """Lines to type, and commands named in a sentence that are not a form with choices."""
    for block in BLOCK.findall(text):
        for line in block.splitlines():
            typed = line.strip().removeprefix("$ ")
            if typed.startswith("yeta "):
                yield typed
    yield from INLINE.findall(text)


def parsed(line: str) -> None:
    """The line as the command line reads it; raises click.ClickException. Nothing is run."""
    words = shlex.split(re.split(r" [|>&](?: |$)", line)[0], comments=True)[1:]
    command: click.Command | None = yeta
    while command is not None:
        context = click.Context(command)
        given, rest, _ = command.make_parser(context).parse_args(words)
        needed = {
            option.name for option in command.params if option.required and option.param_type_name == "option"
        }
        if words and needed - given.keys():
            raise click.UsageError(f"{needed - given.keys()} is missing")
        words = rest
        if not isinstance(command, click.Group) or not words:
            return
        _, command, words = command.resolve_command(context, words)


@pytest.mark.parametrize("page", [*PAGES, *READMES], ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_tells_to_type_is_a_command(page: Path) -> None:
    wrong = []
    for line in commands(read(page)):
        if any(mark in line for mark in "[…") or "|" in line:
            continue
        try:
            parsed(line)
        except click.ClickException as error:
            wrong.append(f"{line}: {error.format_message()}")
    assert wrong == []
