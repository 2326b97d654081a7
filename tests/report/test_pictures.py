"""The page as a browser draws it, at three widths, light, dark and printed, beside pictures looked at before.

`make screenshots` draws and compares; with ARGS=--update it keeps what was drawn, to be looked at before it
is committed. Letters are drawn by the machine's fonts, so that pictures are compared by the mean colours of
small squares, of which some may differ.
"""

from __future__ import annotations

import json
import re
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from tests.report.scene import shown, two_days
from tests.support.lab import Lab
from tests.support.sources import ROOT
from yeta_reconcile.report.words import Language

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.torture,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine"),
]

KEPT = Path(__file__).parent / "pictures"
WIDTHS = (375, 768, 1280)
# A4 less its margins, on which the styles of print stand.
PAPER = 703
HEIGHT, SCALE = 5200, 0.5
# Squares of so many pixels; how far a mean colour may be off, of 255; which share of the squares may be.
SQUARE, OFF, SHARE = 8, 20, 0.03
# What is drawn beyond its box or the window, and letters of a chart that lie on one another.
LOOK = """<script>addEventListener("load", () => {
const shown = (e) => e.getClientRects().length > 0, box = (e) => e.getBoundingClientRect();
const all = [...document.querySelectorAll("body *")].filter(shown);
const wide = all.filter((e) => !e.closest(".scroll, svg") && box(e).right > innerWidth + 1);
const cut = all.filter((e) => !e.closest("svg, thead, td.t, .bars i") && e.scrollWidth > e.clientWidth + 1
&& getComputedStyle(e).overflowX === "hidden" && e.textContent.trim());
const hid = [...document.querySelectorAll(".scroll")].filter((e) => e.scrollWidth > e.clientWidth + 1);
const over = (a, b) => a.left < b.right - 1 && b.left < a.right - 1
&& a.top < b.bottom - 1 && b.top < a.bottom - 1;
const on = [...document.querySelectorAll("svg")].filter(shown).flatMap((svg) => {
const words = [...svg.querySelectorAll(".axis text")].filter((e) => shown(e) && e.textContent).map(box);
return words.filter((a, n) => words.slice(n + 1).some((b) => over(a, b)));
});
const cards = [...document.querySelectorAll(".card, .tile")].map(box);
const piled = cards.filter((a, n) => cards.slice(n + 1).some((b) => over(a, b)));
const beyond = document.documentElement.scrollWidth - innerWidth;
document.title = JSON.stringify([beyond, wide.length, cut.length + hid.length, on.length, piled.length]);
});</script>"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return two_days(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def html(lab: Lab) -> str:
    return shown(lab, "zh")


def drawn(
    folder: Path, html: str, width: int, *options: str, height: int = HEIGHT
) -> subprocess.CompletedProcess[str]:
    (folder / "page.html").write_text(html, encoding="utf-8")
    assert BROWSER is not None
    return subprocess.run(
        [
            BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            "--enable-logging=stderr", f"--user-data-dir={folder / 'profile'}",
            f"--window-size={width},{height}", *options, f"file://{folder / 'page.html'}",
        ],
        capture_output=True, check=True, text=True, timeout=120,
    )  # fmt: skip


def squares(path: Path) -> list[list[tuple[float, ...]]]:
    """The mean colours of a picture's squares, row by row."""
    width, rows = pixels(path.read_bytes())
    found = []
    for top in range(0, len(rows), SQUARE):
        band = rows[top : top + SQUARE]
        sums = []
        for left in range(0, width, SQUARE):
            cells = [row[left * 3 : (left + SQUARE) * 3] for row in band]
            many = sum(len(cell) // 3 for cell in cells)
            sums.append(tuple(sum(sum(cell[part::3]) for cell in cells) / many for part in range(3)))
        found.append(sums)
    return found


def pixels(png: bytes) -> tuple[int, list[bytearray]]:
    """Width, and each row's red, green and blue, of a PNG as browsers write it: 8 bits, not interlaced."""
    width, _height, depth, kind = struct.unpack(">IIBB", png[16:26])
    assert depth == 8
    step, at, packed = {2: 3, 6: 4}[kind], 8, b""
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            packed += png[at + 8 : at + 8 + length]
        at += length + 12
    raw, size = zlib.decompress(packed), width * step
    rows, above = [], bytearray(size)
    for begin in range(0, len(raw), size + 1):
        above = unfiltered(raw[begin], bytearray(raw[begin + 1 : begin + 1 + size]), above, step)
        row = bytearray(width * 3)
        for part in range(3):
            row[part::3] = above[part::step]
        rows.append(row)
    return width, rows


def unfiltered(kind: int, row: bytearray, above: bytearray, step: int) -> bytearray:
    """A row of a PNG without its filter (PNG specification, 9.2)."""
    for at in range(len(row) if kind else 0):
        left = row[at - step] if at >= step else 0
        corner = above[at - step] if at >= step else 0
        guess = {1: left, 2: above[at], 3: (left + above[at]) // 2}.get(kind)
        if guess is None:
            guess = min((left, above[at], corner), key=lambda one: abs(left + above[at] - corner - one))
        row[at] = (row[at] + guess) & 255
    return row


def compare(found: Path, kept: Path, *, update: bool) -> None:
    if update:
        kept.parent.mkdir(exist_ok=True)
        kept.write_bytes(found.read_bytes())
    now, before = squares(found), squares(kept)
    assert len(now) == len(before)
    pairs = [(a, b) for row, other in zip(now, before, strict=True) for a, b in zip(row, other, strict=True)]
    off = sum(max(abs(x - y) for x, y in zip(a, b, strict=True)) > OFF for a, b in pairs)
    assert off <= SHARE * len(pairs), f"{off} of {len(pairs)} squares differ: look at {found}"


@pytest.mark.parametrize("width", [*WIDTHS, PAPER])
def test_nothing_is_cut_or_lies_on_something_else(html: str, tmp_path: Path, width: int) -> None:
    html = html.replace("@media print", "@media all") if width == PAPER else html
    looking = re.sub(r"<meta http-equiv[^>]*>", "", html).replace("</body>", f"{LOOK}</body>")
    done = drawn(tmp_path, looking, width, "--dump-dom")
    assert "CONSOLE" not in done.stderr
    found = re.search(r"<title>(\[[\d,-]+\])</title>", done.stdout)
    assert found
    assert json.loads(found[1]) == [0, 0, 0, 0, 0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_it_looks_as_it_did(
    html: str, tmp_path: Path, width: int, scheme: str, request: pytest.FixtureRequest
) -> None:
    picture = tmp_path / "page.png"
    options = ["--blink-settings=preferredColorScheme=0"] if scheme == "dark" else []
    done = drawn(
        tmp_path, html, width, f"--force-device-scale-factor={SCALE}", f"--screenshot={picture}", *options
    )
    assert "CONSOLE" not in done.stderr
    compare(picture, KEPT / f"{width}-{scheme}.png", update=request.config.getoption("--update"))


def test_it_prints_as_it_did(html: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    picture, paper = tmp_path / "page.png", html.replace("@media print", "@media all")
    drawn(tmp_path, paper, PAPER, f"--force-device-scale-factor={SCALE}", f"--screenshot={picture}")
    compare(picture, KEPT / "print.png", update=request.config.getoption("--update"))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_readme_shows_the_report_as_it_is(
    lab: Lab, tmp_path: Path, language: Language, request: pytest.FixtureRequest
) -> None:
    picture = tmp_path / "page.png"
    html = shown(lab, language, "spring-renewal")
    drawn(tmp_path, html, 1200, f"--screenshot={picture}", height=1010)
    compare(picture, ROOT / "docs" / f"report-{language}.png", update=request.config.getoption("--update"))
