"""YAML → plain values, and where each of them stands. Knows nothing of what a document means.

Values are built from the parser's events by the core schema of YAML 1.2 with timestamps and merges; no
tag makes an object, nesting and aliases are bounded, and a key that stands twice is an error.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.parser import Parser

from yeta_reconcile.diagnostics import Diagnostic, Position
from yeta_reconcile.documents.yamltext import _refuse_control_characters, _refused, read_text, syntax_error
from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.wording import UNSAID, Text, phrase

MAX_DEPTH = 50
MAX_VALUES = 200_000
# Keys at the top of a document that say nothing: a place for what anchors name.
ASIDE = "x-"

_TAG = "tag:yaml.org,2002:"
_NUMBER = re.compile(
    r"(?P<int>[-+]?[0-9]+)|0o(?P<oct>[0-7]+)|0x(?P<hex>[0-9a-fA-F]+)"
    r"|(?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<inf>[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))"
    r"|(?P<time>\d{4}-\d\d-\d\d(?:[Tt ].+)?)"
)
_WORDS = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "null": (type(None),),
    "timestamp": (datetime, date),
}
# A key of `entries` may be a telephone number.
_PRIVATE = re.compile(r"\d{5}")
# So deep at most stand keys that are named in a message.
_NAMED = 2
_PLAIN = re.compile(r"[^\s,\[\]{}]+")
# libyaml knows no colon (as in a time of day) and no question mark within unquoted text in {} or [];
# YAML 1.2 does, and so does ruamel's own parser, which is far slower and is asked only then.
_NOT_OF_LIBYAML = ("unexpected ':'", "expected node content", "expected ','")
_PURE_CHARACTERS = 100_000
# Where it is missing, this is ruamel's own.
_LIBYAML = YAML(typ="safe", plug_ins=[]).Parser
# line << _COLUMN_BITS | column, both from 0; a column fits since a file is at most MAX_BYTES long.
_COLUMN_BITS = 20


class _Places(NamedTuple):
    """One document's places by path: of values, and of the keys of mappings."""

    values: dict[tuple[Any, ...], int]
    keys: dict[tuple[Any, ...], int]


@dataclass(slots=True)
class RawDocument:
    """One document: `value` holds dict, list, str, int, float, bool, None, date and datetime.

    `findings` are what is wrong with it though it could be read: keys that stand twice, foreign tags.
    `text` is that of the whole file as it was read; `places` are where values and keys stand, in its order.
    """

    file: str
    value: Any
    findings: list[Diagnostic]
    text: str
    places: array[int]
    _index: _Places | None = None

    def at(self, *path: str | int) -> Position:
        """Where the value at `path` stands; if there is none, the nearest value around it."""
        places = self._indexed().values
        while path not in places:
            path = path[:-1]
        return self._position(places[path])

    def key_at(self, *path: str | int) -> Position:
        """Where the key that ends `path` stands; if it has none, as `at`."""
        place = self._indexed().keys.get(path)
        return self.at(*path) if place is None else self._position(place)

    def has(self, *path: str | int) -> bool:
        """Whether there is a value at `path`."""
        return path in self._indexed().values

    def value_at(self, *path: str | int) -> Any:
        """The value at `path`; if there is none, the nearest around it."""
        value = self.value
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                break
        return value

    def written_at(self, *path: str | int) -> str:
        """The unquoted text of the value at `path` as it stands in the file."""
        position = self.at(*path)
        line = self.text.split("\n")[position.line - 1]
        match = _PLAIN.match(line, position.column - 1)
        return match[0] if match else ""

    def _indexed(self) -> _Places:
        if self._index is None:
            self._index = _Places({}, {})
            _lay_out(self.value, (), iter(self.places), self._index)
        return self._index

    def _position(self, place: int) -> Position:
        column = place & ((1 << _COLUMN_BITS) - 1)
        return Position(self.file, (place >> _COLUMN_BITS) + 1, column + 1)


def _lay_out(value: Any, path: tuple[Any, ...], places: Iterator[int], index: _Places) -> None:
    """Pair every value below `path` with its place; both come in the order of the document."""
    index.values[path] = next(places)
    if isinstance(value, dict):
        for key, item in value.items():
            index.keys[*path, key] = next(places)
            _lay_out(item, (*path, key), places, index)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            _lay_out(item, (*path, number), places, index)


