"""The report: one page that is whole in itself, holds no number, and says what the list of results says."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest

import yeta_reconcile.report
from tests.report.agreement import agree, exported
from tests.support.lab import START, Lab, number, settings
from tests.support.records import deliver
from tests.support.sources import walked
from yeta_reconcile.cli.language import speaking
from yeta_reconcile.cli.main import main
from yeta_reconcile.emulator import Emulator, VirtualClock
from yeta_reconcile.records.projector import Projector
from yeta_reconcile.report import words
from yeta_reconcile.report.figures import (
    MOST_POINTS,
    CampaignFigures,
    Counted,
    Figures,
    as_planned,
    progress,
    ticks,
    together,
)
from yeta_reconcile.report.gather import declared_in, gather
from yeta_reconcile.report.page import page
from yeta_reconcile.report.words import WORDS
from yeta_reconcile.store.inbox import Push
from yeta_reconcile.wording import spoken as said

ZONE = ZoneInfo("Asia/Shanghai")
VOID = {"meta", "link", "br", "hr", "img", "input"}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Two campaigns were called, one is staged, and one person came on a list since."""
    emulator = Emulator(settings(balance=None), clock=VirtualClock(START))
    lab = Lab(tmp_path_factory.mktemp("report"), emulator)
    lab.campaign(rows=range(60), recall="{count: 2, wait: 10m}")
    lab.campaign("survey", rows=range(60, 80), lines='["200"]')
    lab.campaign("later", rows=range(80, 90), state="staged", lines='["300"]')
    lab.converge()
    emulator.run_until_idle()
    deliver(lab)
    lab.rows("renewal", [*range(60), 95])
    return lab


def figures(lab: Lab, *names: str) -> Figures:
    with lab.store() as store:
        now = START.astimezone(ZONE)
        return gather(store, declared_in(lab.repository(), now), now, names or ("later", "renewal", "survey"))


