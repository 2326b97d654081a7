"""What mkdocs asks of us while it builds the site: anchors as GitHub makes them, and links out of docs/."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Any

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
# A link of Markdown that is no address: what it leads to, and where in it.
LINK = re.compile(r"\]\((?![a-z]+:)(?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]*))?\)")
_CODE = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ +(.+?)\s*$", re.MULTILINE)


def slug(heading: str, separator: str = "-") -> str:
    """The anchor of a heading, as GitHub makes it."""
    words = re.sub(r"<[^>]*>|\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", words.strip().lower()).replace(" ", separator)


def anchors(markdown: str) -> set[str]:
    """All places in a page that a link may name."""
    return {slug(heading) for heading in _HEADING.findall(_CODE.sub("", markdown))}


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Any) -> str:
    """What a page links to outside of docs/ is looked at in the repository (mkdocs calls this)."""
    assert files
    folder = PurePosixPath("docs", page.file.src_uri).parent
    repository = config["extra"]["source"]

    def there(found: re.Match[str]) -> str:
        path = (ROOT / folder / found["path"]).resolve()
        within = path.is_relative_to(DOCS) and path.suffix in {".md", ".json", ".png"}
        if not found["path"] or within:
            return found.group()
        return f"]({repository}/blob/main/{path.relative_to(ROOT)})"

    return LINK.sub(there, markdown)
