"""One row a campaign, on a screen of 80 columns."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.render.golden import assert_golden
from tests.render.plans import NOON
from tests.render.reports import a_status
from yeta_reconcile.render.overview import COLUMNS, in_place
from yeta_reconcile.render.report import CampaignStatus, Status, WaveStatus
from yeta_reconcile.render.reports import report_text
from yeta_reconcile.render.table import width
from yeta_reconcile.waves.record import Phase
from yeta_reconcile.wording import Text


def crowded(campaigns: int = 200) -> Status:
    wave = WaveStatus(1, Phase.STARTED, "t", "running", 1_000_000, 999_999, 555_555)
    many = [
        CampaignStatus(
            f"{index:03}-a-name-of-forty-characters-which-is-l", declared="running", waves=(wave,),
            finish=NOON + timedelta(days=40), fits=False, again=123_456, numbers=1_000_000, dialled=999_999,
            held_up_by=Text("a word that is far too long"),
        )
        for index in range(campaigns)
    ]  # fmt: skip
    return Status(NOON, tuple(many))


def test_a_row_a_campaign_fits_eighty_columns_whatever_is_in_it() -> None:
    lines = report_text(crowded()).splitlines()

    assert len(lines) == 1 + 200 + 2
    assert max(map(width, lines)) <= COLUMNS
    assert lines[1].startswith("000-")


def test_details_are_shown_by_name_and_where_there_is_one_campaign_alone() -> None:
    whole = a_status()
    one = Status(whole.at, whole.campaigns[:1])

    assert "WAVE" not in report_text(whole)
    assert_golden("status-one.txt", report_text(one))


@pytest.mark.parametrize("lines", [10, 24, 300])
def test_a_screen_is_drawn_over_the_one_before_and_never_scrolls(lines: int) -> None:
    drawn = in_place(report_text(crowded()), 60, lines)

    assert drawn.startswith("\x1b[H")
    assert drawn.endswith("\x1b[J")
    rows = drawn.removeprefix("\x1b[H").removesuffix("\x1b[J").split("\x1b[K\n")
    assert len(rows) <= lines
    assert max(map(width, rows)) <= 60
    assert rows[-2].startswith("200 campaigns")
    assert any("more lines" in row for row in rows) == (lines < 300)


@pytest.mark.parametrize(
    ("held_up_by", "shown"), [("apply", "others"), ("", "others"), ("a person", "a person")]
)
def test_who_is_not_the_first_for_a_line_waits_for_those_before_it_and_not_for_an_apply(
    held_up_by: str, shown: str
) -> None:
    last = CampaignStatus("last", declared="running", waits_for=("others",), held_up_by=Text(held_up_by))
    first = CampaignStatus("first", declared="running", held_up_by=Text("apply"))
    _, one, other = report_text(Status(NOON, (last, first))).splitlines()[:3]
    assert shown in one
    assert "apply" not in one
    assert "apply" in other
