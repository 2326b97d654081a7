"""Chinese in the catalogue and on the pages: one word a thing, and punctuation in full width."""

from __future__ import annotations

import re

import pytest

from tests.site import DOCS, ROOT
from tests.wording.catalogue import catalogue

PACKAGE = ROOT / "yeta_reconcile"
PAGES = [
    *(ROOT / "README.zh-CN.md", DOCS / "index.md", DOCS / "glossary.md"),
    *(PACKAGE / "cli/templates/zh/README.md", *DOCS.glob("*-zh.md"), *DOCS.glob("zh/*.md")),
]
TEMPLATES = [*PACKAGE.glob("cli/templates/zh/*.yaml"), *PACKAGE.glob("documents/packs/zh/*.yaml")]
# What else the same thing could be called, by the word of the glossary.
OTHERWISE = {
    "新建": ["创建"], "提交号码": ["填充", "填入", "填满"], "接续": ["转入"], "仿真平台": ["模拟平台"],
    "接收器": ["接收端"], "话单": ["通话记录", "呼叫记录"], "对话": ["会话"], "先行批次": ["金丝雀", "灰度"],
    "补取": ["回填"], "搁置": ["跳过该行"], "台账": ["账本"],
}  # fmt: skip
HALF = re.compile(r"[\u4e00-\u9fff][,:;?!()]|[,:;?!()][\u4e00-\u9fff]")
CODE = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
# What stands between backquotes, and where a link leads.
INLINE = re.compile(r"`[^`]*`|(?<=\])\([^)]*\)")


def said() -> list[tuple[str, str]]:
    """Every Chinese text, with where it stands."""
    texts = [
        ("the catalogue", text)
        for message in catalogue("zh")
        if message.id
        for text in ([message.string] if isinstance(message.string, str) else message.string or ())
    ]
    return texts + [(path.name, CODE.sub("", path.read_text("utf-8"))) for path in PAGES]


@pytest.mark.parametrize(("word", "others"), OTHERWISE.items(), ids=[*OTHERWISE])
def test_a_thing_has_one_word(word: str, others: list[str]) -> None:
    assert word in (DOCS / "glossary.md").read_text("utf-8")
    everywhere = said() + [(path.name, path.read_text("utf-8")) for path in TEMPLATES]
    assert [(place, other) for place, text in everywhere for other in others if other in text] == []


def test_punctuation_beside_chinese_is_in_full_width() -> None:
    found = [
        (place, line)
        for place, text in said()
        for line in text.splitlines()
        if HALF.search(INLINE.sub("`", line))
    ]
    assert found == []
