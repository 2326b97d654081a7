"""Findings of a document say so where a Chinese keyboard slipped in their line; further slips are found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from yeta_reconcile.diagnostics import Diagnostic, Position
from yeta_reconcile.documents.punctuation import slip_in, slip_within
from yeta_reconcile.documents.yamlfile import RawDocument
from yeta_reconcile.wording import Text, phrase

# What these keys hold is for people or for robots.
_TEXTS = {"description", "entries", "defaults", "columns"}


def hinted(findings: Sequence[Diagnostic], raw: RawDocument) -> list[Diagnostic]:
    """The findings of a document, of which those at a line with a slip say so, and further slips."""
    found = [
        replace(found, hint=slip)
        if found.severity == "error"
        and found.position
        and found.position.file == raw.file
        and (slip := _slip_at(raw.text, found.position))
        else found
        for found in findings
    ]
    return [*found, *_taken_for_text(raw, found)]


def _slip_at(text: str, place: Position) -> Text:
    slip = slip_in(text, place.line, place.line)
    return slip or (slip_within(text, place.line, place.column) if place.column else slip)


def _taken_for_text(raw: RawDocument, said: Sequence[Diagnostic]) -> Iterator[Diagnostic]:
    """Values that begin with quotes in full width, which quote nothing, if nothing else is `said` there."""
    if not any(mark in raw.text for mark in "“”‘’"):
        return
    places = {found.position for found in said}
    for path in _quoted(raw.value, ()):
        place = raw.at(*path)
        if place not in places and (slip := slip_in(raw.text, place.line, place.line)):
            summary = phrase("the quotes around this text are part of it")
            yield Diagnostic("warning", "full-width", summary, place, slip)


def _quoted(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in _TEXTS or (key == "defaults" and not path and value.get("kind") == "Project"):
                yield from _quoted(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _quoted(item, (*path, number))
    elif isinstance(value, str) and value[:1] in set("“”‘’"):
        yield path
