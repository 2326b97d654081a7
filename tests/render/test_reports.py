from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import product

import pytest

from tests.render.golden import assert_golden
from tests.render.plans import NOON
from tests.render.reports import a_drift, a_history, a_state_list, a_state_show, a_status, a_why
from yeta_reconcile.render.report import Drift, HistoryReport, Report, StateList, Status, Why, WhyCall
from yeta_reconcile.render.reports import report_json, report_text, row_words
from yeta_reconcile.render.status import outcome_lines
from yeta_reconcile.waves.attributes import Attributes
from yeta_reconcile.waves.record import Phase, RowState, WaveRecord

REPORTS = [
    ("status", a_status()),
    ("drift", a_drift()),
    ("history", a_history()),
    ("why", a_why()),
    ("state", a_state_list()),
    ("state-show", a_state_show()),
]


@pytest.mark.parametrize(("name", "report"), REPORTS)
def test_a_report_reads_as_its_golden_file(name: str, report: Report) -> None:
    assert_golden(f"{name}.txt", report_text(report))


@pytest.mark.parametrize(("name", "report"), REPORTS)
def test_the_json_of_a_report_is_its_golden_file(name: str, report: Report) -> None:
    shown = json.dumps(report_json(report), indent=1, ensure_ascii=False) + "\n"
    assert_golden(f"{name}.json", shown)


@pytest.mark.parametrize(("name", "report"), REPORTS)
def test_a_report_names_its_format_and_version(name: str, report: Report) -> None:
    assert report_json(report)["format"] == f"yeta-{name}/1"


@pytest.mark.parametrize(("name", "report"), REPORTS)
def test_colour_adds_escape_codes_and_nothing_else(name: str, report: Report) -> None:
    painted = report_text(report, color=True)
    assert re.sub(r"\x1b\[[\d;]*m", "", painted) == report_text(report)


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (Status(NOON), "No campaigns.\n"),
        (Drift(NOON, 3), "No drift (3 waves looked at, 2026-12-01 12:00+08:00).\n"),
        (HistoryReport(), "Nothing was applied yet.\n"),
        (Why("199****0001"), "199****0001 is in no wave of this state.\n"),
        (StateList(), "The state knows no campaign.\n"),
    ],
)
def test_an_empty_report_says_so_in_a_sentence(report: Report, said: str) -> None:
    assert report_text(report) == said


@pytest.mark.parametrize("kind", ["Campaign", "DirectCall"])
def test_of_a_row_it_is_said_what_is_known_and_nobody_is_to_be_called_whose_task_is_over(kind: str) -> None:
    for state, phase in product(RowState, Phase):
        wave = WaveRecord(1, "spring", 1, 1, phase, "t", Attributes("719", ("100",)), kind=kind, pending=1)
        said = row_words(state, wave)
        assert said
        if kind == "Campaign" and phase.over:
            assert "to be called" not in said


@pytest.mark.parametrize(
    ("phase", "counted", "said"),
    [
        (Phase.COMPLETED, 5, "dialled, no record"),
        (Phase.COMPLETED, 4, "its task completed; no record tells whether it was dialled"),
        (Phase.COMPLETED, None, "its task completed; no record tells whether it was dialled"),
        (Phase.DELETED, 5, "no record tells whether it was dialled: held until all who were have one"),
        (Phase.DELETED, 3, "not dialled, free for another wave"),
        (Phase.STARTED, None, "no record yet: to be called, or dialled already"),
        (Phase.VERIFIED, None, "in a wave that is not started"),
    ],
)
def test_a_row_without_a_record_is_what_the_count_says_of_it(
    phase: Phase, counted: int | None, said: str
) -> None:
    wave = WaveRecord(
        1, "spring", 1, 1, phase, "t", Attributes("719", ("100",)),
        pending=2, dialled=3, tel_count=counted,
    )  # fmt: skip
    assert row_words(RowState.PENDING, wave) == said


@pytest.mark.parametrize(
    ("words", "said"), [("", "incoming call"), ("成功", "成功 (incoming call)")], ids=["bare", "with words"]
)
def test_why_says_that_a_call_came_in(words: str, said: str) -> None:
    report = Why("199****0001", calls=(WhyCall(NOON, "0", words, incoming=True),))
    assert said in report_text(report)
    assert report_json(report)["calls"][0]["incoming"] is True


def test_results_of_each_line_and_tags_stand_under_their_wave() -> None:
    wave = a_status().campaigns[0].waves[0]
    hung_up, missed = "connected, the customer hung up · 客户接听后并主动挂机", "no answer · 用户未接"
    assert outcome_lines(wave) == [
        f"{hung_up} 790; {missed} 399; success · 成功 11",
        f"055169101407: {hung_up} 700; {missed} 380; success · 成功 11",
        f"055169101408: {hung_up} 90; {missed} 19",
        "highest tags: B 491, A 310",
        "lowest tags: C 801",
    ]
    alone = replace(wave, lines={"055169101407": wave.results}, tags_min=wave.tags)
    assert outcome_lines(alone) == [outcome_lines(wave)[0], "highest tags: B 491, A 310"]
