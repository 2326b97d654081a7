"""A terminal's output as a picture: an SVG that stands in a page, with the colours of the terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from itertools import groupby

from yeta_reconcile.render.table import width

# The size of a column and of a line, and what is left around them.
COLUMN, LINE, EDGE, HEAD = 8.0, 19, 18, 34
COLOURS = {"31": "#ff8a80", "32": "#7ddc9a", "33": "#f2c66d", "36": "#7fd6e8"}
PAPER, INK, BAR, DOTS = "#1b2230", "#d7dde8", "#262f40", ("#ff6b63", "#f6be4f", "#62c655")
FONTS = (
    "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Noto Sans Mono CJK SC',"
    "'PingFang SC','Microsoft YaHei',monospace"
)
# Letters of two columns are drawn larger, so that they fill them.
WIDE = ' font-size="15"'
PAINTED = re.compile(r"\x1b\[([\d;]*)m")


def picture(command: str, text: str) -> str:
    """What a command wrote, below the command; `text` holds the escape codes of its colours."""
    plain = PAINTED.sub("", text).splitlines()
    lines = [f"\x1b[1m$ {command}\x1b[0m", "", *text.rstrip("\n").split("\n")]
    wide = round(2 * EDGE + COLUMN * max(map(width, [*plain, f"$ {command}"])))
    tall = HEAD + EDGE + LINE * len(lines)
    drawn = "\n".join(line for row, one in enumerate(lines) for line in _line(one, HEAD + LINE * (row + 1)))
    dots = "".join(
        f'<circle cx="{20 + 18 * at}" cy="17" r="5.5" fill="{dot}"/>' for at, dot in enumerate(DOTS)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {tall}" width="{wide}" height="{tall}" '
        f'font-family="{FONTS}" font-size="13.2" fill="{INK}" xml:space="preserve">\n'
        f'<rect width="{wide}" height="{tall}" rx="10" fill="{PAPER}"/>\n'
        f'<path d="M0 {HEAD}V10a10 10 0 0 1 10-10H{wide - 10}a10 10 0 0 1 10 10V{HEAD}z" fill="{BAR}"/>'
        f"{dots}\n"
        f"{drawn}\n</svg>\n"
    )


def _line(text: str, baseline: int) -> Iterator[str]:
    """The words of a line, each where its column is and as wide as its columns are, whatever the font."""
    at, style = 0, ""
    for number, part in enumerate(PAINTED.split(text)):
        if number % 2:
            style = part
            continue
        for kind, letters in groupby(part, lambda letter: width(letter) if letter != " " else 0):
            run = "".join(letters)
            if kind:
                yield (
                    f'<text x="{EDGE + COLUMN * at:g}" y="{baseline}" textLength="{COLUMN * width(run):g}"'
                    f"{_style(style)}{WIDE if kind == 2 else ''}>{escape(run, quote=False)}</text>"
                )
            at += width(run)


def _style(codes: str) -> str:
    found = [f' fill="{COLOURS[code]}"' for code in codes.split(";") if code in COLOURS]
    return "".join([*found, *[' font-weight="700"'] * ("1" in codes.split(";"))])
