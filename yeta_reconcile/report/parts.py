"""The parts that a page is put together from: cards, tables, bars. What gets in is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from yeta_reconcile.numbers import mask_numbers
from yeta_reconcile.report.words import said


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table: what it shows, and by what it is sorted."""

    text: str
    value: float
    kind: str = ""


@dataclass(frozen=True, slots=True)
class KnownParts:
    """A text of a cell that is ours to show, whatever it looks like: a line that was declared."""

    text: str


@dataclass(frozen=True, slots=True)
class Span:
    """A cell that shows stretches of time: (begin, end, kind), each a part of 1; and where `now` is."""

    stretches: Sequence[tuple[float, float, str]]
    now: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar with its name and count; `kind` is its colour, `part` of 1 its length."""

    name: str
    count: str
    note: str
    part: float
    kind: str = "accent"


Shown = str | KnownParts | Cell | Span


def text(value: str) -> str:
    """A text as HTML."""
    return escape(value, quote=True)


def hidden(value: str) -> str:
    """A text that came from the platform as HTML: whatever has the form of a number is masked once more."""
    return text(mask_numbers(value))


def card(heading: str, body: str, *, note: str = "", kind: str = "") -> str:
    """A card; `kind` is how wide it is."""
    said = f'<p class="note">{text(note)}</p>' if note else ""
    return f'<section class="card {kind}"><h2>{text(heading)}</h2>{said}{body}</section>'


def tile(name: str, value: str, note: str = "", kind: str = "") -> str:
    """A figure before all others."""
    return (
        f'<div class="tile {kind}"><p>{text(name)}</p><strong>{text(value)}</strong><p>{text(note)}</p></div>'
    )


def bars(found: Iterable[Bar]) -> str:
    """Bars under one another."""
    rows = [
        f'<li class="{bar.kind}"><b>{hidden(bar.name)}</b><span><strong>{text(bar.count)}</strong>'
        f'{text(bar.note)}</span><i style="--w:{bar.part:.2%};--m:{"2px" if bar.part else "0"}"></i></li>'
        for bar in found
    ]
    return f'<ol class="bars">{"".join(rows)}</ol>'


def legend(entries: Iterable[tuple[str, str]]) -> str:
    """Which colour is what: (kind, name)."""
    return (
        '<ul class="legend">'
        + "".join(f'<li class="{kind}">{text(name)}</li>' for kind, name in entries)
        + "</ul>"
    )


def table(heads: Sequence[str], rows: Sequence[Sequence[Shown]]) -> str:
    """A table that can be sorted by each of its columns; counts stand to the right."""
    kinds = {Cell: " class=n", Span: " class=t"}
    aligned = [kinds.get(type(cell), "") for cell in (rows[0] if rows else heads)]
    top = "".join(
        f'<th scope="col"{kind}><button type="button" '
        f'title="{text(said("sort", head=head))}">{text(head)}</button></th>'
        for head, kind in zip(heads, aligned, strict=True)
    )
    body = "".join(f"<tr>{''.join(map(_cell, row, heads))}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(cell: Shown, head: str) -> str:
    if isinstance(cell, Span):
        drawn = "".join(
            f'<i class="{kind}" style="--l:{begin:.2%};--w:{end - begin:.2%}"></i>'
            for begin, end, kind in cell.stretches
        )
        return f'<td class="t"><div>{drawn}<u style="--l:{cell.now:.2%}"></u></div></td>'
    if isinstance(cell, KnownParts):
        return f'<td class="w">{text(cell.text)}</td>'
    if isinstance(cell, str):
        return f'<td class="w">{hidden(cell)}</td>'
    return f'<td class="n {cell.kind}" data-h="{text(head)}" data-v="{cell.value!r}">{text(cell.text)}</td>'
