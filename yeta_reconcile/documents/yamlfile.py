"""YAML → plain values, and where each of them stands. Knows nothing of what a document means.

Values are built from the parser's events by the core schema of YAML 1.2 with timestamps and merges; no
tag makes an object, nesting and aliases are bounded, and a key that stands twice is an error.
"""

from __future__ import annotations

import re
from array import array
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

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
from yeta_reconcile.documents.punctuation import slip_in
from yeta_reconcile.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_BYTES = 1_000_000
MAX_DEPTH = 50
MAX_VALUES = 200_000
# Most documents are far smaller than they may be, and room for the largest takes long to ask for.
_PIECE = 1 << 16
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
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
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
    """

    file: str
    value: Any
    findings: list[Diagnostic]
    _text: str
    _places: array[int]
    _index: _Places | None = None

    @property
    def text(self) -> str:
        """The text of the whole file as it was read."""
        return self._text

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
        line = self._text.split("\n")[position.line - 1]
        match = _PLAIN.match(line, position.column - 1)
        return match[0] if match else ""

    def _indexed(self) -> _Places:
        if self._index is None:
            self._index = _Places({}, {})
            _lay_out(self.value, (), iter(self._places), self._index)
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
        raise _refused(label, "syntax", "this is no YAML") from None
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


def read_text(path: Path, label: str) -> str:
    """The text of a file. Raises InvalidInput if it cannot be read, is no UTF-8, or is too large."""
    try:
        with path.open("rb") as file:
            data = file.read(_PIECE)
            if len(data) == _PIECE:
                data += file.read(MAX_BYTES + 1 - _PIECE)
    except IsADirectoryError:
        raise _refused(label, "unreadable", "this is a folder, not a file") from None
    except OSError as error:
        raise _refused(label, "unreadable", f"cannot be read: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise _refused(
            label,
            "too-large",
            f"the file is larger than {MAX_BYTES // 1_000_000} MB",
            hint="rows belong in a CSV file; split what is left over several files",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _refused(
            Position(label, line), "encoding", "this is not UTF-8", hint="save the file as UTF-8"
        ) from None


def _refuse_control_characters(text: str, label: str) -> None:
    match = _CONTROL.search(text)
    if match is None:
        return
    line = text.count("\n", 0, match.start()) + 1
    column = match.start() - text.rfind("\n", 0, match.start())
    raise _refused(
        Position(label, line, column),
        "control-character",
        f"the control character U+{ord(match[0]):04X} cannot stand in YAML",
        hint='take it out, or write it as an escape in double quotes, like "\\x1b"',
    )


def syntax_error(error: MarkedYAMLError, label: str, text: str) -> InvalidInput:
    """What a parser refused in a text, in our words."""
    mark = error.problem_mark or error.context_mark
    position = Position(label, mark.line + 1, mark.column + 1) if mark else Position(label)
    problem = str(error.problem or "this is no YAML")
    hint = ""
    if "tab character" in problem:
        problem, hint = "a tab stands where the indentation is", "indent with spaces, never tabs"
    elif "cannot start any token" in problem:
        problem = "this character cannot stand here"
        hint = "indent with spaces, never tabs; quote text that begins with a special character"
    elif "mapping values are not allowed" in problem:
        hint = "is the line above indented as this one? Text that holds ': ' must be quoted"
    elif error.context:
        problem = f"{problem} {error.context}"
    first = error.context_mark.line + 1 if error.context_mark else position.line - 2
    last = first if "simple key" in str(error.context) else position.line
    slip = slip_in(text, first, last)
    return _refused(position, "syntax", problem, hint=slip or hint)


def _refused(place: str | Position, code: str, summary: str, *, hint: str = "") -> InvalidInput:
    position = Position(place) if isinstance(place, str) else place
    found = Diagnostic("error", code, summary, position, hint)
    return InvalidInput("a document cannot be read", [found])


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
        if isinstance(value, dict):
            value = {key: part for key, part in value.items() if not str(key).startswith(ASIDE)}
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
            raise _refused(self.position(event), "too-deep", f"nested more than {MAX_DEPTH} levels deep")
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
                    self.found(event, "merge", "<< takes a mapping, or a list of mappings")
            elif isinstance(key, dict | list):
                self.found(event, "key", "a key must be plain text")
            elif key in result:
                # Deeper down keys may be relation ids and headers, which nobody but their owner may see.
                known = depth <= _NAMED and not _PRIVATE.search(str(key))
                name = f"the key {key}" if known else "this key"
                self.found(event, "duplicate-key", f"{name} stands twice", "keep one of the two")
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
            raise _refused(self.position(event), "alias", f"no anchor &{event.anchor} stands before")
        anchor = self.anchors[event.anchor]
        if anchor is None:
            raise _refused(self.position(event), "alias", f"*{event.anchor} stands within what it refers to")
        value, places = anchor
        if len(self.places) + len(places) > MAX_VALUES:
            raise _refused(
                self.position(event), "alias", "aliases make this document too large", hint="write less"
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
            self.found(event, "tag", f"this is no {kind}")
        return value

    def foreign_tag(self, event: ScalarEvent | MappingStartEvent | SequenceStartEvent) -> None:
        self.found(event, "tag", f"the tag {event.tag} means nothing here", "take it off")

    def found(self, event: NodeEvent, code: str, summary: str, hint: str = "") -> None:
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