def read_documents(path: Path, label: str) -> list[RawDocument]:
    """Every document of a file, in order; none if it holds nothing but comments.

    `label` is the path that positions show. Raises InvalidInput if the file cannot be read as YAML.
    """
    return parse_documents(read_text(path, label), label)


def parse_documents(text: str, label: str) -> list[RawDocument]:
    """Every document in a text, as `read_documents`."""
    _refuse_control_characters(text, label)
    try:
        return _documents(text, label, pure=False)
    except MarkedYAMLError as error:
        doubtful = any(words in str(error.problem) for words in _NOT_OF_LIBYAML)
        refused = syntax_error(error, label, text)
        if not doubtful or len(text) > _PURE_CHARACTERS:
            raise refused from None
    except YAMLError:
        raise _refused(label, "syntax", phrase("this is no YAML")) from None
    try:
        return _documents(text, label, pure=True)
    except MarkedYAMLError as error:
        later = syntax_error(error, label, text)  # whoever came further tripped over what is really wrong
        raise max(refused, later, key=_place) from None


def _place(refused: InvalidInput) -> Position:
    return refused.diagnostics[0].position or Position("")


def _documents(text: str, label: str, *, pure: bool) -> list[RawDocument]:
    with _events(text, pure=pure) as events:
        starts = (event for event in events if isinstance(event, DocumentStartEvent))
        return [_Builder(label, events).document(text) for _ in starts]


@contextmanager
def _events(text: str, *, pure: bool) -> Iterator[Iterator[Any]]:
    """The parser's events; libyaml's come without a `YAML` around it, which takes as long as a document."""
    if pure or _LIBYAML is Parser:
        yield iter(YAML(typ="safe", pure=True, plug_ins=[]).parse(text))
        return
    parser = _LIBYAML(text)
    try:
        yield iter(parser.get_event, None)
    finally:
        parser.dispose()


