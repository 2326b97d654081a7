from __future__ import annotations

import json
import re

import pytest

from tests.render.golden import assert_golden
from tests.render.plans import NOON
from tests.render.reports import a_drift, a_history, a_state_list, a_status, a_why
from yeta_reconcile.render.report import Drift, History, Report, StateList, Status, Why
from yeta_reconcile.render.reports import _FATE, report_json, report_text
from yeta_reconcile.waves.record import Fate

REPORTS = [
    ("status", a_status()),
    ("drift", a_drift()),
    ("history", a_history()),
    ("why", a_why()),
    ("state", a_state_list()),
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
        (History(), "Nothing was applied yet.\n"),
        (Why("199****0001"), "199****0001 is in no wave of this state.\n"),
        (StateList(), "The state knows no campaign.\n"),
    ],
)
def test_an_empty_report_says_so_in_a_sentence(report: Report, said: str) -> None:
    assert report_text(report) == said


def test_every_fate_of_a_row_has_its_words() -> None:
    assert set(_FATE) == set(Fate)
