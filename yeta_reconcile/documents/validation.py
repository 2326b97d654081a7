"""What pydantic finds in a document, in plain words and at its place.

Pure. No value is repeated in a message but an identifier that was not quoted and a word of a closed list.
"""

from __future__ import annotations

import re
import typing
from datetime import date
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from yeta_reconcile.amounts import count
from yeta_reconcile.diagnostics import (
    Diagnostic,
    Position,
    did_you_mean,
)
from yeta_reconcile.documents.values import UNQUOTED
from yeta_reconcile.wording import UNSAID, Text, listed, phrase, said_by

M = TypeVar("M", bound=BaseModel)
# A key may be a telephone number (`entries:` of a dialog context).
_PRIVATE = re.compile(r"\d{5}")
# Below this key stand relation ids and what robots are given, like the cells of a list.
_INNER = "entries"

_WANTED = {
    "string_type": phrase("text is expected"),
    "int_type": phrase("a whole number is expected"),
    "int_parsing": phrase("a whole number is expected"),
    "int_from_float": phrase("a whole number is expected"),
    "float_type": phrase("a number is expected, like 0.12"),
    "float_parsing": phrase("a number is expected, like 0.12"),
    "bool_type": phrase("true or false is expected"),
    "bool_parsing": phrase("true or false is expected"),
    "dict_type": phrase("a mapping is expected, like {key: value}"),
    "model_type": phrase("a mapping is expected, like {key: value}"),
    "model_attributes_type": phrase("a mapping is expected, like {key: value}"),
    "tuple_type": phrase("a list is expected, like [first, second]"),
    "list_type": phrase("a list is expected, like [first, second]"),
    "date_type": phrase("a date is expected, like 2026-12-31"),
    "date_parsing": phrase("a date is expected, like 2026-12-31"),
    "date_from_datetime_parsing": phrase("a date is expected, like 2026-12-31"),
    "date_from_datetime_inexact": phrase("a date without a time of day is expected, like 2026-12-31"),
    "string_too_short": phrase("this must not be empty"),
    "too_short": phrase("this must not be empty"),
}
_PATTERNS = {
    "a-z0-9": phrase(
        "a name is made of a to z, 0 to 9 and hyphens, begins with a letter or digit, and has at most "
        "40 characters"
    ),
    "socks5": phrase("a proxy is expected, like http://proxy.example.com:3128, or `direct` for none"),
    "https?": phrase("a URL is expected, like https://www.xfyeta.com/openapi, without ? or #"),
    ";,": phrase("an identifier holds no spaces, commas, semicolons or quotes"),
}


# What is said of several files for one list (docs/lists.md).
TOGETHER = phrase("put several together before, header once; or each is a campaign of its own")


class Places(Protocol):
    """Where values and keys of a document stand (`yamlfile.RawDocument`)."""

    def at(self, *path: str | int) -> Position:
        """The place of a value."""
        ...

    def key_at(self, *path: str | int) -> Position:
        """The place of a key."""
        ...

    def written_at(self, *path: str | int) -> str:
        """The unquoted text of a value as it stands in the file."""
        ...