def command(lab: Lab, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setenv("YETA_STATE_KEY", lab.key)
    return main(["-C", str(lab.root), *arguments])


def written(lab: Lab, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    assert command(lab, monkeypatch, "report", *arguments) == 0
    names = [word for word in arguments if word in {"renewal", "survey", "later"}]
    return (lab.root / f"{names[0] if names else 'report'}.html").read_text(encoding="utf-8")


class Structure(HTMLParser):
    """Every element that is opened is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        return


@pytest.mark.sweep
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_is_whole_in_itself_and_well_formed(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    html = written(lab, monkeypatch, "--lang", language)

    structure = Structure()
    structure.feed(html)
    assert structure.open == []
    drawings = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert len(drawings) >= 5
    for drawing in drawings:
        ET.fromstring(drawing)
    bare = html.replace("http://www.w3.org/2000/svg", "")
    assert re.findall(r"(?:https?:)?//[\w.]+|\bsrc=|url\(|@import|\bid=", bare) == []
    assert f'lang="{"zh-CN" if language == "zh" else "en"}"' in html


def test_the_page_lets_a_browser_run_its_own_script_alone(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    html = written(lab, monkeypatch)

    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy.startswith(
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; "
    )
    assert policy.endswith(f"; script-src 'sha256-{digest}'")


def test_the_page_and_the_list_and_the_platforms_log_say_the_same(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = figures(lab)
    people = exported(lab, monkeypatch, capsys, "person")

    assert len(people) == 91
    agree(lab, shown, people, exported(lab, monkeypatch, capsys, "call"))


def test_with_a_price_it_says_what_the_calls_cost(lab: Lab) -> None:
    priced = "price: {per_minute: 0.6, per_call: 0.1, currency: CNY}\n"
    lab.declare_project(priced)
    try:
        shown = figures(lab)
    finally:
        lab.declare_project()
    assert shown.cost == pytest.approx(shown.calls.talk / 100 + shown.calls.calls / 10, abs=0.02)
    assert f"¥{shown.cost:,.2f}" in page(shown)


def test_one_campaign_has_a_page_of_its_own(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    html = written(lab, monkeypatch, "survey")
    assert "<h1>survey</h1>" in html
    assert "renewal" not in html
    assert figures(lab, "survey").total("people") == 20


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_number_and_no_name_is_in_the_source(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    html = written(lab, monkeypatch, "--lang", language)
    assert "1990000" not in html
    assert "客户" not in html.replace("客户接听后并主动挂机", "").replace("客户掉线", "").replace(
        "客户拒接", ""
    ).replace("客户回答", "")


def test_who_waits_is_told_with_the_reason(lab: Lab) -> None:
    waits = {(wait.campaign, wait.wave, wait.why): wait.people for wait in figures(lab).waits}
    assert waits[("later", 1, "staged")] == 10
    assert waits[("renewal", 0, "waiting")] == 1


def test_what_the_platform_says_is_text_and_numbers_in_it_are_masked(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.campaign(rows=range(1))
    lab.converge()
    lab.emulator.run_until_idle()
    evil = f"<script>alert(1)</script> {number(7)}"
    record = next(p.data for p in lab.emulator.pushes if "task_result" in p.data)
    dialog = {
        "call_uuid": record["call_uuid"],
        "tag_max": evil,
        "dialog": [{"role": "customer", "node_name": evil, "hits": [{"hit": evil, "pick": True}]}],
    }
    bodies = {"receiveCallRecord": record | {"task_result_desc": evil}, "receiveDialog": dialog}
    with lab.store() as store:
        store.inbox.append([Push(name, json.dumps(body).encode(), 1) for name, body in bodies.items()])
        Projector(store).drain()

    html = page(figures(lab, "renewal"))

    assert "<script>alert" not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt; 199****0007") >= 3
    assert number(7) not in html


def test_a_state_that_is_empty_has_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(tmp_path)
    lab.campaign()
    assert "Nothing has been called yet" in written(lab, monkeypatch)


def test_without_the_extra_it_says_what_to_install(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pygal", None)
    assert command(lab, monkeypatch, "report", "-o", "none.html") == 1
    assert "pip install 'yeta-reconcile[report]'" in capsys.readouterr().err
    assert not (lab.root / "none.html").exists()


def test_a_campaign_nobody_knows_is_named(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(lab, monkeypatch, "report", "renewl") == 3
    assert "renewal" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("environ", "language"),
    [({"LANG": "zh_CN.UTF-8"}, "zh-CN"), ({"LANG": "zh_CN", "YETA_LANG": "en"}, "en"), ({"LANG": "C"}, "en")],
)
def test_the_language_is_that_of_the_environment(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], language: str
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert f'<html lang="{language}">' in written(lab, monkeypatch)


def spoken() -> Iterator[str]:
    """The keys of all words that the page's modules use."""
    for module in Path(yeta_reconcile.report.__file__).parent.glob("*.py"):
        for node in walked(module):
            named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "said"
            if named and isinstance(node, ast.Call) and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value)


def test_every_word_of_the_page_is_there_in_both_languages() -> None:
    assert set(spoken()) - set(WORDS) == set()
    with speaking("zh"):
        for key, english in WORDS.items():
            chinese = said(english)
            assert set(re.findall(r"{\w+}", english)) == set(re.findall(r"{\w+}", chinese)), key
            assert english
            assert re.search(r"[\u4e00-\u9fff]", chinese) or english == chinese, key


def test_lengths_shares_and_money_are_written_as_people_write_them() -> None:
    assert [words.length(seconds) for seconds in (0, 59, 125, 3600, 11_520)] == [
        "0 s", "59 s", "2 min 5 s", "1 h", "3 h 12 min",
    ]  # fmt: skip
    with speaking("zh"):
        assert [words.length(seconds) for seconds in (0, 125, 7200)] == ["0 秒", "2 分 5 秒", "2 小时"]
        assert words.day(0) == "周一"
    assert [words.share(part) for part in (0, 0.0001, 0.125, 1)] == ["0%", "<0.1%", "12.5%", "100%"]
    assert (words.money(1234.5, "CNY"), words.money(2, "EUR")) == ("¥1,234.50", "2.00 EUR")


def a_campaign(**given: Any) -> Figures:
    now = START.astimezone(ZONE)
    made = CampaignFigures("renewal", state="running", people=10, dialled=4, reached=2, **given)
    made.tally = Counted(calls=6, connected=2, talk=90)
    ms = int(START.timestamp() * 1000)
    return Figures("acme", "", now, "renewal", campaigns=[made], dialled=[ms, ms + 1, ms + 2, ms + 60_000])


def test_a_forecast_is_drawn_ahead_of_what_was_done() -> None:
    made = a_campaign(finish=START.astimezone(ZONE) + timedelta(hours=3), fits=False)
    made.ahead = [(made.dialled[0], 0), (made.dialled[0] + 3 * 3_600_000, 10)]
    html = page(made)
    assert 'class="series dash"' in html
    assert "after its end" in html
    assert 'class="series dash"' not in page(a_campaign())


def test_forecasts_of_several_begin_with_how_it_went_and_go_on_as_each_was_foreseen() -> None:
    noon = int(START.timestamp() * 1000)
    one = as_planned([noon, noon + 10, noon + 30], ((noon + 20, 2), (noon + 40, 6)))
    assert one == [(noon, 1), (noon + 10, 2), (noon + 20, 2), (noon + 40, 6)]
    over = as_planned([noon + 5], ())
    assert together([one, over, []])[-1] == (noon + 40, 7)
    every = [*range(noon, noon + 1000)]
    assert as_planned(every, ())[-1] == (noon + 999, 1000)
    assert len(together([as_planned(every, ()), [(at, 0) for at in every]])) <= MOST_POINTS + 1


def test_what_it_cost_is_there_only_with_a_price() -> None:
    assert "¥1.20" in page(a_campaign(cost=1.2))
    assert "¥" not in page(a_campaign())


def test_a_moment_that_is_none_has_no_place_in_the_course_and_is_never_shown_as_now() -> None:
    made = a_campaign()
    made.dialled.extend([0, 7, 2**62])
    made.answered.extend([1, 2**61])

    assert progress(made) == progress(a_campaign())
    assert page(made) == page(a_campaign())


def test_a_course_has_a_bounded_number_of_steps_and_ends_with_everybody() -> None:
    answered = [10**12, 10**12 + 2 * 10**9]
    made = Figures("acme", "", START, dialled=list(range(10**12, 10**12 + 10**9, 10**4)), answered=answered)
    marks, called, reached = progress(made)
    assert len(marks) <= 100
    assert (called[-1], reached[-2:]) == (len(made.dialled), [1, 2])
    assert called == sorted(called)


def test_ticks_are_whole_on_the_projects_clock() -> None:
    first = START.timestamp() * 1000 + 60_000
    found = ticks(first, first + 86_400_000, 9, START.astimezone(ZONE))
    assert {START.fromtimestamp(at / 1000, ZONE).strftime("%M") for at in found} == {"00"}
    assert len(found) <= 9


BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
LOOK = """<script>addEventListener("load", () => {
const wide = [...document.querySelectorAll("body *")].filter((e) => !e.closest(".scroll, svg")
&& e.getBoundingClientRect().right > innerWidth + 1);
parent.postMessage(JSON.stringify([document.documentElement.scrollWidth, wide.length]), '*');
});</script>"""


@pytest.mark.torture
@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("width", [375, 768, 1280])
def test_nothing_is_wider_than_the_window(lab: Lab, tmp_path: Path, width: int) -> None:
    with speaking("zh"):
        html = re.sub(r"<meta http-equiv[^>]*>", "", page(figures(lab), "zh"))
    (tmp_path / "page.html").write_text(html.replace("</body>", f"{LOOK}</body>"), encoding="utf-8")
    (tmp_path / "frame.html").write_text(
        f'<iframe src="page.html" width="{width}" height="1000"></iframe>'
        "<script>addEventListener('message', (event) => { document.title = event.data; });</script>"
    )
    assert BROWSER is not None
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    done = subprocess.run(
        [BROWSER, *options, "--hide-scrollbars", "--dump-dom", f"file://{tmp_path / 'frame.html'}"],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    found = re.search(r"<title>\[(\d+),(\d+)\]</title>", done.stdout)
    assert found
    scroll, wide = map(int, found.groups())
    assert scroll <= width
    assert wide == 0
    assert "CONSOLE" not in done.stderr