class _Builder:
    """Builds one document from events; `places` holds a place a value and a key, in that order."""

    def __init__(self, label: str, events: Iterator[Any]) -> None:
        self.label = label
        self.events = events
        self.places: array[int] = array("Q")
        self.findings: list[Diagnostic] = []
        self.anchors: dict[str, tuple[Any, array[int]] | None] = {}

    def document(self, text: str) -> RawDocument:
        value = self.value(next(self.events), 0)
        if isinstance(value, dict) and (asides := [key for key in value if str(key).startswith(ASIDE)]):
            whole, places = value, iter(self.places)
            value, self.places = dict.fromkeys(asides), self.places[:1]
            self.merge(value, whole, places)  # which leaves out what is there
            for key in asides:
                del value[key]
        return RawDocument(self.label, value, self.findings, text, self.places)

    def value(self, event: Any, depth: int) -> Any:
        mark = event.start_mark
        place = mark.line << _COLUMN_BITS | mark.column
        if type(event) is ScalarEvent and event.anchor is None:  # by far the most frequent
            self.places.append(place)
            return self.scalar(event)
        if isinstance(event, AliasEvent):
            return self.alias(event)
        start = len(self.places)
        self.places.append(place)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        if isinstance(event, ScalarEvent):
            value = self.scalar(event)
        else:
            self.bound(event, depth)
            value = (
                self.mapping(depth + 1) if isinstance(event, MappingStartEvent) else self.sequence(depth + 1)
            )
        if event.anchor is not None:
            self.anchors[event.anchor] = value, self.places[start:]
        return value

    def bound(self, event: MappingStartEvent | SequenceStartEvent, depth: int) -> None:
        if depth >= MAX_DEPTH:
            raise _refused(
                self.position(event),
                "too-deep",
                phrase("nested more than {max_depth} levels deep", max_depth=MAX_DEPTH),
            )
        if event.tag not in {None, "!", _TAG + "map", _TAG + "seq"}:
            self.foreign_tag(event)

    def sequence(self, depth: int) -> list[Any]:
        items = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            items.append(self.value(event, depth))
        return items

    def mapping(self, depth: int) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        merged: list[tuple[Any, array[int]]] = []
        while not isinstance(event := next(self.events), MappingEndEvent):
            start = len(self.places)
            key = self.value(event, depth)
            is_merge = key == "<<" and isinstance(event, ScalarEvent) and event.implicit[0]
            value = self.value(next(self.events), depth)
            if is_merge:
                merged.append((value, self.places[start + 1 :]))
                if not self.can_merge(value):
                    self.found(event, "merge", phrase("<< takes a mapping, or a list of mappings"))
            elif isinstance(key, dict | list):
                self.found(event, "key", phrase("a key must be plain text"))
            elif key in result:
                # Deeper down keys may be relation ids and headers, which nobody but their owner may see.
                known = depth <= _NAMED and not _PRIVATE.search(str(key))
                name = phrase("the key {key}", key=key) if known else phrase("this key")
                self.found(
                    event,
                    "duplicate-key",
                    phrase("{name} stands twice", name=name),
                    phrase("keep one of the two"),
                )
            else:
                result[key] = value
                continue
            del self.places[start:]
        for value, places in merged:
            self.merge(result, value, iter(places))
        return result

    def can_merge(self, value: Any) -> bool:
        items = value if isinstance(value, list) else [value]
        return all(isinstance(item, dict) for item in items)

    def merge(self, into: dict[Any, Any], value: Any, places: Iterator[int]) -> None:
        """Add what `into` has not yet; of several mappings the first that has a key gives it."""
        next(places, None)
        if isinstance(value, list):
            for item in value:
                self.merge(into, item, places)
        elif isinstance(value, dict):
            for key, item in value.items():
                own = [next(places) for _ in range(1 + _count(item))]
                if key not in into:
                    into[key] = item
                    self.places.extend(own)

    def alias(self, event: AliasEvent) -> Any:
        if event.anchor not in self.anchors:
            raise _refused(
                self.position(event),
                "alias",
                phrase("no anchor &{anchor} stands before", anchor=event.anchor),
            )
        anchor = self.anchors[event.anchor]
        if anchor is None:
            raise _refused(
                self.position(event),
                "alias",
                phrase("*{anchor} stands within what it refers to", anchor=event.anchor),
            )
        value, places = anchor
        if len(self.places) + len(places) > MAX_VALUES:
            raise _refused(
                self.position(event),
                "alias",
                phrase("aliases make this document too large"),
                hint=phrase("write less"),
            )
        self.places.extend(places)
        return value

    def scalar(self, event: ScalarEvent) -> Any:
        tag, text = event.tag, event.value
        if tag is None:
            return resolve(text) if event.implicit[0] else text
        if tag == "!":
            return text
        kind = tag.removeprefix(_TAG)
        if kind == "str":
            return text
        if kind not in _TYPES:
            self.foreign_tag(event)
            return text
        value = resolve(text)
        if not isinstance(value, _TYPES[kind]):
            self.found(event, "tag", phrase("this is no {kind}", kind=kind))
        return value

    def foreign_tag(self, event: ScalarEvent | MappingStartEvent | SequenceStartEvent) -> None:
        self.found(
            event, "tag", phrase("the tag {tag} means nothing here", tag=event.tag), phrase("take it off")
        )

    def found(self, event: NodeEvent, code: str, summary: Text, hint: Text = UNSAID) -> None:
        self.findings.append(Diagnostic("error", code, summary, self.position(event), hint))

    def position(self, event: NodeEvent) -> Position:
        return Position(self.label, event.start_mark.line + 1, event.start_mark.column + 1)


def _count(value: Any) -> int:
    """How many places a value takes."""
    if isinstance(value, dict):
        return 1 + sum(1 + _count(item) for item in value.values())
    if isinstance(value, list):
        return 1 + sum(map(_count, value))
    return 1


def resolve(text: str) -> Any:
    """What unquoted text means: null, bool, number, time, or the text itself (YAML 1.2, core schema)."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    match = _NUMBER.fullmatch(text)
    if match is None:
        return text
    try:
        match match.lastgroup:
            case "int":
                return int(text)
            case "oct":
                return int(match["oct"], 8)
            case "hex":
                return int(match["hex"], 16)
            case "time":
                return datetime.fromisoformat(text) if len(text) > 10 else date.fromisoformat(text)
            case _:
                return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:
        return text
