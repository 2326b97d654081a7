"""Figures as SVG, by pygal: without its scripts and styles, so that one stylesheet colours them all."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from xml.etree.ElementTree import Element

from yeta_reconcile.extras import extra

# The sizes in which a chart is drawn: what is wider is scaled, and its letters with it.
NARROW, WIDE = (440, 240), (980, 280)
FEW_TICKS = 4
_LETTERS = dict.fromkeys(("label", "major_label", "value", "value_label", "title", "legend", "tooltip"), 13)


@dataclass(frozen=True, slots=True)
class Series:
    """Values under a name; None leaves a gap. `kind` is the class by which the stylesheet knows it."""

    name: str
    values: Sequence[int | float | None]
    kind: str


def bars(title: str, labels: Sequence[str], series: Sequence[Series], number: Callable[[float], str]) -> str:
    """Bars that stand on one another, a place for each label."""
    chart = _pygal().StackedBar(**_options(NARROW, number), x_labels=labels, rounded_bars=2)
    chart.x_labels_major_every = -(-len(labels) // 14)
    chart.show_minor_x_labels = False
    for one in series:
        chart.add(one.name, list(one.values))
    return _drawn(chart, title, series)


def course(
    title: str,
    places: Sequence[float],
    series: Sequence[Series],
    number: Callable[[float], str],
    moment: Callable[[float], str],
    ticks: Sequence[float],
    size: tuple[int, int] = WIDE,
) -> str:
    """Lines over time: values at `places` in it, in the words of `moment`."""
    chart = _pygal().XY(
        **_options(size, number),
        dots_size=1.5,
        x_value_formatter=moment,
        x_labels=list(ticks),
        include_x_axis=True,
        xrange=(places[0], places[-1]),
    )
    for one in series:
        pairs = zip(places, one.values, strict=True)
        chart.add(one.name, [(at, value) for at, value in pairs if value is not None])
    return _drawn(chart, title, series)


def _pygal() -> Any:
    module = extra("pygal", "report", "the report needs", "`yeta status`")
    # It adds a finder for its plug-ins to every import of the program, of a kind that Python gives up.
    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]
    # Where lxml is installed it would be taken, whose elements are of another kind.
    extra("pygal.etree", "report", "the report needs").etree.to_etree()
    return module


def _options(size: tuple[int, int], number: Callable[[float], str]) -> dict[str, Any]:
    style = extra("pygal.style", "report", "the report needs").Style(
        font_family="sans-serif", **{f"{name}_font_size": size for name, size in _LETTERS.items()}
    )
    return {
        "width": size[0], "height": size[1], "style": style, "css": [], "js": [], "margin": 6,
        "show_legend": False, "disable_xml_declaration": True, "value_formatter": number, "max_scale": 5,
        "min_scale": 2, "zero": 0, "truncate_label": -1, "pretty_print": False,
    }  # fmt: skip


def _drawn(chart: Any, title: str, series: Sequence[Series]) -> str:
    kinds = [one.kind for one in series]
    names = [one.name for one in series]
    chart.add_xml_filter(lambda root: _plain(root, kinds, names))
    svg: str = chart.render(is_unicode=True)
    head, _, rest = svg.partition(">")
    # What the image is, for who does not see it.
    return f'{head} role="img" aria-label="{escape(title, quote=True)}">{rest}'


def _plain(root: Element, kinds: Sequence[str], names: Sequence[str]) -> Element:
    """The drawing alone: nothing that is run, no style, no id; values as titles, which a pointer shows."""
    root.attrib.pop("id", None)
    for parent in list(root.iter()):
        for child in list(parent):
            tag = child.tag.rpartition("}")[2] if isinstance(child.tag, str) else "comment"
            if tag in {"comment", "defs", "script", "style"} or (tag == "title" and parent is root):
                parent.remove(child)
    for group in root.iter():
        kind = group.get("class") or ""
        numbered = [part for part in kind.split() if part.startswith("serie-")]
        if numbered:
            at = int(numbered[0].removeprefix("serie-"))
            group.set("class", f"series {kinds[at]}" if kind.startswith("series") else "overlay")
            _entitle(group, names[at])
    return root


def _entitle(group: Element, name: str) -> None:
    for node in group.iter():
        notes = {child.get("class"): child for child in node if child.tag == "desc"}
        if "value" not in notes:
            continue
        label = notes["x_label"].text if "x_label" in notes else ""
        for child in list(node):
            if child.tag == "desc":
                node.remove(child)
        title = Element("title")
        title.text = f"{name}: {notes['value'].text}" + (f" ({label})" if label else "")
        node.insert(0, title)
