"""The words of docs/glossary.md."""

from __future__ import annotations

import re

from tests.support.sources import ROOT

_ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
_LINK = re.compile(r" \(\[[^]]*\]\([^)]*\)\)")


def glossary() -> dict[str, tuple[str, str]]:
    """By word its Chinese, and what it means; two that stand in one row mean something together."""
    rows = _ROW.findall((ROOT / "docs" / "glossary.md").read_text("utf-8"))
    return {
        word: (other, _LINK.sub("", meaning))
        for words, chinese, meaning in rows[1:]
        for word, other in zip(words.split(", "), chinese.split("、"), strict=True)
    }
