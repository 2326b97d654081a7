"""Where a value stands in a file, and what is said about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any, Literal

from yeta_reconcile.frozen import dataclass
from yeta_reconcile.wording import UNSAID, Text, kept, listed, phrase, retold

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place: `file` relative to the repository, `line` and `column` from 1 (0: the whole file).

    The whole file is shown as its first line, since editors and pipelines expect `path:line:column`.
    """

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line or 1}:{self.column or 1}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: what is wrong (`summary`) and what would be right (`hint`), at a place if it has one.

    `code` is a short kebab-case word from a closed list of its module: shown and searched for, never
    branched on. Neither `summary` nor `hint` may hold a telephone number or a dynamic value in the clear.
    """

    severity: Severity
    code: str
    """A short word for this kind of finding."""
    summary: Text
    """What is wrong."""
    position: Position | None = None
    hint: Text = UNSAID
    """What would be right."""
    campaign: str | None = None

    def __str__(self) -> str:
        place = f"{self.position}: " if self.position else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.severity}: {self.summary}{hint}"


def once(findings: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Each finding once, in order: what is wrong at one place is, however many campaigns inherit it."""
    found: dict[Diagnostic, set[str | None]] = {}
    for one in findings:
        same = replace(one, campaign=None) if one.position else one
        found.setdefault(same, set()).add(one.campaign)
    return [replace(one, campaign=min(of, key=str)) if len(of) == 1 else one for one, of in found.items()]


def diagnostic_json(found: Diagnostic) -> dict[str, Any]:
    """A finding as JSON values; `file`, `line` and `column` are null where it has no place."""
    return {
        "severity": found.severity,
        "code": found.code,
        "summary": found.summary,
        **_place(found.position),
        "hint": found.hint,
        "campaign": found.campaign,
    }


def kept_diagnostic(found: Diagnostic) -> dict[str, Any]:
    """A finding as JSON values that `restore_diagnostic` takes, which another language can tell again."""
    return {**diagnostic_json(found), "said": {"summary": kept(found.summary), "hint": kept(found.hint)}}


NOWHERE: dict[str, Any] = {"file": None, "line": None, "column": None}


def _place(position: Position | None) -> dict[str, Any]:
    return asdict(position) if position else NOWHERE


def restore_diagnostic(saved: dict[str, Any]) -> Diagnostic:
    """The finding that `kept_diagnostic` gave; a former version kept its English alone."""
    said = saved.get("said") or {}
    place = [saved[key] for key in NOWHERE]
    return Diagnostic(
        severity=saved["severity"],
        code=saved["code"],
        summary=retold(said.get("summary"), saved["summary"]),
        position=Position(*place) if place[0] is not None else None,
        hint=retold(said.get("hint"), saved["hint"]),
        campaign=saved["campaign"],
    )


def did_you_mean(given: str, known: Iterable[str]) -> Text:
    """`did you mean X?` if a known name is near, else the names there are, else nothing."""
    names = list(known)
    near = difflib.get_close_matches(given, names, n=1, cutoff=0.6)
    if near:
        return phrase("did you mean {name}?", name=near[0])
    if not names:
        return UNSAID
    shown = listed([*names[:20], *(["…"] if len(names) > 20 else [])], 0)
    return phrase("there is {names}" if len(names) == 1 else "there are {names}", names=shown)
