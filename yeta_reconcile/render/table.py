"""Aligned tables as text, Chinese included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yeta_reconcile.render.width import clean, pad, width

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

ABSENT = "–"
_GAP = "  "


def table(
    headers: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    right: Collection[str] = (),
    indent: int = 0,
) -> list[str]:
    """Lines of a table, the headers first. Whole numbers get separators, None is a dash.

    `right` names the headers whose columns stand at the right edge; nothing is cut or wrapped.
    """
    cells = [list(headers), *([_cell(value) for value in row] for row in rows)]
    widths = [max(width(cell) for cell in column) for column in zip(*cells, strict=True)]
    edges = [header in right for header in headers]
    space = " " * indent
    return [
        space
        + _GAP.join(
            pad(cell, columns, right=edge) for cell, columns, edge in zip(row, widths, edges, strict=True)
        ).rstrip()
        for row in cells
    ]


def _cell(value: object) -> str:
    if value is None or value == "":
        return ABSENT
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return clean(str(value))
