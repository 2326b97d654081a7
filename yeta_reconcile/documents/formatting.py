"""A document's canonical text: keys in the order of the models, two spaces, identifiers in double quotes.

Comments stay with the key they stand over or beside, and what a document says never changes. What has
comments inside {} or [] stays as it is written.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, SingleQuotedScalarString
from ruamel.yaml.tokens import (
    AliasToken,
    AnchorToken,
    DirectiveToken,
    DocumentStartToken,
    FlowMappingEndToken,
    FlowMappingStartToken,
    FlowSequenceEndToken,
    FlowSequenceStartToken,
    ScalarToken,
)

from yeta_reconcile.diagnostics import Diagnostic, Position
from yeta_reconcile.documents.models import Campaign, DialogContext, DirectCall, Project
from yeta_reconcile.documents.validation import model_within
from yeta_reconcile.documents.yamlfile import RawDocument, parse_documents, resolve
from yeta_reconcile.documents.yamltext import syntax_error
from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.wording import Text, phrase

KINDS: dict[Any, type[BaseModel]] = {
    "Project": Project,
    "Campaign": Campaign,
    "DirectCall": DirectCall,
    "DialogContext": DialogContext,
}
_IDENTIFIERS = {"robot", "line", "lines", "voice"}
_COMMENT = re.compile(r"#[^\r\n]*")
_BESIDE = re.compile(r"(.*\S) {2,}(#.*)")
_BLOCK = re.compile(r"(?:^|[\s:-])[|>][-+0-9]*(?:\s+#.*)?$")
_KEEPING = re.compile(r"(?:^|[\s:-])[|>]\d?\+\d?(?:\s+#.*)?$")
# Stands for what stays as it is written; no document has these characters.
_MASK = re.compile('"\ue000(\\d+)\ue000"')
# No line is folded: where one breaks is for whoever wrote it.
_WIDTH = 1_000_000


class _AsWritten(VersionedResolver):
    """Takes every scalar for text: none is understood, and then written in another form."""

    @property
    def versioned_resolver(self) -> dict[str, list[Any]]:
        """No rule at all."""
        return {}


@dataclass(slots=True)
class _Asides:
    """What a text has beside its values. `flows` are where {} and [] with comments inside begin and end."""

    comments: list[tuple[str, int]] = field(default_factory=list)
    flows: list[tuple[int, int]] = field(default_factory=list)
    anchors: list[int] = field(default_factory=list)
    directives: list[int] = field(default_factory=list)
    shared: bool = False
    """Whether a value stands in more than one place, so that the order counts."""
    opening: int | None = None
    """Where the `---` of the first document stands."""


def canonical(text: str, label: str) -> str | None:
    """The canonical form of a file; None if any document in it is none of ours.

    Raises InvalidInput, with why and where, if the text is no YAML, or cannot be rewritten without a loss.
    """
    documents = parse_documents(text, label)
    if not documents or not all(_kind(document) in KINDS for document in documents):
        return None
    if findings := [found for document in documents for found in document.findings]:
        raise InvalidInput(phrase("a document cannot be read"), findings)
    try:
        asides = _asides(text)
        _refuse_what_cannot_stay(text, asides, label)
        result = _rewritten(text, asides, label)
        kept = Counter(comment for comment, _ in _asides(result).comments)
    except MarkedYAMLError as error:
        raise syntax_error(error, label, text) from None
    for before, after in zip(documents, parse_documents(result, label), strict=True):
        if (path := _difference(before.value, after.value)) is not None:
            raise _refused(
                before.at(*path), phrase("this value would change"), phrase("write it in another way")
            )
    for comment, place in asides.comments:
        kept[comment] -= 1
        if kept[comment] < 0:
            raise _refused(
                _position(text, place, label),
                phrase("this comment would be lost"),
                phrase("put it over or beside a key"),
            )
    return result


def _refuse_what_cannot_stay(text: str, asides: _Asides, label: str) -> None:
    if asides.directives:
        place = _position(text, asides.directives[0], label)
        raise _refused(
            place, phrase("a directive cannot be kept"), phrase("take it off: YAML 1.2 is read here")
        )
    for begin, end in asides.flows:
        for anchor in asides.anchors:
            if begin < anchor < end:
                raise _refused(
                    _position(text, anchor, label),
                    phrase("an anchor cannot be kept in {} or [] that has comments inside"),
                    phrase("write one key or item a line, without the brackets"),
                )


def _refused(place: Position, summary: Text, hint: Text) -> InvalidInput:
    found = Diagnostic("error", "format", summary, place, hint)
    return InvalidInput(phrase("a document cannot be put in order"), [found])


def _position(text: str, index: int, label: str) -> Position:
    return Position(label, text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))


def _difference(before: Any, after: Any, path: tuple[Any, ...] = ()) -> tuple[Any, ...] | None:
    """The path of the first value that is not the same; None if there is none."""
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
        pairs = [(key, before[key], after[key]) for key in before]
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = [(number, one, after[number]) for number, one in enumerate(before)]
    else:
        return None if repr(before) == repr(after) else path  # 1 is not 1.0, and NaN is NaN
    found = (_difference(one, other, (*path, key)) for key, one, other in pairs)
    return next((different for different in found if different is not None), None)


def _asides(text: str) -> _Asides:
    """Raises MarkedYAMLError."""
    asides = _Asides()
    end, depth, begin, comments = 0, 0, 0, 0
    for number, token in enumerate(YAML(typ="safe", pure=True).scan(text)):
        start = token.start_mark.index
        # Between two tokens there is nothing but space and comments; a block of text has one in its head.
        head = end if not _is_block(token) else start + len(text[start:].partition("\n")[0])
        asides.comments += [
            (match[0].rstrip(), match.start()) for match in _COMMENT.finditer(text, end, max(start, head))
        ]
        end = token.end_mark.index
        match token:
            case DirectiveToken():
                asides.directives.append(start)
            case DocumentStartToken() if number == 1:
                asides.opening = start
            case AnchorToken():
                asides.anchors.append(start)
                asides.shared = True
            case AliasToken():
                asides.shared = True
            case ScalarToken():
                asides.shared |= token.plain and token.value == "<<"
            case FlowMappingStartToken() | FlowSequenceStartToken():
                if not depth:
                    begin, comments = start, len(asides.comments)
                depth += 1
            case FlowMappingEndToken() | FlowSequenceEndToken():
                depth -= 1
                if not depth and len(asides.comments) > comments:
                    asides.flows.append((begin, end))
    return asides


def _is_block(token: Any) -> bool:
    return isinstance(token, ScalarToken) and token.style in {"|", ">"}


def _rewritten(text: str, asides: _Asides, label: str) -> str:
    flows = [text[begin:end] for begin, end in asides.flows]
    depths = [_depth(_line_at(text, begin)) for begin, _ in asides.flows]
    for number, (begin, end) in reversed(list(enumerate(asides.flows))):
        text = f'{text[:begin]}"\ue000{number}\ue000"{text[end:]}'
    if asides.opening is not None:
        # It is left out in any case; what stands over it would go with it.
        text = text[: asides.opening] + text[asides.opening + len("---") :].lstrip(" \t")
    result = _round_trip(text if asides.shared else _with_keys_in_order(text, label))

    def as_it_was(mask: re.Match[str]) -> str:
        number = int(mask[1])
        deeper = _depth(_line_at(result, mask.start())) - depths[number]
        first, *others = flows[number].splitlines()
        moved = [f"{' ' * (_depth(line) + deeper)}{line.strip()}".rstrip() for line in others]
        return "\n".join([first.rstrip(), *moved])

    return _MASK.sub(as_it_was, result)


def _line_at(text: str, index: int) -> str:
    return text[text.rfind("\n", 0, index) + 1 :].partition("\n")[0]


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


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
    if document.at(*path) not in places:
        return text  # in {}
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
    kept = indent if _KEEPING.search(lines[start].rstrip()) else -1
    for number in range(start + 1, until):
        line = lines[number]
        content = line.strip()
        depth = _depth(line)
        if not content:
            end = number + 1 if kept >= 0 else end
            continue
        if depth <= kept:
            kept = -1
        if kept < 0 and _KEEPING.search(line.rstrip()):
            kept = depth
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
    yaml.Resolver = _AsWritten
    yaml.preserve_quotes = True
    yaml.width = _WIDTH
    yaml.allow_unicode = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.composer.warn_double_anchors = False
    documents = [_requoted(document, "") for document in yaml.load_all(text)]
    out = io.StringIO()
    yaml.dump_all(documents, out)
    return _with_comments_aligned(out.getvalue().splitlines())


def _with_comments_aligned(lines: list[str]) -> str:
    """Comments of their own line at the depth of what stands before or after; no spaces at line ends."""
    depths = [_depth(line) for line in lines]
    result = []
    before, block = 0, -1
    for number, line in enumerate(lines):
        content = line.strip()
        if block >= 0 and (not content or depths[number] > block):
            result.append(line)  # within a block of text, where # is no comment
            continue
        block = -1
        if line == "...":
            continue  # ends a text that keeps its empty lines; so does whatever comes next
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
    """The value with identifiers, and whatever was in single quotes, in double quotes where that is plain.

    Anchors are kept, also those that nothing refers to.
    """
    anchor: Any = getattr(value, "anchor", None)
    named = bool(anchor and anchor.value)
    if named:
        anchor.always_dump = True
    if isinstance(value, dict):
        for name in value:
            value[name] = _requoted(value[name], str(name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            value[number] = _requoted(item, key)
    elif isinstance(value, str) and not named:
        single = isinstance(value, SingleQuotedScalarString)
        plain = type(value) is str and isinstance(resolve(value), str)
        if (single and not re.search(r'["\\]', value)) or (plain and key in _IDENTIFIERS):
            return DoubleQuotedScalarString(value)
    return value
