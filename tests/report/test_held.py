"""The timetable of the report: what the state knows of lines, and what was foreseen of the rest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.render.plans import a_plan
from tests.support.lab import START, Lab
from tests.support.records import deliver
from yeta_reconcile.cli.language import speaking
from yeta_reconcile.plan.foresight import Course, LineUse, Outlook
from yeta_reconcile.report.figures import Held
from yeta_reconcile.report.gather import declared_in, gather
from yeta_reconcile.report.held import timetable
from yeta_reconcile.report.page import page
from yeta_reconcile.store import Store
from yeta_reconcile.store.foreseen import foreseen, keep_foreseen
from yeta_reconcile.wording import Text, phrase, spoken

NOW = (START + timedelta(minutes=30)).astimezone(ZoneInfo("Asia/Shanghai"))


def after(minutes: int) -> timedelta:
    return timedelta(minutes=minutes)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """`over` was called, `renewal` goes on, and `later` is staged."""
    lab = Lab(tmp_path)
    lab.campaign("over", rows=range(3), lines='["100"]')
    lab.converge()
    lab.emulator.run_until_idle()
    deliver(lab)
    lab.campaign(rows=range(10, 16), lines='["100", "200"]')
    lab.campaign("later", rows=range(20, 24), state="staged", lines='["300"]')
    lab.converge()
    return lab


@pytest.fixture
def store(lab: Lab) -> Iterator[Store]:
    with lab.store() as store:
        yield store


def shown(store: Store, *uses: LineUse, names: tuple[str, ...] = ("over", "renewal", "later")) -> list[Held]:
    return timetable(store, store.waves.recorded(), Outlook(NOW, (), uses), NOW, names)


def test_what_began_is_as_the_state_knows_it_and_ends_as_was_foreseen(store: Store) -> None:
    end = NOW + after(60)
    uses = [LineUse(line, campaign="renewal", wave=1, since=NOW, until=end) for line in ("100", "200")]
    found = {(held.line, str(held.holder)): held for held in shown(store, *uses)}

    record = store.waves.campaign("over")
    assert record is not None
    assert found["100", "over"].until is not None
    assert found["100", "over"].sure == found["100", "over"].until
    assert found["100", "over"].since.timestamp() * 1000 == record.waves[0].started_at
    renewal = [found[line, "renewal"] for line in ("100", "200")]
    assert {(held.until, held.sure) for held in renewal} == {(end, NOW)}
    assert ("300", "later") not in found


def test_what_is_to_come_is_foreseen_and_what_is_late_waits(store: Store) -> None:
    late = LineUse("300", campaign="later", wave=1, since=NOW - after(20), until=NOW + after(20))
    gone = LineUse("300", campaign="later", wave=2, since=NOW - after(20), until=NOW - after(10))
    theirs = LineUse("300", since=NOW - after(20), until=None, holder=Text("a task that is not ours"))

    found = [
        held
        for held in shown(store, late, gone, theirs, LineUse("300", since=NOW, until=None))
        if held.line == "300"
    ]

    assert [(held.holder, held.wave, held.since, held.sure) for held in found] == [
        ("a task that is not ours", 0, NOW - after(20), NOW),
        ("later", 1, NOW, NOW),
    ]


def test_nobody_knows_when_a_wave_ends_of_which_nothing_was_foreseen(store: Store) -> None:
    assert {held.until for held in shown(store) if held.holder == "renewal"} == {None}


def test_one_campaign_has_the_lines_that_it_is_on_and_all_who_share_them(store: Store) -> None:
    assert {held.line for held in shown(store, names=("over",))} == {"100"}
    assert {held.holder for held in shown(store, names=("over",))} == {"over", "renewal"}


def test_the_page_has_it_in_the_language_of_the_run_and_says_as_of_when(lab: Lab, store: Store) -> None:
    outlook = foreseen(store)
    assert outlook is not None
    assert {(use.campaign, use.wave) for use in outlook.timetable} >= {("renewal", 1)}
    names = ("over", "renewal", "later")
    figures = gather(store, declared_in(lab.repository(), NOW, outlook), NOW, names)
    ahead = {one.campaign: one.finish for one in outlook.forecast}
    assert figures.campaigns[1].finish == ahead["renewal"]
    assert figures.ahead[-1][1] == 9
    with speaking("zh"):
        html = page(figures, "zh")
    assert f"{outlook.at.astimezone(NOW.tzinfo):%Y-%m-%d %H:%M} 的预测" in html
    assert "renewal 第 1 批" in html
    assert html.count('<td class="t">') == 3


def test_who_has_a_line_is_kept_so_that_another_language_can_tell_it(store: Store) -> None:
    holder = phrase("{campaign} wave {wave}, task {task_id}", campaign="x", wave=2, task_id=7)
    keep_foreseen(
        store,
        a_plan(timetable=(LineUse("100", since=NOW, until=None, holder=holder),)),
        {"spring": ((NOW, 3),)},
    )
    outlook = foreseen(store)
    assert outlook is not None
    (use,) = outlook.timetable
    with speaking("zh"):
        assert spoken(use.holder) == spoken(holder) != holder


def test_the_line_of_the_forecast_is_the_first_until_there_are_others_to_call(lab: Lab, store: Store) -> None:
    def line() -> Course:
        outlook = foreseen(store)
        assert outlook is not None
        return outlook.first["renewal"]

    first = line()
    lab.emulator.advance(60)
    lab.converge()
    assert line() == first
    assert first[-1][1] == 6
    lab.campaign(rows=range(10, 18), lines='["100", "200"]')
    lab.converge()
    assert line()[0][0] > first[0][0]
    assert line()[-1][1] == 8