def as_far_as_valid(model: type[M], value: Any, needed: str) -> M:
    """A part of a document less the keys whose value is wrong, so that what else is wrong with it is found.

    Raises ValidationError where not even the key that is `needed` is right.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        wrong = {found["loc"][0] for found in error.errors() if found["loc"]}
        if not isinstance(value, dict) or not wrong or needed in wrong:
            raise
        return model.model_validate({key: item for key, item in value.items() if key not in wrong})


def validation_errors(
    error: ValidationError, model: type[BaseModel], places: Places
) -> list[tuple[tuple[Any, ...], Diagnostic]]:
    """Every finding of `error`, with the path in the document that it is about."""
    errors = error.errors(include_url=False, include_context=True)
    parents = {found["loc"][:-1] for found in errors}
    # A list whose items are all wrong is short of items to pydantic, but not to its author.
    return [
        _validation_error(found, model, places)
        for found in errors
        if found["type"] != "too_short" or found["loc"] not in parents
    ]


def _validation_error(
    found: ErrorDetails, model: type[BaseModel], places: Places
) -> tuple[tuple[Any, ...], Diagnostic]:
    path: tuple[Any, ...] = found["loc"]
    context = found.get("ctx", {})
    if "at" in context:
        path = (*path, context["at"])
    kind = found["type"]
    position, hint = places.at(*path), UNSAID
    if path and path[-1] == "[key]":
        path = path[:-1]
        position, summary = places.key_at(*path), phrase("this key must be text: put it in quotes")
    elif kind in {"extra_forbidden", "invalid_key"}:
        position = places.key_at(*path)
        summary = phrase("there is no such key")
        hint = did_you_mean(str(path[-1]), _keys(model, path[:-1]))
    elif kind == "missing":
        position = places.at(*path[:-1])
        summary = phrase("this key is missing")
        hint = _where_to_give(path)
    elif kind == "literal_error":
        summary, hint = _closed_list(found["input"], context)
    elif kind == UNQUOTED:
        written = places.written_at(*path)
        summary = phrase("{written} is an identifier and must be quoted", written=written)
        hint = phrase(
            'write "{written}": unquoted it is a number, and its leading zeros are lost', written=written
        )
    else:
        summary, hint = _in_words(found, context)
    return path, Diagnostic("error", f"invalid-{_code(kind)}", _named(path, summary), position, hint)


def _in_words(found: ErrorDetails, context: dict[str, Any]) -> tuple[Text, Text]:
    kind, given = found["type"], found["input"]
    if "said" in context:
        return context["said"], UNSAID
    if kind == "string_type" and isinstance(given, int | float | date):
        return phrase("text is expected, and this is none without quotes"), phrase("put it in quotes")
    if kind == "string_type" and found["loc"][-1:] == ("csv",) and isinstance(given, list):
        return phrase("one file is expected"), TOGETHER
    if kind in _WANTED:
        return _WANTED[kind], UNSAID
    match kind:
        case "greater_than_equal":
            return phrase("at least {least} is needed", least=context["ge"]), UNSAID
        case "less_than_equal":
            return phrase("at most {most} is possible", most=context["le"]), UNSAID
        case "string_too_long" | "too_long" if isinstance(given, str):
            return phrase(
                "at most {characters}", characters=count(context["max_length"], "character")
            ), UNSAID
        case "string_pattern_mismatch":
            words = [words for mark, words in _PATTERNS.items() if mark in context["pattern"]]
            return (words or [Text(found["msg"])])[0], UNSAID
        case "value_error":
            return said_by(context["error"]), UNSAID
    message = found["msg"]
    return Text(message[:1].lower() + message[1:]), UNSAID


def _closed_list(given: Any, context: dict[str, Any]) -> tuple[Text, Text]:
    names = re.findall(r"'([^']*)'", context["expected"])
    summary = phrase(
        "one of {names} is expected" if len(names) > 1 else "{names} is expected", names=listed(names, 0)
    )
    near = did_you_mean(given, names) if isinstance(given, str) else UNSAID
    return summary, near if near.startswith("did") else UNSAID


def _where_to_give(path: tuple[Any, ...]) -> Text:
    if path in {("robot",), ("lines",), ("line",)}:
        name = "lines" if path == ("line",) else path[0]
        return phrase("give it here, or {name} under `defaults:` in yeta.yaml for every campaign", name=name)
    return UNSAID


def _named(path: tuple[Any, ...], summary: Text) -> Text:
    """The summary after the dotted path of the key it is about."""
    inner = path.index(_INNER) if _INNER in path else len(path)
    parts = ["…" if _PRIVATE.search(str(part)) or at > inner else part for at, part in enumerate(path)]
    dotted = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return phrase("{path}: {summary}", path=dotted.lstrip("."), summary=summary) if dotted else summary


def _code(kind: str) -> str:
    return {"extra_forbidden": "key", "missing": "missing-key", "literal_error": "word"}.get(
        kind, "identifier" if kind == UNQUOTED else "value"
    )


def _keys(model: type[BaseModel], path: tuple[Any, ...]) -> list[str]:
    """The keys that the mapping at `path` of a model can have; none if it is no model's."""
    for part in path:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part)
        inner = model_within(field.annotation) if field else None
        if inner is None:
            return []
        model = inner
    return list(model.model_fields)


def model_within(annotation: Any) -> type[BaseModel] | None:
    """The model that a field holds, if it holds one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(model_within, typing.get_args(annotation))), None)
