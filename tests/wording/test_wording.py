"""Whoever reads Chinese reads all of it: no text without a translation, none put together from halves."""

from __future__ import annotations

import ast
import copy
import json
import pickle
import string
from collections.abc import Iterator

import pytest

from tests.wording.catalogue import LOCALE, catalogue, compiled, renewed, template
from tests.wording.extract import PACKAGE, everything, imported
from yeta_reconcile.amounts import count
from yeta_reconcile.cli.language import language_of, speaking
from yeta_reconcile.wording import PARTS, kept, listed, loud, phrase, retold, sentence, spoken, worded

pytestmark = pytest.mark.sweep

LANGUAGES = sorted(path.name for path in LOCALE.iterdir() if path.is_dir())
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] != "emulator")


def placeholders(text: str) -> list[str]:
    """What a template has in braces, formats included."""
    try:
        parts = [*string.Formatter().parse(text)]
    except ValueError:  # no template: braces that are meant as they stand
        return [str(text.count("{"))]
    return sorted({f"{name}{conversion or ''}{spec}" for _, name, spec, conversion in parts if name})


def test_every_text_stands_as_it_is_where_it_is_made() -> None:
    found = [f"{found.place}:{found.code}" for found in everything() if found.message is None]
    assert found == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_says_everything(language: str) -> None:
    said = {message.id: message for message in catalogue(language) if message.id}

    assert set(said) == {message.id for message in template() if message.id}
    assert [
        text for text, message in said.items() if message.fuzzy or not all(one_or_many(message.string))
    ] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_says_the_same_values(language: str) -> None:
    """A sentence may name one more often, and a form that counts leaves out none of the other's."""
    other = [
        message.id
        for message in catalogue(language)
        if message.id and "{" in "".join(one_or_many(message.id))
        for said in one_or_many(message.string)
        if placeholders(said) not in [placeholders(text) for text in one_or_many(message.id)]
    ]
    assert other == []


def one_or_many(text: object) -> list[str]:
    return (
        [text]
        if isinstance(text, str)
        else [str(part) for part in text]
        if isinstance(text, tuple | list)
        else []
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_files_of_a_language_are_as_make_catalogues_writes_them(language: str) -> None:
    folder = LOCALE / language / "LC_MESSAGES"
    assert (folder / "yeta.po").read_text("utf-8") == renewed(language)
    assert (folder / "yeta.mo").read_bytes() == compiled(language)


def halves(path: str, tree: ast.Module) -> Iterator[str]:
    """Where a text that was made is put into a string that no catalogue knows."""
    makers = {"phrase", "count", "every", "plural", "listed", "sentence", "loud"} & set(imported(tree))
    for node in [node for node in ast.walk(tree) if isinstance(node, ast.expr)]:
        parts: list[ast.expr] = []
        if isinstance(node, ast.JoinedStr):
            parts = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            parts = [node.left, node.right]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {"', '.join", "'; '.join"}:
            parts = [getattr(part, "elt", part) for part in node.args]
        for part in parts:
            both = (part.body, part.orelse) if isinstance(part, ast.IfExp) else (part,)
            if any(isinstance(one, ast.Call) and ast.unparse(one.func) in makers for one in both):
                yield f"{path}:{node.lineno}: {ast.unparse(node)}"


def test_no_text_is_put_together_from_halves() -> None:
    """`phrase` takes texts as values, `listed` joins them: so each part is said in one language."""
    found = [half for path in MODULES for half in halves(path.name, ast.parse(path.read_text("utf-8")))]
    assert found == []


def test_what_was_kept_of_a_text_is_told_in_another_language_later() -> None:
    waits = phrase("wave {number} is draining: {detail}", number=2, detail=phrase("unknown"))
    text = listed([phrase("{said} ({hint})", said=waits, hint=count(1200, "row")), "spring"], 1, by=PARTS)

    again = retold(json.loads(json.dumps(kept(text))), text)

    assert again == text
    with speaking("zh"):
        assert spoken(again) == spoken(text) != text


@pytest.mark.parametrize(
    "parts",
    [None, 3, "x", [], {}, {"says": 3}, {"says": "{a}", "with": {}, "english": "words"},
     {"says": "other", "with": {}, "english": "other"}, {"lists": [{}], "by": "", "left": 0, "english": ""}],
)  # fmt: skip
def test_of_what_is_damaged_the_english_is_left(parts: object) -> None:
    assert retold(parts, "words") == "words"


def test_a_text_is_its_english_for_json_and_for_copies() -> None:
    said = phrase("{rows} in {campaign}", rows=count(3, "row"), campaign="spring")

    with speaking("zh"):
        assert json.dumps([said]) == '["3 rows in spring"]'
        for same in (copy.deepcopy(said), pickle.loads(pickle.dumps(said))):
            assert same == said == "3 rows in spring"


def test_a_text_is_said_with_all_of_its_parts_in_the_language_of_the_run() -> None:
    waits = phrase("{wave} waits ({rows})", wave=phrase("wave {number}", number=2), rows=count(1200, "row"))

    assert spoken(waits) == "wave 2 waits (1,200 rows)"
    with speaking("zh"):
        assert spoken(waits) == "第 2 批等待（1,200 行）"
        assert worded("{wave} waits", wave="spring") == "spring等待"
        assert spoken(listed(["a", "b", "c"], 2)) == "a、b 等，另有 1 个"
        assert spoken(listed([phrase("start"), phrase("pause")], 0, by=PARTS)) == "启动；暂停"
        assert spoken(loud(count(2, "number"))) == spoken(sentence(count(2, "number"))) == "2 个号码"
        assert spoken("a name") == "a name"


@pytest.mark.parametrize(
    ("arguments", "environ", "language"),
    [
        ([], {}, "en"),
        ([], {"LANG": "zh_CN.UTF-8"}, "zh"),
        ([], {"LANG": "zh_CN.UTF-8", "YETA_LANG": "en"}, "en"),
        ([], {"LANG": "fr_FR.UTF-8"}, "en"),
        ([], {"LANG": "C.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8"}, "zh"),
        ([], {"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ([], {"LANG": "C", "LC_MESSAGES": "C", "LC_ALL": "zh_CN.UTF-8"}, "zh"),
        ([], {"LANG": "zh_CN", "LC_MESSAGES": "zh_CN", "LC_ALL": "C.UTF-8"}, "en"),
        ([], {"LANG": "zh_CN.UTF-8", "LC_ALL": "", "LC_MESSAGES": "", "YETA_LANG": ""}, "zh"),
        ([], {"LC_ALL": "zh_CN.UTF-8", "YETA_LANG": "en"}, "en"),
        (["plan", "--lang", "zh"], {"YETA_LANG": "en"}, "zh"),
        (["--lang=en", "plan"], {"LANG": "zh_CN"}, "en"),
        (["--lang"], {}, "en"),
    ],
)
def test_the_language_is_the_options_else_yeta_lang_else_lang(
    arguments: list[str], environ: dict[str, str], language: str
) -> None:
    assert language_of(arguments, environ) == language
