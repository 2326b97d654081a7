"""The points that are kept, and what is made of them: the plot, and tables in docs/growth.md and READMEs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

from tests.bench.growth.series import ALL, STEEP, Point, Series, slopes
from yeta_reconcile.report import charts

TOP = Path(__file__).parents[3]
PAGE, PLOT, POINTS = "docs/growth.md", "docs/growth.svg", "tests/bench/growth/points.json"
README, README_ZH = "README.md", "README.zh-CN.md"
BEGIN, END = "<!-- measured: make growth -->\n", "<!-- end -->\n"
# Legible on white and on black, and told apart by those who see no red from green.
COLOURS = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#a6761d", "#8a63d2",
    "#4c9be8", "#b8860b",
)  # fmt: skip
INK, GUIDE = "#808080", "#80808055"


class Kept(NamedTuple):
    """Points by the name of their series, and on what they were measured."""

    points: dict[str, list[Point]]
    on: str

    @classmethod
    def read(cls, top: Path = TOP) -> Kept:
        said: dict[str, Any] = json.loads((top / POINTS).read_text("utf-8"))
        return cls(
            {name: [Point(*one) for one in points] for name, points in said["points"].items()}, said["on"]
        )

    def without(self, series: Sequence[Series]) -> Kept:
        """Without those points, in the order of all series; measured here and now."""
        again = {one.name for one in series}
        points = {one.name: [] if one.name in again else self.points.get(one.name, []) for one in ALL}
        commit = subprocess.run(
            ["git", "rev-parse", "--short=10", "HEAD"], cwd=TOP, capture_output=True, text=True, check=True
        )
        load = f"{os.getloadavg()[0]:.1f} busy with other work when it began"
        return Kept(points, f"{os.cpu_count()} cores, {load}, commit {commit.stdout.strip()}")

    def text(self) -> str:
        """As it is kept, a point a line."""

        def said(points: Sequence[Point]) -> str:
            return ",\n".join(json.dumps(rounded(one)) for one in points)

        def rounded(one: Point) -> list[float]:
            waits = [round(wait) for wait in (one.longest, one.without) if wait is not None]
            return [one.size, round(one.seconds, 3), round(one.megabytes), *waits]

        series = ",\n".join(f'"{name}": [\n{said(points)}\n]' for name, points in self.points.items())
        return f'{{"on": {json.dumps(self.on)},\n"points": {{\n{series}\n}}}}\n'


def aside() -> Path:
    """A place where what is made changes nothing of ours: dist/growth, with copies of what is written to."""
    top = TOP / "dist" / "growth"
    for name in (PAGE, PLOT, POINTS, README, README_ZH):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TOP / name, top / name)
    return top


def write(kept: Kept, top: Path = TOP) -> None:
    """Keep the points, and what is made of them."""
    (top / POINTS).write_text(kept.text(), "utf-8")
    # What is made is made of what was kept, so that it is the same ever after.
    kept = Kept.read(top)
    (top / PLOT).write_text(drawn(kept), "utf-8")
    for name, made in ((PAGE, tables(kept)), (README, largest(kept)), (README_ZH, largest(kept, zh=True))):
        head, _, rest = (top / name).read_text("utf-8").partition(BEGIN)
        (top / name).write_text(head + BEGIN + made + END + rest.partition(END)[2], "utf-8")


def largest(kept: Kept, *, zh: bool = False) -> str:
    """Of every series its largest point, and the steepest stretch up to there."""
    lines = [
        "| | 规模 | 处理器时间 | 内存峰值 | 最陡指数 |"
        if zh
        else "| | size | processor | peak memory | exponent |"
    ]
    lines.append("|---|---|---|---|---|")
    for one in ALL:
        if points := kept.points.get(one.name, []):
            last, name, unit = points[-1], one.zh if zh else one.name, one.unit_zh if zh else one.unit
            lines.append(
                f"| {name} | {last.size:,} {unit} | {last.seconds:,.1f} s | {last.megabytes:.0f} MB "
                f"| {max(slopes(points), default=0):.2f} |"
            )
    return "\n".join([*lines, ""])


def tables(kept: Kept) -> str:
    """Every series with its points and exponents, and those that are steep by name."""
    lines = [
        f"Measured on {kept.on}.\n",
        "| what | size | processor | memory | exponent | longest wait |",
        "|---|---|---|---|---|---|",
    ]
    steep = []
    for one in ALL:
        points = kept.points.get(one.name, [])
        powers = slopes(points)
        steep += [one.name] * (max(powers, default=0) > STEEP)
        for point, power in zip(points, [None, *powers], strict=False):
            said = "" if power is None else f"{power:.2f}"
            lines.append(
                f"| {one.name}, by {one.unit} | {point.size:,} | {point.seconds:,.2f} s "
                f"| {point.megabytes:.0f} MB | {said} | {waits(point)} |"
            )
    said = f"Steeper than {STEEP}: {', '.join(steep)}." if steep else f"Nothing is steeper than {STEEP}."
    return "\n".join([*lines, "", said, ""])


def waits(point: Point) -> str:
    """The longest wait for an acknowledgement, and how long it was for those who had not this beside them."""
    if point.longest is None or point.without is None:
        return ""
    return f"{point.longest:,.0f} ms ({point.without:,.0f} ms without)"


def drawn(kept: Kept) -> str:
    """The times over the sizes, both as powers of ten, as SVG without anything that is run."""
    pygal, transparent = charts._pygal(), "transparent"
    style = pygal.style.Style(
        background=transparent, plot_background=transparent, foreground=INK, foreground_strong=INK,
        foreground_subtle=INK, guide_stroke_color=GUIDE, major_guide_stroke_color=GUIDE,
        colors=COLOURS, font_family="sans-serif", label_font_size=13,
        major_label_font_size=13, legend_font_size=13, title_font_size=15,
    )  # fmt: skip
    chart = pygal.XY(
        style=style, width=960, height=560, margin_right=40, js=[], logarithmic=True, legend_at_bottom=True,
        legend_at_bottom_columns=3, disable_xml_declaration=True, dots_size=3, no_prefix=True,
        x_title="size", y_title="seconds of the processor", x_labels=[10**power for power in range(8)],
        x_value_formatter=lambda size: f"{size:,.0f}", value_formatter=lambda value: f"{value:g}",
    )  # fmt: skip
    for one in ALL:
        if points := kept.points.get(one.name):
            line = [(point.size, point.seconds) for point in points]
            chart.add(f"{one.name} ({one.unit})", line)
    chart.add_xml_filter(_still)
    return f"{chart.render(is_unicode=True)}\n"


def _still(root: Element) -> Element:
    """The same for the same points, and nothing that is run or fetched."""
    for parent in list(root.iter()):
        for child in list(parent):
            tag = child.tag.rpartition("}")[2] if isinstance(child.tag, str) else "comment"
            if tag in {"comment", "script", "desc"}:
                parent.remove(child)
    root.attrib.pop("id", None)
    return root
