"""Diagnostics as code hosts read them: GitHub workflow commands, GitLab code quality, SARIF."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import quote

from yeta_reconcile.diagnostics import Diagnostic, Position
from yeta_reconcile.render.table import Paint, clean
from yeta_reconcile.wording import phrase, spoken, worded

_COLOUR = {"error": "alarm", "warning": "careful", "note": "calm"}
SEVERITY = {"error": phrase("error"), "warning": phrase("warning"), "note": phrase("note")}
_RANK = {"note": 0, "warning": 1, "error": 2}

_GITHUB = {"error": "error", "warning": "warning", "note": "notice"}
_GITLAB = {"error": "major", "warning": "minor", "note": "info"}


def github_annotations(diagnostics: Iterable[Diagnostic]) -> str:
    """One workflow command a line (`::error file=…,line=…,col=…,title=…::message`)."""
    return "".join(f"{_github(found)}\n" for found in diagnostics)


def _github(found: Diagnostic) -> str:
    properties: dict[str, str] = {}
    if found.position:
        properties["file"] = found.position.file
        if found.position.line:
            properties |= {"line": str(found.position.line), "col": str(found.position.column or 1)}
    properties["title"] = found.code
    given = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_GITHUB[found.severity]} {given}::{_data(_message(found))}"


def _data(text: str) -> str:
    """The escapes of a command's message; the percent sign first, since the others bring it in."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def gitlab_code_quality(
    diagnostics: Iterable[Diagnostic], *, settings: str = "yeta.yaml"
) -> list[dict[str, Any]]:
    """GitLab's code quality report; its fingerprints stay the same when lines move.

    GitLab wants a place of every finding: one that has none is shown at the file of the `settings`.
    """
    return [
        {
            "description": _message(found),
            "check_name": found.code,
            "fingerprint": fingerprint,
            "severity": _GITLAB[found.severity],
            "location": {
                "path": found.position.file if found.position else settings,
                "lines": {"begin": (found.position.line if found.position else 0) or 1},
            },
        }
        for found, fingerprint in _fingerprinted(diagnostics)
    ]


def sarif(diagnostics: Iterable[Diagnostic], *, version: str) -> dict[str, Any]:
    """A SARIF 2.1.0 log with one run; `version` is the tool's."""
    results = [_result(*pair) for pair in _fingerprinted(diagnostics)]
    rules = sorted({result["ruleId"] for result in results})
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "yeta",
                        "version": version,
                        "rules": [{"id": rule} for rule in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }


def _result(found: Diagnostic, fingerprint: str) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": found.code,
        "level": found.severity,
        "message": {"text": _message(found)},
        "partialFingerprints": {"yeta/v1": fingerprint},
    }
    if found.position:
        artifact = {"uri": quote(found.position.file), "uriBaseId": "%SRCROOT%"}
        place: dict[str, Any] = {"artifactLocation": artifact}
        if found.position.line:
            place["region"] = {
                "startLine": found.position.line,
                "startColumn": found.position.column or 1,
            }
        result["locations"] = [{"physicalLocation": place}]
    return result


def _message(found: Diagnostic) -> str:
    return f"{found.summary} ({found.hint})" if found.hint else found.summary


def _fingerprinted(diagnostics: Iterable[Diagnostic]) -> Iterator[tuple[Diagnostic, str]]:
    """Each with a digest of what it says and of how often that was said before in its file."""
    seen: Counter[tuple[str, str, str]] = Counter()
    for found in diagnostics:
        said = (found.code, found.position.file if found.position else "", _message(found))
        seen[said] += 1
        text = "\0".join((*said, str(seen[said])))
        yield found, hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def diagnostic_line(diagnostic: Diagnostic, *, color: bool = False) -> str:
    """`path:line:column: error: what is wrong (what would be right)`, on one line."""
    paint = Paint(color)
    place = f"{clean(str(diagnostic.position))}: " if diagnostic.position else ""
    words = clean(finding_words(diagnostic))
    if diagnostic.campaign and not place:
        words = worded("{campaign}: {words}", campaign=clean(diagnostic.campaign), words=words)
    severity = paint(spoken(SEVERITY[diagnostic.severity]), _COLOUR[diagnostic.severity])
    return f"{paint(place, 'strong')}{worded('{severity}: {words}', severity=severity, words=words)}"


def finding_words(found: Diagnostic, cut: Callable[[str], str] = str) -> str:
    """What is wrong, and in brackets what would be right; each as `cut` leaves it."""
    summary, hint = (cut(spoken(words)) for words in (found.summary, found.hint))
    return worded("{summary} ({hint})", summary=summary, hint=hint) if hint else summary


def by_weight(diagnostics: Iterable[Diagnostic], *, worst_first: bool = False) -> list[Diagnostic]:
    """Sorted by severity, then by place; the worst last, where a terminal leaves the eye."""
    sign = -1 if worst_first else 1
    return sorted(
        diagnostics,
        key=lambda found: (
            sign * _RANK[found.severity],
            found.position or Position(""),
            found.summary,
        ),
    )
