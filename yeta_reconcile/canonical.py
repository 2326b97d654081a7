"""A document's canonical text: keys in the order of the models, two spaces, identifiers in double quotes.

Comments stay with the key they stand over or beside, and what a document says never changes.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, SingleQuotedScalarString

from yeta_reconcile.campaign import Campaign, DialogContext, DirectCall, Project
from yeta_reconcile.complaints import model_within
from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.positions import Diagnostic, Position
from yeta_reconcile.yamlfile import RawDocument, parse_documents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

KINDS: dict[Any, type[BaseModel]] = {
    "Project": Project,
    "Campaign": Campaign,
    "DirectCall": DirectCall,
    "DialogContext": DialogContext,
}
_IDENTIFIERS = {"robot", "line", "lines", "voice"}
_ANCHORS = re.compile(r"(?:^|[\s\[{,])[&*][^\s,\]}]|<<\s*:")
_BESIDE = re.compile(r"(.*\S) {2,}(#.*)")
_BLOCK = re.compile(r"(?:^|[\s:-])[|>][-+0-9]*(?:\s+#.*)?$")
# No line is folded: where one breaks is for whoever wrote it.
_WIDTH = 1_000_000


def canonical(text: str, label: str) -> str | None:
    """The canonical form of a file; None if any document in it is none of ours.

    Raises InvalidInput if the text is no YAML, or cannot be rewritten without changing what it says.
    """
    documents = parse_documents(text, label)
    if not documents or not all(_kind(document) in KINDS for document in documents):
        return None
    ordered = text if _ANCHORS.search(text) else _with_keys_in_order(text, label)
    result = _round_trip(ordered)
    if [document.value for document in parse_documents(result, label)] != [
        document.value for document in documents
    ]:
        found = Diagnostic("error", "format", "this file cannot be put in order", Position(label))
        raise InvalidInput("a document would change what it says", [found])
    return result


def _kind(document: RawDocument) -> Any:
    return document.value.get("kind") if isinstance(document.value, dict) else None


def _with_keys_in_order(text: str, label: str) -> str:
    """The text with the keys of every block mapping in the order of its model."""
    for number, document in enumerate(parse_documents(text, label)):
        for path, model in _mappings(document.value, KINDS[_kind(document)]):
            current = parse_documents(text, label)[number]  # lines have moved
            text = _reordered(text, current, path, list(model.model_fields))
    return text


def _mappings(
    value: Any, model: type[BaseModel], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], type[BaseModel]]]:
    """Every mapping of a document that is a model's, the outermost first."""
    if not isinstance(value, dict):
        return
    yield path, model
    for key, item in value.items():
        if path == () and key == "environments" and isinstance(item, dict):
            for name, own in item.items():
                yield from _mappings(own, Project, ("environments", name))
        elif (field := model.model_fields.get(key)) and (inner := model_within(field.annotation)):
            yield from _mappings(item, inner, (*path, key))


def _reordered(text: str, document: RawDocument, path: tuple[str, ...], order: list[str]) -> str:
    """The text with the keys of one mapping in `order`; as it is if they do not stand one a line."""
    keys = list(document.value_at(*path))
    places = [document.key_at(*path, key) for key in keys]
    lines = text.splitlines(keepends=True)
    indent = places[0].column - 1 if places else 0
    starts = [place.line - 1 for place in places]
    alone = all(place.column - 1 == indent and not lines[place.line - 1][:indent].strip() for place in places)
    if not alone or starts != sorted(set(starts)) or len(keys) < 2:
        return text
    rank = {key: number for number, key in enumerate(order)}
    wanted = sorted(keys, key=lambda key: rank.get(key, len(rank)))
    if wanted == keys:
        return text
    ends = [
        _end(lines, start, until, indent)
        for start, until in zip(starts, [*starts[1:], len(lines)], strict=True)
    ]
    begins = [_first_comment(lines, starts[0]), *ends[:-1]]
    parts = {key: lines[begin:end] for key, begin, end in zip(keys, begins, ends, strict=True)}
    if not lines[-1].endswith("\n"):
        lines[-1] += "\n"
        parts[keys[-1]] = lines[begins[-1] : ends[-1]]
    moved = [line for key in wanted for line in parts[key]]
    return "".join([*lines[: begins[0]], *moved, *lines[ends[-1] :]])


def _end(lines: list[str], start: int, until: int, indent: int) -> int:
    """The line after the last that belongs to the key at `start`; comments over the next key do not."""
    end = start + 1
    for number in range(start + 1, until):
        line = lines[number]
        content = line.strip()
        depth = len(line) - len(line.lstrip(" "))
        if not content:
            continue
        if depth < indent or (depth == indent and not content.startswith("- ")):
            if content.startswith("#"):
                continue
            break
        end = number + 1
    return end


def _first_comment(lines: list[str], start: int) -> int:
    """The first line of the comment that stands directly over the first key."""
    while start and lines[start - 1].lstrip().startswith("#"):
        start -= 1
    return start


def _round_trip(text: str) -> str:
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = _WIDTH
    yaml.allow_unicode = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    documents = [_requoted(document, "") for document in yaml.load_all(text)]
    out = io.StringIO()
    yaml.dump_all(documents, out)
    return _with_comments_aligned(out.getvalue().splitlines())


def _with_comments_aligned(lines: list[str]) -> str:
    """Comments of their own line at the depth of what stands before or after; no spaces at line ends."""
    depths = [len(line) - len(line.lstrip(" ")) for line in lines]
    result = []
    before, block = 0, -1
    for number, line in enumerate(lines):
        content = line.strip()
        if block >= 0 and (not content or depths[number] > block):
            result.append(line)  # within a block of text, where # is no comment
            continue
        block = -1
        if content.startswith("#"):
            after = next((depths[at] for at in range(number + 1, len(lines)) if _is_content(lines[at])), 0)
            low, high = sorted((before, after))
            depth = low if depths[number] <= low else high
            result.append(" " * depth + content)
            continue
        if content:
            before = depths[number]
            block = before if _BLOCK.search(line) else -1
        beside = _BESIDE.fullmatch(line)
        if beside and beside[1].count('"') % 2 == beside[1].count("'") % 2 == 0:
            result.append(f"{beside[1]} {beside[2]}")
        else:
            result.append(line.rstrip())
    return "\n".join(result).lstrip("\n") + "\n"


def _is_content(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _requoted(value: Any, key: str) -> Any:
    """The value with identifiers, and whatever was in single quotes, in double quotes where that is plain."""
    if isinstance(value, dict):
        for name in value:
            value[name] = _requoted(value[name], str(name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            value[number] = _requoted(item, key)
    elif isinstance(value, str):
        single = isinstance(value, SingleQuotedScalarString)
        plain = type(value) is str
        if (single and not re.search(r'["\\]', value)) or (plain and key in _IDENTIFIERS):
            return DoubleQuotedScalarString(value)
    return value
