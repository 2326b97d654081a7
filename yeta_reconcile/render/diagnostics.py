"""Diagnostics as lines for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yeta_reconcile.positions import Position
from yeta_reconcile.render.colour import Paint
from yeta_reconcile.render.width import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from yeta_reconcile.positions import Diagnostic

_COLOUR = {"error": "alarm", "warning": "careful", "note": "calm"}
_RANK = {"note": 0, "warning": 1, "error": 2}


def diagnostic_line(diagnostic: Diagnostic, *, color: bool = False) -> str:
    """`path:line:column: error: what is wrong (what would be right)`, on one line."""
    paint = Paint(color)
    place = f"{clean(str(diagnostic.position))}: " if diagnostic.position else ""
    whose = f"{clean(diagnostic.campaign)}: " if diagnostic.campaign and not place else ""
    hint = f" ({clean(diagnostic.hint)})" if diagnostic.hint else ""
    severity = paint(f"{diagnostic.severity}:", _COLOUR[diagnostic.severity])
    return f"{paint(place, 'strong')}{severity} {whose}{clean(diagnostic.summary)}{hint}"


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
